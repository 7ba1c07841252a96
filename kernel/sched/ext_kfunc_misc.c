// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: kfuncs that kick CPUs, set their performance, and read or set
 * properties of CPUs and tasks.
 *
 * They can be called from every callback, from syscall and tracing programs,
 * and while no scheduler is loaded.
 */
#include <linux/btf.h>
#include <linux/sched/clock.h>
#include "ext_kick.h"
#include "ext_tid.h"
#include "ext_kfunc.h"

__bpf_kfunc_start_defs();

/**
 * scx_bpf_kick_cpu - Make a CPU reschedule
 * @cpu: the CPU
 * @flags: SCX_KICK_*
 *
 * The CPU does so soon after the call, not during it. Repeated kicks merge.
 *
 * Errors: an invalid @cpu; %SCX_KICK_IDLE together with other flags; in an
 * NMI.
 */
__bpf_kfunc void scx_bpf_kick_cpu(s32 cpu, u64 flags)
{
	struct scx_sched *sch;

	guard(rcu)();

	sch = scx_kfunc_sched();
	if (sch && scx_error_cpu_valid(sch, cpu, __func__))
		scx_kick_cpu(sch, cpu, flags);
}

__bpf_kfunc_end_defs();

static bool task_is_ours(const struct task_struct *p)
{
	struct scx_op_frame *f = scx_op_current();
	struct scx_sched *sch;

	if (likely(f))
		return READ_ONCE(p->scx.sched) == f->sch;

	guard(rcu)();
	sch = rcu_dereference(scx_root);
	return sch && READ_ONCE(p->scx.sched) == sch;
}

/* Without a scheduler no error is raised, but a bad @cpu must not be used. */
static bool cpu_valid(s32 cpu, const char *kfunc)
{
	struct scx_sched *sch;

	guard(rcu)();

	sch = scx_kfunc_sched();
	if (sch)
		return scx_error_cpu_valid(sch, cpu, kfunc);
	return scx_cpu_valid(cpu);
}

static void warn_cpu_rq(void)
{
	struct scx_sched *sch;

	guard(rcu)();
	guard(irqsave)();

	sch = scx_kfunc_sched();
	if (!sch || sch->warned_cpu_rq)
		return;

	sch->warned_cpu_rq = true;
	printk_deferred_enter();
	pr_warn("sched_ext: %s: scx_bpf_cpu_rq() is deprecated, use scx_bpf_locked_rq() or scx_bpf_cpu_curr()\n",
		sch->ops.name);
	printk_deferred_exit();
}

/*
 * Lock @rq, or return false if this CPU may hold the lock. With IRQs off, the
 * caller may be a tracing program that runs under the scheduler core's own
 * locks, or ops.set_cpumask(), which is called with an rq locked or not. So the
 * lock is only tried then. ops.select_cpu() is known to run without an rq lock.
 */
static bool cpuperf_lock(struct rq *rq, struct rq_flags *rf)
{
	struct scx_op_frame *f = scx_op_current();

	if (!irqs_disabled() || (f && f->op == SCX_OP_IDX(select_cpu))) {
		rq_lock_irqsave(rq, rf);
		return true;
	}

	local_irq_save(rf->flags);
	if (!raw_spin_rq_trylock(rq)) {
		local_irq_restore(rf->flags);
		return false;
	}
	rq_pin_lock(rq, rf);
	return true;
}

/*
 * cpufreq reads the target now or, if @rq cannot be locked, at its next update.
 */
static void cpuperf_tell(struct rq *rq)
{
	struct rq_flags rf;

	if (rq == scx_locked_rq()) {
		/* ops.yield(), for one, runs without an update of the clock. */
		if (rq->clock_update_flags < RQCF_ACT_SKIP)
			update_rq_clock(rq);
		cpufreq_update_util(rq, 0);
	} else if (cpuperf_lock(rq, &rf)) {
		update_rq_clock(rq);
		cpufreq_update_util(rq, 0);
		rq_unlock_irqrestore(rq, &rf);
	}
}

static void cpuperf_set(struct scx_sched *sch, const char *kfunc, s32 cpu,
			u32 perf)
{
	struct rq *locked = scx_locked_rq();
	struct rq *rq = cpu_rq(cpu);

	if (unlikely(perf > SCX_CPUPERF_ONE)) {
		scx_error(sch, "%s() with performance %u for CPU %d, which is above %u",
			  kfunc, perf, cpu, SCX_CPUPERF_ONE);
		return;
	}
	if (unlikely(in_nmi())) {
		scx_error(sch, "%s() for CPU %d in an NMI", kfunc, cpu);
		return;
	}
	if (unlikely(locked && locked != rq)) {
		scx_error(sch, "%s() for CPU %d from a callback that has CPU %d locked",
			  kfunc, cpu, cpu_of(locked));
		return;
	}

	WRITE_ONCE(rq->scx.cpuperf_target, perf);
	cpuperf_tell(rq);
}

__bpf_kfunc_start_defs();

/**
 * scx_bpf_cpuperf_cap - How fast can a CPU be?
 * @cpu: the CPU
 *
 * Errors: an invalid @cpu.
 *
 * Return: relative to the fastest CPU, 1..%SCX_CPUPERF_ONE.
 */
__bpf_kfunc u32 scx_bpf_cpuperf_cap(s32 cpu)
{
	if (!cpu_valid(cpu, __func__))
		return SCX_CPUPERF_ONE;
	return arch_scale_cpu_capacity(cpu);
}

/**
 * scx_bpf_cpuperf_cur - How fast is a CPU now?
 * @cpu: the CPU
 *
 * Errors: an invalid @cpu.
 *
 * Return: relative to its own maximum, 1..%SCX_CPUPERF_ONE.
 */
__bpf_kfunc u32 scx_bpf_cpuperf_cur(s32 cpu)
{
	if (!cpu_valid(cpu, __func__))
		return SCX_CPUPERF_ONE;
	return arch_scale_freq_capacity(cpu);
}

/**
 * scx_bpf_cpuperf_set - Say how fast a CPU should be
 * @cpu: the CPU; in a callback that has an rq locked, that rq's
 * @perf: relative to its maximum, 0..%SCX_CPUPERF_ONE
 *
 * The schedutil governor adds this to the utilization of higher classes.
 *
 * Errors: an invalid @cpu, or another one than that of the rq that is locked;
 * @perf is too large; in an NMI.
 */
__bpf_kfunc void scx_bpf_cpuperf_set(s32 cpu, u32 perf)
{
	struct scx_sched *sch;

	guard(rcu)();

	sch = scx_kfunc_sched();
	if (sch && scx_error_cpu_valid(sch, cpu, __func__))
		cpuperf_set(sch, __func__, cpu, perf);
}

/**
 * scx_bpf_nr_node_ids - Size of the range of NUMA node ids
 *
 * Return: a number that every node id is below.
 */
__bpf_kfunc u32 scx_bpf_nr_node_ids(void)
{
	return nr_node_ids;
}

/**
 * scx_bpf_nr_cpu_ids - Size of the range of CPU ids
 *
 * Return: a number that every CPU id is below.
 */
__bpf_kfunc u32 scx_bpf_nr_cpu_ids(void)
{
	return nr_cpu_ids;
}

/**
 * scx_bpf_get_possible_cpumask - The CPUs that can ever be there
 *
 * Return: the mask, for scx_bpf_put_cpumask().
 */
__bpf_kfunc const struct cpumask *scx_bpf_get_possible_cpumask(void)
{
	return cpu_possible_mask;
}

/**
 * scx_bpf_get_online_cpumask - The CPUs that are online
 *
 * Return: the live mask, for scx_bpf_put_cpumask().
 */
__bpf_kfunc const struct cpumask *scx_bpf_get_online_cpumask(void)
{
	return cpu_online_mask;
}

/**
 * scx_bpf_put_cpumask - Give a mask back
 * @cpumask: from scx_bpf_get_possible_cpumask() or scx_bpf_get_online_cpumask()
 *
 * The masks are static. They are got and put for the verifier, which trusts a
 * pointer that it has seen acquired.
 */
__bpf_kfunc void scx_bpf_put_cpumask(const struct cpumask *cpumask)
{
}

/**
 * scx_bpf_task_running - Is a task running on its CPU?
 * @p: the task
 *
 * Return: true if it is the current task of its rq.
 */
__bpf_kfunc bool scx_bpf_task_running(const struct task_struct *p)
{
	return rcu_access_pointer(task_rq(p)->curr) == p;
}

/**
 * scx_bpf_task_cpu - CPU that a task is on
 * @p: the task
 *
 * Return: the CPU it runs, waits, or last ran on.
 */
__bpf_kfunc s32 scx_bpf_task_cpu(const struct task_struct *p)
{
	return task_cpu(p);
}

/**
 * scx_bpf_task_set_slice - Set what is left of a task's slice
 * @p: the task
 * @slice: in nanoseconds
 *
 * Since 6.19; before, programs wrote to the task, which still works.
 *
 * Return: false if the task does not belong to the BPF scheduler.
 */
__bpf_kfunc bool scx_bpf_task_set_slice(struct task_struct *p, u64 slice)
{
	if (!task_is_ours(p))
		return false;
	p->scx.slice = slice;
	return true;
}

/**
 * scx_bpf_task_set_dsq_vtime - Set the vtime of a task
 * @p: the task, on no DSQ that is in vtime order
 * @vtime: the vtime
 *
 * Since 6.19; before, programs wrote to the task, which still works.
 *
 * Return: false if the task does not belong to the BPF scheduler.
 */
__bpf_kfunc bool scx_bpf_task_set_dsq_vtime(struct task_struct *p, u64 vtime)
{
	if (!task_is_ours(p))
		return false;
	p->scx.dsq_vtime = vtime;
	return true;
}

/**
 * scx_bpf_cpu_rq - The rq of a CPU
 * @cpu: the CPU
 *
 * Deprecated since 6.18: nothing keeps the contents of the rq from changing.
 *
 * Errors: an invalid @cpu.
 *
 * Return: its rq, not locked, or NULL for an invalid CPU.
 */
__bpf_kfunc struct rq *scx_bpf_cpu_rq(s32 cpu)
{
	warn_cpu_rq();
	return cpu_valid(cpu, __func__) ? cpu_rq(cpu) : NULL;
}

/**
 * scx_bpf_locked_rq - The rq that is locked for the running callback
 *
 * Errors: no rq is locked.
 *
 * Return: the rq; NULL if none is locked, which is an error.
 */
__bpf_kfunc struct rq *scx_bpf_locked_rq(void)
{
	struct rq *rq = scx_locked_rq();
	struct scx_sched *sch;

	if (likely(rq))
		return rq;

	guard(rcu)();
	sch = scx_kfunc_sched();
	if (sch)
		scx_error(sch, "%s() with no rq locked", __func__);
	return NULL;
}

/**
 * scx_bpf_cpu_curr - The task that a CPU runs
 * @cpu: the CPU
 *
 * Errors: an invalid @cpu.
 *
 * Return: its current task, or NULL for an invalid CPU.
 */
__bpf_kfunc struct task_struct *scx_bpf_cpu_curr(s32 cpu)
{
	if (!cpu_valid(cpu, __func__))
		return NULL;

	/* The verifier demands an RCU read section, but not in a BPF timer. */
	guard(rcu)();
	return rcu_dereference(cpu_rq(cpu)->curr);
}

/**
 * scx_bpf_tid_to_task - The task that a number stands for
 * @tid: value of the task's sched_ext_entity::tid
 *
 * Since 7.3, for schedulers with %SCX_OPS_TID_TO_TASK. A task gets its number
 * before ops.init_task(). It is found from the time when it can run until
 * ops.exit_task(). No number is given twice.
 *
 * Errors: without %SCX_OPS_TID_TO_TASK.
 *
 * Return: the task, or NULL if it is gone or there has been none.
 */
__bpf_kfunc struct task_struct *scx_bpf_tid_to_task(u64 tid)
{
	struct scx_sched *sch;

	guard(rcu)();

	sch = scx_kfunc_sched();
	if (unlikely(!sch))
		return NULL;
	if (unlikely(!sch->tids)) {
		scx_error(sch, "%s() needs SCX_OPS_TID_TO_TASK", __func__);
		return NULL;
	}
	return scx_tid_find(sch, tid);
}

__bpf_kfunc_end_defs();

#ifdef CONFIG_CGROUP_SCHED
static bool task_is_subject(const struct task_struct *p)
{
	struct scx_op_frame *f = scx_op_current();

	return f && (p == f->tasks[0] || p == f->tasks[1]);
}

__bpf_kfunc_start_defs();

/**
 * scx_bpf_task_cgroup - The cgroup that a task is scheduled in
 * @p: the task, one that the running callback is about
 *
 * @p->cgroups may be ahead of what the scheduler has been told. The lock that
 * the callback runs under keeps @p in its cgroup.
 *
 * Errors: @p is not what the running callback is about, or none is running.
 *
 * Return: the CPU controller's cgroup with a reference; the root cgroup for a
 * task in none and on errors.
 */
__bpf_kfunc struct cgroup *scx_bpf_task_cgroup(struct task_struct *p)
{
	struct cgroup *cgrp = &cgrp_dfl_root.cgrp;
	struct scx_sched *sch;

	guard(rcu)();

	sch = scx_kfunc_sched();
	if (task_is_subject(p))
		cgrp = scx_cgroup_of(p);
	else if (sch)
		scx_error(sch, "%s() for %s[%d], which is not the subject of a running callback",
			  __func__, p->comm, p->pid);

	cgroup_get(cgrp);
	return cgrp;
}

__bpf_kfunc_end_defs();
#endif	/* CONFIG_CGROUP_SCHED */

__bpf_kfunc_start_defs();

/**
 * scx_bpf_now - Read the time at low cost
 *
 * Under the lock of this CPU's rq this is the rq clock, which has been read
 * already. Otherwise the clock is read.
 *
 * Return: nanoseconds that do not go back on one CPU.
 */
__bpf_kfunc u64 scx_bpf_now(void)
{
	u64 clock = this_cpu_read(runqueues.scx.clock);

	/* If there is one, this CPU has an rq locked and we cannot migrate. */
	if (clock)
		return clock;

	guard(preempt)();
	return sched_clock_cpu(smp_processor_id());
}

/**
 * scx_bpf_events - Read the event counters
 * @events: the counters are written here
 * @events__sz: size of @events; programs may know fewer or more counters
 *
 * All counters are zero if no scheduler is loaded.
 */
__bpf_kfunc void scx_bpf_events(struct scx_event_stats *events,
				size_t events__sz)
{
	struct scx_event_stats sum = {};
	struct scx_sched *sch;

	guard(rcu)();

	sch = scx_kfunc_sched();
	if (sch)
		scx_state_read_events(sch, &sum);

	memset(events, 0, events__sz);
	memcpy(events, &sum, min(events__sz, sizeof(sum)));
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(scx_kfunc_ids_misc)
BTF_ID_FLAGS(func, scx_bpf_kick_cpu)
BTF_ID_FLAGS(func, scx_bpf_cpuperf_cap)
BTF_ID_FLAGS(func, scx_bpf_cpuperf_cur)
BTF_ID_FLAGS(func, scx_bpf_cpuperf_set)
BTF_ID_FLAGS(func, scx_bpf_nr_node_ids)
BTF_ID_FLAGS(func, scx_bpf_nr_cpu_ids)
BTF_ID_FLAGS(func, scx_bpf_get_possible_cpumask, KF_ACQUIRE)
BTF_ID_FLAGS(func, scx_bpf_get_online_cpumask, KF_ACQUIRE)
BTF_ID_FLAGS(func, scx_bpf_put_cpumask, KF_RELEASE)
BTF_ID_FLAGS(func, scx_bpf_task_running, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_task_cpu, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_task_set_slice, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_task_set_dsq_vtime, KF_RCU)
/* Not KF_RET_NULL: programs built for 6.12 do not test, and loads are safe. */
BTF_ID_FLAGS(func, scx_bpf_cpu_rq)
BTF_ID_FLAGS(func, scx_bpf_locked_rq, KF_RET_NULL)
BTF_ID_FLAGS(func, scx_bpf_cpu_curr, KF_RET_NULL | KF_RCU_PROTECTED)
BTF_ID_FLAGS(func, scx_bpf_tid_to_task, KF_RET_NULL | KF_RCU_PROTECTED)
#ifdef CONFIG_CGROUP_SCHED
BTF_ID_FLAGS(func, scx_bpf_task_cgroup, KF_RCU | KF_ACQUIRE)
#endif
BTF_ID_FLAGS(func, scx_bpf_now)
BTF_ID_FLAGS(func, scx_bpf_events, KF_TRUSTED_ARGS)
BTF_KFUNCS_END(scx_kfunc_ids_misc)

SCX_KFUNC_SET(misc);
