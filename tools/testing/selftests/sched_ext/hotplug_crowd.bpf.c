// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps a crowd of tasks that wait on one CPU, and counts how many of them are taken
 * back without an interrupt in between.
 */
#include "scx_test.bpf.h"

/* So that the crowd is not gone before the next tick */
#define DEQUEUE_NS	50000

s32 crowd_tgid, crowd_cpu = -1;
/* A task is held from its wakeup on, and does not run on another CPU either. */
u64 nr_held, nr_taken, nr_in_a_row, longest_row;

static bool in_crowd(const struct task_struct *p)
{
	return p->tgid == crowd_tgid && p->pid != crowd_tgid;
}

s32 BPF_STRUCT_OPS(hotplug_crowd_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	return in_crowd(p) ? crowd_cpu : prev_cpu;
}

void BPF_STRUCT_OPS(hotplug_crowd_enqueue, struct task_struct *p, u64 enq_flags)
{
	bool woken = enq_flags & SCX_ENQ_WAKEUP;

	if (!in_crowd(p) || !(woken || nr_taken))
		let_run(p, enq_flags);
	else if (woken)
		COUNT(nr_held);
}

static void take_time(void)
{
	u64 began = bpf_ktime_get_ns();
	int i;

	bpf_for(i, 0, 100000)
		if (bpf_ktime_get_ns() - began > DEQUEUE_NS)
			break;
}

/* Only the CPU that goes offline does this, so a plain counter will do. */
void BPF_STRUCT_OPS(hotplug_crowd_dequeue, struct task_struct *p, u64 deq_flags)
{
	if (!in_crowd(p) || bpf_get_smp_processor_id() != crowd_cpu)
		return;
	take_time();
	COUNT(nr_taken);
	if (++nr_in_a_row > longest_row)
		longest_row = nr_in_a_row;
}

/* This interrupts the hotplug thread, which does all that. */
void BPF_STRUCT_OPS(hotplug_crowd_tick, struct task_struct *p)
{
	if (bpf_get_smp_processor_id() == crowd_cpu)
		nr_in_a_row = 0;
}

void BPF_STRUCT_OPS_SLEEPABLE(hotplug_crowd_offline, s32 cpu)
{
}

void BPF_STRUCT_OPS_SLEEPABLE(hotplug_crowd_online, s32 cpu)
{
}

TEST_OPS(hotplug_crowd,
	 .select_cpu = (void *)hotplug_crowd_select_cpu,
	 .enqueue = (void *)hotplug_crowd_enqueue,
	 .dequeue = (void *)hotplug_crowd_dequeue,
	 .tick = (void *)hotplug_crowd_tick,
	 .cpu_online = (void *)hotplug_crowd_online,
	 .cpu_offline = (void *)hotplug_crowd_offline);
