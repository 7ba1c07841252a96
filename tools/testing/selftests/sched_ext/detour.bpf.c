// SPDX-License-Identifier: GPL-2.0
/*
 * Gives a task an infinite slice and a vtime of its own, and both once more when it
 * leaves. Another table does nothing. Both look at what a task has when it arrives.
 */
#include "scx_test.bpf.h"

s32 watched;
u64 nr_spoilt, nr_left, nr_met;
u64 slice_met, vtime_met;

void BPF_STRUCT_OPS(detour_enqueue, struct task_struct *p, u64 enq_flags)
{
	let_run(p, enq_flags);
}

static void spoil(struct task_struct *p)
{
	p->scx.slice = SCX_SLICE_INF;
	p->scx.dsq_vtime = 12345;
}

void BPF_STRUCT_OPS(detour_running, struct task_struct *p)
{
	if (p->pid != watched)
		return;
	spoil(p);
	COUNT(nr_spoilt);
}

void BPF_STRUCT_OPS(detour_disable, struct task_struct *p)
{
	if (p->pid != watched)
		return;
	spoil(p);
	COUNT(nr_left);
}

void BPF_STRUCT_OPS(detour_enable, struct task_struct *p)
{
	if (p->pid != watched)
		return;
	slice_met = p->scx.slice;
	vtime_met = p->scx.dsq_vtime;
	COUNT(nr_met);
}

/* A refused task does not arrive, so nothing takes back what it was given. */
s32 BPF_STRUCT_OPS_SLEEPABLE(detour_init_task, struct task_struct *p,
			     struct scx_init_task_args *args)
{
	if (p->pid != watched)
		return 0;
	spoil(p);
	return -E2BIG;
}

TEST_OPS(detour_spoils,
	 .enqueue = (void *)detour_enqueue,
	 .running = (void *)detour_running,
	 .enable = (void *)detour_enable,
	 .disable = (void *)detour_disable);
TEST_OPS(detour_refuses,
	 .enqueue = (void *)detour_enqueue,
	 .init_task = (void *)detour_init_task);
TEST_OPS(detour_plain,
	 .enqueue = (void *)detour_enqueue,
	 .enable = (void *)detour_enable);
