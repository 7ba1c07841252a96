/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_CGROUP_H
#define _KERNEL_SCHED_EXT_CGROUP_H

#include "ext_internal.h"

#ifdef CONFIG_EXT_GROUP_SCHED
void scx_cgroup_lock(void);
void scx_cgroup_unlock(void);
int scx_cgroup_init(struct scx_sched *sch);
void scx_cgroup_exit(struct scx_sched *sch);
#else
static inline void scx_cgroup_lock(void) {}
static inline void scx_cgroup_unlock(void) {}
static inline int scx_cgroup_init(struct scx_sched *sch) { return 0; }
static inline void scx_cgroup_exit(struct scx_sched *sch) {}
#endif

#endif	/* _KERNEL_SCHED_EXT_CGROUP_H */
