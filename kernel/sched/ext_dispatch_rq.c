// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: moving a task from one runqueue to another.
 *
 * A task stays on its rq while the BPF scheduler owns it or while it is on a
 * global or user DSQ. To run on another CPU it has to be taken off its rq with
 * that rq locked. Whoever takes that lock must hold neither another rq lock nor
 * a DSQ lock, and must not have the task in state DISPATCHING, whose end a
 * dequeue waits for. So before the rq is locked, holding_cpu announces which
 * CPU is coming for the task:
 *
 *	CPU A takes p from a DSQ		CPU B dequeues p, rq of p locked
 *
 *	lock dsq				if p->scx.dsq:
 *	unlink p, holding_cpu = A		  lock dsq
 *	unlock dsq				  holding_cpu >= 0: A has unlinked
 *						    p; set it to -1
 *	    (or, in state DISPATCHING:)		  unlock dsq
 *	holding_cpu = A				else if ops_state is NONE:
 *	DISPATCHING -> NONE (release)		  holding_cpu = -1
 *
 *	lock rq of p
 *	holding_cpu == A: p is A's to move
 *	else: B was first, hands off
 *
 * IRQs are off all the time, so a DSQ that p->scx.dsq still points to cannot
 * be freed under B, although it may be empty and destroyed by then.
 */
#include "ext_dispatch.h"
#include "ext_dsq.h"
#include "ext_error.h"
#include "ext_kick.h"
#include "ext_task.h"

/**
 * scx_dispatch_swap_lock - Trade one rq lock for another
 * @from: rq that is locked, not pinned
 * @to: rq that is locked on return
 *
 * What was read under the old lock may be out of date afterwards. The old lock
 * is always dropped first, because siblings may share a lock under core
 * scheduling.
 */
void scx_dispatch_swap_lock(struct rq *from, struct rq *to)
{
	struct scx_op_frame *f = scx_op_current();

	if (from == to)
		return;

	raw_spin_rq_unlock(from);
	raw_spin_rq_lock(to);

	/* Kfuncs of the running callback have to know which rq is locked. */
	if (f && f->rq == from)
		f->rq = to;
}

enum bar {
	BAR_NONE,
	BAR_PINNED,
	BAR_CPUS,
	BAR_OFFLINE,
};

/*
 * Migration-disabled comes first because p->cpus_ptr is narrowed only when
 * such a task is switched out.
 */
static __always_inline enum bar what_bars(struct task_struct *p, struct rq *dst)
{
	if (unlikely(p->scx.flags & SCX_TASK_NO_MIGRATION))
		return BAR_PINNED;
	if (!task_allowed_on_cpu(p, cpu_of(dst)))
		return BAR_CPUS;
	if (unlikely(!scx_rq_accepting(dst)))
		return BAR_OFFLINE;
	return BAR_NONE;
}

/**
 * scx_dispatch_can_move - May a task be moved to another CPU?
 * @p: the task; its rq lock or its ownership keeps it where it is
 * @dst: the CPU's runqueue, not @p's
 */
bool scx_dispatch_can_move(struct task_struct *p, struct rq *dst)
{
	return what_bars(p, dst) == BAR_NONE;
}

/*
 * May the BPF scheduler have missed that @p's CPUs have changed? A change of
 * the mask dequeues a queued task and enqueues it anew. But the change can come
 * between the scheduler's look at the mask and its insertion, which is then
 * about the new hand-over:
 *
 *	ops.dispatch() on CPU A			CPU B
 *	finds p in its queue
 *	looks at p->cpus_ptr
 *						sched_setaffinity(p)
 *						  ops.dequeue(p), ops.enqueue(p)
 *	inserts p, LOCAL_ON | B
 *
 * The scheduler may also have looked long before, in another callback or in
 * user space, but its knowledge of a waiting task is no older than the watchdog
 * lets a task wait. The number of excuses is limited: a scheduler that is wrong
 * again and again after one change does not look at the mask.
 */
static bool excused(struct scx_sched *sch, const struct task_struct *p)
{
	return p->scx.excuses && (u32)jiffies - p->scx.cpus_at <= sch->timeout;
}

/*
 * @p goes to the global DSQ because the CPU that BPF has named goes down, which BPF
 * has not been told yet. It may be that no CPU looks there which @p may use, so have
 * the CPU that @p was on look, after the insertion: IRQs are off until then.
 */
static void look_for_diverted(struct scx_sched *sch, struct task_struct *p)
{
	scx_add_event(sch, SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE, 1);
	scx_kick_cpu(sch, task_cpu(p), 0);
}

static noinline enum scx_dispatch_fate barred(struct scx_sched *sch,
					      struct task_struct *p,
					      struct rq *dst, enum bar bar)
{
	if (bar == BAR_OFFLINE)
		look_for_diverted(sch, p);
	else if (excused(sch, p))
		return SCX_GOES_BACK;
	else if (bar == BAR_PINNED)
		scx_error_verdict(sch, p, "migration-disabled %s[%d] on CPU %d sent to CPU %d",
				  p->comm, p->pid, task_cpu(p), cpu_of(dst));
	else
		scx_error_verdict(sch, p, "%s[%d] sent to CPU %d, which it may not use",
				  p->comm, p->pid, cpu_of(dst));
	return SCX_GOES_GLOBAL;
}

/**
 * scx_dispatch_fate - Can a task be moved to the CPU that BPF has named?
 * @sch: the scheduler, which is to blame if not
 * @p: the task; its rq lock or its ownership keeps it where it is
 * @dst: the CPU's runqueue, not @p's
 */
enum scx_dispatch_fate scx_dispatch_fate(struct scx_sched *sch,
					 struct task_struct *p, struct rq *dst)
{
	enum bar bar = what_bars(p, dst);

	return likely(bar == BAR_NONE) ? SCX_GOES_THERE : barred(sch, p, dst, bar);
}

/**
 * scx_dispatch_back - Give a task that was sent to a wrong CPU back to BPF
 * @rq: the task's runqueue, locked
 * @p: the task, on no DSQ and in state NONE, without a verdict
 *
 * This is not done at once, because a callback may be running that does not
 * expect to be interrupted by another one. The task waits on the list of
 * deferred insertions, where it is the one without a verdict.
 */
void scx_dispatch_back(struct rq *rq, struct task_struct *p)
{
	lockdep_assert_rq_held(rq);

	p->scx.excuses--;
	scx_add_event(p->scx.sched, SCX_EV_REENQ_AFFINITY, 1);
	list_add_tail(&p->scx.dsq_list.node, &rq->scx.ddsp_deferred_locals);
	scx_kick_defer(rq);
}

/**
 * scx_dispatch_move_locked - Move a task to the local DSQ of another CPU
 * @p: the task, on @src and in state NONE
 * @src: its runqueue, locked
 * @dst: the other one, locked on return in place of @src
 * @enq_flags: SCX_ENQ_*
 *
 * Between the two locks the core treats @p as migrating: task_rq_lock() on it
 * spins. @enq_flags are passed in the rq, because the argument of the core's
 * function is an int. The insertion wakes the CPU if it has to.
 */
void scx_dispatch_move_locked(struct task_struct *p, struct rq *src,
			      struct rq *dst, u64 enq_flags)
{
	lockdep_assert_rq_held(src);

	deactivate_task(src, p, 0);
	set_task_cpu(p, cpu_of(dst));
	p->scx.sticky_cpu = cpu_of(dst);

	scx_dispatch_swap_lock(src, dst);

	dst->scx.extra_enq_flags = enq_flags;
	activate_task(dst, p, 0);
	dst->scx.extra_enq_flags = 0;
}

/*
 * The rq of @p is locked now. Is @p still ours? holding_cpu was set on this
 * CPU, and IRQs have been off since.
 */
static bool still_holding(struct task_struct *p, struct rq *src)
{
	if (p->scx.holding_cpu != raw_smp_processor_id())
		return false;

	WARN_ON_ONCE(task_rq(p) != src);
	p->scx.holding_cpu = -1;
	return true;
}

/* @p is on @src, locked; put it on the local DSQ of @dst, locked on return. */
static void put_on_local(struct scx_sched *sch, struct task_struct *p,
			 struct rq *src, struct rq *dst, u64 enq_flags)
{
	if (src == dst)
		scx_dispatch_insert(sch, &dst->scx.local_dsq, p, enq_flags);
	else
		scx_dispatch_move_locked(p, src, dst, enq_flags);
}

/**
 * scx_dispatch_to_local - Finish a dispatch to a local DSQ
 * @sch: the scheduler
 * @rq: rq that is locked, before and after
 * @dst: rq of the local DSQ
 * @p: the task, which the caller has put in state DISPATCHING
 * @enq_flags: SCX_ENQ_*
 *
 * If the task cannot go there it goes to the global DSQ, or back to BPF.
 */
void scx_dispatch_to_local(struct scx_sched *sch, struct rq *rq,
			   struct rq *dst, struct task_struct *p,
			   u64 enq_flags)
{
	/* Nobody moves @p while it is in state DISPATCHING. */
	struct rq *src = task_rq(p);
	struct rq *locked = src;
	enum scx_dispatch_fate fate = SCX_GOES_THERE;

	if (src == rq && dst == rq) {
		scx_dispatch_insert(sch, &dst->scx.local_dsq, p,
				    enq_flags | SCX_ENQ_CLEAR_OPSS);
		return;
	}

	if (src != dst)
		fate = scx_dispatch_fate(sch, p, dst);
	if (unlikely(fate == SCX_GOES_GLOBAL)) {
		scx_dispatch_insert(sch, scx_dispatch_global_dsq(sch, p), p,
				    enq_flags | SCX_ENQ_CLEAR_OPSS);
		return;
	}

	/* See the diagram on top. */
	p->scx.holding_cpu = raw_smp_processor_id();
	atomic_long_set_release(&p->scx.ops_state, SCX_OPSS_NONE);

	scx_dispatch_swap_lock(rq, src);
	if (still_holding(p, src)) {
		if (unlikely(fate == SCX_GOES_BACK)) {
			scx_dispatch_back(src, p);
		} else {
			put_on_local(sch, p, src, dst, enq_flags);
			locked = dst;
		}
	}
	scx_dispatch_swap_lock(locked, rq);
}

static void take_here(struct rq *rq, struct scx_dispatch_q *dsq,
		      struct task_struct *p, u64 enq_flags)
{
	scx_dsq_del(dsq, p);
	p->scx.dsq = NULL;
	scx_dsq_add_local(&rq->scx.local_dsq, p, enq_flags);
	raw_spin_unlock(&dsq->lock);
	scx_dispatch_wake_local(rq, p, enq_flags);
}

/* @dsq is locked and gets unlocked. Returns false if @p was lost to a race. */
static bool take_from(struct rq *rq, struct rq *src,
		      struct scx_dispatch_q *dsq, struct task_struct *p,
		      u64 enq_flags)
{
	bool ours;

	/* See the diagram on top. */
	scx_dsq_del(dsq, p);
	p->scx.holding_cpu = raw_smp_processor_id();
	raw_spin_unlock(&dsq->lock);

	scx_dispatch_swap_lock(rq, src);
	ours = still_holding(p, src);
	if (ours) {
		p->scx.dsq = NULL;
		scx_dispatch_move_locked(p, src, rq, enq_flags);
	} else {
		scx_dispatch_swap_lock(src, rq);
	}

	return ours;
}

/*
 * Is it useless to look any further for a task that @rq can take? If many tasks
 * may only run on few CPUs, all other CPUs would walk over them again and
 * again. While the scheduler is on its way out, the thread that takes these
 * tasks off the DSQ would have to wait for the DSQ's lock each time.
 */
static bool walk_in_vain(struct scx_sched *sch, struct rq *rq)
{
	return scx_exiting(sch) || !scx_rq_accepting(rq);
}

/**
 * scx_dispatch_consume - Move the first fitting task to a local DSQ
 * @sch: the scheduler
 * @rq: rq of the local DSQ; locked, may be unlocked in between
 * @dsq: DSQ to take from, not local
 * @enq_flags: SCX_ENQ_* for the local DSQ
 *
 * If the scheduler is on its way out, only the first task is looked at.
 *
 * Return: true if a task was moved. It may be gone again by now.
 */
bool scx_dispatch_consume(struct scx_sched *sch, struct rq *rq,
			  struct scx_dispatch_q *dsq, u64 enq_flags)
{
	struct task_struct *p;
	struct rq *src;

	/*
	 * A task that is being queued right now may be missed. Whoever queues
	 * it makes sure that a CPU looks again.
	 */
	while (READ_ONCE(dsq->nr)) {
		raw_spin_lock(&dsq->lock);

		scx_dsq_for_each(p, dsq) {
			src = task_rq(p);
			if (src == rq) {
				take_here(rq, dsq, p, enq_flags);
				return true;
			}
			if (scx_dispatch_can_move(p, rq))
				break;
			if (walk_in_vain(sch, rq)) {
				p = NULL;
				break;
			}
		}

		if (!p) {
			raw_spin_unlock(&dsq->lock);
			return false;
		}
		if (take_from(rq, src, dsq, p, enq_flags))
			return true;
	}

	return false;
}

/*
 * @p is on @rq and on no DSQ. @rq is locked and may be unlocked in between. The
 * CPUs of @p cannot have changed since the verdict. But the callback may have
 * looked at them before a change, and is excused all the same.
 */
static void insert_deferred(struct rq *rq, struct task_struct *p)
{
	struct scx_sched *sch = p->scx.sched;
	u64 enq_flags = p->scx.ddsp_enq_flags;
	struct scx_dispatch_q *dsq;
	enum scx_dispatch_fate fate;
	struct rq *dst = rq;

	dsq = scx_dispatch_target(sch, rq, p->scx.ddsp_dsq_id, p);
	if (scx_dispatch_is_local(dsq))
		dst = scx_dispatch_rq_of(dsq);
	if (dst == rq) {
		scx_dispatch_insert(sch, dsq, p, enq_flags);
		return;
	}

	fate = scx_dispatch_fate(sch, p, dst);
	p->scx.ddsp_dsq_id = SCX_DSQ_INVALID;
	p->scx.ddsp_enq_flags = 0;

	switch (fate) {
	case SCX_GOES_THERE:
		put_on_local(sch, p, rq, dst, enq_flags);
		scx_dispatch_swap_lock(dst, rq);
		break;
	case SCX_GOES_GLOBAL:
		scx_dispatch_insert(sch, scx_dispatch_global_dsq(sch, p), p,
				    enq_flags);
		break;
	case SCX_GOES_BACK:
		scx_dispatch_back(rq, p);
		break;
	}
}

/*
 * Carry out the verdicts that were given while the rq was pinned, and give
 * tasks back to BPF. A task that was dequeued meanwhile is not on the list any
 * more.
 */
static void insert_deferred_locals(struct rq *rq)
{
	struct task_struct *p;

	while (!list_empty(&rq->scx.ddsp_deferred_locals)) {
		p = list_first_entry(&rq->scx.ddsp_deferred_locals,
				     struct task_struct, scx.dsq_list.node);
		list_del_init(&p->scx.dsq_list.node);

		if (likely(p->scx.ddsp_dsq_id != SCX_DSQ_INVALID)) {
			insert_deferred(rq, p);
		} else {
			update_rq_clock(rq);
			scx_dispatch_reenqueue_back(rq, p);
		}
	}
}

/**
 * scx_dispatch_deferred - Do what could not be done with the rq pinned
 * @rq: the runqueue; locked, may be unlocked in between
 */
void scx_dispatch_deferred(struct rq *rq)
{
	lockdep_assert_rq_held(rq);

	insert_deferred_locals(rq);
	scx_dispatch_reenq_requested(rq);
}
