// SPDX-License-Identifier: GPL-2.0
/* Kicks on request. */
#include "scx_test.bpf.h"
#include "kick.h"

s32 target;
s32 tick_kicker;
u64 nr_tick_kicks;

s32 BPF_STRUCT_OPS(kick_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

void BPF_STRUCT_OPS(kick_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags);
}

/* The CPU that is kicked is this one, busy, and its rq is locked. */
void BPF_STRUCT_OPS(kick_tick, struct task_struct *p)
{
	if (p->pid != tick_kicker)
		return;
	scx_bpf_kick_cpu(bpf_get_smp_processor_id(), SCX_KICK_IDLE);
	COUNT(nr_tick_kicks);
}

TEST_OPS(kick,
	 .select_cpu = (void *)kick_select_cpu,
	 .enqueue = (void *)kick_enqueue,
	 .tick = (void *)kick_tick);

/* IRQs are on in between, so each kick could interrupt. */
SEC("syscall")
int kick_idle_often(void *ctx)
{
	int i;

	bpf_for(i, 0, KICK_IDLE_TIMES)
		scx_bpf_kick_cpu(target, SCX_KICK_IDLE);
	return 0;
}
