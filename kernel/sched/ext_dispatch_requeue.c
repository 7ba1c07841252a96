// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: enqueueing all tasks that wait on a CPU anew.
 *
 * The rules that say where a task waits change when bypass mode begins or ends,
 * and when a CPU goes down. Then every task that is runnable and does not run
 * is taken off its queue, or taken back from the BPF scheduler, and goes
 * through scx_dispatch_enqueue() once more.
 */
#include "ext_dispatch.h"
#include "ext_dsq.h"
#include "ext_state.h"

/*
 * Tasks enqueued anew under one rq lock. Many thousands may wait on one CPU, and
 * interrupts must not stay disabled for all of them.
 */
#define BATCH	32

/*
 * Has @p been enqueued since scx_dispatch_requeue_begin()? Its place tells. On
 * the local DSQ, tasks that came since have a higher sequence number. If all
 * tasks have to come to the local DSQ, none was put elsewhere since; if not,
 * all were on the local DSQ before, and those that are elsewhere came since.
 */
static bool requeued(struct rq *rq, struct task_struct *p)
{
	if (READ_ONCE(p->scx.dsq) == &rq->scx.local_dsq)
		return (s32)(p->scx.dsq_seq - rq->scx.requeue_seq) > 0;
	return !scx_dispatch_all_local(rq);
}

/*
 * Tasks on the local DSQ come first, in its order, then all others in the order
 * in which they became runnable.
 */
static struct task_struct *next_to_requeue(struct rq *rq)
{
	struct task_struct *p = scx_dsq_first(&rq->scx.local_dsq);

	if (p && !requeued(rq, p))
		return p;
	return list_first_entry_or_null(&rq->scx.runnable_list,
					struct task_struct, scx.runnable_node);
}

/* Either way @p becomes the last one on the list of runnable tasks. */
static void requeue(struct rq *rq, struct task_struct *p)
{
	int flags = DEQUEUE_SAVE | DEQUEUE_MOVE | DEQUEUE_NOCLOCK;

	if (requeued(rq, p)) {
		list_move_tail(&p->scx.runnable_node, &rq->scx.runnable_list);
		return;
	}

	/* @p is not running: a running task is on neither list. */
	dequeue_task(rq, p, flags);
	enqueue_task(rq, p, flags);
}

/**
 * scx_dispatch_requeue_begin - Begin to enqueue all waiting tasks of a CPU anew
 * @rq: its runqueue, locked
 *
 * Called when the rules of scx_dispatch_enqueue() have changed: every task that
 * is runnable and not running is taken back and goes where it belongs now. The
 * rq can be unlocked before that is done. If this is called again before it is
 * done, it begins anew with all tasks.
 */
void scx_dispatch_requeue_begin(struct rq *rq)
{
	lockdep_assert_rq_held(rq);

	rq->scx.requeue_seq = rq->scx.local_dsq.seq;
	rq->scx.requeue_left = rq->scx.nr_running;
	/* These include the tasks that a BPF scheduler wants to have back. */
	WRITE_ONCE(rq->scx.reenq_round, 0);
}

/*
 * Tasks that become runnable go to the end of the list of runnable tasks, and
 * so do those that are enqueued anew. So the tasks that are left are among the
 * first requeue_left of that list, and each step takes one of these away,
 * whatever happens between the steps.
 */
static void requeue_some(struct rq *rq)
{
	struct task_struct *p;
	int nr = BATCH;

	while (rq->scx.requeue_left && nr--) {
		p = next_to_requeue(rq);
		if (!p) {
			rq->scx.requeue_left = 0;
			break;
		}
		rq->scx.requeue_left--;
		requeue(rq, p);
	}
}

/**
 * scx_dispatch_requeue_batch - Go on with what scx_dispatch_requeue_begin() began
 * @rq: the runqueue, not locked
 *
 * Several threads may do this for the same CPU; each takes its share.
 *
 * Return: true if this has to be called again.
 */
bool scx_dispatch_requeue_batch(struct rq *rq)
{
	guard(rq_lock_irqsave)(rq);

	if (!rq->scx.requeue_left)
		return false;

	update_rq_clock(rq);
	requeue_some(rq);
	/* The last resched_curr() may have been before these tasks came. */
	if (cpu_online(cpu_of(rq)))
		resched_curr(rq);
	return rq->scx.requeue_left;
}
