// SPDX-License-Identifier: GPL-2.0
/* Gives one task slices of odd lengths and watches them. */
#include "scx_test.bpf.h"
#include "slice.h"

const volatile u32 how;
s32 watched;
u64 nr_enqueue, nr_enqueue_zero, nr_last, nr_last_watched, nr_yield, nr_yield_to;
u64 nr_running, nr_stopping, nr_tick, nr_tick_inf, nr_bad_slice;
u64 slice_inserted, slice_left;

s32 BPF_STRUCT_OPS(slice_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	return prev_cpu;
}

static void insert_odd(struct task_struct *p, u64 enq_flags)
{
	u64 slice = SCX_SLICE_DFL;

	if (how == SLICE_INF)
		slice = SCX_SLICE_INF;
	else if (how == SLICE_LONG)
		slice = 10000000000ULL;
	else if (how == SLICE_ZERO)
		slice = 0;
	if (!slice)
		p->scx.slice = 0;
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice, enq_flags);
	slice_inserted = p->scx.slice;
}

void BPF_STRUCT_OPS(slice_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (enq_flags & SCX_ENQ_LAST)
		COUNT(nr_last);
	if (p->pid != watched) {
		/* a task with SCX_ENQ_LAST must come back to where it was */
		scx_bpf_dsq_insert(p, enq_flags & SCX_ENQ_LAST ?
				   SCX_DSQ_LOCAL : SCX_DSQ_GLOBAL,
				   SCX_SLICE_DFL, enq_flags);
		return;
	}
	COUNT(nr_enqueue);
	if (enq_flags & SCX_ENQ_LAST)
		COUNT(nr_last_watched);
	if (!p->scx.slice)
		COUNT(nr_enqueue_zero);
	insert_odd(p, enq_flags);
}

void BPF_STRUCT_OPS(slice_running, struct task_struct *p)
{
	if (p->pid != watched)
		return;
	COUNT(nr_running);
	if (!p->scx.slice)
		COUNT(nr_bad_slice);
}

void BPF_STRUCT_OPS(slice_stopping, struct task_struct *p, bool runnable)
{
	if (p->pid != watched)
		return;
	COUNT(nr_stopping);
	slice_left = p->scx.slice;
}

void BPF_STRUCT_OPS(slice_tick, struct task_struct *p)
{
	if (p->pid != watched)
		return;
	COUNT(nr_tick);
	if (p->scx.slice == SCX_SLICE_INF)
		COUNT(nr_tick_inf);
}

bool BPF_STRUCT_OPS(slice_yield, struct task_struct *from, struct task_struct *to)
{
	if (from->pid != watched)
		return false;
	COUNT(nr_yield);
	if (to)
		COUNT(nr_yield_to);
	return false;
}

#define SLICE_OPS							\
	.select_cpu = (void *)slice_select_cpu,				\
	.enqueue = (void *)slice_enqueue,				\
	.running = (void *)slice_running,				\
	.stopping = (void *)slice_stopping,				\
	.tick = (void *)slice_tick

TEST_OPS(slice_plain, SLICE_OPS);
TEST_OPS(slice_last, SLICE_OPS, .flags = SCX_OPS_ENQ_LAST);
TEST_OPS(slice_yielding, SLICE_OPS, .yield = (void *)slice_yield);
