/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_ENABLE_ALLOC_H
#define _KERNEL_SCHED_EXT_ENABLE_ALLOC_H

#include "ext_internal.h"

struct scx_sched *scx_sched_alloc(struct sched_ext_ops *ops);

#endif	/* _KERNEL_SCHED_EXT_ENABLE_ALLOC_H */
