// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: the list of all tasks, and walks over it.
 *
 * A task is on the list from the end of its fork to its last switch. Loading
 * and removing a scheduler walk over the list, which takes too long to hold
 * locks all the time. So a walk marks its place with an entry of its own and
 * drops the locks in between.
 */
#include <linux/delay.h>
#include "ext_task_iter.h"

static LIST_HEAD(scx_tasks);
static DEFINE_RAW_SPINLOCK(scx_tasks_lock);

/*
 * How long a walk holds its locks at a time, with IRQs off; how long it keeps
 * its CPU at a time; and how long it then leaves the CPU to others.
 */
#define ITER_LOCK_NS	(50 * NSEC_PER_USEC)
#define ITER_WORK_NS	NSEC_PER_MSEC
#define ITER_REST_US	100

/**
 * scx_task_list_add - A fork succeeded
 * @p: the new task
 *
 * Context: Process context.
 */
void scx_task_list_add(struct task_struct *p)
{
	guard(raw_spinlock_irq)(&scx_tasks_lock);
	list_add_tail(&p->scx.tasks_node, &scx_tasks);
}

/**
 * scx_task_list_del - A task has been switched out for the last time
 * @p: the task
 *
 * Context: No rq lock held.
 */
void scx_task_list_del(struct task_struct *p)
{
	guard(raw_spinlock_irqsave)(&scx_tasks_lock);
	list_del_init(&p->scx.tasks_node);
}

/**
 * scx_task_iter_relock - Take the list's lock again
 * @it: the walk
 */
void scx_task_iter_relock(struct scx_task_iter *it)
	__acquires(&scx_tasks_lock)
{
	raw_spin_lock_irq(&scx_tasks_lock);
	it->locked_at = ktime_get_ns();
}

/**
 * scx_task_iter_start - Begin to walk over all tasks
 * @it: the walk
 *
 * Returns with the list locked and IRQs off. The walk may or may not visit
 * tasks that are forked later; there are none while scx_fork_rwsem is held for
 * writing.
 */
void scx_task_iter_start(struct scx_task_iter *it)
	__acquires(&scx_tasks_lock)
{
	memset(it, 0, sizeof(*it));
	it->cursor.flags = SCX_TASK_CURSOR;
	it->rested_at = ktime_get_ns();

	scx_task_iter_relock(it);
	list_add(&it->cursor.tasks_node, &scx_tasks);
}

static void iter_unlock_task(struct scx_task_iter *it)
{
	if (it->locked) {
		task_rq_unlock(it->rq, it->locked, &it->rf);
		it->locked = NULL;
	}
}

/**
 * scx_task_iter_unlock - Drop the walk's locks, keep its place
 * @it: the walk
 *
 * The caller may sleep until scx_task_iter_relock(). If it uses a task
 * meanwhile, it needs a reference that was taken before.
 */
void scx_task_iter_unlock(struct scx_task_iter *it)
	__releases(&scx_tasks_lock)
{
	iter_unlock_task(it);
	raw_spin_unlock_irq(&scx_tasks_lock);
}

/**
 * scx_task_iter_stop - End a walk
 * @it: the walk, with its locks held
 */
void scx_task_iter_stop(struct scx_task_iter *it)
	__releases(&scx_tasks_lock)
{
	iter_unlock_task(it);
	list_del(&it->cursor.tasks_node);
	raw_spin_unlock_irq(&scx_tasks_lock);
}

static struct task_struct *iter_step(struct scx_task_iter *it)
{
	struct list_head *cursor = &it->cursor.tasks_node;
	struct sched_ext_entity *e;

	for (;;) {
		if (list_is_last(cursor, &scx_tasks))
			return NULL;

		e = list_next_entry(&it->cursor, tasks_node);
		list_move(cursor, &e->tasks_node);
		if (!(e->flags & SCX_TASK_CURSOR))
			return container_of(e, struct task_struct, scx);
	}
}

/*
 * The walk is made by a realtime kthread, which keeps other tasks off its CPU.
 * However long the list is, they wait no longer than ITER_WORK_NS.
 */
static void iter_rest(struct scx_task_iter *it, u64 now)
{
	if (now - it->rested_at < ITER_WORK_NS)
		return;

	usleep_range(ITER_REST_US, 2 * ITER_REST_US);
	it->rested_at = ktime_get_ns();
}

/**
 * scx_task_iter_next - The next task
 * @it: the walk
 *
 * Idle threads are left out: they belong to their CPU and to no policy. Now
 * and then all locks are dropped, so that a long list stalls neither IPIs nor
 * grace periods, and other tasks get their turn.
 *
 * Context: Process context, may sleep.
 *
 * Return: the task, which exists at least until the walk's locks are dropped,
 * or NULL at the end.
 */
struct task_struct *scx_task_iter_next(struct scx_task_iter *it)
{
	struct task_struct *p;
	u64 now;

	iter_unlock_task(it);

	now = ktime_get_ns();
	if (now - it->locked_at >= ITER_LOCK_NS || now - it->rested_at >= ITER_WORK_NS) {
		scx_task_iter_unlock(it);
		iter_rest(it, now);
		scx_task_iter_relock(it);
	}

	do {
		p = iter_step(it);
	} while (p && p->sched_class == &idle_sched_class);

	return p;
}

/**
 * scx_task_iter_next_locked - The next task, with its rq locked
 * @it: the walk
 *
 * Return: the task, whose pi_lock and rq lock are held until the next call on
 * @it, or NULL at the end.
 */
struct task_struct *scx_task_iter_next_locked(struct scx_task_iter *it)
{
	struct task_struct *p = scx_task_iter_next(it);

	if (p) {
		it->rq = task_rq_lock(p, &it->rf);
		it->locked = p;
	}
	return p;
}
