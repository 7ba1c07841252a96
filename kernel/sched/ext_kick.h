/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_KICK_H
#define _KERNEL_SCHED_EXT_KICK_H

#include "ext_internal.h"

void scx_kick_init(struct rq *rq, void (*deferred)(struct rq *rq));
int scx_kick_alloc(void);
void scx_kick_free(void);
void scx_kick_cpu(struct scx_sched *sch, s32 cpu, u64 flags);

void scx_kick_self(struct rq *rq);
void scx_kick_idle(struct rq *rq);
void scx_kick_after_pick(struct rq *rq);

void scx_kick_defer(struct rq *rq);
void scx_kick_balanced(struct rq *rq);
void scx_kick_overtaken(struct rq *rq);

/* Is there something for scx_kick_balanced() to do? */
static inline bool scx_kick_pending(struct rq *rq)
{
	return unlikely((rq->scx.flags & SCX_RQ_BAL_CB_PENDING) ||
			rq->scx.ticket);
}

/* @rq is choosing its next task: CPUs that wait for that may go on. */
static inline void scx_kick_picked(struct rq *rq)
{
	/* Pairs with the acquire in has_answered(). */
	smp_store_release(&rq->scx.pnt_seq, rq->scx.pnt_seq + 1);
}

/**
 * scx_kick_end_slice - The task that a CPU runs is not to go on
 * @rq: the CPU's runqueue, locked; it runs a task of the class
 *
 * If the CPU has dropped its lock while it looks for work, ops.dispatch() may
 * be running and still give the task a new slice. SCX_RQ_BAL_PREEMPT makes
 * balance end that slice, too.
 */
static inline void scx_kick_end_slice(struct rq *rq)
{
	scx_curr(rq)->scx.slice = 0;
	if (unlikely(rq->scx.flags & (SCX_RQ_IN_BALANCE | SCX_RQ_BAL_SIBLING)))
		rq->scx.flags |= SCX_RQ_BAL_PREEMPT;
}

#endif	/* _KERNEL_SCHED_EXT_KICK_H */
