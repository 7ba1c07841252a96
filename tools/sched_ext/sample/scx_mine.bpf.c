// SPDX-License-Identifier: GPL-2.0
/* A scheduler to start from: one queue for all CPUs, in order of arrival. */
#include <scx/common.bpf.h>
#include "counters.bpf.h"

char _license[] SEC("license") = "GPL";
UEI_DEFINE(uei);
DEFINE_COUNTERS(1);

/* All tasks wait in one queue, from which the kernel feeds the CPUs. */
void BPF_STRUCT_OPS(mine_enqueue, struct task_struct *p, u64 enq_flags)
{
	count(0);
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

void BPF_STRUCT_OPS(mine_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(mine_ops,
	       .enqueue		= (void *)mine_enqueue,
	       .exit		= (void *)mine_exit,
	       .name		= "mine");
