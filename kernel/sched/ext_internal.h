/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched_ext: the contract between the BPF scheduler and the rooms of the class.
 *
 * "Locks" in Documentation/scheduler/sched-ext-internals.rst has the lock order,
 * and the reasons for it.
 */
#ifndef _KERNEL_SCHED_EXT_INTERNAL_H
#define _KERNEL_SCHED_EXT_INTERNAL_H

/* sched.h relies on its users to include these. */
#include <linux/mmu_context.h>
#include <linux/sched/clock.h>
#include <linux/sched/cputime.h>
#include <linux/sched/isolation.h>
#include "sched.h"
#include "autogroup.h"
#include "pelt.h"

#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/filter.h>
#include <linux/irq_work.h>
#include <linux/kobject.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/rhashtable.h>
#include <linux/workqueue.h>
#include <trace/events/sched_ext.h>
#include "ext_ops.h"

enum scx_consts {
	SCX_DSP_DFL_MAX_BATCH		= 32,
	SCX_DSP_MAX_LOOPS		= 32,
	SCX_WATCHDOG_MAX_TIMEOUT	= 30 * HZ,

	SCX_EXIT_BT_LEN			= 64,
	SCX_EXIT_MSG_LEN		= 1024,
	SCX_EXIT_DUMP_DFL_LEN		= 32768,

	SCX_CPUPERF_ONE			= SCHED_CAPACITY_SCALE,

	/*
	 * How many re-enqueues that cause each other ops.enqueue() may request
	 */
	SCX_REENQ_LOCAL_MAX_REPEAT	= 256,

	/* Not used: walks over all tasks measure time instead. */
	SCX_TASK_ITER_BATCH		= 32,
};

/*
 * Event counters; the order is ABI of scx_bpf_events(). "Watching it" in
 * Documentation/scheduler/sched-ext.rst says what each of them counts.
 */
#define SCX_EVENTS(E)					\
	E(SCX_EV_SELECT_CPU_FALLBACK)			\
	E(SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE)		\
	E(SCX_EV_DISPATCH_KEEP_LAST)			\
	E(SCX_EV_ENQ_SKIP_EXITING)			\
	E(SCX_EV_ENQ_SKIP_MIGRATION_DISABLED)		\
	E(SCX_EV_REFILL_SLICE_DFL)			\
	E(SCX_EV_BYPASS_DURATION)			\
	E(SCX_EV_BYPASS_DISPATCH)			\
	E(SCX_EV_BYPASS_ACTIVATE)			\
	E(SCX_EV_REENQ_IMMED)				\
	E(SCX_EV_REENQ_AFFINITY)

struct scx_event_stats {
#define SCX_EVENT_FIELD(name)	s64 name;
	SCX_EVENTS(SCX_EVENT_FIELD)
#undef SCX_EVENT_FIELD
};

struct scx_dsp_ctx;

#define SCX_DSQ_CACHE_BITS	6
#define SCX_DSQ_CACHE_SIZE	BIT(SCX_DSQ_CACHE_BITS)

/**
 * struct scx_sched - a loaded BPF scheduler
 * @ops: copy of the table that it was loaded with
 * @has_op: which callbacks may be called now, by SCX_OP_IDX()
 * @progs: the programs behind @ops, by SCX_OP_IDX(); they stay as long as the
 *	struct_ops map, which is linked until scx_disable()
 * @dsq_hash: user DSQs by id
 * @dsq_cache: user DSQs by hash value of the id, see ext_dsq.h
 * @global_dsqs: the global DSQ, one for each NUMA node
 * @event_stats_cpu: event counters
 * @tids: tasks by number, if the scheduler wants numbers
 * @dsp_ctx: per CPU, what ops.dispatch() has inserted so far
 * @warned_zero_slice: the warning about a zero slice was given
 * @warned_cpu_rq: the warning about scx_bpf_cpu_rq() was given
 * @warned_foreign: the warning about an error of another program was given
 * @timeout: watchdog timeout in jiffies
 * @watchdog_at: jiffies when the watchdog last looked; every tick checks it
 * @watchdog_since: ktime_get_ns() when the watchdog was started, which is just
 *	before the first task is switched; 0 until then
 * @watchdog_work: looks for tasks that have been waiting for too long
 * @aborting: an exit has been claimed; for debuggers
 * @bypass_depth: number of reasons for bypass mode; for debuggers
 * @exit_kind: SCX_EXIT_NONE until the first exit claims it
 * @exit_info: report of the claimant, for ops.exit()
 * @exit_unfired: the claimant could not queue @error_irq_work
 * @stage: number of enable stages that have begun, which disabling has to undo
 * @loader: task that attaches the scheduler; waits until it has been enabled
 * @disabled: completed when everything is undone
 * @kobj: /sys/kernel/sched_ext/root; its references keep the instance
 * @release: frees the instance when the last reference to @kobj is gone
 * @helper: real-time kthread that enables and disables
 * @error_irq_work: passes a claimed exit on to @helper from any context
 * @enable_work: enables the scheduler, on @helper
 * @disable_work: disables it, on @helper
 * @reenq_dsqs: user DSQs whose tasks are to be re-enqueued
 * @reenq_locals: there are CPUs with tasks left on their local DSQ that are to be
 *	re-enqueued
 * @reenq_irq_work: passes both on to @helper from any context
 * @reenq_work: re-enqueues their tasks, on @helper
 * @rcu_work: frees the instance after a grace period
 *
 * Entry points find it in scx_root, code that is about a task in p->scx.sched.
 */
struct scx_sched {
	struct sched_ext_ops	ops;
	DECLARE_BITMAP(has_op, SCX_OPI_END);
	const struct bpf_prog	*progs[SCX_OPI_END];

	struct rhashtable	dsq_hash;
	struct scx_dispatch_q __rcu *dsq_cache[SCX_DSQ_CACHE_SIZE];
	struct scx_dispatch_q	**global_dsqs;
	struct scx_event_stats __percpu *event_stats_cpu;
	struct scx_tids		*tids;
	struct scx_dsp_ctx __percpu *dsp_ctx;

	bool			warned_zero_slice;
	bool			warned_cpu_rq;
	bool			warned_foreign;
	unsigned long		timeout;
	unsigned long		watchdog_at;
	u64			watchdog_since;
	struct delayed_work	watchdog_work;

	bool			aborting;
	s32			bypass_depth;
	atomic_t		exit_kind;
	struct scx_exit_info	*exit_info;
	u32			exit_unfired;

	u32			stage;
	struct task_struct	*loader;
	struct completion	disabled;

	struct kobject		kobj;
	void			(*release)(struct scx_sched *sch);

	struct kthread_worker	*helper;
	struct irq_work		error_irq_work;
	struct kthread_work	enable_work;
	struct kthread_work	disable_work;

	struct llist_head	reenq_dsqs;
	u32			reenq_locals;
	struct irq_work		reenq_irq_work;
	struct kthread_work	reenq_work;

	struct rcu_work		rcu_work;
};

/* wake_flags of ops.select_cpu(); the core's other WF_* pass through */
enum scx_wake_flags {
	SCX_WAKE_FORK		= WF_FORK,	/* the task is new */
	SCX_WAKE_TTWU		= WF_TTWU,	/* it has slept */
	SCX_WAKE_SYNC		= WF_SYNC,	/* the waker is about to sleep */
};

/* The low half is the core's ENQUEUE_*. */
enum scx_enq_flags {
	/* For ops.enqueue(): the task has slept, or is new. */
	SCX_ENQ_WAKEUP		= ENQUEUE_WAKEUP,

	/* For an insertion in FIFO order: to the head, not to the tail. */
	SCX_ENQ_HEAD		= ENQUEUE_HEAD,

	/*
	 * For ops.enqueue(): a CPU was selected for this wakeup, as a rule by
	 * ops.select_cpu(). Not so if the task may use one CPU only.
	 */
	SCX_ENQ_CPU_SELECTED	= ENQUEUE_RQ_SELECTED,

	/*
	 * For an insertion into a local DSQ: go to the head, end the slice of
	 * the task that runs there and have the CPU reschedule. If the inserted
	 * task is the one that is being switched out there, the task that was
	 * picked instead runs first, but for no longer than a default slice if
	 * its own slice is infinite.
	 */
	SCX_ENQ_PREEMPT		= 1LLU << 32,

	/*
	 * For an insertion into a local DSQ: a task that does not run at once,
	 * because the CPU goes on with another one or has a higher class to
	 * run, comes back to ops.enqueue(). So does the task if it is
	 * preempted. It is an error with any other DSQ.
	 */
	SCX_ENQ_IMMED		= 1LLU << 33,

	/*
	 * For ops.enqueue(): the task comes back from a DSQ, or because it was
	 * sent to a CPU that it may not use any more. SCX_TASK_REENQ_* says
	 * why.
	 */
	SCX_ENQ_REENQ		= 1LLU << 40,

	/*
	 * For ops.enqueue(): there is nothing else for the CPU to run. Without
	 * %SCX_OPS_ENQ_LAST such a task just runs on; with it, the scheduler
	 * has to make sure that the CPU looks for work again.
	 */
	SCX_ENQ_LAST		= 1LLU << 41,

	/* For the kernel's own use, refused from BPF. */
	__SCX_ENQ_INTERNAL_MASK	= 0xffLLU << 56,

	SCX_ENQ_CLEAR_OPSS	= 1LLU << 56,	/* end ownership once queued */
	SCX_ENQ_DSQ_PRIQ	= 1LLU << 57,	/* vtime insertion */
};

enum scx_deq_flags {
	/* The task goes to sleep. */
	SCX_DEQ_SLEEP		= DEQUEUE_SLEEP,

	/* Core scheduling runs the task although it was not dispatched. */
	SCX_DEQ_CORE_SCHED_EXEC	= 1LLU << 32,

	/* The task stays runnable, but it moves or an attribute changes. */
	SCX_DEQ_SCHED_CHANGE	= 1LLU << 33,
};

/* Which tasks scx_bpf_dsq_reenq() takes off the DSQ; all if no flag is set. */
enum scx_reenq_flags {
	SCX_REENQ_ANY		= 1LLU << 0,	/* all of them */

	__SCX_REENQ_USER_MASK	= SCX_REENQ_ANY,
};

enum scx_pick_idle_cpu_flags {
	SCX_PICK_IDLE_CORE	= 1LLU << 0,	/* all its siblings idle, too */
	SCX_PICK_IDLE_IN_NODE	= 1LLU << 1,	/* in the given node only */
};

enum scx_kick_flags {
	/*
	 * Only if the CPU is idle: make it go through a scheduling cycle before
	 * it sleeps again. It is an error together with the others.
	 */
	SCX_KICK_IDLE		= 1LLU << 0,

	/* End the slice of the ext task that runs there. */
	SCX_KICK_PREEMPT	= 1LLU << 1,

	/* The kicking CPU waits until the target has picked its next task. */
	SCX_KICK_WAIT		= 1LLU << 2,
};

enum scx_dsq_iter_flags {
	SCX_DSQ_ITER_REV	= 1U << 16,	/* tail to head */

	__SCX_DSQ_ITER_HAS_SLICE = 1U << 30,
	__SCX_DSQ_ITER_HAS_VTIME = 1U << 31,

	__SCX_DSQ_ITER_USER_FLAGS = SCX_DSQ_ITER_REV,
	__SCX_DSQ_ITER_ALL_FLAGS = __SCX_DSQ_ITER_USER_FLAGS |
				   __SCX_DSQ_ITER_HAS_SLICE |
				   __SCX_DSQ_ITER_HAS_VTIME,
};

enum scx_tg_flags {
	SCX_TG_ONLINE		= 1U << 0,
	SCX_TG_INITED		= 1U << 1,
};

enum scx_enable_state {
	SCX_ENABLING,
	SCX_ENABLED,
	SCX_DISABLING,
	SCX_DISABLED,
};

/*
 * sched_ext_entity::ops_state: who owns a queued task. "Who owns a task" in
 * Documentation/scheduler/sched-ext-internals.rst draws the states and says who
 * may change them, and how. QUEUEING and DISPATCHING are short.
 */
enum scx_ops_state {
	SCX_OPSS_NONE,		/* the kernel owns it */
	SCX_OPSS_QUEUEING,	/* ops.enqueue() is called for it */
	SCX_OPSS_QUEUED,	/* the BPF scheduler owns it */
	SCX_OPSS_DISPATCHING,	/* a dispatcher is taking it back */

	/*
	 * The rest of the word counts how often the task was handed over, so
	 * that a dispatcher can tell the QUEUED it saw from a later one.
	 */
	SCX_OPSS_QSEQ_SHIFT	= 2,
};

/* Macros, so that they are unsigned long. */
#define SCX_OPSS_STATE_MASK	((1LU << SCX_OPSS_QSEQ_SHIFT) - 1)
#define SCX_OPSS_QSEQ_MASK	(~SCX_OPSS_STATE_MASK)

/* One more of enum scx_ent_flags: migration was disabled when it was queued. */
#define SCX_TASK_NO_MIGRATION	BIT(17)
/* Another: it must not wait on a local DSQ for an infinite slice to end. */
#define SCX_TASK_URGENT		BIT(18)

/* One more of enum scx_enq_flags: the verdict that has to wait is ops.enqueue()'s. */
#define SCX_ENQ_BY_ENQUEUE	BIT_ULL(58)

/* One more of enum scx_rq_flags: the local DSQ may have URGENT tasks. */
#define SCX_RQ_URGENT		BIT(24)
/* Another: the idle task was picked and is not current yet, and BPF is called. */
#define SCX_RQ_GOES_IDLE	BIT(25)

/**
 * struct scx_op_frame - a callback that is running on this CPU
 * @outer: callback that this one is nested in
 * @sch: scheduler that the callback belongs to
 * @rq: rq that is locked; updated when a kfunc trades the lock for another one
 * @tasks: the callback's subjects
 * @op: SCX_OP_IDX() of the callback
 * @inserted: the subject of ops.select_cpu() or ops.enqueue() has a verdict
 *
 * Lives on the stack of the caller with IRQs off and makes the innermost
 * callback known to its kfuncs. Callbacks that may sleep have no frame. A
 * nested callback cannot spoil the record of the outer one.
 */
struct scx_op_frame {
	struct scx_op_frame	*outer;
	struct scx_sched	*sch;
	struct rq		*rq;
	struct task_struct	*tasks[2];
	u32			op;
	u32			inserted;
};

DECLARE_PER_CPU(struct scx_op_frame *, scx_op_frame);

static inline void scx_op_enter(struct scx_op_frame *f)
{
	lockdep_assert_irqs_disabled();
	__this_cpu_write(scx_op_frame, f);
}

static inline void scx_op_leave(struct scx_op_frame *f)
{
	__this_cpu_write(scx_op_frame, f->outer);
}

#define __SCX_OP_FRAME(_sch, _op, _rq, _p0, _p1)		\
	((struct scx_op_frame){					\
		.outer = __this_cpu_read(scx_op_frame),		\
		.sch = (_sch),					\
		.rq = (_rq),					\
		.tasks = { (_p0), (_p1) },			\
		.op = SCX_OP_IDX(_op),				\
		.inserted = false,				\
	})

/*
 * BPF disables migration of the current task while a program runs. So programs
 * that read migration_disabled of the current task ascribe a count of 1 to
 * themselves. With IRQs off no task can move, so only the count is raised.
 */
static inline void scx_op_pin(int diff)
{
#ifdef CONFIG_SMP
	current->migration_disabled += diff;
#endif
}

/*
 * A program takes its arguments from an array, in 64 bits each. The function in
 * sched_ext_ops would save them there, enter an RCU read section, disable
 * migration and call the program. With IRQs off no grace period ends, so the
 * section is only entered for lockdep.
 */
static __always_inline u32 scx_op_run(const struct bpf_prog *prog, const u64 *args)
{
	u32 ret;

	if (IS_ENABLED(CONFIG_PROVE_RCU))
		rcu_read_lock();
	scx_op_pin(1);
	ret = bpf_prog_run(prog, args);
	scx_op_pin(-1);
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		rcu_read_unlock();
	return ret;
}

#define __SCX_ARG(x)	\
	__builtin_choose_expr(__same_type(x, u64), x, (unsigned long)(x))
#define __SCX_ARGS1(a)		__SCX_ARG(a)
#define __SCX_ARGS2(a, b)	__SCX_ARG(a), __SCX_ARG(b)
#define __SCX_ARGS3(a, b, c)	__SCX_ARGS2(a, b), __SCX_ARG(c)
#define __SCX_ARGS(args...)	CONCATENATE(__SCX_ARGS, COUNT_ARGS(args))(args)

#define __SCX_RUN_OP(_f, args...) ({				\
	u64 __args[] = { __SCX_ARGS(args) };			\
	u32 __r;						\
								\
	scx_op_enter(_f);					\
	__r = scx_op_run((_f)->sch->progs[(_f)->op], __args);	\
	scx_op_leave(_f);					\
	__r;							\
})

#define __SCX_CALL_OP(_sch, _op, _rq, _p0, _p1, args...) do {	\
	struct scx_op_frame __f =				\
		__SCX_OP_FRAME(_sch, _op, _rq, _p0, _p1);	\
								\
	__SCX_RUN_OP(&__f, args);				\
} while (0)

#define __SCX_CALL_OP_RET(_sch, _op, _rq, _p0, _p1, args...) ({	\
	struct scx_op_frame __f =				\
		__SCX_OP_FRAME(_sch, _op, _rq, _p0, _p1);	\
								\
	(__typeof__(__f.sch->ops._op(args)))__SCX_RUN_OP(&__f, args); \
})

/*
 * Call @_op of @_sch with the lock of @_rq held (NULL: some lock other than an
 * rq's). The _TASK forms are for callbacks whose first argument is the subject.
 * The caller has tested SCX_HAS_OP().
 */
#define SCX_CALL_OP(_sch, _op, _rq, args...)			\
	__SCX_CALL_OP(_sch, _op, _rq, NULL, NULL, ##args)
#define SCX_CALL_OP_TASK(_sch, _op, _rq, _p, args...)		\
	__SCX_CALL_OP(_sch, _op, _rq, _p, NULL, _p, ##args)
#define SCX_CALL_OP_TASK_RET(_sch, _op, _rq, _p, args...)	\
	__SCX_CALL_OP_RET(_sch, _op, _rq, _p, NULL, _p, ##args)
#define SCX_CALL_OP_2TASKS_RET(_sch, _op, _rq, _p, _q)		\
	__SCX_CALL_OP_RET(_sch, _op, _rq, _p, _q, _p, _q)

#define SCX_HAS_OP(_sch, _op)	test_bit(SCX_OP_IDX(_op), (_sch)->has_op)

/* Callback that is running on this CPU, or NULL; stable with IRQs off. */
static inline struct scx_op_frame *scx_op_current(void)
{
	return this_cpu_read(scx_op_frame);
}

/* rq that the running callback's caller has locked, or NULL. */
static inline struct rq *scx_locked_rq(void)
{
	struct scx_op_frame *f = scx_op_current();

	return f ? f->rq : NULL;
}

/*
 * Has @p itself disabled migration? Every BPF program that runs has raised the
 * count of the current task: each callback on this CPU by one, and so have
 * @others programs that are no callbacks.
 */
static inline bool scx_migration_disabled(struct task_struct *p,
					  unsigned int others)
{
#ifdef CONFIG_SMP
	unsigned int programs = others;
	struct scx_op_frame *f;

	if (likely(!p->migration_disabled))
		return false;
	if (p != current)
		return true;
	for (f = scx_op_current(); f; f = f->outer)
		programs++;
	return p->migration_disabled > programs;
#else
	return false;
#endif
}

/*
 * Queue an irq_work, also on a CPU that is being taken down. Such a CPU runs
 * its irq_works one last time, turns its APIC off, and may then still wake up
 * the task that took it down. An irq_work that this wakeup queued here would
 * never run, and would block all that are queued here once the CPU is back. So
 * another CPU runs it, which cannot go offline before this one is gone.
 *
 * An NMI cannot queue work on another CPU. Returns false if it is in an NMI on
 * such a CPU and has queued nothing.
 */
static inline bool scx_irq_work_queue(struct irq_work *work)
{
	if (likely(cpu_online(raw_smp_processor_id())))
		irq_work_queue(work);
	else if (!in_nmi())
		irq_work_queue_on(work, cpumask_any(cpu_online_mask));
	else
		return false;
	return true;
}

/* Is this number, which may come from BPF, that of a possible CPU? */
static inline bool scx_cpu_valid(s32 cpu)
{
	return likely(cpu >= 0 && cpu < nr_cpu_ids && cpu_possible(cpu));
}

/* The task that runs on the CPU of @rq, which is locked. */
static inline struct task_struct *scx_curr(struct rq *rq)
{
	return rcu_dereference_protected(rq->curr,
					 lockdep_is_held(__rq_lockp(rq)));
}

/* Has an exit been claimed? Then nothing that takes long should be begun. */
static inline bool scx_exiting(struct scx_sched *sch)
{
	return unlikely(atomic_read(&sch->exit_kind) != SCX_EXIT_NONE);
}

static inline bool scx_rq_bypassing(const struct rq *rq)
{
	return unlikely(rq->scx.flags & SCX_RQ_BYPASSING);
}

/*
 * May the BPF scheduler be asked to find work for @rq? If the CPU is going
 * down, it may be asked until rq_offline.
 */
static inline bool scx_rq_online(const struct rq *rq)
{
	return likely(rq->scx.flags & SCX_RQ_ONLINE);
}

/* May tasks be handed to the BPF scheduler on @rq, or be sent to @rq? */
static inline bool scx_rq_accepting(struct rq *rq)
{
	return scx_rq_online(rq) && likely(cpu_active(cpu_of(rq)));
}

static inline enum scx_task_state scx_task_state(const struct task_struct *p)
{
	return (p->scx.flags & SCX_TASK_STATE_MASK) >> SCX_TASK_STATE_SHIFT;
}

static inline bool scx_task_queued(const struct task_struct *p)
{
	return p->sched_class == &ext_sched_class &&
	       (p->scx.flags & SCX_TASK_QUEUED);
}

#define scx_add_event(sch, name, cnt) do {			\
	this_cpu_add((sch)->event_stats_cpu->name, (cnt));	\
	trace_sched_ext_event(#name, (cnt));			\
} while (0)

static inline void scx_refill_slice(struct scx_sched *sch,
				    struct task_struct *p)
{
	p->scx.slice = SCX_SLICE_DFL;
	scx_add_event(sch, SCX_EV_REFILL_SLICE_DFL, 1);
}

#ifdef CONFIG_CGROUP_SCHED
/*
 * Cgroup of @p as BPF schedulers see it: the CPU controller's. They do not know
 * autogroups, nor cgroups that were removed while an exiting task was still
 * inside. A task in one of those counts as a member of the next known ancestor.
 */
static inline struct cgroup *scx_cgroup_of(struct task_struct *p)
{
	struct task_group *tg = task_group(p);

#ifdef CONFIG_EXT_GROUP_SCHED
	while (!(READ_ONCE(tg->scx.flags) & SCX_TG_ONLINE) && tg->parent)
		tg = tg->parent;
#endif
	return tg->css.cgroup ?: root_task_group.css.cgroup;
}
#endif

#endif	/* _KERNEL_SCHED_EXT_INTERNAL_H */
