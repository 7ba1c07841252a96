// SPDX-License-Identifier: GPL-2.0
/* Raises an error in one of the ops that are not called all the time. */
#include "scx_test.bpf.h"
#include "ending_rare.h"

u32 end_in;
u64 nr_called[NR_RARE];
u64 nr_prepared;

static void reach(u32 op)
{
	if (op < NR_RARE)
		COUNT(nr_called[op]);
	if (op == end_in)
		scx_bpf_error("error in rare op %u", op);
}

void BPF_STRUCT_OPS(rare_enqueue, struct task_struct *p, u64 enq_flags)
{
	let_run(p, enq_flags);
}

void BPF_STRUCT_OPS(rare_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	reach(RARE_CPU_RELEASE);
}

void BPF_STRUCT_OPS(rare_cpu_acquire, s32 cpu, struct scx_cpu_acquire_args *args)
{
	reach(RARE_CPU_ACQUIRE);
}

bool BPF_STRUCT_OPS(rare_core_sched_before, struct task_struct *a,
		    struct task_struct *b)
{
	reach(RARE_CORE_SCHED_BEFORE);
	return a->scx.runnable_at < b->scx.runnable_at;
}

void BPF_STRUCT_OPS(rare_dump, struct scx_dump_ctx *dctx)
{
	reach(RARE_DUMP);
}

void BPF_STRUCT_OPS(rare_dump_cpu, struct scx_dump_ctx *dctx, s32 cpu, bool idle)
{
	reach(RARE_DUMP_CPU);
}

void BPF_STRUCT_OPS(rare_dump_task, struct scx_dump_ctx *dctx, struct task_struct *p)
{
	reach(RARE_DUMP_TASK);
}

void BPF_STRUCT_OPS_SLEEPABLE(rare_cpu_online, s32 cpu)
{
	reach(RARE_CPU_ONLINE);
}

void BPF_STRUCT_OPS_SLEEPABLE(rare_cpu_offline, s32 cpu)
{
	reach(RARE_CPU_OFFLINE);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(rare_cgroup_init, struct cgroup *cgrp,
			     struct scx_cgroup_init_args *args)
{
	reach(RARE_CGROUP_INIT);
	return 0;
}

void BPF_STRUCT_OPS_SLEEPABLE(rare_cgroup_exit, struct cgroup *cgrp)
{
	reach(RARE_CGROUP_EXIT);
}

s32 BPF_STRUCT_OPS(rare_cgroup_prep_move, struct task_struct *p,
		   struct cgroup *from, struct cgroup *to)
{
	reach(RARE_CGROUP_PREP_MOVE);
	/* The second thread of a process may not follow the first. */
	return end_in == RARE_CGROUP_CANCEL_MOVE && COUNT(nr_prepared) ? -EBUSY : 0;
}

void BPF_STRUCT_OPS(rare_cgroup_cancel_move, struct task_struct *p,
		    struct cgroup *from, struct cgroup *to)
{
	reach(RARE_CGROUP_CANCEL_MOVE);
}

void BPF_STRUCT_OPS(rare_cgroup_move, struct task_struct *p,
		    struct cgroup *from, struct cgroup *to)
{
	reach(RARE_CGROUP_MOVE);
}

void BPF_STRUCT_OPS(rare_cgroup_set_weight, struct cgroup *cgrp, u32 weight)
{
	reach(RARE_CGROUP_SET_WEIGHT);
}

void BPF_STRUCT_OPS(rare_cgroup_set_bandwidth, struct cgroup *cgrp,
		    u64 period_us, u64 quota_us, u64 burst_us)
{
	reach(RARE_CGROUP_SET_BANDWIDTH);
}

void BPF_STRUCT_OPS(rare_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
	reach(RARE_EXIT);
}

SCX_OPS_DEFINE(ending_rare,
	       .enqueue = (void *)rare_enqueue,
	       .cpu_release = (void *)rare_cpu_release,
	       .cpu_acquire = (void *)rare_cpu_acquire,
	       .core_sched_before = (void *)rare_core_sched_before,
	       .dump = (void *)rare_dump,
	       .dump_cpu = (void *)rare_dump_cpu,
	       .dump_task = (void *)rare_dump_task,
	       .cpu_online = (void *)rare_cpu_online,
	       .cpu_offline = (void *)rare_cpu_offline,
	       .cgroup_init = (void *)rare_cgroup_init,
	       .cgroup_exit = (void *)rare_cgroup_exit,
	       .cgroup_prep_move = (void *)rare_cgroup_prep_move,
	       .cgroup_cancel_move = (void *)rare_cgroup_cancel_move,
	       .cgroup_move = (void *)rare_cgroup_move,
	       .cgroup_set_weight = (void *)rare_cgroup_set_weight,
	       .cgroup_set_bandwidth = (void *)rare_cgroup_set_bandwidth,
	       .exit = (void *)rare_exit,
	       .name = "ending_rare");
