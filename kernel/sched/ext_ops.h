/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched_ext: the table of operations that a BPF scheduler implements, with the
 * types its callbacks see. This is a part of ext_internal.h; include that.
 */
#ifndef _KERNEL_SCHED_EXT_OPS_H
#define _KERNEL_SCHED_EXT_OPS_H

#define SCX_OP_IDX(op)	(offsetof(struct sched_ext_ops, op) / sizeof(void (*)(void)))

enum scx_exit_kind {
	SCX_EXIT_NONE,		/* running */
	SCX_EXIT_DONE,		/* on the way out, further exits are ignored */

	SCX_EXIT_UNREG = 64,	/* user space detached it */
	SCX_EXIT_UNREG_BPF,	/* scx_bpf_exit() */
	SCX_EXIT_UNREG_KERN,	/* the kernel asked, e.g. for CPU hotplug */
	SCX_EXIT_SYSRQ,		/* sysrq-S */

	SCX_EXIT_ERROR = 1024,	/* it broke a rule, the message says which */
	SCX_EXIT_ERROR_BPF,	/* scx_bpf_error() */
	SCX_EXIT_ERROR_STALL,	/* a runnable task was left waiting */
};

/*
 * Exit codes: bits 63..48 an action that user space is asked to take, bits
 * 47..32 the system's reason, bits 31..0 free for the BPF scheduler.
 */
enum scx_exit_code {
	SCX_ECODE_RSN_HOTPLUG	= 1LLU << 32,	/* a CPU came or went */

	SCX_ECODE_ACT_RESTART	= 1LLU << 48,	/* load the scheduler again */
};

/* scx_exit_info::flags */
enum scx_exit_flags {
	SCX_EFLAG_INITIALIZED	= 1LLU << 0,	/* ops.init() succeeded */
};

/**
 * struct scx_exit_info - why a scheduler was removed, for ops.exit()
 * @kind: SCX_EXIT_*
 * @exit_code: enum scx_exit_code or the value given to scx_bpf_exit()
 * @flags: SCX_EFLAG_*
 * @exit_cpu: CPU that raised the exit, -1 if none is known
 * @reason: @kind in words
 * @bt: where the error was raised, at most %SCX_EXIT_BT_LEN addresses
 * @bt_len: entries in @bt
 * @msg: what happened to whom, at most %SCX_EXIT_MSG_LEN bytes
 * @dump: debug dump, sched_ext_ops::exit_dump_len bytes
 */
struct scx_exit_info {
	enum scx_exit_kind	kind;
	s64			exit_code;
	u64			flags;
	s32			exit_cpu;
	const char		*reason;
	unsigned long		*bt;
	u32			bt_len;
	char			*msg;
	char			*dump;
};

/* sched_ext_ops::flags */
enum scx_ops_flags {
	/* ops.update_idle() does not switch the built-in idle masks off. */
	SCX_OPS_KEEP_BUILTIN_IDLE	= 1LLU << 0,

	/*
	 * A CPU's last task goes through ops.enqueue(), see SCX_ENQ_LAST. It is
	 * an error if there is no ops.enqueue().
	 */
	SCX_OPS_ENQ_LAST		= 1LLU << 1,

	/*
	 * Exiting tasks go through ops.enqueue(). By default they do not: a
	 * scheduler that looks tasks up by pid cannot find them any more.
	 */
	SCX_OPS_ENQ_EXITING		= 1LLU << 2,

	/* Take SCHED_EXT tasks only, not every task of a normal policy. */
	SCX_OPS_SWITCH_PARTIAL		= 1LLU << 3,

	/*
	 * Tasks in a migrate_disable() section go through ops.enqueue(). By
	 * default they are put on the local DSQ of the one CPU they may use.
	 */
	SCX_OPS_ENQ_MIGRATION_DISABLED	= 1LLU << 4,

	/*
	 * The scheduler copes with ops.enqueue() for a wakeup that had no
	 * ops.select_cpu(), so wakeups may be queued on the target CPU.
	 */
	SCX_OPS_ALLOW_QUEUED_WAKEUP	= 1LLU << 5,

	/*
	 * One pair of idle masks per NUMA node instead of a global one. An
	 * error if ops.update_idle() has switched them off.
	 */
	SCX_OPS_BUILTIN_IDLE_PER_NODE	= 1LLU << 6,

	/*
	 * Every task that the scheduler inserts into a local DSQ is to run at
	 * once, see %SCX_ENQ_IMMED. It is an error if there is no ops.enqueue().
	 */
	SCX_OPS_ALWAYS_ENQ_IMMED	= 1LLU << 7,

	/* Tasks get numbers, for scx_bpf_tid_to_task(). */
	SCX_OPS_TID_TO_TASK		= 1LLU << 8,

	/* Accepted for old schedulers, but has no effect any more. */
	SCX_OPS_HAS_CGROUP_WEIGHT	= 1LLU << 16,

	SCX_OPS_ALL_FLAGS		= SCX_OPS_KEEP_BUILTIN_IDLE |
					  SCX_OPS_ENQ_LAST |
					  SCX_OPS_ENQ_EXITING |
					  SCX_OPS_SWITCH_PARTIAL |
					  SCX_OPS_ENQ_MIGRATION_DISABLED |
					  SCX_OPS_ALLOW_QUEUED_WAKEUP |
					  SCX_OPS_BUILTIN_IDLE_PER_NODE |
					  SCX_OPS_ALWAYS_ENQ_IMMED |
					  SCX_OPS_TID_TO_TASK |
					  SCX_OPS_HAS_CGROUP_WEIGHT,

	/* Set by the kernel, refused from user space. */
	__SCX_OPS_INTERNAL_MASK		= 0xffLLU << 56,

	SCX_OPS_HAS_CPU_PREEMPT		= 1LLU << 56,	/* cpu_acquire or _release */
};

/**
 * struct scx_init_task_args - for ops.init_task()
 * @fork: the task is being forked, as opposed to the scheduler being loaded
 * @cgroup: cgroup that the task joins or is in
 */
struct scx_init_task_args {
	bool			fork;
#ifdef CONFIG_EXT_GROUP_SCHED
	struct cgroup		*cgroup;
#endif
};

/**
 * struct scx_exit_task_args - for ops.exit_task()
 * @cancelled: the fork failed, the task never ran
 */
struct scx_exit_task_args {
	bool			cancelled;
};

/**
 * struct scx_cgroup_init_args - for ops.cgroup_init()
 * @weight: cpu.weight, 1..10000
 * @bw_period_us: period of cpu.max
 * @bw_quota_us: quota of cpu.max, U64_MAX if unlimited
 * @bw_burst_us: cpu.max.burst
 */
struct scx_cgroup_init_args {
	u32			weight;
	u64			bw_period_us;
	u64			bw_quota_us;
	u64			bw_burst_us;
};

/* Class of the task that takes a CPU away, for ops.cpu_release(). */
enum scx_cpu_preempt_reason {
	SCX_CPU_PREEMPT_RT,
	SCX_CPU_PREEMPT_DL,
	SCX_CPU_PREEMPT_STOP,
	SCX_CPU_PREEMPT_UNKNOWN,
};

/* For ops.cpu_acquire(); empty so far. */
struct scx_cpu_acquire_args {};

/**
 * struct scx_cpu_release_args - for ops.cpu_release()
 * @reason: class of @task
 * @task: task that is about to run instead
 */
struct scx_cpu_release_args {
	enum scx_cpu_preempt_reason reason;
	struct task_struct	*task;
};

/**
 * struct scx_dump_ctx - for the dump ops
 * @kind: what the dump is for, SCX_EXIT_NONE for sysrq-D
 * @exit_code: as in struct scx_exit_info
 * @reason: @kind in words
 * @at_ns: ktime_get_ns() at the start of the dump
 * @at_jiffies: jiffies at the start of the dump
 */
struct scx_dump_ctx {
	enum scx_exit_kind	kind;
	s64			exit_code;
	const char		*reason;
	u64			at_ns;
	u64			at_jiffies;
};

/**
 * struct sched_ext_ops - what a BPF scheduler implements
 *
 * Every callback may be left out. "Locked" below means that the lock of the
 * task's or CPU's rq is held with IRQs off; such a callback cannot sleep.
 */
struct sched_ext_ops {
	/**
	 * @select_cpu: suggest a CPU for a waking task
	 * @p: task that wakes up, not queued anywhere
	 * @prev_cpu: CPU it ran on last
	 * @wake_flags: SCX_WAKE_*
	 *
	 * Runs on the waker's CPU with @p->pi_lock held. The answer is a hint:
	 * if @p cannot use the CPU, the core picks another. Inserting @p into
	 * a DSQ from here replaces ops.enqueue(), and %SCX_DSQ_LOCAL then
	 * means the CPU where @p ends up. Not called for tasks that can only
	 * run on one CPU. Default: the built-in idle CPU selection.
	 *
	 * Errors: an invalid CPU is returned.
	 */
	s32 (*select_cpu)(struct task_struct *p, s32 prev_cpu, u64 wake_flags);

	/**
	 * @enqueue: take over a runnable task
	 * @p: the task
	 * @enq_flags: SCX_ENQ_*
	 *
	 * Locked. Either insert @p into a DSQ, or remember it and insert it
	 * from ops.dispatch() later. Until then the BPF scheduler owns it, and
	 * the watchdog limits the time. Default: the global DSQ.
	 */
	void (*enqueue)(struct task_struct *p, u64 enq_flags);

	/**
	 * @dequeue: give a task back
	 * @p: task that the BPF scheduler owns
	 * @deq_flags: SCX_DEQ_*
	 *
	 * Locked. @p sleeps, moves or has an attribute changed. Dispatching a
	 * task that was taken back is harmless, so this may be left out.
	 */
	void (*dequeue)(struct task_struct *p, u64 deq_flags);

	/**
	 * @dispatch: find work for a CPU whose local DSQ is empty
	 * @cpu: the CPU
	 * @prev: task it ran so far, or NULL if that is not an ext task
	 *
	 * Locked, but the dispatch kfuncs may drop the lock for a while.
	 * Insert up to dispatch_max_batch tasks, or move one from a user DSQ.
	 * If @prev is still runnable (%SCX_TASK_QUEUED) it has not been
	 * enqueued; doing nothing lets it run on.
	 */
	void (*dispatch)(s32 cpu, struct task_struct *prev);

	/**
	 * @tick: the scheduler tick hit a running task
	 * @p: the task
	 *
	 * Locked. Setting @p->scx.slice to 0 ends its turn.
	 */
	void (*tick)(struct task_struct *p);

	/**
	 * @runnable: a task becomes runnable on its CPU
	 * @p: the task
	 * @enq_flags: SCX_ENQ_*
	 *
	 * Locked. With @running, @stopping and @quiescent this follows a task
	 * through its states:
	 *
	 *   runnable (running stopping)* quiescent
	 *
	 * An attribute change takes a task through quiescent and runnable. A
	 * move between CPUs on behalf of the BPF scheduler is not reported.
	 */
	void (*runnable)(struct task_struct *p, u64 enq_flags);

	/**
	 * @running: a task starts to run
	 * @p: the task
	 *
	 * Locked. May be called from another CPU than the one @p runs on.
	 */
	void (*running)(struct task_struct *p);

	/**
	 * @stopping: a task stops running
	 * @p: the task
	 * @runnable: it could go on; if not, @quiescent follows
	 *
	 * Locked. May be called from another CPU than the one @p ran on.
	 */
	void (*stopping)(struct task_struct *p, bool runnable);

	/**
	 * @quiescent: a task is not runnable any more
	 * @p: the task
	 * @deq_flags: SCX_DEQ_*
	 *
	 * Locked.
	 */
	void (*quiescent)(struct task_struct *p, u64 deq_flags);

	/**
	 * @yield: a task gives up its CPU
	 * @from: the task, running
	 * @to: task that should run instead, or NULL for sched_yield()
	 *
	 * Locked. With @to, return true if it will be favoured. Default: the
	 * rest of the slice is forfeited, directed yields are refused.
	 */
	bool (*yield)(struct task_struct *from, struct task_struct *to);

	/**
	 * @core_sched_before: order two tasks for core scheduling
	 * @a: a runnable task
	 * @b: another one
	 *
	 * Locked (the core-wide lock). True if @a should run before @b.
	 * Default: the one that has been waiting longer runs first.
	 */
	bool (*core_sched_before)(struct task_struct *a, struct task_struct *b);

	/**
	 * @set_weight: a task's weight changed
	 * @p: the task
	 * @weight: 1..10000, 100 for nice 0
	 *
	 * Locked.
	 */
	void (*set_weight)(struct task_struct *p, u32 weight);

	/**
	 * @set_cpumask: a task's affinity changed
	 * @p: the task
	 * @cpumask: CPUs it may use from now on
	 *
	 * @p->pi_lock or the rq lock is held.
	 */
	void (*set_cpumask)(struct task_struct *p,
			    const struct cpumask *cpumask);

	/**
	 * @update_idle: a CPU goes idle or stops being so
	 * @cpu: the CPU
	 * @idle: true if it goes idle
	 *
	 * Locked. Loading takes place in bypass mode, and changes in bypass
	 * mode are not reported. So this is also called for each CPU that is
	 * idle when bypass mode ends. Implementing this switches the built-in
	 * idle tracking off, and with it the kfuncs that rely on it, unless
	 * %SCX_OPS_KEEP_BUILTIN_IDLE is set.
	 */
	void (*update_idle)(s32 cpu, bool idle);

	/**
	 * @cpu_acquire: a CPU is back from a higher scheduling class
	 * @cpu: the CPU
	 * @args: see the structure
	 *
	 * Locked.
	 */
	void (*cpu_acquire)(s32 cpu, struct scx_cpu_acquire_args *args);

	/**
	 * @cpu_release: a higher scheduling class takes a CPU
	 * @cpu: the CPU
	 * @args: see the structure
	 *
	 * Locked. scx_bpf_reenqueue_local() takes back the tasks that wait on
	 * the CPU's local DSQ.
	 */
	void (*cpu_release)(s32 cpu, struct scx_cpu_release_args *args);

	/**
	 * @init_task: get to know a task
	 * @p: the task
	 * @args: see the structure
	 *
	 * May sleep. Called once for each task, before any other callback
	 * about it. An error refuses the fork or the whole scheduler. May set
	 * @p->scx.disallow.
	 *
	 * Errors: what is returned is no errno; @p->scx.disallow is set in a
	 * fork of a task with policy SCHED_EXT.
	 */
	s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);

	/**
	 * @exit_task: forget a task
	 * @p: the task
	 * @args: see the structure
	 *
	 * Locked. Pairs with a successful @init_task.
	 */
	void (*exit_task)(struct task_struct *p, struct scx_exit_task_args *args);

	/**
	 * @enable: a task enters the class
	 * @p: the task
	 *
	 * Locked. @p->scx.weight is valid.
	 */
	void (*enable)(struct task_struct *p);

	/**
	 * @disable: a task leaves the class
	 * @p: the task
	 *
	 * Locked. Pairs with @enable.
	 */
	void (*disable)(struct task_struct *p);

	/**
	 * @dump: add the scheduler's own state to a debug dump
	 * @ctx: see the structure
	 *
	 * IRQs are off. Print with scx_bpf_dump().
	 */
	void (*dump)(struct scx_dump_ctx *ctx);

	/**
	 * @dump_cpu: add state of a CPU to a debug dump
	 * @ctx: see the structure
	 * @cpu: the CPU
	 * @idle: the CPU has nothing to run; print nothing to leave it out
	 *
	 * Locked.
	 */
	void (*dump_cpu)(struct scx_dump_ctx *ctx, s32 cpu, bool idle);

	/**
	 * @dump_task: add state of a runnable task to a debug dump
	 * @ctx: see the structure
	 * @p: the task
	 *
	 * Locked.
	 */
	void (*dump_task)(struct scx_dump_ctx *ctx, struct task_struct *p);

#ifdef CONFIG_EXT_GROUP_SCHED
	/**
	 * @cgroup_init: get to know a cgroup of the CPU controller
	 * @cgrp: the cgroup
	 * @args: see the structure
	 *
	 * May sleep. Parents come before children. An error refuses the
	 * cgroup or, at load, the scheduler.
	 *
	 * Errors: what is returned is no errno.
	 */
	s32 (*cgroup_init)(struct cgroup *cgrp,
			   struct scx_cgroup_init_args *args);

	/**
	 * @cgroup_exit: forget a cgroup
	 * @cgrp: the cgroup
	 *
	 * May sleep. Children come before parents.
	 */
	void (*cgroup_exit)(struct cgroup *cgrp);

	/**
	 * @cgroup_prep_move: prepare to move a task to another cgroup
	 * @p: the task
	 * @from: cgroup it is in
	 * @to: cgroup it is going to
	 *
	 * May sleep. An error refuses the move.
	 *
	 * Errors: what is returned is no errno.
	 */
	s32 (*cgroup_prep_move)(struct task_struct *p,
				struct cgroup *from, struct cgroup *to);

	/**
	 * @cgroup_move: a prepared move happens
	 * @p: the task, dequeued
	 * @from: cgroup it leaves
	 * @to: cgroup it joins
	 *
	 * Locked.
	 */
	void (*cgroup_move)(struct task_struct *p,
			    struct cgroup *from, struct cgroup *to);

	/**
	 * @cgroup_cancel_move: a prepared move does not happen
	 * @p: the task
	 * @from: cgroup it stays in
	 * @to: cgroup it would have joined
	 *
	 * Not locked, but cannot sleep.
	 */
	void (*cgroup_cancel_move)(struct task_struct *p,
				   struct cgroup *from, struct cgroup *to);

	/**
	 * @cgroup_set_weight: cpu.weight changed
	 * @cgrp: the cgroup
	 * @weight: 1..10000
	 *
	 * Not locked, but cannot sleep.
	 */
	void (*cgroup_set_weight)(struct cgroup *cgrp, u32 weight);

	/**
	 * @cgroup_set_bandwidth: cpu.max or cpu.max.burst changed
	 * @cgrp: the cgroup
	 * @period_us: period
	 * @quota_us: CPU time per period, U64_MAX for no limit
	 * @burst_us: how much unused time may be carried over
	 *
	 * Not locked, but cannot sleep. Enforcing it is up to the BPF
	 * scheduler.
	 */
	void (*cgroup_set_bandwidth)(struct cgroup *cgrp,
				     u64 period_us, u64 quota_us, u64 burst_us);

	/**
	 * @cgroup_set_idle: cpu.idle changed
	 * @cgrp: the cgroup
	 * @idle: its tasks should run when no others want to
	 *
	 * No lock is held, but it cannot sleep.
	 * ops.cgroup_set_weight() is called as well, since the weight that
	 * cpu.weight shows changes, too.
	 */
	void (*cgroup_set_idle)(struct cgroup *cgrp, bool idle);
#endif

	/* The two hotplug callbacks stay together, see enum scx_opi. */

	/**
	 * @cpu_online: a CPU came up
	 * @cpu: the CPU
	 *
	 * Until this returns, nothing is expected from the scheduler on that
	 * CPU: no task is enqueued there, and @dispatch, @update_idle,
	 * @cpu_acquire and @cpu_release are not called for it. By then the CPU
	 * runs tasks of its own, such as the hotplug thread that makes this
	 * call, and may run others that need no decision. So callbacks that
	 * report about a task, such as @running, can come earlier.
	 *
	 * May sleep. Without this and @cpu_offline the scheduler exits with
	 * %SCX_ECODE_ACT_RESTART when CPUs come or go.
	 */
	void (*cpu_online)(s32 cpu);

	/**
	 * @cpu_offline: a CPU went down
	 * @cpu: the CPU
	 *
	 * From here on nothing is expected from the scheduler on that CPU, as
	 * before @cpu_online.
	 *
	 * May sleep.
	 */
	void (*cpu_offline)(s32 cpu);

	/* Callbacks from here on have no bit in scx_sched::has_op. */

	/**
	 * @init: set the scheduler up
	 *
	 * May sleep. The first callback of all.
	 *
	 * Errors: anything but 0 is returned.
	 */
	s32 (*init)(void);

	/**
	 * @exit: clean up
	 * @info: why the scheduler is removed; valid during the call only
	 *
	 * May sleep. The last callback of all; also made if @init failed.
	 */
	void (*exit)(struct scx_exit_info *info);

	/** @dispatch_max_batch: insertions per dispatch call, 0 for the default */
	u32 dispatch_max_batch;

	/** @flags: SCX_OPS_* */
	u64 flags;

	/**
	 * @timeout_ms: longest a runnable task may be kept waiting, at most and
	 * by default 30 seconds
	 */
	u32 timeout_ms;

	/** @exit_dump_len: bytes for the dump, 0 for the default */
	u32 exit_dump_len;

	/**
	 * @hotplug_seq: value of /sys/kernel/sched_ext/hotplug_seq when user
	 * space looked at the CPUs; if it has changed since, the scheduler does
	 * not start. 0 turns this check off.
	 */
	u64 hotplug_seq;

	/** @name: letters, digits, '_' and '.' */
	char name[SCX_OPS_NAME_LEN];

	/** @priv: used by the kernel, must be NULL */
	void *priv;
};

enum scx_opi {
	SCX_OPI_BEGIN			= 0,
	SCX_OPI_NORMAL_BEGIN		= 0,
	SCX_OPI_NORMAL_END		= SCX_OP_IDX(cpu_online),
	SCX_OPI_CPU_HOTPLUG_BEGIN	= SCX_OP_IDX(cpu_online),
	SCX_OPI_CPU_HOTPLUG_END		= SCX_OP_IDX(init),
	SCX_OPI_END			= SCX_OP_IDX(init),
};

#endif	/* _KERNEL_SCHED_EXT_OPS_H */
