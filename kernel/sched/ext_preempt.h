/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_PREEMPT_H
#define _KERNEL_SCHED_EXT_PREEMPT_H

#include "ext_internal.h"

void __scx_preempt_acquire(struct scx_sched *sch, struct rq *rq);
void scx_preempt_release(struct scx_sched *sch, struct rq *rq,
			 struct task_struct *next);

/**
 * scx_preempt_acquire - A CPU looks for work in the class
 * @sch: the scheduler
 * @rq: the CPU's runqueue, locked
 */
static inline void scx_preempt_acquire(struct scx_sched *sch, struct rq *rq)
{
	if (unlikely(rq->scx.cpu_released))
		__scx_preempt_acquire(sch, rq);
}

/**
 * scx_preempt_guard - Make sure that higher classes leave a CPU some time
 * @rq: runqueue with a task of the class, locked, clock updated
 *
 * The server stops when it finds nothing to run, even if the BPF scheduler just
 * had nothing for this CPU at that moment. So each tick calls this, too.
 */
static inline void scx_preempt_guard(struct rq *rq)
{
	if (unlikely(!dl_server_active(&rq->fair_server)))
		dl_server_start(&rq->fair_server);
}

#endif	/* _KERNEL_SCHED_EXT_PREEMPT_H */
