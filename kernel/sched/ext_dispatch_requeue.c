// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: all tasks that wait on a CPU, enqueued anew.
 *
 * Where a task waits follows from rules that change when bypass mode begins or
 * ends, and when a CPU goes down. Then every task that is runnable and does not
 * run is taken off whatever queue it is on, or out of the BPF scheduler's hands,
 * and goes through scx_dispatch_enqueue() once more.
 */
#include "ext_dispatch.h"
#include "ext_dsq.h"
#include "ext_state.h"

/* Do all tasks of @rq have to come to its local DSQ? */
static bool all_local(struct rq *rq)
{
	return scx_rq_bypassing(rq) || !scx_rq_accepting(rq);
}

/*
 * Is @p where it belongs since scx_dispatch_requeue_begin()? That is seen from
 * where it is. On the local DSQ, what came later has a higher number. Elsewhere
 * nothing was put since, if all have to come here; and if not, all have been
 * here before.
 */
static bool requeued(struct rq *rq, struct task_struct *p)
{
	if (READ_ONCE(p->scx.dsq) == &rq->scx.local_dsq)
		return (s32)(p->scx.dsq_seq - rq->scx.requeue_seq) > 0;
	return !all_local(rq);
}

/*
 * Those that wait for this CPU already come first, in the order in which they
 * wait, then all others in the order in which they became runnable.
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

	/* It is not running, or it were not on the list. */
	dequeue_task(rq, p, flags);
	enqueue_task(rq, p, flags);
}

/**
 * scx_dispatch_requeue_begin - Have all that waits on a CPU enqueued anew
 * @rq: its runqueue, locked
 *
 * For when the rules of scx_dispatch_enqueue() have changed: every task that
 * is runnable and not running is going to come back from wherever it is and to
 * go where it belongs now. The rq can be unlocked before that is done. If it
 * was not done when it begins anew, that goes for all tasks again.
 */
void scx_dispatch_requeue_begin(struct rq *rq)
{
	lockdep_assert_rq_held(rq);

	rq->scx.requeue_seq = rq->scx.local_dsq.seq;
	rq->scx.requeue_left = rq->scx.nr_running;
}

/**
 * scx_dispatch_requeue_some - Go on with what scx_dispatch_requeue_begin() began
 * @rq: the runqueue, locked, its clock updated
 * @max: how many tasks to look at
 *
 * Tasks that become runnable go to the end of the list, and so do those that
 * are enqueued anew. So those that are left are among its first requeue_left,
 * and each step takes one of these away, whatever happens between the steps.
 *
 * Return: true if this has to be called again.
 */
bool scx_dispatch_requeue_some(struct rq *rq, u32 max)
{
	struct task_struct *p;

	lockdep_assert_rq_held(rq);

	while (rq->scx.requeue_left && max--) {
		p = next_to_requeue(rq);
		if (!p) {
			rq->scx.requeue_left = 0;
			break;
		}
		rq->scx.requeue_left--;
		requeue(rq, p);
	}
	return rq->scx.requeue_left;
}

/**
 * scx_dispatch_requeue_all - The two in one go
 * @rq: the runqueue, locked, its clock updated
 */
void scx_dispatch_requeue_all(struct rq *rq)
{
	scx_dispatch_requeue_begin(rq);
	scx_dispatch_requeue_some(rq, U32_MAX);
}
