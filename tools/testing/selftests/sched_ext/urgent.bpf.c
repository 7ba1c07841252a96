// SPDX-License-Identifier: GPL-2.0
/*
 * A hog gets an infinite slice whenever the victim, which is exiting, waits for the
 * CPU.
 */
#include "scx_test.bpf.h"

s32 hog, victim;
u64 nr_endless, nr_shown;

s32 BPF_STRUCT_OPS(urgent_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

/* Other tasks must not wait behind the hog: they go first, or go on. */
static u64 not_behind_hog(u64 enq_flags)
{
	return enq_flags | (enq_flags & SCX_ENQ_WAKEUP ? SCX_ENQ_PREEMPT : SCX_ENQ_HEAD);
}

void BPF_STRUCT_OPS(urgent_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 slice = SCX_SLICE_DFL;

	if (p->pid == hog || p->pid == victim)
		slice = 1000000;
	else
		enq_flags = not_behind_hog(enq_flags);
	if (p->pid == victim && (p->flags & PF_EXITING)) {
		COUNT(nr_shown);
		enq_flags |= SCX_ENQ_PREEMPT;
	}
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice, enq_flags);
}

static bool victim_waits(void)
{
	struct task_struct *p = bpf_task_from_pid(victim);
	bool waits;

	if (!p)
		return false;
	waits = (p->flags & PF_EXITING) && (p->scx.flags & SCX_TASK_QUEUED);
	bpf_task_release(p);
	return waits;
}

void BPF_STRUCT_OPS(urgent_running, struct task_struct *p)
{
	if (p->pid != hog || !victim_waits())
		return;
	p->scx.slice = SCX_SLICE_INF;
	COUNT(nr_endless);
}

#define URGENT_OPS							\
	.select_cpu = (void *)urgent_select_cpu,			\
	.enqueue = (void *)urgent_enqueue,				\
	.running = (void *)urgent_running,				\
	.timeout_ms = 10000

TEST_OPS(urgent_unasked, URGENT_OPS);
TEST_OPS(urgent_shown, URGENT_OPS, .flags = SCX_OPS_ENQ_EXITING);
