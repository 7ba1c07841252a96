// SPDX-License-Identifier: GPL-2.0
/* Has every op; each counts its calls. */
#include "scx_test.bpf.h"
#include "maximal.h"

#define MAXIMAL_DSQ	0x3a

u64 nr_called[NR_OPS];

#define CALLED(op) COUNT(nr_called[op])

s32 BPF_STRUCT_OPS(max_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	bool idle = false;

	CALLED(OP_SELECT_CPU);
	return scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);
}

/* Some tasks stay with BPF, so that dequeue has something to do. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1024);
	__type(value, s32);
} kept SEC(".maps");

void BPF_STRUCT_OPS(max_enqueue, struct task_struct *p, u64 enq_flags)
{
	s32 pid = p->pid;

	CALLED(OP_ENQUEUE);
	if ((p->flags & PF_KTHREAD) || bpf_map_push_elem(&kept, &pid, 0))
		scx_bpf_dsq_insert(p, MAXIMAL_DSQ, SCX_SLICE_DFL, enq_flags);
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_IDLE);
}

void BPF_STRUCT_OPS(max_dequeue, struct task_struct *p, u64 deq_flags)
{
	CALLED(OP_DEQUEUE);
}

void BPF_STRUCT_OPS(max_dispatch, s32 cpu, struct task_struct *prev)
{
	struct task_struct *p;
	s32 pid;

	CALLED(OP_DISPATCH);
	if (!bpf_map_pop_elem(&kept, &pid)) {
		p = bpf_task_from_pid(pid);
		if (p) {
			scx_bpf_dsq_insert(p, MAXIMAL_DSQ, SCX_SLICE_DFL, 0);
			bpf_task_release(p);
		}
	}
	scx_bpf_dsq_move_to_local(MAXIMAL_DSQ);
}

void BPF_STRUCT_OPS(max_tick, struct task_struct *p)
{
	CALLED(OP_TICK);
}

void BPF_STRUCT_OPS(max_runnable, struct task_struct *p, u64 enq_flags)
{
	CALLED(OP_RUNNABLE);
}

void BPF_STRUCT_OPS(max_running, struct task_struct *p)
{
	CALLED(OP_RUNNING);
}

void BPF_STRUCT_OPS(max_stopping, struct task_struct *p, bool runnable)
{
	CALLED(OP_STOPPING);
}

void BPF_STRUCT_OPS(max_quiescent, struct task_struct *p, u64 deq_flags)
{
	CALLED(OP_QUIESCENT);
}

bool BPF_STRUCT_OPS(max_yield, struct task_struct *from, struct task_struct *to)
{
	CALLED(OP_YIELD);
	return false;
}

bool BPF_STRUCT_OPS(max_core_sched_before, struct task_struct *a,
		    struct task_struct *b)
{
	return a < b;
}

void BPF_STRUCT_OPS(max_set_weight, struct task_struct *p, u32 weight)
{
	CALLED(OP_SET_WEIGHT);
}

void BPF_STRUCT_OPS(max_set_cpumask, struct task_struct *p,
		    const struct cpumask *mask)
{
	CALLED(OP_SET_CPUMASK);
}

void BPF_STRUCT_OPS(max_update_idle, s32 cpu, bool idle)
{
	CALLED(OP_UPDATE_IDLE);
}

void BPF_STRUCT_OPS(max_cpu_acquire, s32 cpu, struct scx_cpu_acquire_args *args)
{
	CALLED(OP_CPU_ACQUIRE);
}

void BPF_STRUCT_OPS(max_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	CALLED(OP_CPU_RELEASE);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(max_init_task, struct task_struct *p,
			     struct scx_init_task_args *args)
{
	CALLED(OP_INIT_TASK);
	return 0;
}

void BPF_STRUCT_OPS(max_exit_task, struct task_struct *p,
		    struct scx_exit_task_args *args)
{
	CALLED(OP_EXIT_TASK);
}

void BPF_STRUCT_OPS(max_enable, struct task_struct *p)
{
	CALLED(OP_ENABLE);
}

void BPF_STRUCT_OPS(max_disable, struct task_struct *p)
{
	CALLED(OP_DISABLE);
}

void BPF_STRUCT_OPS(max_dump, struct scx_dump_ctx *dctx)
{
}

void BPF_STRUCT_OPS(max_dump_cpu, struct scx_dump_ctx *dctx, s32 cpu, bool idle)
{
}

void BPF_STRUCT_OPS(max_dump_task, struct scx_dump_ctx *dctx,
		    struct task_struct *p)
{
}

s32 BPF_STRUCT_OPS_SLEEPABLE(max_cgroup_init, struct cgroup *cgrp,
			     struct scx_cgroup_init_args *args)
{
	return 0;
}

void BPF_STRUCT_OPS_SLEEPABLE(max_cgroup_exit, struct cgroup *cgrp)
{
}

s32 BPF_STRUCT_OPS_SLEEPABLE(max_cgroup_prep_move, struct task_struct *p,
			     struct cgroup *from, struct cgroup *to)
{
	return 0;
}

void BPF_STRUCT_OPS(max_cgroup_move, struct task_struct *p, struct cgroup *from,
		    struct cgroup *to)
{
}

void BPF_STRUCT_OPS(max_cgroup_cancel_move, struct task_struct *p,
		    struct cgroup *from, struct cgroup *to)
{
}

void BPF_STRUCT_OPS(max_cgroup_set_weight, struct cgroup *cgrp, u32 weight)
{
}

void BPF_STRUCT_OPS_SLEEPABLE(max_cpu_online, s32 cpu)
{
}

void BPF_STRUCT_OPS_SLEEPABLE(max_cpu_offline, s32 cpu)
{
}

s32 BPF_STRUCT_OPS_SLEEPABLE(max_init)
{
	CALLED(OP_INIT);
	return scx_bpf_create_dsq(MAXIMAL_DSQ, -1);
}

TEST_OPS(maximal,
	 .select_cpu = (void *)max_select_cpu,
	 .enqueue = (void *)max_enqueue,
	 .dequeue = (void *)max_dequeue,
	 .dispatch = (void *)max_dispatch,
	 .tick = (void *)max_tick,
	 .runnable = (void *)max_runnable,
	 .running = (void *)max_running,
	 .stopping = (void *)max_stopping,
	 .quiescent = (void *)max_quiescent,
	 .yield = (void *)max_yield,
	 .core_sched_before = (void *)max_core_sched_before,
	 .set_weight = (void *)max_set_weight,
	 .set_cpumask = (void *)max_set_cpumask,
	 .update_idle = (void *)max_update_idle,
	 .cpu_acquire = (void *)max_cpu_acquire,
	 .cpu_release = (void *)max_cpu_release,
	 .init_task = (void *)max_init_task,
	 .exit_task = (void *)max_exit_task,
	 .enable = (void *)max_enable,
	 .disable = (void *)max_disable,
	 .dump = (void *)max_dump,
	 .dump_cpu = (void *)max_dump_cpu,
	 .dump_task = (void *)max_dump_task,
	 .cgroup_init = (void *)max_cgroup_init,
	 .cgroup_exit = (void *)max_cgroup_exit,
	 .cgroup_prep_move = (void *)max_cgroup_prep_move,
	 .cgroup_move = (void *)max_cgroup_move,
	 .cgroup_cancel_move = (void *)max_cgroup_cancel_move,
	 .cgroup_set_weight = (void *)max_cgroup_set_weight,
	 .cpu_online = (void *)max_cpu_online,
	 .cpu_offline = (void *)max_cpu_offline,
	 .init = (void *)max_init,
	 .dispatch_max_batch = 16,
	 .flags = SCX_OPS_KEEP_BUILTIN_IDLE | SCX_OPS_ENQ_EXITING,
	 .timeout_ms = 20000,
	 .exit_dump_len = 65536);
