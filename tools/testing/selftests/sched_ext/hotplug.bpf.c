// SPDX-License-Identifier: GPL-2.0
/* With and without ops for CPUs that come and go */
#include "scx_test.bpf.h"

u64 nr_online, nr_offline;
s32 last_cpu = -1;
/* Wakeups by a CPU that is not online any more */
u64 nr_dying;

void BPF_STRUCT_OPS_SLEEPABLE(hotplug_cpu_online, s32 cpu)
{
	COUNT(nr_online);
	last_cpu = cpu;
}

void BPF_STRUCT_OPS_SLEEPABLE(hotplug_cpu_offline, s32 cpu)
{
	COUNT(nr_offline);
	last_cpu = cpu;
}

static bool this_cpu_online(void)
{
	const struct cpumask *online = scx_bpf_get_online_cpumask();
	bool is = bpf_cpumask_test_cpu(bpf_get_smp_processor_id(), online);

	scx_bpf_put_cpumask(online);
	return is;
}

void BPF_STRUCT_OPS(hotplug_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (!this_cpu_online())
		COUNT(nr_dying);
	let_run(p, enq_flags);
}

SEC("fentry/uuid_is_valid")
int BPF_PROG(hotplug_in_nmi)
{
	scx_bpf_error("in an NMI on CPU %d", bpf_get_smp_processor_id());
	return 0;
}

TEST_OPS(hotplug,
	 .enqueue = (void *)hotplug_enqueue,
	 .cpu_online = (void *)hotplug_cpu_online,
	 .cpu_offline = (void *)hotplug_cpu_offline);
TEST_OPS(hotplug_none, .enqueue = (void *)hotplug_enqueue);
TEST_OPS(hotplug_partial,
	 .cpu_online = (void *)hotplug_cpu_online,
	 .cpu_offline = (void *)hotplug_cpu_offline,
	 .flags = SCX_OPS_SWITCH_PARTIAL);
