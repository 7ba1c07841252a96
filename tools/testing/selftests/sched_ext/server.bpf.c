// SPDX-License-Identifier: GPL-2.0
/*
 * All tasks wait in one queue, so a CPU has to ask for its next task. Records how one
 * CPU goes to higher classes and comes back.
 */
#include "scx_test.bpf.h"

#define QUEUE	1

s32 watched_cpu = -1;
bool away;
u64 nr_acquire, nr_release, nr_release_rt, nr_bad_order;

void BPF_STRUCT_OPS(server_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, QUEUE, SCX_SLICE_DFL, enq_flags);
}

void BPF_STRUCT_OPS(server_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(QUEUE, 0);
}

void BPF_STRUCT_OPS(server_cpu_acquire, s32 cpu, struct scx_cpu_acquire_args *args)
{
	if (cpu != watched_cpu)
		return;
	if (!away)
		COUNT(nr_bad_order);
	away = false;
	COUNT(nr_acquire);
}

void BPF_STRUCT_OPS(server_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	if (cpu != watched_cpu)
		return;
	if (away)
		COUNT(nr_bad_order);
	away = true;
	COUNT(nr_release);
	if (args->reason == SCX_CPU_PREEMPT_RT)
		COUNT(nr_release_rt);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(server_init)
{
	return scx_bpf_create_dsq(QUEUE, -1);
}

/* A task that may run for ever, once it runs in the class */
s32 endless;
/* Ticks that found it running */
u64 nr_endless_ticks;

void BPF_STRUCT_OPS(server_endless_running, struct task_struct *p)
{
	if (p->pid == endless)
		p->scx.slice = SCX_SLICE_INF;
}

void BPF_STRUCT_OPS(server_endless_tick, struct task_struct *p)
{
	if (p->pid == endless)
		COUNT(nr_endless_ticks);
}

TEST_OPS(server_endless,
	 .enqueue = (void *)server_enqueue,
	 .dispatch = (void *)server_dispatch,
	 .running = (void *)server_endless_running,
	 .tick = (void *)server_endless_tick,
	 .init = (void *)server_init);

SEC(".struct_ops.link")
struct sched_ext_ops server = {
	.enqueue	= (void *)server_enqueue,
	.dispatch	= (void *)server_dispatch,
	.cpu_acquire	= (void *)server_cpu_acquire,
	.cpu_release	= (void *)server_cpu_release,
	.init		= (void *)server_init,
	.exit		= (void *)test_exit,
	.timeout_ms	= 10000,
	.name		= "server",
};
