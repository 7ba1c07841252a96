/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_SYSFS_H
#define _KERNEL_SCHED_EXT_SYSFS_H

#include "ext_internal.h"

int scx_sysfs_init(void);
int scx_sysfs_add(struct scx_sched *sch, void (*release)(struct scx_sched *sch));
void scx_sysfs_announce(struct scx_sched *sch);
void scx_sysfs_remove(struct scx_sched *sch);

#endif	/* _KERNEL_SCHED_EXT_SYSFS_H */
