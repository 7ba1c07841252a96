// SPDX-License-Identifier: GPL-2.0
/* Records which of the tasks that the kernel usually keeps from ops.enqueue() it gets. */
#include "scx_test.bpf.h"

u64 nr_exiting, nr_pinned, nr_steps;
s32 pinned_pid;
volatile u32 release;

void BPF_STRUCT_OPS(skips_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (p->flags & PF_EXITING)
		COUNT(nr_exiting);
	if (p->pid == pinned_pid && p->migration_disabled > 1)
		COUNT(nr_pinned);
	if (p->pid == pinned_pid && p->migration_disabled == 1 &&
	    bpf_get_current_task_btf() != p)
		COUNT(nr_pinned);
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 1000000, enq_flags);
}

s32 BPF_STRUCT_OPS(skips_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

TEST_OPS(skips_none,
	 .select_cpu = (void *)skips_select_cpu,
	 .enqueue = (void *)skips_enqueue);
TEST_OPS(skips_shown,
	 .select_cpu = (void *)skips_select_cpu,
	 .enqueue = (void *)skips_enqueue,
	 .flags = SCX_OPS_ENQ_EXITING | SCX_OPS_ENQ_MIGRATION_DISABLED);

static long step(u64 i, void *unused)
{
	nr_steps++;
	return !!release;
}

/* A syscall program runs with migration disabled and can be preempted. */
SEC("syscall")
int skips_stay(void *ctx)
{
	int i;

	bpf_for(i, 0, 16)
		bpf_loop(1 << 23, step, NULL, 0);
	return 0;
}
