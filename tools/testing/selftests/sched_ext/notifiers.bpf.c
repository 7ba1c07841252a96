// SPDX-License-Identifier: GPL-2.0
/*
 * Checks for every task that runnable, running, stopping and quiescent are called in
 * the only possible order, between enable and disable.
 */
#include "scx_test.bpf.h"
#include "notifiers.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct course);
} courses SEC(".maps");

u64 nr_seen[NR_EVENTS], nr_bad[NR_EVENTS];
u32 first_bad_event, first_bad_state;
s32 first_bad_pid;

static void bad(struct task_struct *p, u32 event, u32 state)
{
	if (event >= NR_EVENTS)
		return;
	COUNT(nr_bad[event]);
	if (first_bad_pid)
		return;
	first_bad_pid = p->pid;
	first_bad_event = event;
	first_bad_state = state;
}

/* The task must be in state WANT, and is in state NEXT from now on. */
static void go(struct task_struct *p, u32 event, u32 want, u32 next)
{
	u64 key = (u64)p;
	struct course *course = bpf_map_lookup_elem(&courses, &key);

	if (event < NR_EVENTS)
		COUNT(nr_seen[event]);
	if (!course) {
		bad(p, event, IS_UNKNOWN);
		return;
	}
	if (course->state != want)
		bad(p, event, course->state);
	course->state = next;
}

void BPF_STRUCT_OPS(notifiers_runnable, struct task_struct *p, u64 enq_flags)
{
	go(p, AT_RUNNABLE, IS_QUIET, IS_RUNNABLE);
}

void BPF_STRUCT_OPS(notifiers_running, struct task_struct *p)
{
	go(p, AT_RUNNING, IS_RUNNABLE, IS_RUNNING);
}

void BPF_STRUCT_OPS(notifiers_stopping, struct task_struct *p, bool runnable)
{
	go(p, AT_STOPPING, IS_RUNNING, runnable ? IS_RUNNABLE : IS_STOPPED);
}

void BPF_STRUCT_OPS(notifiers_quiescent, struct task_struct *p, u64 deq_flags)
{
	u64 key = (u64)p;
	struct course *course = bpf_map_lookup_elem(&courses, &key);

	/* after stopping, or straight from the queue */
	if (course && course->state == IS_STOPPED)
		course->state = IS_RUNNABLE;
	go(p, AT_QUIESCENT, IS_RUNNABLE, IS_QUIET);
}

void BPF_STRUCT_OPS(notifiers_enable, struct task_struct *p)
{
	struct course fresh = { .state = IS_QUIET };
	u64 key = (u64)p;

	COUNT(nr_seen[AT_ENABLE]);
	if (bpf_map_update_elem(&courses, &key, &fresh, BPF_NOEXIST))
		bad(p, AT_ENABLE, IS_UNKNOWN);
}

void BPF_STRUCT_OPS(notifiers_disable, struct task_struct *p)
{
	u64 key = (u64)p;

	go(p, AT_DISABLE, IS_QUIET, IS_QUIET);
	bpf_map_delete_elem(&courses, &key);
}

/* A task may be enqueued only while it is runnable and not running. */
void BPF_STRUCT_OPS(notifiers_enqueue, struct task_struct *p, u64 enq_flags)
{
	go(p, AT_ENQUEUE, IS_RUNNABLE, IS_RUNNABLE);
	let_run(p, enq_flags);
}

TEST_OPS(notifiers,
	 .enqueue = (void *)notifiers_enqueue,
	 .runnable = (void *)notifiers_runnable,
	 .running = (void *)notifiers_running,
	 .stopping = (void *)notifiers_stopping,
	 .quiescent = (void *)notifiers_quiescent,
	 .enable = (void *)notifiers_enable,
	 .disable = (void *)notifiers_disable);
