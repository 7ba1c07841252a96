/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_ENABLE_H
#define _KERNEL_SCHED_EXT_ENABLE_H

#include "ext_internal.h"

int scx_enable(struct sched_ext_ops *ops);
void scx_disable(struct sched_ext_ops *ops);
int scx_enable_init(void);

#endif	/* _KERNEL_SCHED_EXT_ENABLE_H */
