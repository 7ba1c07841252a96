// SPDX-License-Identifier: GPL-2.0
/*
 * Watches where tasks run. A running task whose CPU is removed from its mask is
 * set running once more on the old CPU, so the first time after a change of the
 * mask does not count. Until the stopper moves it, the task can be switched out
 * and in there; the core shows this in migration_pending.
 */
#include "scx_test.bpf.h"
#include "affinity.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, s32);
	__type(value, struct place);
} places SEC(".maps");

u64 nr_checked, nr_misplaced, nr_set;

void BPF_STRUCT_OPS(affinity_set_cpumask, struct task_struct *p,
		    const struct cpumask *mask)
{
	struct place place = {
		.first = bpf_cpumask_first(mask),
		.weight = bpf_cpumask_weight(mask),
		.changed = 1,
	};
	s32 pid = p->pid;

	COUNT(nr_set);
	bpf_map_update_elem(&places, &pid, &place, BPF_ANY);
}

void BPF_STRUCT_OPS(affinity_running, struct task_struct *p)
{
	s32 pid = p->pid;
	struct place *place = bpf_map_lookup_elem(&places, &pid);

	if (!place)
		return;
	if (place->changed) {
		place->changed = 0;
		return;
	}
	COUNT(nr_checked);
	if (!bpf_cpumask_test_cpu(scx_bpf_task_cpu(p), p->cpus_ptr) &&
	    !p->migration_pending)
		COUNT(nr_misplaced);
}

void BPF_STRUCT_OPS(affinity_enqueue, struct task_struct *p, u64 enq_flags)
{
	let_run(p, enq_flags);
}

TEST_OPS(affinity,
	 .enqueue = (void *)affinity_enqueue,
	 .running = (void *)affinity_running,
	 .set_cpumask = (void *)affinity_set_cpumask);
TEST_OPS(affinity_dfl,
	 .running = (void *)affinity_running,
	 .set_cpumask = (void *)affinity_set_cpumask);
