// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: moving a task from one DSQ to another for the BPF scheduler, which
 * walks the first DSQ with an iterator.
 *
 * The BPF scheduler picks a task that it has seen on the DSQ and names the DSQ
 * that the task shall go to. By then the task may have been consumed, dequeued,
 * or queued anew. This is tested under the task's rq lock and the DSQ's lock.
 * Once the task is off the DSQ, the rq lock alone keeps others away from it:
 *
 *	lock rq of p		trading the dispatching rq's lock, if any
 *	lock dsq		is p on it, since before the walk, not in transit?
 *	unlink p
 *	unlock dsq
 *	insert p		into a DSQ, or move it to another rq
 *	unlock rq of p		or trade it back
 *
 * A dequeue cannot come between, so there is no need for holding_cpu here.
 */
#include "ext_dispatch.h"
#include "ext_dsq.h"

/* The lock of @src and the DSQ's lock are held. */
static bool can_take(struct scx_dsq_iter *it, struct task_struct *p,
		     struct rq *src)
{
	/* Another CPU may have taken @p off without having locked @src yet. */
	return p->scx.dsq == it->dsq && p->scx.holding_cpu < 0 &&
	       task_rq(p) == src && scx_dsq_iter_covers(it, p);
}

/**
 * scx_dispatch_take - Take a task off a DSQ
 * @it: iterator over the DSQ
 * @p: the task
 * @src: its runqueue, locked
 *
 * Return: false if @p is not there any more or was queued after the iteration
 * began.
 */
bool scx_dispatch_take(struct scx_dsq_iter *it, struct task_struct *p,
		       struct rq *src)
{
	bool taken;

	raw_spin_lock(&it->dsq->lock);
	taken = can_take(it, p, src);
	if (taken) {
		scx_dsq_del(it->dsq, p);
		p->scx.dsq = NULL;
	}
	raw_spin_unlock(&it->dsq->lock);

	return taken;
}

/* @p is on no DSQ: the vtime of a queued task must not change. */
static void apply_overrides(struct scx_dsq_iter *it, struct task_struct *p)
{
	if (it->cursor.flags & __SCX_DSQ_ITER_HAS_SLICE)
		p->scx.slice = it->slice;
	if (it->cursor.flags & __SCX_DSQ_ITER_HAS_VTIME)
		p->scx.dsq_vtime = it->vtime;
}

/*
 * Put @p, which is on @src and on no DSQ, on @dsq. A task that cannot go where
 * it is sent goes to the global DSQ, or back to BPF.
 *
 * Returns the rq that is locked afterwards.
 */
static struct rq *put(struct rq *src, struct task_struct *p,
		      struct scx_dispatch_q *dsq, u64 enq_flags)
{
	enum scx_dispatch_fate fate = SCX_GOES_THERE;
	struct scx_sched *sch = p->scx.sched;
	struct rq *dst = src;

	if (scx_dispatch_is_local(dsq))
		dst = scx_dispatch_rq_of(dsq);

	if (dst != src)
		fate = scx_dispatch_fate(sch, p, dst);
	if (unlikely(fate == SCX_GOES_BACK)) {
		scx_dispatch_back(src, p);
		return src;
	}
	if (unlikely(fate == SCX_GOES_GLOBAL)) {
		dsq = scx_dispatch_global_dsq(sch, p);
		dst = src;
	}

	if (dst == src) {
		scx_dispatch_insert(sch, dsq, p, enq_flags);
		return src;
	}

	scx_dispatch_move_locked(p, src, dst, enq_flags);
	return dst;
}

/*
 * Move @p, whose rq @src is locked. SCX_DSQ_LOCAL means the local DSQ of @home.
 *
 * Returns the rq that is locked afterwards.
 */
static struct rq *move_locked(struct scx_dsq_iter *it, struct task_struct *p,
			      struct rq *src, struct rq *home, u64 dsq_id,
			      u64 enq_flags, bool *moved)
{
	struct scx_dispatch_q *dsq;

	*moved = scx_dispatch_take(it, p, src);
	if (!*moved)
		return src;

	apply_overrides(it, p);
	dsq = scx_dispatch_target(p->scx.sched, home, dsq_id, p);
	return put(src, p, dsq, enq_flags);
}

/* Called from ops.dispatch(): @rq is locked before and after. */
static bool move_from(struct rq *rq, struct scx_dsq_iter *it,
		      struct task_struct *p, u64 dsq_id, u64 enq_flags)
{
	struct rq *locked = task_rq(p);
	bool moved;

	scx_dispatch_swap_lock(rq, locked);
	locked = move_locked(it, p, locked, rq, dsq_id, enq_flags, &moved);
	scx_dispatch_swap_lock(locked, rq);

	return moved;
}

/* Called with no rq locked. */
static bool move_unlocked(struct scx_dsq_iter *it, struct task_struct *p,
			  u64 dsq_id, u64 enq_flags)
{
	unsigned long irqflags;
	struct rq *locked;
	bool moved;

	local_irq_save(irqflags);
	locked = task_rq(p);
	raw_spin_rq_lock(locked);

	locked = move_locked(it, p, locked, this_rq(), dsq_id, enq_flags,
			     &moved);

	raw_spin_rq_unlock(locked);
	local_irq_restore(irqflags);

	return moved;
}

/**
 * scx_dispatch_move - Move a task from a DSQ to another
 * @it: a started iterator over the first, with the new slice and vtime if any
 * @p: the task
 * @dsq_id: DSQ to move it to; SCX_DSQ_LOCAL is the local DSQ of the CPU that
 *	ops.dispatch() is called for or, outside of it, of this CPU
 * @enq_flags: SCX_ENQ_*
 *
 * Context: ops.dispatch(), whose rq lock is dropped and taken again, or with
 * no rq locked.
 * Return: true if @p was moved, false if it is not there any more or was
 * queued after the iteration began.
 */
bool scx_dispatch_move(struct scx_dsq_iter *it, struct task_struct *p,
		       u64 dsq_id, u64 enq_flags)
{
	struct rq *rq = scx_locked_rq();

	if (rq)
		return move_from(rq, it, p, dsq_id, enq_flags);
	return move_unlocked(it, p, dsq_id, enq_flags);
}
