/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_BYPASS_LB_H
#define _KERNEL_SCHED_EXT_BYPASS_LB_H

#include "ext_internal.h"

#ifdef CONFIG_SMP
void scx_bypass_lb_start(void);
void scx_bypass_lb_stop(void);
#else
static inline void scx_bypass_lb_start(void) {}
static inline void scx_bypass_lb_stop(void) {}
#endif

#endif	/* _KERNEL_SCHED_EXT_BYPASS_LB_H */
