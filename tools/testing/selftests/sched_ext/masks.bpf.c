// SPDX-License-Identifier: GPL-2.0
/*
 * The masks of idle CPUs when a scheduler is loaded, and afterwards, and the reports
 * to a scheduler that keeps track of idle CPUs itself.
 */
#include "scx_test.bpf.h"

#define MAX_CPUS	64

s32 idle_at_init = -1, cores_at_init = -1;
bool is_idle[MAX_CPUS];

static s32 weight(const struct cpumask *mask)
{
	s32 cpu, sum = 0;

	bpf_for(cpu, 0, scx_bpf_nr_cpu_ids())
		sum += bpf_cpumask_test_cpu(cpu, mask);
	return sum;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(masks_init)
{
	const struct cpumask *mask;

	mask = scx_bpf_get_idle_cpumask();
	idle_at_init = weight(mask);
	scx_bpf_put_idle_cpumask(mask);
	mask = scx_bpf_get_idle_smtmask();
	cores_at_init = weight(mask);
	scx_bpf_put_idle_cpumask(mask);
	return 0;
}

TEST_OPS(masks, .init = (void *)masks_init);

u32 nr_told[MAX_CPUS];
u64 nr_first_busy;

/* There is no other way to know which CPUs were idle by then. */
void BPF_STRUCT_OPS(told_update_idle, s32 cpu, bool idle)
{
	u32 *nr = MEMBER_VPTR(nr_told, [cpu]);

	if (!nr)
		return;
	if (!*nr && !idle)
		COUNT(nr_first_busy);
	(*nr)++;
}

TEST_OPS(told, .update_idle = (void *)told_update_idle);

SEC("syscall")
int masks_read(void *ctx)
{
	const struct cpumask *mask = scx_bpf_get_idle_cpumask();
	s32 cpu;

	bpf_for(cpu, 0, scx_bpf_nr_cpu_ids()) {
		bool *idle = MEMBER_VPTR(is_idle, [cpu]);

		if (idle)
			*idle = bpf_cpumask_test_cpu(cpu, mask);
	}
	scx_bpf_put_idle_cpumask(mask);
	return 0;
}
