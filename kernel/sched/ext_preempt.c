// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: sharing a CPU with higher classes.
 *
 * When a higher class takes a CPU away, the BPF scheduler is told so, and it is
 * told again when the CPU is back.
 *
 * Higher classes could keep a CPU for ever. To prevent that, each CPU has a
 * deadline server for its normal tasks, which are those of the fair class and
 * of this one. The server does nothing as long as these tasks get their share,
 * 50 ms of each second by default. If they do not, it competes for the CPU in
 * the deadline class, above RT tasks, and picks one of them. There is one
 * server for both classes because one share has been set aside on each CPU,
 * whichever class handles the normal tasks.
 *
 * All functions are called with the rq locked.
 */
#include "ext_preempt.h"
#include "ext_kick.h"
#include "ext_state.h"

/**
 * __scx_preempt_acquire - Tell the BPF scheduler that it has a CPU back
 * @sch: the scheduler
 * @rq: the CPU's runqueue, locked
 */
void __scx_preempt_acquire(struct scx_sched *sch, struct rq *rq)
{
	rq->scx.cpu_released = false;
	if (SCX_HAS_OP(sch, cpu_acquire) && scx_rq_online(rq))
		SCX_CALL_OP(sch, cpu_acquire, rq, cpu_of(rq), NULL);
}

static enum scx_cpu_preempt_reason preempt_reason(const struct sched_class *class)
{
#ifdef CONFIG_SMP
	if (class == &stop_sched_class)
		return SCX_CPU_PREEMPT_STOP;
#endif
	if (class == &dl_sched_class)
		return SCX_CPU_PREEMPT_DL;
	if (class == &rt_sched_class)
		return SCX_CPU_PREEMPT_RT;
	return SCX_CPU_PREEMPT_UNKNOWN;
}

/**
 * scx_preempt_release - A task of another class is going to run
 * @sch: the scheduler
 * @rq: runqueue, locked
 * @next: the task
 */
void scx_preempt_release(struct scx_sched *sch, struct rq *rq,
			 struct task_struct *next)
{
	struct scx_cpu_release_args args;

	if (sched_class_above(&ext_sched_class, next->sched_class))
		return;

	/* An IMMED task may have to wait, see ext_dispatch_reenq.c. */
	if (unlikely(rq->scx.immed))
		scx_kick_defer(rq);

	if (!(sch->ops.flags & SCX_OPS_HAS_CPU_PREEMPT) || rq->scx.cpu_released ||
	    !scx_rq_online(rq))
		return;

	if (SCX_HAS_OP(sch, cpu_release)) {
		args = (struct scx_cpu_release_args){
			.reason	= preempt_reason(next->sched_class),
			.task	= next,
		};
		SCX_CALL_OP(sch, cpu_release, rq, cpu_of(rq), &args);
	}
	rq->scx.cpu_released = true;
}

/**
 * scx_server_pick_task - A task for the deadline server
 * @rq: runqueue, locked; balance has run if scx_server_first() was true then
 *
 * If there is none, the CPU goes on with the higher class. Balance has told the
 * BPF scheduler that the CPU is back, so it is now told that the CPU is taken
 * away again.
 *
 * Return: the task, or NULL.
 */
struct task_struct *scx_server_pick_task(struct rq *rq)
{
	struct task_struct *p = ext_sched_class.pick_task(rq);
	struct scx_sched *sch = rcu_dereference_sched(scx_root);

	if (!p && sch && sched_class_above(rq->donor->sched_class, &ext_sched_class))
		scx_preempt_release(sch, rq, rq->donor);
	return p;
}
