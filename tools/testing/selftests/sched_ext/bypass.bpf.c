// SPDX-License-Identifier: GPL-2.0
/* Leaves tasks where they are, and can hold a fork, which disabling waits for. */
#include "scx_test.bpf.h"

s32 hold_child_of;
u64 nr_held;
volatile u32 release;

s32 BPF_STRUCT_OPS(bypass_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	return prev_cpu;
}

void BPF_STRUCT_OPS(bypass_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags);
}

static long hold_step(u64 i, void *unused)
{
	return !!release;
}

/* Sleepable, so that RCU need not wait for as long as this holds. */
s32 BPF_STRUCT_OPS_SLEEPABLE(bypass_init_task, struct task_struct *p,
			     struct scx_init_task_args *args)
{
	int i;

	if (!args->fork || bpf_get_current_task_btf()->tgid != hold_child_of)
		return 0;
	COUNT(nr_held);
	bpf_for(i, 0, 256)
		bpf_loop(1 << 23, hold_step, NULL, 0);
	return 0;
}

TEST_OPS(bypass,
	 .select_cpu = (void *)bypass_select_cpu,
	 .enqueue = (void *)bypass_enqueue,
	 .init_task = (void *)bypass_init_task);

/* All wait on the global queue. Slices are short, so that it goes round. */
void BPF_STRUCT_OPS(crowd_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, 1000000, enq_flags);
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_IDLE);
}

TEST_OPS(crowd,
	 .select_cpu = (void *)bypass_select_cpu,
	 .enqueue = (void *)crowd_enqueue);
