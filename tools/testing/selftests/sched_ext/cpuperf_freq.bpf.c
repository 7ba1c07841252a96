// SPDX-License-Identifier: GPL-2.0
/* Sets the performance of a CPU at each of its ticks. */
#include "scx_test.bpf.h"

s32 cpu = -1;
u32 wanted, cap, cur;
u64 nr_set;

void BPF_STRUCT_OPS(freq_tick, struct task_struct *p)
{
	if (scx_bpf_task_cpu(p) != cpu)
		return;
	scx_bpf_cpuperf_set(cpu, wanted);
	cap = scx_bpf_cpuperf_cap(cpu);
	cur = scx_bpf_cpuperf_cur(cpu);
	COUNT(nr_set);
}

TEST_OPS(cpuperf_freq, .tick = (void *)freq_tick);
