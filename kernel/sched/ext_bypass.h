/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_BYPASS_H
#define _KERNEL_SCHED_EXT_BYPASS_H

#include "ext_internal.h"

void scx_bypass_note_root(void);
void scx_bypass_enter(void);
void scx_bypass_leave(void);
void scx_bypass_init(void);

#endif	/* _KERNEL_SCHED_EXT_BYPASS_H */
