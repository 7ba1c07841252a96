/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_DISPATCH_H
#define _KERNEL_SCHED_EXT_DISPATCH_H

#include "ext_dsq.h"

struct scx_dsq_iter;

/* ext_dispatch.c: insertion, removal, and who owns the task in between */
struct scx_dispatch_q *scx_dispatch_global_dsq(struct scx_sched *sch,
					       struct task_struct *p);
struct scx_dispatch_q *scx_dispatch_target(struct scx_sched *sch,
					   struct rq *rq, u64 dsq_id,
					   struct task_struct *p);
void scx_dispatch_insert(struct scx_sched *sch, struct scx_dispatch_q *dsq,
			 struct task_struct *p, u64 enq_flags);
void scx_dispatch_enqueue(struct rq *rq, struct task_struct *p, u64 enq_flags,
			  s32 sticky_cpu);
void __scx_dispatch_wake_local(struct rq *rq, struct task_struct *p,
			       u64 enq_flags);
void scx_dispatch_reclaim(struct rq *rq, struct task_struct *p, u64 deq_flags);
void scx_dispatch_unlink(struct rq *rq, struct task_struct *p);
void scx_dispatch_cpus_changed(struct task_struct *p);
bool scx_dispatch_verdict_refused(struct scx_op_frame *f, struct task_struct *p,
				  u64 dsq_id);
void scx_dispatch_requeue_begin(struct rq *rq);
bool scx_dispatch_requeue_batch(struct rq *rq);

/* True if @dsq is the local DSQ of some CPU. */
static inline bool scx_dispatch_is_local(const struct scx_dispatch_q *dsq)
{
	return dsq->id == SCX_DSQ_LOCAL;
}

/* rq that a local DSQ is part of */
static inline struct rq *scx_dispatch_rq_of(struct scx_dispatch_q *dsq)
{
	return container_of(dsq, struct rq, scx.local_dsq);
}

/**
 * scx_dispatch_wake_local - Make a CPU look at its local DSQ
 * @rq: the CPU's runqueue, locked
 * @p: task that was put there
 * @enq_flags: SCX_ENQ_*
 *
 * In balance a pick follows anyway, which only has to know if the running task
 * must not go on. Otherwise make the CPU reschedule if it should.
 */
static inline void scx_dispatch_wake_local(struct rq *rq, struct task_struct *p,
					   u64 enq_flags)
{
	if (!(rq->scx.flags & SCX_RQ_IN_BALANCE) ||
	    (enq_flags & (SCX_ENQ_IMMED | SCX_ENQ_PREEMPT)))
		__scx_dispatch_wake_local(rq, p, enq_flags);
}

/**
 * scx_dispatch_verdict - Record the verdict of a callback about its subject
 * @f: frame of ops.select_cpu() or ops.enqueue()
 * @p: task that the callback inserts
 * @dsq_id: DSQ that it names
 * @enq_flags: SCX_ENQ_*
 *
 * Return: false, with an error raised, if the verdict is about another task
 * than the callback, is the second one, or names no DSQ.
 */
static inline bool scx_dispatch_verdict(struct scx_op_frame *f,
					struct task_struct *p, u64 dsq_id,
					u64 enq_flags)
{
	if (unlikely(p != f->tasks[0] || f->inserted || dsq_id == SCX_DSQ_INVALID))
		return scx_dispatch_verdict_refused(f, p, dsq_id);

	f->inserted = true;
	p->scx.ddsp_dsq_id = dsq_id;
	p->scx.ddsp_enq_flags = enq_flags;
	return true;
}

/**
 * scx_dispatch_set_budget - Set the slice and vtime that an insertion gives
 * @p: the task, on no DSQ and owned by the caller
 * @slice: nanoseconds that the task may run, 0 to keep its present slice
 * @vtime: its vtime
 * @enq_flags: SCX_ENQ_*; the vtime is only set with SCX_ENQ_DSQ_PRIQ
 */
static inline void scx_dispatch_set_budget(struct task_struct *p, u64 slice,
					   u64 vtime, u64 enq_flags)
{
	if (slice)
		p->scx.slice = slice;
	else if (!p->scx.slice)
		p->scx.slice = 1;

	if (enq_flags & SCX_ENQ_DSQ_PRIQ)
		p->scx.dsq_vtime = vtime;
}

/**
 * scx_dispatch_take_next - Take a task that is set running off its queue
 * @rq: its runqueue, locked
 * @p: the task
 *
 * In most cases it was picked from the local DSQ and is in state NONE. But core
 * scheduling may run a task that was not dispatched.
 */
static inline void scx_dispatch_take_next(struct rq *rq, struct task_struct *p)
{
	if (likely(p->scx.dsq == &rq->scx.local_dsq)) {
		scx_dsq_del_local(&rq->scx.local_dsq, p);
		p->scx.dsq = NULL;
	} else {
		scx_dispatch_reclaim(rq, p, SCX_DEQ_CORE_SCHED_EXEC);
		scx_dispatch_unlink(rq, p);
	}
}

/* ext_dispatch_rq.c: from one rq to another */
void scx_dispatch_swap_lock(struct rq *from, struct rq *to);
bool scx_dispatch_can_move(struct task_struct *p, struct rq *dst);

/* What becomes of a task that the BPF scheduler has sent to a CPU */
enum scx_dispatch_fate {
	SCX_GOES_THERE,
	SCX_GOES_GLOBAL,	/* it cannot, so it goes to the global DSQ */
	SCX_GOES_BACK,		/* it could until now: scx_dispatch_back() */
};

enum scx_dispatch_fate scx_dispatch_fate(struct scx_sched *sch,
					 struct task_struct *p, struct rq *dst);
void scx_dispatch_back(struct rq *rq, struct task_struct *p);
void scx_dispatch_move_locked(struct task_struct *p, struct rq *src,
			      struct rq *dst, u64 enq_flags);
void scx_dispatch_to_local(struct scx_sched *sch, struct rq *rq,
			   struct rq *dst, struct task_struct *p,
			   u64 enq_flags);
bool scx_dispatch_consume(struct scx_sched *sch, struct rq *rq,
			  struct scx_dispatch_q *dsq, u64 enq_flags);
void scx_dispatch_deferred(struct rq *rq);

/*
 * Do all tasks of @rq have to come to its local DSQ? They have in bypass mode,
 * and on a CPU that comes or goes.
 */
static inline bool scx_dispatch_all_local(struct rq *rq)
{
	return scx_rq_bypassing(rq) || !scx_rq_accepting(rq);
}

static inline bool scx_dispatch_has_deferred(struct rq *rq)
{
	return !list_empty(&rq->scx.ddsp_deferred_locals) || rq->scx.immed ||
	       READ_ONCE(rq->scx.reenq_local);
}

/* ext_dispatch_move.c: from one DSQ to another */
bool scx_dispatch_move(struct scx_dsq_iter *it, struct task_struct *p,
		       u64 dsq_id, u64 enq_flags);
bool scx_dispatch_take(struct scx_dsq_iter *it, struct task_struct *p,
		       struct rq *src);

/* ext_dispatch_reenq.c: off a DSQ, and to ops.enqueue() again */
void scx_dispatch_reenq_init(struct scx_sched *sch);
u32 scx_dispatch_reenqueue_local(struct rq *rq);
void scx_dispatch_reenqueue_back(struct rq *rq, struct task_struct *p);
void scx_dispatch_immed_came(struct rq *rq, struct task_struct *p);
void scx_dispatch_immed_picked(struct rq *rq);
void scx_dispatch_reenq_requested(struct rq *rq);
void scx_dispatch_request_reenq_local(struct rq *rq);
void scx_dispatch_request_reenq_user(struct scx_sched *sch,
				     struct scx_dispatch_q *dsq);

/* ext_dispatch_loop.c: ask the BPF scheduler for work for a CPU */
int scx_dispatch_alloc(struct scx_sched *sch);
void scx_dispatch_free(struct scx_sched *sch);
bool scx_dispatch_balance(struct rq *rq);
bool scx_dispatch_buffer(struct scx_sched *sch, struct task_struct *p,
			 u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags);
u32 scx_dispatch_nr_slots(struct scx_sched *sch);
bool scx_dispatch_cancel(struct scx_sched *sch);
bool scx_dispatch_move_to_local(struct scx_sched *sch, struct rq *rq,
				u64 dsq_id, u64 enq_flags);

#endif	/* _KERNEL_SCHED_EXT_DISPATCH_H */
