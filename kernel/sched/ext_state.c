// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: what is loaded, and how far.
 *
 * This is all global state: the root scheduler, the state of enabling, which
 * policies the class takes, the static keys, and for each CPU the callback that
 * is running there.
 *
 * Debuggers read many of these variables by name, see scripts/abi/names.
 */
#include "ext_state.h"

#define CREATE_TRACE_POINTS
#include <trace/events/sched_ext.h>

DEFINE_STATIC_KEY_FALSE(__scx_enabled);
DEFINE_STATIC_KEY_FALSE(__scx_switched_all);

DEFINE_PER_CPU(struct scx_op_frame *, scx_op_frame);

/*
 * The loaded scheduler, from the first enable stage to the last undo. Entry
 * points that may sleep read it under RCU or, on the helper kthread, as the
 * only writer. Methods of the class read it under an rq lock, which keeps the
 * instance, because disabling takes every rq lock and waits for a grace period
 * before it releases the instance.
 */
struct scx_sched __rcu *scx_root;

/* Has the loaded scheduler set SCX_OPS_ALLOW_QUEUED_WAKEUP? */
bool scx_queued_wakeups;

/* Does the class take SCHED_EXT, and does it take every normal policy? */
bool scx_switching_ext;
bool scx_switching_all;

atomic_long_t scx_nr_rejected = ATOMIC_LONG_INIT(0);
atomic_long_t scx_hotplug_seq = ATOMIC_LONG_INIT(0);
atomic_long_t scx_enable_seq = ATOMIC_LONG_INIT(0);

unsigned int scx_slice_bypass_us = SCX_SLICE_BYPASS / NSEC_PER_USEC;

static atomic_t scx_enable_state_var = ATOMIC_INIT(SCX_DISABLED);

static const char * const scx_enable_state_str[] = {
	[SCX_ENABLING]	= "enabling",
	[SCX_ENABLED]	= "enabled",
	[SCX_DISABLING]	= "disabling",
	[SCX_DISABLED]	= "disabled",
};

/**
 * scx_enable_state - How far is enabling or disabling?
 *
 * Context: Any.
 * Return: SCX_ENABLING .. SCX_DISABLED.
 */
enum scx_enable_state scx_enable_state(void)
{
	return atomic_read(&scx_enable_state_var);
}

/**
 * scx_state_set - Enter a state that only the caller can leave
 * @to: the state
 */
void scx_state_set(enum scx_enable_state to)
{
	atomic_set(&scx_enable_state_var, to);
}

/**
 * scx_state_change - Enter a state if nobody else changed it
 * @from: the state it has to be in
 * @to: the new state
 *
 * Return: true if the state was @from and is @to now.
 */
bool scx_state_change(enum scx_enable_state from, enum scx_enable_state to)
{
	int old = from;

	return atomic_try_cmpxchg(&scx_enable_state_var, &old, to);
}

/**
 * scx_state_name - A state in words
 * @state: the state
 *
 * Return: the word that /sys/kernel/sched_ext/state shows.
 */
const char *scx_state_name(enum scx_enable_state state)
{
	return scx_enable_state_str[state];
}

/**
 * scx_state_read_events - Sum the event counters over all CPUs
 * @sch: scheduler whose counters are read
 * @sum: the sums are written here
 *
 * Context: Any. The counters go on counting meanwhile.
 */
void scx_state_read_events(struct scx_sched *sch, struct scx_event_stats *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		struct scx_event_stats *e = per_cpu_ptr(sch->event_stats_cpu, cpu);

#define SCX_EVENT_ADD(name)	sum->name += READ_ONCE(e->name);
		SCX_EVENTS(SCX_EVENT_ADD)
#undef SCX_EVENT_ADD
	}
}

/**
 * task_should_scx - Does a normal policy belong to the class now?
 * @policy: SCHED_*; the caller has dealt with realtime and deadline
 *
 * The result depends only on the policy and on what is loaded, so that fork,
 * setscheduler and the walks over all tasks on enable and disable agree.
 *
 * While the switched_all key is on, picking skips the fair class. The variable
 * scx_switching_all is true for all of that time: it is set before the key goes
 * on and cleared after it went off.
 */
bool task_should_scx(int policy)
{
	if (!scx_enabled())
		return false;

	return READ_ONCE(scx_switching_all) ||
	       (policy == SCHED_EXT && READ_ONCE(scx_switching_ext));
}
