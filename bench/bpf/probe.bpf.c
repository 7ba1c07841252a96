// SPDX-License-Identifier: GPL-2.0
/*
 * A scheduler of which user space keeps the ops that it wants to measure. Each
 * does no more than what the kernel does by itself when the op is missing, so
 * that the cost of calling it is all that is added. Without any op this is the
 * empty scheduler.
 */
#include <scx/common.bpf.h>

char _license[] SEC("license") = "GPL";

/* Count the calls? Never while instructions are counted. */
const volatile bool counting;
/* A task that stays with the BPF scheduler, for ops.dequeue(). */
const volatile int held_pid;

u64 calls;

static __always_inline void called(void)
{
	if (counting)
		__sync_fetch_and_add(&calls, 1);
}

s32 BPF_STRUCT_OPS(probe_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;
	s32 cpu;

	called();
	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
	if (is_idle)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
	return cpu;
}

void BPF_STRUCT_OPS(probe_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (held_pid && p->pid == held_pid)
		return;
	called();
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

void BPF_STRUCT_OPS(probe_dequeue, struct task_struct *p, u64 deq_flags)
{
	called();
}

void BPF_STRUCT_OPS(probe_dispatch, s32 cpu, struct task_struct *prev)
{
	called();
}

void BPF_STRUCT_OPS(probe_tick, struct task_struct *p)
{
	called();
}

void BPF_STRUCT_OPS(probe_runnable, struct task_struct *p, u64 enq_flags)
{
	called();
}

void BPF_STRUCT_OPS(probe_running, struct task_struct *p)
{
	called();
}

void BPF_STRUCT_OPS(probe_stopping, struct task_struct *p, bool runnable)
{
	called();
}

void BPF_STRUCT_OPS(probe_quiescent, struct task_struct *p, u64 deq_flags)
{
	called();
}

bool BPF_STRUCT_OPS(probe_yield, struct task_struct *from, struct task_struct *to)
{
	called();
	if (!to)
		from->scx.slice = 0;
	return false;
}

void BPF_STRUCT_OPS(probe_set_weight, struct task_struct *p, u32 weight)
{
	called();
}

void BPF_STRUCT_OPS(probe_set_cpumask, struct task_struct *p, const struct cpumask *cpumask)
{
	called();
}

void BPF_STRUCT_OPS(probe_update_idle, s32 cpu, bool idle)
{
	called();
}

void BPF_STRUCT_OPS(probe_cpu_acquire, s32 cpu, struct scx_cpu_acquire_args *args)
{
	called();
}

void BPF_STRUCT_OPS(probe_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	called();
}

s32 BPF_STRUCT_OPS(probe_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	called();
	return 0;
}

void BPF_STRUCT_OPS(probe_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	called();
}

void BPF_STRUCT_OPS(probe_enable, struct task_struct *p)
{
	called();
}

void BPF_STRUCT_OPS(probe_disable, struct task_struct *p)
{
	called();
}

s32 BPF_STRUCT_OPS(probe_cgroup_init, struct cgroup *cgrp, struct scx_cgroup_init_args *args)
{
	called();
	return 0;
}

void BPF_STRUCT_OPS(probe_cgroup_exit, struct cgroup *cgrp)
{
	called();
}

s32 BPF_STRUCT_OPS(probe_cgroup_prep_move, struct task_struct *p, struct cgroup *from,
		   struct cgroup *to)
{
	called();
	return 0;
}

void BPF_STRUCT_OPS(probe_cgroup_move, struct task_struct *p, struct cgroup *from,
		    struct cgroup *to)
{
	called();
}

void BPF_STRUCT_OPS(probe_cgroup_set_weight, struct cgroup *cgrp, u32 weight)
{
	called();
}

SCX_OPS_DEFINE(probe_ops,
	       .select_cpu		= (void *)probe_select_cpu,
	       .enqueue			= (void *)probe_enqueue,
	       .dequeue			= (void *)probe_dequeue,
	       .dispatch		= (void *)probe_dispatch,
	       .tick			= (void *)probe_tick,
	       .runnable		= (void *)probe_runnable,
	       .running			= (void *)probe_running,
	       .stopping		= (void *)probe_stopping,
	       .quiescent		= (void *)probe_quiescent,
	       .yield			= (void *)probe_yield,
	       .set_weight		= (void *)probe_set_weight,
	       .set_cpumask		= (void *)probe_set_cpumask,
	       .update_idle		= (void *)probe_update_idle,
	       .cpu_acquire		= (void *)probe_cpu_acquire,
	       .cpu_release		= (void *)probe_cpu_release,
	       .init_task		= (void *)probe_init_task,
	       .exit_task		= (void *)probe_exit_task,
	       .enable			= (void *)probe_enable,
	       .disable			= (void *)probe_disable,
	       .cgroup_init		= (void *)probe_cgroup_init,
	       .cgroup_exit		= (void *)probe_cgroup_exit,
	       .cgroup_prep_move	= (void *)probe_cgroup_prep_move,
	       .cgroup_move		= (void *)probe_cgroup_move,
	       .cgroup_set_weight	= (void *)probe_cgroup_set_weight,
	       .name			= "probe");
