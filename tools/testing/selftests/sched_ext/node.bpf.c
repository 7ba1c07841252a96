// SPDX-License-Identifier: GPL-2.0
/* Picks idle CPUs by node. */
#include "scx_test.bpf.h"

u64 nr_in_node, nr_any, bad_node, bad_mask, nr_asked;
s32 none_node, wrong_node;

static void check_masks(int node)
{
	const struct cpumask *idle = scx_bpf_get_idle_cpumask_node(node);
	const struct cpumask *smt = scx_bpf_get_idle_smtmask_node(node);
	s32 cpu;

	bpf_for(cpu, 0, scx_bpf_nr_cpu_ids()) {
		if (scx_bpf_cpu_node(cpu) == node)
			continue;
		if (bpf_cpumask_test_cpu(cpu, idle) || bpf_cpumask_test_cpu(cpu, smt))
			COUNT(bad_mask);
	}
	scx_bpf_put_idle_cpumask(smt);
	scx_bpf_put_idle_cpumask(idle);
}

s32 BPF_STRUCT_OPS(node_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	int node = scx_bpf_cpu_node(prev_cpu);
	s32 cpu;

	if (!(COUNT(nr_asked) & 63))
		check_masks(node);
	cpu = scx_bpf_pick_idle_cpu_node(p->cpus_ptr, node, SCX_PICK_IDLE_IN_NODE);
	if (cpu >= 0) {
		COUNT(nr_in_node);
		if (scx_bpf_cpu_node(cpu) != node)
			COUNT(bad_node);
		return cpu;
	}
	cpu = scx_bpf_pick_any_cpu_node(p->cpus_ptr, node, 0);
	if (cpu < 0)
		return prev_cpu;
	COUNT(nr_any);
	return cpu;
}

void BPF_STRUCT_OPS(node_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(node_init)
{
	const struct cpumask *all = scx_bpf_get_possible_cpumask();

	none_node = scx_bpf_pick_idle_cpu_node(all, -1, 0);
	scx_bpf_put_cpumask(all);
	return 0;
}

TEST_OPS(node,
	 .select_cpu = (void *)node_select_cpu,
	 .enqueue = (void *)node_enqueue,
	 .init = (void *)node_init,
	 .flags = SCX_OPS_BUILTIN_IDLE_PER_NODE);

SEC("syscall")
int node_wrong(void *ctx)
{
	const struct cpumask *all = scx_bpf_get_possible_cpumask();

	wrong_node = scx_bpf_pick_idle_cpu_node(all, 4321, 0);
	scx_bpf_put_cpumask(all);
	return 0;
}

SEC("syscall")
int node_blind(void *ctx)
{
	const struct cpumask *all = scx_bpf_get_possible_cpumask();

	wrong_node = scx_bpf_pick_idle_cpu(all, 0);
	scx_bpf_put_cpumask(all);
	return 0;
}
