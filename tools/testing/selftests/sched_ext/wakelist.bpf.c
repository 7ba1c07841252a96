// SPDX-License-Identifier: GPL-2.0
/*
 * Where a wakeup on another CPU is performed: on that CPU, if it may be queued, or
 * otherwise by the waker. A task that is woken before its CPU has entirely left it
 * is queued without a call of ops.select_cpu().
 */
#include "scx_test.bpf.h"

s32 watched;
u64 nr_there, nr_by_waker, nr_selected, nr_unselected;

s32 BPF_STRUCT_OPS(wakelist_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

void BPF_STRUCT_OPS(wakelist_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (p->pid == watched && (enq_flags & SCX_ENQ_WAKEUP)) {
		if (bpf_get_smp_processor_id() == scx_bpf_task_cpu(p))
			COUNT(nr_there);
		else
			COUNT(nr_by_waker);
		if (enq_flags & SCX_ENQ_CPU_SELECTED)
			COUNT(nr_selected);
		else
			COUNT(nr_unselected);
	}
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags);
}

TEST_OPS(wakelist_never,
	 .select_cpu = (void *)wakelist_select_cpu,
	 .enqueue = (void *)wakelist_enqueue);
TEST_OPS(wakelist_allowed,
	 .select_cpu = (void *)wakelist_select_cpu,
	 .enqueue = (void *)wakelist_enqueue,
	 .flags = SCX_OPS_ALLOW_QUEUED_WAKEUP);
