/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_ENABLE_INIT_H
#define _KERNEL_SCHED_EXT_ENABLE_INIT_H

#include "ext_internal.h"

int scx_enable_init_do(struct scx_sched *sch);
void scx_enable_init_undo(struct scx_sched *sch);

void scx_enable_set_ops(struct scx_sched *sch, int begin, int end, bool on);
void scx_enable_await_readers(void);

#endif	/* _KERNEL_SCHED_EXT_ENABLE_INIT_H */
