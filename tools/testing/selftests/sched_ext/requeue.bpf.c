// SPDX-License-Identifier: GPL-2.0
/* Has tasks enqueued again from local DSQs, once or without end. */
#include "scx_test.bpf.h"

u64 nr_reenq, nr_enqueued;
u64 asked_dsq, asked_flags;
bool without_end, long_slices;

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
		if (without_end)
			scx_bpf_dsq_reenq___compat(SCX_DSQ_LOCAL, 0);
	}
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, long_slices ? 100 * SCX_SLICE_DFL : SCX_SLICE_DFL,
			   enq_flags);
}

TEST_OPS(requeue,
	 .select_cpu = (void *)requeue_select_cpu,
	 .enqueue = (void *)requeue_enqueue);

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
