// SPDX-License-Identifier: GPL-2.0
/* Has tasks enqueued again from local DSQs, once or without end. */
#include "scx_test.bpf.h"

u64 nr_reenq, nr_enqueued;
u64 asked_dsq, asked_flags;
bool without_end, long_slices;

/* How many tasks were enqueued again on one CPU without a tick there? */
#define ENQUEUE_NS	50000

bool slow;
s32 row_cpu = -1;
u64 nr_in_a_row, longest_row;

/* So that a crowd is not done before the next tick */
static void take_time(void)
{
	u64 began = bpf_ktime_get_ns();
	int i;

	bpf_for(i, 0, 100000)
		if (bpf_ktime_get_ns() - began > ENQUEUE_NS)
			break;
}

/* Only one CPU at a time does this, so plain counters will do. */
static void count_row(void)
{
	s32 cpu = bpf_get_smp_processor_id();

	take_time();
	if (cpu != row_cpu) {
		row_cpu = cpu;
		nr_in_a_row = 0;
	}
	if (++nr_in_a_row > longest_row)
		longest_row = nr_in_a_row;
}

SEC("fentry/scx_tick")
int BPF_PROG(requeue_tick, struct rq *rq)
{
	if (bpf_get_smp_processor_id() == row_cpu)
		nr_in_a_row = 0;
	return 0;
}

s32 BPF_STRUCT_OPS(requeue_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	return prev_cpu;
}

void BPF_STRUCT_OPS(requeue_enqueue, struct task_struct *p, u64 enq_flags)
{
	COUNT(nr_enqueued);
	if (enq_flags & SCX_ENQ_REENQ) {
		COUNT(nr_reenq);
		if (slow)
			count_row();
		if (without_end)
			scx_bpf_dsq_reenq___compat(SCX_DSQ_LOCAL, 0);
	}
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, long_slices ? 100 * SCX_SLICE_DFL : SCX_SLICE_DFL,
			   enq_flags);
}

bool ask_always;
s32 idle_cpu = -1;
u64 nr_dispatch;

void BPF_STRUCT_OPS(requeue_dispatch, s32 cpu, struct task_struct *prev)
{
	if (cpu == idle_cpu)
		COUNT(nr_dispatch);
	if (ask_always)
		scx_bpf_reenqueue_local___v2___compat();
}

TEST_OPS(requeue,
	 .select_cpu = (void *)requeue_select_cpu,
	 .enqueue = (void *)requeue_enqueue,
	 .dispatch = (void *)requeue_dispatch);

SEC("syscall")
int requeue_here(void *ctx)
{
	scx_bpf_reenqueue_local___v2___compat();
	return 0;
}

SEC("syscall")
int requeue_asked(void *ctx)
{
	scx_bpf_dsq_reenq___compat(asked_dsq, asked_flags);
	return 0;
}
