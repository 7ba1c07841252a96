// SPDX-License-Identifier: GPL-2.0
/*
 * A task's mask changes between the check in a callback and the insertion: in
 * ops.dispatch() on CPU 0 before it inserts the task, or on the wake list of CPU
 * 1, which stays in its ops.dispatch() meanwhile. The task is sent to CPU 2, which
 * it may no longer use by then.
 */
#include "scx_test.bpf.h"
#include "changed.h"

const volatile u32 mode;
s32 held;
volatile u32 looked, mask_changed, selected, stay, staying;
u64 nr_sent, nr_back, nr_other_reason, nr_asked, nr_timeout;

static long until_changed(u64 i, void *unused)
{
	return !!mask_changed;
}

static long until_selected(u64 i, void *unused)
{
	return !!selected;
}

static long pass_time(u64 i, void *unused)
{
	return !stay;
}

s32 BPF_STRUCT_OPS(changed_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	if (p->pid != held || mode != CHANGED_ON_WAKELIST || !staying)
		return prev_cpu;
	COUNT(nr_sent);
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | 2, SCX_SLICE_DFL, 0);
	selected = 1;
	return 1;
}

static void came_back(struct task_struct *p)
{
	COUNT(nr_back);
	if ((p->scx.flags & SCX_TASK_REENQ_REASON_MASK) != REASON_AFFINITY)
		COUNT(nr_other_reason);
}

/* Returns true if the task is left in our hands. */
static bool enqueue_held(struct task_struct *p, u64 enq_flags)
{
	if (enq_flags & SCX_ENQ_REENQ)
		came_back(p);

	switch (mode) {
	case CHANGED_IN_DISPATCH:
		if (looked) {
			/* The mask has changed, or the task has come back. */
			mask_changed = 1;
			return !(enq_flags & SCX_ENQ_REENQ);
		}
		return true;
	case CHANGED_NEVER:
	case CHANGED_STUBBORN:
		return true;
	default:
		if (selected && !nr_back)
			COUNT(nr_asked);
		return false;
	}
}

void BPF_STRUCT_OPS(changed_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (p->pid == held && enqueue_held(p, enq_flags)) {
		scx_bpf_kick_cpu(0, SCX_KICK_PREEMPT);
		return;
	}
	let_run(p, enq_flags);
}

/* The check: CPU 2 is allowed. Then time passes. */
static bool look(struct task_struct *p)
{
	if (!bpf_cpumask_test_cpu(2, p->cpus_ptr))
		return false;
	looked = 1;
	bpf_loop(1 << 23, until_changed, NULL, 0);
	if (!mask_changed)
		COUNT(nr_timeout);
	return true;
}

static void dispatch_held(void)
{
	struct task_struct *p = bpf_task_from_pid(held);

	if (!p)
		return;
	/* Waiting on another CPU, so that its mask can change */
	if (p->scx.ops_state.counter & 3 && scx_bpf_task_cpu(p) &&
	    (mode != CHANGED_IN_DISPATCH || look(p))) {
		COUNT(nr_sent);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | 2, SCX_SLICE_DFL, 0);
	}
	bpf_task_release(p);
}

void BPF_STRUCT_OPS(changed_dispatch, s32 cpu, struct task_struct *prev)
{
	if (!cpu && held && mode != CHANGED_ON_WAKELIST && !nr_back)
		dispatch_held();
	if (!cpu && held && mode == CHANGED_STUBBORN && nr_back)
		dispatch_held();
	if (cpu == 1 && stay) {
		staying = 1;
		bpf_loop(1 << 23, until_selected, NULL, 0);
		bpf_loop(1 << 21, pass_time, NULL, 0);
		stay = 0;
		staying = 0;
	}
}

TEST_OPS(changed,
	 .select_cpu = (void *)changed_select_cpu,
	 .enqueue = (void *)changed_enqueue,
	 .dispatch = (void *)changed_dispatch,
	 .flags = SCX_OPS_ALLOW_QUEUED_WAKEUP);

SEC("syscall")
int changed_stay(void *ctx)
{
	selected = 0;
	stay = 1;
	scx_bpf_kick_cpu(1, 0);
	return 0;
}
