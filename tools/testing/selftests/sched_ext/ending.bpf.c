// SPDX-License-Identifier: GPL-2.0
/* Ends itself from a chosen op, with or without an error. */
#include "scx_test.bpf.h"
#include "ending.h"

/* The op, chosen before loading, and the way */
const volatile u32 end_in = END_NOWHERE;
const volatile bool end_by_exit;
const volatile s64 end_code;
u64 nr_called[NR_END];
s32 kept_pid;

static void reach(u32 op)
{
	if (op < NR_END)
		COUNT(nr_called[op]);
	if (op != end_in)
		return;
	if (end_by_exit)
		scx_bpf_exit(end_code, "exit in op %u", op);
	else
		scx_bpf_error("error in op %u", op);
}

s32 BPF_STRUCT_OPS(ending_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	reach(END_SELECT_CPU);
	return prev_cpu;
}

void BPF_STRUCT_OPS(ending_enqueue, struct task_struct *p, u64 enq_flags)
{
	reach(END_ENQUEUE);
	/* kept, so that there is something to dequeue */
	if (end_in == END_DEQUEUE && p->pid == kept_pid)
		return;
	let_run(p, enq_flags);
}

void BPF_STRUCT_OPS(ending_dequeue, struct task_struct *p, u64 deq_flags)
{
	reach(END_DEQUEUE);
}

void BPF_STRUCT_OPS(ending_dispatch, s32 cpu, struct task_struct *prev)
{
	reach(END_DISPATCH);
}

void BPF_STRUCT_OPS(ending_tick, struct task_struct *p)
{
	reach(END_TICK);
}

void BPF_STRUCT_OPS(ending_runnable, struct task_struct *p, u64 enq_flags)
{
	reach(END_RUNNABLE);
}

void BPF_STRUCT_OPS(ending_running, struct task_struct *p)
{
	reach(END_RUNNING);
}

void BPF_STRUCT_OPS(ending_stopping, struct task_struct *p, bool runnable)
{
	reach(END_STOPPING);
}

void BPF_STRUCT_OPS(ending_quiescent, struct task_struct *p, u64 deq_flags)
{
	reach(END_QUIESCENT);
}

bool BPF_STRUCT_OPS(ending_yield, struct task_struct *from, struct task_struct *to)
{
	reach(END_YIELD);
	return false;
}

void BPF_STRUCT_OPS(ending_set_weight, struct task_struct *p, u32 weight)
{
	reach(END_SET_WEIGHT);
}

void BPF_STRUCT_OPS(ending_set_cpumask, struct task_struct *p,
		    const struct cpumask *cpumask)
{
	reach(END_SET_CPUMASK);
}

void BPF_STRUCT_OPS(ending_update_idle, s32 cpu, bool idle)
{
	reach(END_UPDATE_IDLE);
}

s32 BPF_STRUCT_OPS(ending_init_task, struct task_struct *p,
		   struct scx_init_task_args *args)
{
	reach(END_INIT_TASK);
	return 0;
}

void BPF_STRUCT_OPS(ending_exit_task, struct task_struct *p,
		    struct scx_exit_task_args *args)
{
	reach(END_EXIT_TASK);
}

void BPF_STRUCT_OPS(ending_enable, struct task_struct *p)
{
	reach(END_ENABLE);
}

void BPF_STRUCT_OPS(ending_disable, struct task_struct *p)
{
	reach(END_DISABLE);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(ending_init)
{
	reach(END_INIT);
	return 0;
}

TEST_OPS(ending,
	 .select_cpu = (void *)ending_select_cpu,
	 .enqueue = (void *)ending_enqueue,
	 .dequeue = (void *)ending_dequeue,
	 .dispatch = (void *)ending_dispatch,
	 .tick = (void *)ending_tick,
	 .runnable = (void *)ending_runnable,
	 .running = (void *)ending_running,
	 .stopping = (void *)ending_stopping,
	 .quiescent = (void *)ending_quiescent,
	 .yield = (void *)ending_yield,
	 .set_weight = (void *)ending_set_weight,
	 .set_cpumask = (void *)ending_set_cpumask,
	 .update_idle = (void *)ending_update_idle,
	 .init_task = (void *)ending_init_task,
	 .exit_task = (void *)ending_exit_task,
	 .enable = (void *)ending_enable,
	 .disable = (void *)ending_disable,
	 .init = (void *)ending_init,
	 .flags = SCX_OPS_KEEP_BUILTIN_IDLE);
