/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_WATCHDOG_H
#define _KERNEL_SCHED_EXT_WATCHDOG_H

#include "ext_internal.h"

void scx_watchdog_start(struct scx_sched *sch);
void scx_watchdog_stop(struct scx_sched *sch);

#endif	/* _KERNEL_SCHED_EXT_WATCHDOG_H */
