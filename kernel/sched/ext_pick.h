/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_PICK_H
#define _KERNEL_SCHED_EXT_PICK_H

#include "ext_internal.h"

/*
 * The watchdog times how long a task waits between two runs. Dequeueing and
 * enqueueing a waiting task, say for a new nice value, does not restart it.
 */
static inline void scx_set_runnable(struct rq *rq, struct task_struct *p)
{
	if (p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT) {
		p->scx.runnable_at = jiffies;
		p->scx.flags &= ~SCX_TASK_RESET_RUNNABLE_AT;
	}
	list_add_tail(&p->scx.runnable_node, &rq->scx.runnable_list);
}

/* Methods of the class, see ext.c. scx_pick_next_task() is in ext.h. */
int balance_scx(struct rq *rq, struct task_struct *prev, struct rq_flags *rf);
struct task_struct *pick_task_scx(struct rq *rq);
void set_next_task_scx(struct rq *rq, struct task_struct *p, bool first);
void put_prev_task_scx(struct rq *rq, struct task_struct *p,
		       struct task_struct *next);

#endif	/* _KERNEL_SCHED_EXT_PICK_H */
