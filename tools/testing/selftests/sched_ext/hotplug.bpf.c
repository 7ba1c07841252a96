// SPDX-License-Identifier: GPL-2.0
/* With and without ops for CPUs that come online and go offline */
#include "scx_test.bpf.h"

u64 nr_online, nr_offline;
s32 last_cpu = -1;
/* Wakeups by a CPU that is no longer online */
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

/* A CPU that is coming or has gone, as reported to the scheduler */
s32 watched = -1;
bool known = true;
u64 nr_early, nr_enqueued;
u32 early_op;
volatile u32 coming, release;

enum { EARLY_ENQUEUE = 1, EARLY_DISPATCH, EARLY_IDLE, EARLY_ACQUIRE, EARLY_RELEASE };

static void called_for(s32 cpu, u32 op)
{
	if (cpu != watched || known)
		return;
	early_op = op;
	COUNT(nr_early);
}

void BPF_STRUCT_OPS(hotplug_first_enqueue, struct task_struct *p, u64 enq_flags)
{
	s32 cpu = scx_bpf_task_cpu(p);

	called_for(cpu, EARLY_ENQUEUE);
	if (cpu == watched)
		COUNT(nr_enqueued);
	let_run(p, enq_flags);
}

void BPF_STRUCT_OPS(hotplug_first_dispatch, s32 cpu, struct task_struct *prev)
{
	called_for(cpu, EARLY_DISPATCH);
}

void BPF_STRUCT_OPS(hotplug_first_idle, s32 cpu, bool idle)
{
	called_for(cpu, EARLY_IDLE);
}

void BPF_STRUCT_OPS(hotplug_first_acquire, s32 cpu, struct scx_cpu_acquire_args *args)
{
	called_for(cpu, EARLY_ACQUIRE);
}

void BPF_STRUCT_OPS(hotplug_first_release, s32 cpu, struct scx_cpu_release_args *args)
{
	called_for(cpu, EARLY_RELEASE);
}

static long coming_step(u64 i, void *unused)
{
	return !!release;
}

void BPF_STRUCT_OPS_SLEEPABLE(hotplug_first_online, s32 cpu)
{
	int i;

	coming = 1;
	bpf_for(i, 0, 16)
		bpf_loop(1 << 23, coming_step, NULL, 0);
	known = true;
	COUNT(nr_online);
}

void BPF_STRUCT_OPS_SLEEPABLE(hotplug_first_offline, s32 cpu)
{
	known = false;
	COUNT(nr_offline);
}

SEC("fentry/jiffies64_to_msecs")
int BPF_PROG(hotplug_in_nmi)
{
	scx_bpf_error("in an NMI on CPU %d", bpf_get_smp_processor_id());
	return 0;
}

TEST_OPS(hotplug_first,
	 .enqueue = (void *)hotplug_first_enqueue,
	 .dispatch = (void *)hotplug_first_dispatch,
	 .update_idle = (void *)hotplug_first_idle,
	 .cpu_acquire = (void *)hotplug_first_acquire,
	 .cpu_release = (void *)hotplug_first_release,
	 .cpu_online = (void *)hotplug_first_online,
	 .cpu_offline = (void *)hotplug_first_offline,
	 .flags = SCX_OPS_KEEP_BUILTIN_IDLE);
TEST_OPS(hotplug,
	 .enqueue = (void *)hotplug_enqueue,
	 .cpu_online = (void *)hotplug_cpu_online,
	 .cpu_offline = (void *)hotplug_cpu_offline);
TEST_OPS(hotplug_none, .enqueue = (void *)hotplug_enqueue);

/* A scheduler that knows the CPUs that there were when it was loaded. */
u64 known_cpus, nr_known;

s32 BPF_STRUCT_OPS_SLEEPABLE(hotplug_known_init)
{
	const struct cpumask *online = scx_bpf_get_online_cpumask();
	s32 cpu;

	bpf_for(cpu, 0, 64)
		if (bpf_cpumask_test_cpu(cpu, online))
			known_cpus |= 1ULL << cpu;
	scx_bpf_put_cpumask(online);
	return 0;
}

void BPF_STRUCT_OPS(hotplug_known_running, struct task_struct *p)
{
	s32 cpu = scx_bpf_task_cpu(p);

	if (known_cpus & (1ULL << (cpu & 63)))
		COUNT(nr_known);
	else
		scx_bpf_error("CPU %d is not known", cpu);
}

TEST_OPS(hotplug_known,
	 .running = (void *)hotplug_known_running,
	 .init = (void *)hotplug_known_init);
TEST_OPS(hotplug_partial,
	 .cpu_online = (void *)hotplug_cpu_online,
	 .cpu_offline = (void *)hotplug_cpu_offline,
	 .flags = SCX_OPS_SWITCH_PARTIAL);
