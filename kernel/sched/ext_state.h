/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_STATE_H
#define _KERNEL_SCHED_EXT_STATE_H

#include "ext_internal.h"

extern struct scx_sched __rcu *scx_root;

/*
 * Which policies' tasks the class takes. Both change under scx_fork_rwsem, and
 * are false while no scheduler is loaded and while one is on its way in or out.
 */
extern bool scx_switching_ext;
extern bool scx_switching_all;

extern atomic_long_t scx_nr_rejected;
extern atomic_long_t scx_hotplug_seq;
extern atomic_long_t scx_enable_seq;
extern unsigned int scx_slice_bypass_us;

/* How long a task may run at a time in bypass mode, in nanoseconds. */
static inline u64 scx_bypass_slice(void)
{
	return (u64)READ_ONCE(scx_slice_bypass_us) * NSEC_PER_USEC;
}

enum scx_enable_state scx_enable_state(void);
void scx_state_set(enum scx_enable_state to);
bool scx_state_change(enum scx_enable_state from, enum scx_enable_state to);
const char *scx_state_name(enum scx_enable_state state);

void scx_state_read_events(struct scx_sched *sch, struct scx_event_stats *sum);

#endif	/* _KERNEL_SCHED_EXT_STATE_H */
