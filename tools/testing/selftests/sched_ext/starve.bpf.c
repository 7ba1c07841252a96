// SPDX-License-Identifier: GPL-2.0
/*
 * Schedulers that let the kernel choose the CPU on which a task is woken, and have
 * one queue for all tasks that found no idle CPU.
 */
#include "scx_test.bpf.h"

#define QUEUE	0x51

s32 third;
u64 woken_at, longest_wait, nr_waits;

s32 BPF_STRUCT_OPS(starve_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	bool idle = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);

	if (idle)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
	return cpu;
}

void BPF_STRUCT_OPS(starve_fifo_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, QUEUE, SCX_SLICE_DFL, enq_flags);
}

void BPF_STRUCT_OPS(starve_vtime_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert_vtime(p, QUEUE, SCX_SLICE_DFL, bpf_ktime_get_ns(),
				 enq_flags);
}

void BPF_STRUCT_OPS(starve_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(QUEUE, 0);
}

void BPF_STRUCT_OPS(starve_runnable, struct task_struct *p, u64 enq_flags)
{
	if (p->pid == third)
		woken_at = bpf_ktime_get_ns();
}

void BPF_STRUCT_OPS(starve_running, struct task_struct *p)
{
	u64 wait;

	if (p->pid != third || !woken_at)
		return;
	wait = bpf_ktime_get_ns() - woken_at;
	woken_at = 0;
	COUNT(nr_waits);
	if (wait > longest_wait)
		longest_wait = wait;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(starve_init)
{
	return scx_bpf_create_dsq(QUEUE, -1);
}

#define STARVE_OPS(id, ...)						\
	TEST_OPS(id,							\
		 .runnable = (void *)starve_runnable,			\
		 .running = (void *)starve_running,			\
		 .timeout_ms = 10000, ##__VA_ARGS__)

STARVE_OPS(starve_builtin);
STARVE_OPS(starve_fifo,
	   .select_cpu = (void *)starve_select_cpu,
	   .enqueue = (void *)starve_fifo_enqueue,
	   .dispatch = (void *)starve_dispatch,
	   .init = (void *)starve_init);
STARVE_OPS(starve_vtime,
	   .select_cpu = (void *)starve_select_cpu,
	   .enqueue = (void *)starve_vtime_enqueue,
	   .dispatch = (void *)starve_dispatch,
	   .init = (void *)starve_init);
