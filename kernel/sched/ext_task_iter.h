/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_TASK_ITER_H
#define _KERNEL_SCHED_EXT_TASK_ITER_H

#include "ext_internal.h"

/**
 * struct scx_task_iter - walk over all tasks, dead but unreaped ones included
 * @cursor: the place in the list
 * @locked: task whose rq is locked, or NULL
 * @rq: that rq
 * @rf: state of that rq's lock
 * @locked_at: when the locks were last taken
 * @rested_at: when others last got the CPU
 */
struct scx_task_iter {
	struct sched_ext_entity	cursor;
	struct task_struct	*locked;
	struct rq		*rq;
	struct rq_flags		rf;
	u64			locked_at;
	u64			rested_at;
};

void scx_task_iter_start(struct scx_task_iter *it);
struct task_struct *scx_task_iter_next(struct scx_task_iter *it);
struct task_struct *scx_task_iter_next_locked(struct scx_task_iter *it);
void scx_task_iter_unlock(struct scx_task_iter *it);
void scx_task_iter_relock(struct scx_task_iter *it);
void scx_task_iter_stop(struct scx_task_iter *it);

void scx_task_list_add(struct task_struct *p);
void scx_task_list_del(struct task_struct *p);

#endif	/* _KERNEL_SCHED_EXT_TASK_ITER_H */
