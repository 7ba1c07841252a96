/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_DUMP_H
#define _KERNEL_SCHED_EXT_DUMP_H

#include "ext_internal.h"

void scx_dump_state(struct scx_sched *sch, struct scx_exit_info *ei);
void scx_dump_sysrq(struct scx_sched *sch);
bool scx_dump_text(const char *text);

#endif	/* _KERNEL_SCHED_EXT_DUMP_H */
