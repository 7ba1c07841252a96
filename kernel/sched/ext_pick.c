// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: which task is next.
 *
 * Balance looks for work, pick chooses from the tasks that balance has found,
 * and the chosen task replaces the one that ran. The scheduler core calls the
 * methods one by one. If no other class can have the next task,
 * scx_pick_next_task() does all in one go. The bodies of the methods are
 * inlined there, because every context switch comes there in that case.
 *
 * Every function is called with the rq locked and IRQs off.
 */
#include "ext_dispatch.h"
#include "ext_dsq.h"
#include "ext_kick.h"
#include "ext_pick.h"
#include "ext_preempt.h"
#include "ext_state.h"
#include "ext_task.h"

/* How often balance looks for work if need_resched is set meanwhile */
#define BALANCE_LOOKS	4

/* The running task was to be preempted while balance had dropped the lock. */
static noinline void end_of_turn(struct rq *rq)
{
	struct task_struct *curr = scx_curr(rq);

	rq->scx.flags &= ~SCX_RQ_BAL_PREEMPT;
	if (curr->sched_class == &ext_sched_class)
		curr->scx.slice = 0;
	if (rq->scx.local_dsq.nr)
		rq->scx.flags &= ~SCX_RQ_BAL_KEEP;
}

#ifdef CONFIG_SCHED_CORE
/*
 * Core scheduling picks for all siblings at once, but the scheduler core
 * balances this CPU only. Siblings share one lock, which may be dropped
 * meanwhile. A CPU that starts is a sibling already before
 * sched_core_cpu_starting(), with all their locks held, makes it share the
 * lock.
 */
static bool sibling_wants_work(struct rq *rq, struct rq *srq)
{
	return srq != rq && srq->core == rq->core &&
	       !(srq->scx.flags & (SCX_RQ_IN_BALANCE | SCX_RQ_BAL_SIBLING)) &&
	       !sched_class_above(scx_curr(srq)->sched_class, &ext_sched_class);
}

static void balance_siblings(struct rq *rq)
{
	int cpu;

	for_each_cpu(cpu, cpu_smt_mask(cpu_of(rq))) {
		struct rq *srq = cpu_rq(cpu);

		if (!sibling_wants_work(rq, srq))
			continue;
		update_rq_clock(srq);
		srq->scx.flags |= SCX_RQ_BAL_SIBLING;
		scx_dispatch_balance(srq);
		if (unlikely(srq->scx.flags & SCX_RQ_BAL_PREEMPT))
			end_of_turn(srq);
		srq->scx.flags &= ~(SCX_RQ_BAL_SIBLING | SCX_RQ_BAL_KEEP);
	}
}

/*
 * Each look of scx_dispatch_balance() may drop the lock that siblings share, so
 * two of them can come to look for work for the same CPU:
 *
 *	CPU A, for its sibling B		CPU B, for itself
 *	BAL_SIBLING on B's rq
 *	ops.dispatch(B)
 *	  drops the lock			takes it
 *						BAL_SIBLING: A is at it
 *						  pick from what there is,
 *						  reschedule soon
 *	  takes the lock			drops it
 *	  reads anew what B runs
 *
 * The other way round, A leaves a sibling alone that is IN_BALANCE.
 *
 * Tasks that came or went while the lock was dropped may be on a CPU that was
 * balanced before. core_task_seq counts them; if it has changed, balance again.
 */
static noinline bool balance_core(struct rq *rq, struct task_struct *prev)
{
	unsigned int seq = rq->core->core_task_seq;
	bool found = false;

	if (unlikely(rq->scx.flags & SCX_RQ_BAL_SIBLING)) {
		rq->scx.flags |= SCX_RQ_BAL_PENDING;
		scx_kick_self(rq);
	} else {
		found = scx_dispatch_balance(rq);
	}
	balance_siblings(rq);

	if (seq != rq->core->core_task_seq)
		set_tsk_need_resched(prev);
	return found;
}
#else
static bool balance_core(struct rq *rq, struct task_struct *prev)
{
	return false;
}
#endif

/*
 * The core clears need_resched once the next task has been picked. By that it
 * would lose requests that others made while the lock was not held:
 *
 *	this CPU, in balance		another CPU
 *	looks for work, finds none
 *	drops rq's lock
 *					takes it
 *					enqueues a task, or kicks
 *					resched_curr(rq)
 *					drops it
 *	takes it again
 *	picks the idle task
 *
 * So need_resched is cleared before each look, and if it is set afterwards,
 * another look follows. It is tested first, because clearing is atomic and most
 * tasks that go to sleep do not have it set.
 *
 * SCX_RQ_IN_BALANCE is set from the first look to the last, so that the other
 * CPU knows that it has to set need_resched.
 */
static __always_inline bool balance(struct rq *rq, struct task_struct *prev,
				    struct rq_flags *rf)
{
	bool found;
	int looks;

	rq_unpin_lock(rq, rf);
	for (looks = BALANCE_LOOKS; looks; looks--) {
		if (test_tsk_need_resched(prev))
			clear_tsk_need_resched(prev);
		rq->scx.flags &= ~(SCX_RQ_BAL_PENDING | SCX_RQ_BAL_KEEP);
		rq->scx.flags |= SCX_RQ_IN_BALANCE;
		found = sched_core_enabled(rq) ? balance_core(rq, prev) :
						 scx_dispatch_balance(rq);
		if (unlikely(rq->scx.flags & SCX_RQ_BAL_PREEMPT))
			end_of_turn(rq);
		if (likely(!test_tsk_need_resched(prev)))
			break;
		/* The clock went stale while the lock was not held. */
		update_rq_clock(rq);
	}
	rq->scx.flags &= ~SCX_RQ_IN_BALANCE;

	/* Do not stay here for ever, because IRQs are off. */
	if (unlikely(!looks))
		scx_kick_self(rq);
	if (unlikely(rq->scx.flags & SCX_RQ_BAL_CB_PENDING))
		scx_kick_overtaken(rq);
	rq_repin_lock(rq, rf);

	return found;
}

int balance_scx(struct rq *rq, struct task_struct *prev, struct rq_flags *rf)
{
	return balance(rq, prev, rf);
}

/* The BPF scheduler may have given a longer slice. */
static noinline void keep_bypassing(struct task_struct *curr)
{
	if (!curr->scx.slice || curr->scx.slice > scx_bypass_slice())
		curr->scx.slice = scx_bypass_slice();
}

/*
 * @curr is picked again. It stays current, so its slice is refilled, and the
 * tick started or stopped, nowhere else.
 *
 * If balance has not looked for other work, the task gets no new slice: the
 * next tick makes the CPU look.
 */
static __always_inline void keep_current(struct rq *rq, struct task_struct *curr,
					 bool unbalanced)
{
	if (scx_rq_bypassing(rq))
		keep_bypassing(curr);
	else if (!curr->scx.slice && !unbalanced)
		scx_refill_slice(curr->scx.sched, curr);

	scx_task_adjust_tick(rq, curr);
}

/* Does @curr go on, or is there something else to run on @rq? */
static __always_inline bool pick_keeps(struct rq *rq, struct task_struct *curr,
				       bool unbalanced)
{
	if (!scx_task_queued(curr))
		return false;
	if (unbalanced || (rq->scx.flags & SCX_RQ_BAL_KEEP))
		return true;

	/*
	 * Core scheduling picks for siblings as well. If a higher class had
	 * work for this CPU, the siblings have not been balanced.
	 */
	return rq != this_rq() && (curr->scx.slice || !rq->scx.local_dsq.nr);
}

/*
 * This CPU tests the flag once it runs the idle task. A sibling may be asleep, or
 * about to pick:
 *
 *	CPU B, balances the fair class		sibling A, picks for the core
 *	BAL_PENDING
 *	  drops the lock			takes it
 *						picks for B: no task, not balanced
 *						clears BAL_PENDING
 *						interrupts B
 *	  takes the lock			drops it
 *	picks: no task
 *	clears need_resched, runs idle
 *	interrupt: reschedules
 */
static noinline void look_again(struct rq *rq)
{
	if (rq == this_rq())
		set_tsk_need_resched(rq->idle);
	else
		scx_kick_after_pick(rq);
}

/*
 * The fair class can claim to have work and then have none, so this may be
 * called without a balance before it. Balance might have found work for this
 * CPU: so keep the running task, or have another scheduling cycle.
 */
static __always_inline struct task_struct *pick_task(struct rq *rq)
{
	struct task_struct *curr = scx_curr(rq), *p;
	bool unbalanced = false;

	scx_kick_picked(rq);
	if (unlikely(rq->scx.flags & SCX_RQ_BAL_PENDING)) {
		rq->scx.flags &= ~SCX_RQ_BAL_PENDING;
		unbalanced = true;
	}
	if (scx_kick_pending(rq))
		scx_kick_balanced(rq);

	if (pick_keeps(rq, curr, unbalanced)) {
		keep_current(rq, curr, unbalanced);
		return curr;
	}

	p = scx_dsq_first(&rq->scx.local_dsq);
	if (!p) {
		if (unlikely(unbalanced))
			look_again(rq);
		return NULL;
	}

	if (unlikely(!p->scx.slice)) {
		if (!scx_rq_bypassing(rq))
			scx_task_warn_zero_slice(p);
		scx_refill_slice(p->scx.sched, p);
	}
	return p;
}

struct task_struct *pick_task_scx(struct rq *rq)
{
	return pick_task(rq);
}

static __always_inline void make_next(struct rq *rq, struct task_struct *p)
{
	struct scx_sched *sch = p->scx.sched;
	bool queued = p->scx.flags & SCX_TASK_QUEUED;

	if (queued)
		scx_dispatch_take_next(rq, p);

	p->se.exec_start = rq_clock_task(rq);

	if (queued && SCX_HAS_OP(sch, running))
		SCX_CALL_OP_TASK(sch, running, rq, p);

	list_del_init(&p->scx.runnable_node);
	p->scx.flags |= SCX_TASK_RESET_RUNNABLE_AT;
	p->scx.reenq_cnt = 0;

	if (unlikely(rq->scx.immed))
		scx_dispatch_immed_picked(rq);

	scx_task_update_tick(rq, p);
}

void set_next_task_scx(struct rq *rq, struct task_struct *p, bool first)
{
	make_next(rq, p);
}

static bool forced_idle(struct rq *rq)
{
#ifdef CONFIG_SCHED_CORE
	return sched_core_enabled(rq);
#else
	return false;
#endif
}

/*
 * @p could go on, but the CPU is going to run a task of a lower class, which is
 * the idle task. Balance keeps a task like @p unless the BPF scheduler wants to
 * be asked; core scheduling may force the CPU idle.
 */
static void put_last_task(struct scx_sched *sch, struct rq *rq,
			  struct task_struct *p)
{
	WARN_ON_ONCE(!(sch->ops.flags & SCX_OPS_ENQ_LAST) && !forced_idle(rq));

	scx_dispatch_enqueue(rq, p, SCX_ENQ_LAST, -1);
}

/* @p waits at the head of the local DSQ, unless it is not to wait at all. */
static u64 preempted_enq_flags(const struct task_struct *p)
{
	return p->scx.flags & SCX_TASK_IMMED ? SCX_ENQ_HEAD | SCX_ENQ_IMMED :
					       SCX_ENQ_HEAD;
}

/*
 * If the BPF scheduler has inserted the last task here, or has given it a new
 * slice, the pick that would find it is over. So make the idle task reschedule.
 * That happens once, since a task is put only once.
 */
static void idle_after(struct rq *rq, struct task_struct *idle)
{
	rq->scx.flags &= ~SCX_RQ_GOES_IDLE;
	if (rq->scx.local_dsq.nr)
		set_tsk_need_resched(idle);
}

/* @p could go on. This is not inline, so that it costs sleepers nothing. */
static noinline void put_runnable(struct scx_sched *sch, struct rq *rq,
				  struct task_struct *p, struct task_struct *next)
{
	bool idle = next && sched_class_above(&ext_sched_class, next->sched_class);

	if (idle)
		rq->scx.flags |= SCX_RQ_GOES_IDLE;
	/* In most cases balance has charged @p, and no time has passed since. */
	if (rq_clock_task(rq) != p->se.exec_start)
		scx_task_charge(rq);
	if (SCX_HAS_OP(sch, stopping))
		SCX_CALL_OP_TASK(sch, stopping, rq, p, true);

	scx_set_runnable(rq, p);

	if (p->scx.slice && !scx_rq_bypassing(rq))
		scx_dispatch_insert(sch, &rq->scx.local_dsq, p,
				    preempted_enq_flags(p));
	else if (idle)
		put_last_task(sch, rq, p);
	else
		scx_dispatch_enqueue(rq, p, 0, -1);

	if (idle)
		idle_after(rq, next);
}

void put_prev_task_scx(struct rq *rq, struct task_struct *p,
		       struct task_struct *next)
{
	struct scx_sched *sch = p->scx.sched;

	/* Changes of @p's class and core scheduling come without a pick. */
	scx_kick_picked(rq);

	if (p->scx.flags & SCX_TASK_QUEUED)
		put_runnable(sch, rq, p, next);

	if (next && next->sched_class != &ext_sched_class)
		scx_preempt_release(sch, rq, next);
}

static bool alone_on(struct rq *rq)
{
	return rq->nr_running == rq->scx.nr_running && !sched_dl_runnable(rq);
}

/* put_prev_set_next_task() from a task of the class to another one. */
static __always_inline void switch_tasks(struct rq *rq, struct task_struct *prev,
					 struct task_struct *next)
{
	__put_prev_set_next_dl_server(rq, prev, next);
	if (prev == next)
		return;
	if (prev->scx.flags & SCX_TASK_QUEUED)
		put_runnable(prev->scx.sched, rq, prev, next);
	make_next(rq, next);
}

/**
 * scx_pick_next_task - Pick if no other class can have the next task
 * @rq: this CPU's runqueue, locked
 * @rf: its pin
 *
 * Return: the next task, now set, or NULL for the core to go through all classes.
 */
struct task_struct *scx_pick_next_task(struct rq *rq, struct rq_flags *rf)
{
	struct task_struct *prev = rq->donor, *p;

	if (!scx_switched_all() || !alone_on(rq) ||
	    sched_class_above(prev->sched_class, &ext_sched_class))
		return NULL;

	balance(rq, prev, rf);
	/* The lock may have been dropped. */
	if (unlikely(!alone_on(rq)))
		return NULL;

	p = pick_task(rq);
	if (unlikely(!p || prev->sched_class != &ext_sched_class)) {
		p = p ?: pick_task_idle(rq);
		put_prev_set_next_task(rq, prev, p);
	} else {
		switch_tasks(rq, prev, p);
	}
	return p;
}
