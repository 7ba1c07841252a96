/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_TASK_H
#define _KERNEL_SCHED_EXT_TASK_H

#include "ext_internal.h"

extern struct percpu_rw_semaphore scx_fork_rwsem;

int scx_task_init(struct scx_sched *sch, struct task_struct *p, bool fork);
void scx_task_ready(struct task_struct *p);
void scx_task_enable(struct task_struct *p);
void scx_task_disable(struct task_struct *p);
void scx_task_exit(struct task_struct *p);

void scx_task_set_weight(struct task_struct *p, unsigned long load);
void scx_task_charge(struct rq *rq);
void scx_task_warn_zero_slice(struct task_struct *p);
bool __scx_task_hurried(struct rq *rq, struct task_struct *p);

/* @p goes to the end of core scheduling's default order. */
static inline void scx_task_touch_core_sched(struct task_struct *p)
{
#ifdef CONFIG_SCHED_CORE
	if (sched_core_disabled())
		return;
	p->scx.core_sched_at = sched_clock_cpu(task_cpu(p));
#endif
}

/* What did scx_task_update_tick() decide the last time? */
static inline bool scx_rq_can_stop_tick(const struct rq *rq)
{
	return rq->scx.flags & SCX_RQ_CAN_STOP_TICK;
}

/* How many insertions for wrong CPUs a change of a task's CPUs excuses */
#define SCX_TASK_EXCUSES	8

/*
 * The CPUs that @p may use have changed, and the BPF scheduler may have looked
 * at them before. The lock of @p's rq is held, or, if @p is not queued, its
 * pi_lock.
 */
static inline void scx_task_cpus_changed(struct task_struct *p)
{
	p->scx.cpus_at = jiffies;
	p->scx.excuses = SCX_TASK_EXCUSES;
}

/* Does a task wait for the CPU of @p that must not wait for ever? */
static inline bool scx_task_hurried(struct rq *rq, struct task_struct *p)
{
	return unlikely(rq->scx.flags & SCX_RQ_URGENT) &&
	       __scx_task_hurried(rq, p);
}

/* The CPU of @rq needs the tick for now, whatever it runs. */
static inline void scx_task_need_tick(struct rq *rq)
{
	rq->scx.flags &= ~SCX_RQ_CAN_STOP_TICK;
#ifdef CONFIG_NO_HZ_FULL
	if (tick_nohz_full_cpu(cpu_of(rq)))
		tick_nohz_dep_set_cpu(cpu_of(rq), TICK_DEP_BIT_SCHED);
#endif
}

/*
 * A task whose slice is infinite needs no tick on a nohz_full CPU, unless a task
 * is to be taken off the local DSQ at the next tick. The core's
 * own test looks at rq->curr, which is the outgoing task here. So a need for
 * the tick has to be set directly.
 */
static inline void scx_task_update_tick(struct rq *rq, struct task_struct *p)
{
	if (p->scx.slice == SCX_SLICE_INF && !rq->scx.immed &&
	    !scx_task_hurried(rq, p)) {
		if (scx_rq_can_stop_tick(rq))
			return;
		rq->scx.flags |= SCX_RQ_CAN_STOP_TICK;
		sched_update_tick_dependency(rq);
		/* The averages have to be up to date when the tick stops. */
		update_other_load_avgs(rq);
		return;
	}

	scx_task_need_tick(rq);
}

/* @p goes on, but its slice may have become infinite, or finite. */
static inline void scx_task_adjust_tick(struct rq *rq, struct task_struct *p)
{
	bool infinite = p->scx.slice == SCX_SLICE_INF;

	if (infinite != scx_rq_can_stop_tick(rq))
		scx_task_update_tick(rq, p);
}

void scx_task_init_on_fork(struct scx_sched *sch);
void scx_task_init_forks(void);

#endif	/* _KERNEL_SCHED_EXT_TASK_H */
