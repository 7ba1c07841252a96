// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: taking tasks off a DSQ and calling ops.enqueue() for them again.
 *
 * A BPF scheduler may change its mind about tasks that wait on a DSQ. There may
 * be more of them than should be handled with IRQs off, so they are taken in
 * batches. Where any lock may be held, the request is recorded and carried out
 * soon:
 *
 *			first batch			the others
 *	local DSQ	by ops.cpu_release(), or by	by the helper kthread
 *			the deferred work of its rq
 *	user DSQ	by the helper kthread		by the helper kthread
 *
 * The kernel itself takes back tasks that were inserted to run at once, with
 * SCX_ENQ_IMMED, and have to wait. Whether they have to wait is only known once
 * the CPU has picked:
 *
 *	this CPU, in balance		then
 *	insert p, SCX_ENQ_IMMED		pick p, or what runs goes on
 *	 note it, defer			deferred work: p is still waiting behind
 *					 a task or a class that runs: take it back
 *
 * If p waits while the CPU is idle, nothing is done: the CPU is about to pick.
 * If it then picks a task of a higher class, this is noticed when it leaves the
 * idle task or the task of this class that ran.
 *
 * When ops.enqueue() is called for a re-enqueued task, it may cause the next
 * re-enqueue. So re-enqueues are numbered in rounds. While ops.enqueue() runs,
 * reenq_cnt of the task holds the round:
 *
 *	requested from elsewhere, or IMMED by ops.dispatch()	round 1
 *	requested by ops.enqueue() for any task that is
 *	re-enqueued in round n					round n + 1
 *	IMMED by ops.enqueue() for this task, which is
 *	re-enqueued in round n					round n + 1
 *
 * The core has a CPU look for work when it enqueues a task there. Here the core
 * is not involved, so we do that: an idle CPU may get its task back from a DSQ
 * that ops.dispatch() looks at.
 *
 * Rounds that cause each other leave the CPU no time for anything else. So it
 * is an error to request too many in a row. A task that was inserted with IMMED
 * in too many rounds stays where it was inserted until the next tick, and only
 * then gets its next round.
 */
#include "ext_dispatch.h"
#include "ext_dsq.h"
#include "ext_error.h"
#include "ext_kick.h"
#include "ext_task.h"

/* How many tasks are handled with IRQs off, or in one RCU read section */
#define BATCH	32

/* How many rounds of IMMED follow each other without waiting for the tick */
#define IMMED_AT_ONCE	8

/* Has ops.enqueue() just inserted @p with SCX_ENQ_IMMED? */
static bool sent_immed(const struct task_struct *p)
{
	return (p->scx.flags & SCX_TASK_IMMED) ||
	       (p->scx.ddsp_enq_flags & SCX_ENQ_IMMED);
}

static void reenqueue(struct rq *rq, struct task_struct *p, u32 reason, u16 round)
{
	p->scx.reenq_cnt = round;
	p->scx.flags |= reason;
	scx_dispatch_enqueue(rq, p, SCX_ENQ_REENQ, -1);
	p->scx.flags &= ~SCX_TASK_REENQ_REASON_MASK;
	if (!sent_immed(p))
		p->scx.reenq_cnt = 0;
}

/**
 * scx_dispatch_reenqueue_back - Finish what scx_dispatch_back() began
 * @rq: the task's runqueue, locked, clock updated
 * @p: the task, on no DSQ and in state NONE
 */
void scx_dispatch_reenqueue_back(struct rq *rq, struct task_struct *p)
{
	reenqueue(rq, p, SCX_TASK_REENQ_AFFINITY, 1);
	scx_kick_idle(rq);
}

static u16 round_after(const struct task_struct *p)
{
	return min(p->scx.reenq_cnt + 1, U16_MAX);
}

/* The round of a request made now, or 0, with an error raised, if too many. */
static u16 round_asked_for(void)
{
	struct scx_op_frame *f;

	for (f = scx_op_current(); f; f = f->outer) {
		struct task_struct *p = f->tasks[0];

		if (f->op != SCX_OP_IDX(enqueue) ||
		    !(p->scx.flags & SCX_TASK_REENQ_REASON_MASK))
			continue;
		if (likely(p->scx.reenq_cnt < SCX_REENQ_LOCAL_MAX_REPEAT))
			return round_after(p);
		scx_error(f->sch, "re-enqueue of %s[%d] asks for another one, %u times in a row without running out of tasks",
			  p->comm, p->pid, p->scx.reenq_cnt);
		return 0;
	}
	return 1;
}

/*
 * First the tasks are taken off, then each is enqueued anew, so that a task
 * which is put on the same DSQ again is not taken twice. A task that the core
 * is about to migrate stays, because the stopper expects to find it on this rq.
 * Returns false if @max was reached before the end.
 */
static bool empty_local(struct rq *rq, struct list_head *tasks, u32 max,
			bool (*leaves)(struct rq *rq, struct task_struct *p))
{
	struct scx_dispatch_q *dsq = &rq->scx.local_dsq;
	struct task_struct *p, *next;

	for (p = scx_dsq_first(dsq); p; p = next) {
		next = scx_dsq_next(dsq, p);
		if (p->migration_pending || !leaves(rq, p))
			continue;
		if (!max--)
			return false;
		scx_dispatch_unlink(rq, p);
		list_add_tail(&p->scx.dsq_list.node, tasks);
	}
	return true;
}

/* A @round of 0 is for SCX_TASK_REENQ_IMMED: each task has its own round. */
static u32 reenqueue_list(struct rq *rq, struct list_head *tasks, u32 reason,
			  u16 round)
{
	struct task_struct *p;
	u32 nr = 0;

	while (!list_empty(tasks)) {
		p = list_first_entry(tasks, struct task_struct,
				     scx.dsq_list.node);
		list_del_init(&p->scx.dsq_list.node);
		reenqueue(rq, p, reason, round ?: round_after(p));
		nr++;
	}
	return nr;
}

/* Has @p been on the local DSQ since before reenqueue_local()? */
static bool waited(struct rq *rq, struct task_struct *p)
{
	return (s32)(p->scx.dsq_seq - rq->scx.reenq_seq) <= 0;
}

/* Returns the number of tasks that are enqueued anew, now or soon. */
static u32 reenqueue_local_batch(struct rq *rq)
{
	u16 round = rq->scx.reenq_round;
	LIST_HEAD(tasks);
	u32 left = 0;

	if (empty_local(rq, &tasks, BATCH, waited))
		WRITE_ONCE(rq->scx.reenq_round, 0);
	else
		left = rq->scx.local_dsq.nr;
	return reenqueue_list(rq, &tasks, SCX_TASK_REENQ_KFUNC, round) + left;
}

/* If the last request is not done yet, this one is about its tasks, too. */
static u32 reenqueue_local(struct rq *rq, u16 round)
{
	struct scx_sched *sch;
	u32 nr;

	WRITE_ONCE(rq->scx.reenq_round, round);
	rq->scx.reenq_seq = rq->scx.local_dsq.seq;
	nr = reenqueue_local_batch(rq);

	if (unlikely(rq->scx.reenq_round)) {
		sch = scx_dsq_first(&rq->scx.local_dsq)->scx.sched;
		/* After reenq_round; pairs with xchg() in reenq_workfn(). */
		smp_store_release(&sch->reenq_locals, 1);
		scx_irq_work_queue(&sch->reenq_irq_work);
	}
	return nr;
}

/*
 * Is something else going to run while @p waits? Not if the running task is
 * about to leave, for then the CPU is about to pick.
 */
static bool overtaken(struct rq *rq, struct task_struct *p)
{
	struct task_struct *curr = scx_curr(rq);

	if (!(p->scx.flags & SCX_TASK_IMMED))
		return false;
	if (p != scx_dsq_first(&rq->scx.local_dsq))
		return true;
	if (curr->sched_class == &ext_sched_class)
		return scx_task_queued(curr) && curr->scx.slice;
	return sched_class_above(curr->sched_class, &ext_sched_class) &&
	       task_on_rq_queued(curr);
}

/*
 * @rq's CPU is leaving a task of a higher class and has dropped the lock while
 * it looks for others. Look again when it has picked: its IRQs are off until
 * then, so an irq_work comes after that.
 */
static void look_again_there(struct rq *rq)
{
	if (rq != this_rq())
		irq_work_queue_on(&rq->scx.deferred_irq_work, cpu_of(rq));
}

static u32 reenqueue_immed(struct rq *rq)
{
	struct task_struct *p, *curr;
	LIST_HEAD(tasks);
	u32 nr;

	/* All of them: the others would not come back at once. */
	empty_local(rq, &tasks, U32_MAX, overtaken);
	list_for_each_entry(p, &tasks, scx.dsq_list.node)
		scx_add_event(p->scx.sched, SCX_EV_REENQ_IMMED, 1);
	nr = reenqueue_list(rq, &tasks, SCX_TASK_REENQ_IMMED, 0);

	/* The task that is next in line may yet be overtaken. */
	p = scx_dsq_first(&rq->scx.local_dsq);
	if (p && (p->scx.flags & SCX_TASK_IMMED)) {
		rq->scx.immed = true;
		curr = scx_curr(rq);
		if (sched_class_above(curr->sched_class, &ext_sched_class) &&
		    !task_on_rq_queued(curr))
			look_again_there(rq);
	}
	return nr;
}

/**
 * scx_dispatch_immed_came - A task that is to run at once came to a local DSQ
 * @rq: rq of the local DSQ, locked
 * @p: the task
 */
void scx_dispatch_immed_came(struct rq *rq, struct task_struct *p)
{
	p->scx.flags |= SCX_TASK_IMMED;
	rq->scx.immed = true;
	if (likely(p->scx.reenq_cnt < IMMED_AT_ONCE))
		scx_kick_defer(rq);
	else
		scx_task_need_tick(rq);
}

/**
 * scx_immed_idle_ends - A CPU leaves the idle task, perhaps for a higher class
 * @rq: its runqueue, locked; a task of the class is to run there at once
 */
void scx_immed_idle_ends(struct rq *rq)
{
	if (rq->nr_running > rq->scx.nr_running)
		scx_kick_defer(rq);
}

/**
 * scx_dispatch_immed_picked - A CPU has picked while an IMMED task may wait
 * @rq: its runqueue, locked
 */
void scx_dispatch_immed_picked(struct rq *rq)
{
	rq->scx.immed = rq->scx.local_dsq.nr;
	if (rq->scx.immed)
		scx_kick_defer(rq);
}

/**
 * scx_dispatch_reenqueue_local - Enqueue the tasks of a local DSQ anew
 * @rq: its runqueue, locked
 *
 * Return: number of tasks that are enqueued anew, the first ones at once and
 * the others soon.
 */
u32 scx_dispatch_reenqueue_local(struct rq *rq)
{
	lockdep_assert_rq_held(rq);

	return reenqueue_local(rq, 1);
}

/**
 * scx_dispatch_reenq_requested - Carry out requests for a local DSQ, if any
 * @rq: the runqueue, locked
 *
 * Requests are dropped in bypass mode and on a CPU that comes or goes: there
 * the kernel itself decides where tasks wait.
 */
void scx_dispatch_reenq_requested(struct rq *rq)
{
	u16 round = READ_ONCE(rq->scx.reenq_local);
	bool immed = rq->scx.immed;
	u32 nr = 0;

	if (likely(!round && !immed))
		return;

	/* Requests that come after this are about tasks that come later. */
	WRITE_ONCE(rq->scx.reenq_local, 0);
	rq->scx.immed = false;
	if (scx_dispatch_all_local(rq))
		return;

	update_rq_clock(rq);
	if (round)
		nr += reenqueue_local(rq, round);
	if (immed)
		nr += reenqueue_immed(rq);
	/* ops.dispatch() may ask each time that it finds nothing. */
	if (nr)
		scx_kick_idle(rq);
}

/**
 * scx_dispatch_request_reenq_local - Have a local DSQ's tasks re-enqueued soon
 * @rq: the runqueue, locked or not
 *
 * Context: Any.
 */
void scx_dispatch_request_reenq_local(struct rq *rq)
{
	u16 round = round_asked_for();

	if (unlikely(!round))
		return;

	/* If two requests race, a round may be lost, which does no harm. */
	if (READ_ONCE(rq->scx.reenq_local) < round)
		WRITE_ONCE(rq->scx.reenq_local, round);
	scx_irq_work_queue(&rq->scx.deferred_irq_work);
}

/**
 * scx_dispatch_request_reenq_user - Have a user DSQ's tasks re-enqueued soon
 * @sch: scheduler that created it
 * @dsq: the DSQ, found in this RCU read section
 *
 * Context: Any but NMI; rq locks may be held.
 */
void scx_dispatch_request_reenq_user(struct scx_sched *sch,
				     struct scx_dispatch_q *dsq)
{
	u16 round = round_asked_for();

	guard(raw_spinlock_irqsave)(&dsq->lock);

	if (scx_dsq_dead(dsq) || unlikely(!round))
		return;

	dsq->reenq_round = max(dsq->reenq_round, round);
	if (dsq->reenq_state == SCX_DSQ_REENQ_RUNNING) {
		dsq->reenq_state = SCX_DSQ_REENQ_AGAIN;
	} else if (dsq->reenq_state == SCX_DSQ_REENQ_IDLE) {
		dsq->reenq_state = SCX_DSQ_REENQ_QUEUED;
		llist_add(&dsq->reenq_node, &sch->reenq_dsqs);
		scx_irq_work_queue(&sch->reenq_irq_work);
	}
}

static void reenqueue_one(struct scx_dsq_iter *it, struct task_struct *p,
			  u16 round)
{
	struct rq_flags rf;
	struct rq *rq;

	rq = task_rq_lock(p, &rf);
	if (scx_dispatch_take(it, p, rq)) {
		update_rq_clock(rq);
		reenqueue(rq, p, SCX_TASK_REENQ_KFUNC, round);
		scx_kick_idle(rq);
	}
	task_rq_unlock(rq, p, &rf);
}

/* Returns false at the end. The cursor stays in the list until then. */
static bool reenqueue_batch(struct scx_dsq_iter *it, u16 round)
{
	struct task_struct *p;
	int i;

	guard(rcu)();

	for (i = 0; i < BATCH; i++) {
		p = scx_dsq_iter_next(it);
		if (!p)
			return false;
		reenqueue_one(it, p, round);
	}
	return true;
}

/* Enter RUNNING. Returns false if the DSQ is dead. */
static bool reenq_begin(struct scx_dispatch_q *dsq, u16 *round)
{
	guard(raw_spinlock_irq)(&dsq->lock);

	if (scx_dsq_dead(dsq))
		return false;
	dsq->reenq_state = SCX_DSQ_REENQ_RUNNING;
	*round = dsq->reenq_round;
	dsq->reenq_round = 0;
	return true;
}

/* Leave RUNNING. If there is a new request, other DSQs have their turn first. */
static bool reenq_end(struct scx_sched *sch, struct scx_dispatch_q *dsq)
{
	guard(raw_spinlock_irq)(&dsq->lock);

	if (scx_dsq_dead(dsq))
		return false;
	if (dsq->reenq_state == SCX_DSQ_REENQ_AGAIN && !scx_exiting(sch)) {
		dsq->reenq_state = SCX_DSQ_REENQ_QUEUED;
		llist_add(&dsq->reenq_node, &sch->reenq_dsqs);
	} else {
		dsq->reenq_state = SCX_DSQ_REENQ_IDLE;
	}
	return true;
}

static bool reenqueue_user(struct scx_sched *sch, struct scx_dispatch_q *dsq)
{
	struct scx_dsq_iter it;
	u16 round;

	if (!reenq_begin(dsq, &round))
		return false;

	scx_dsq_iter_start(&it, dsq, 0);
	while (!scx_exiting(sch) && reenqueue_batch(&it, round))
		cond_resched();
	scx_dsq_iter_destroy(&it);
	return reenq_end(sch, dsq);
}

/* Returns true if there are more. */
static bool reenqueue_local_more(struct rq *rq)
{
	guard(rq_lock_irqsave)(rq);

	if (!rq->scx.reenq_round)
		return false;
	if (scx_dispatch_all_local(rq)) {
		WRITE_ONCE(rq->scx.reenq_round, 0);
		return false;
	}
	update_rq_clock(rq);
	reenqueue_local_batch(rq);
	scx_kick_idle(rq);
	return rq->scx.reenq_round;
}

/* A batch of each CPU, so that none waits for all tasks of another one. */
static void reenqueue_locals(struct scx_sched *sch)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		if (scx_exiting(sch))
			break;
		if (!READ_ONCE(cpu_rq(cpu)->scx.reenq_round))
			continue;
		if (reenqueue_local_more(cpu_rq(cpu)))
			WRITE_ONCE(sch->reenq_locals, 1);
		cond_resched();
	}
}

/*
 * Each request that waits gets its turn, and then what is left or has come
 * meanwhile. In between, the helper can do its other work, such as ending the
 * scheduler.
 */
static void reenq_workfn(struct kthread_work *work)
{
	struct scx_sched *sch = container_of(work, struct scx_sched, reenq_work);
	struct llist_node *list = llist_del_all(&sch->reenq_dsqs);
	struct scx_dispatch_q *dsq, *tmp;

	/* Before each reenq_round is read. Pairs with reenqueue_local(). */
	if (xchg(&sch->reenq_locals, 0))
		reenqueue_locals(sch);

	llist_for_each_entry_safe(dsq, tmp, list, reenq_node) {
		/* If it is dead, scx_dsq_destroy() has left it to us. */
		if (!reenqueue_user(sch, dsq))
			scx_dsq_free(dsq);
	}

	/* A DSQ in the list may be dead, whether the scheduler goes on or not. */
	if (!llist_empty(&sch->reenq_dsqs) ||
	    (READ_ONCE(sch->reenq_locals) && !scx_exiting(sch)))
		kthread_queue_work(sch->helper, work);
}

static void reenq_irq_workfn(struct irq_work *work)
{
	struct scx_sched *sch = container_of(work, struct scx_sched, reenq_irq_work);

	kthread_queue_work(sch->helper, &sch->reenq_work);
}

/**
 * scx_dispatch_reenq_init - Prepare a scheduler for re-enqueue requests
 * @sch: the scheduler
 */
void scx_dispatch_reenq_init(struct scx_sched *sch)
{
	init_llist_head(&sch->reenq_dsqs);
	kthread_init_work(&sch->reenq_work, reenq_workfn);
	sch->reenq_irq_work = IRQ_WORK_INIT_HARD(reenq_irq_workfn);
}
