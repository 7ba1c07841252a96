// SPDX-License-Identifier: GPL-2.0
/*
 * Compares ops.update_idle() with the kernel's own masks. This scheduler claims
 * no CPU, so a mask changes only when its CPU does. Bypass mode does claim CPUs:
 * when it ends, the first report about a CPU may be that it is idle while a task
 * that was woken before is still on its way there.
 */
#include "scx_test.bpf.h"

#define MAX_WATCHED	64

u64 nr_idle, nr_busy, bad_repeated, bad_mask, nr_kicked;
/* The last report about each CPU: 0 none yet, 1 idle, 2 busy */
u32 said[MAX_WATCHED];

static bool in_mask(s32 cpu)
{
	const struct cpumask *mask = scx_bpf_get_idle_cpumask();
	bool is_in = bpf_cpumask_test_cpu(cpu, mask);

	scx_bpf_put_idle_cpumask(mask);
	return is_in;
}

void BPF_STRUCT_OPS(idle_update_idle, s32 cpu, bool idle)
{
	u32 at = cpu, now = idle ? 1 : 2;

	if (idle)
		COUNT(nr_idle);
	else
		COUNT(nr_busy);
	if (at >= MAX_WATCHED)
		return;
	if (said[at] && in_mask(cpu) != idle)
		COUNT(bad_mask);
	if (said[at] == now)
		COUNT(bad_repeated);
	said[at] = now;
}

s32 BPF_STRUCT_OPS(idle_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

void BPF_STRUCT_OPS(idle_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags);
}

TEST_OPS(idle,
	 .select_cpu = (void *)idle_select_cpu,
	 .enqueue = (void *)idle_enqueue,
	 .update_idle = (void *)idle_update_idle,
	 .flags = SCX_OPS_KEEP_BUILTIN_IDLE);

/* Idle CPUs look for work and go idle again, which changes nothing. */
SEC("syscall")
int idle_kick_all(void *ctx)
{
	s32 cpu;

	bpf_for(cpu, 0, scx_bpf_nr_cpu_ids()) {
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
		COUNT(nr_kicked);
	}
	return 0;
}
