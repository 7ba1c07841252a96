/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_TID_H
#define _KERNEL_SCHED_EXT_TID_H

#include "ext_internal.h"

int scx_tids_alloc(struct scx_sched *sch);
void scx_tids_free(struct scx_sched *sch);
int scx_tid_get(struct scx_sched *sch, struct task_struct *p);
void scx_tid_publish(struct scx_sched *sch, struct task_struct *p);
void scx_tid_put(struct scx_sched *sch, struct task_struct *p);
struct task_struct *scx_tid_find(struct scx_sched *sch, u64 tid);

#endif	/* _KERNEL_SCHED_EXT_TID_H */
