// SPDX-License-Identifier: GPL-2.0
/* Follows groups and moves between them. */
#include "scx_test.bpf.h"

u64 nr_init, nr_exit, nr_prep, nr_move, nr_cancel, nr_weight;
u64 last_cgid, last_weight, move_from, move_to, seen_cgid;
s32 refuse_pid, refuse_with, watched;
bool fail_init;

/* Bandwidth of the last group that was set or, if it is this one, initialised. */
u64 nr_bandwidth, watched_cgid, period_us, quota_us, burst_us;
u32 slowness;		/* of setting the bandwidth */

s32 BPF_STRUCT_OPS_SLEEPABLE(cgroup_init_op, struct cgroup *cgrp,
			     struct scx_cgroup_init_args *args)
{
	if (fail_init)
		return -EDQUOT;
	COUNT(nr_init);
	last_cgid = cgrp->kn->id;
	last_weight = args->weight;
	if (cgrp->kn->id == watched_cgid) {
		period_us = args->bw_period_us;
		quota_us = args->bw_quota_us;
		burst_us = args->bw_burst_us;
	}
	return 0;
}

void BPF_STRUCT_OPS_SLEEPABLE(cgroup_exit_op, struct cgroup *cgrp)
{
	COUNT(nr_exit);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(cgroup_prep_move_op, struct task_struct *p,
			     struct cgroup *from, struct cgroup *to)
{
	if (refuse_pid && p->pid == refuse_pid)
		return refuse_with;
	COUNT(nr_prep);
	return 0;
}

void BPF_STRUCT_OPS(cgroup_move_op, struct task_struct *p, struct cgroup *from,
		    struct cgroup *to)
{
	COUNT(nr_move);
	move_from = from->kn->id;
	move_to = to->kn->id;
}

void BPF_STRUCT_OPS(cgroup_cancel_move_op, struct task_struct *p,
		    struct cgroup *from, struct cgroup *to)
{
	COUNT(nr_cancel);
}

void BPF_STRUCT_OPS(cgroup_set_weight_op, struct cgroup *cgrp, u32 weight)
{
	COUNT(nr_weight);
	last_cgid = cgrp->kn->id;
	last_weight = weight;
}

void BPF_STRUCT_OPS(cgroup_set_bandwidth_op, struct cgroup *cgrp, u64 period,
		    u64 quota, u64 burst)
{
	int i;

	COUNT(nr_bandwidth);
	last_cgid = cgrp->kn->id;
	bpf_for(i, 0, slowness)
		bpf_ktime_get_ns();
	period_us = period;
	quota_us = quota;
	burst_us = burst;
}

u64 nr_idle;
bool last_idle;

void BPF_STRUCT_OPS(cgroup_set_idle_op, struct cgroup *cgrp, bool idle)
{
	COUNT(nr_idle);
	last_cgid = cgrp->kn->id;
	last_idle = idle;
}

/* No task is placed before ops.enqueue() has seen it. */
s32 BPF_STRUCT_OPS(cgroup_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	return prev_cpu;
}

void BPF_STRUCT_OPS(cgroup_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (p->pid == watched) {
		struct cgroup *cgrp = scx_bpf_task_cgroup(p);

		seen_cgid = cgrp->kn->id;
		bpf_cgroup_release(cgrp);
	}
	let_run(p, enq_flags);
}

TEST_OPS(cgroup_ops,
	 .select_cpu = (void *)cgroup_select_cpu,
	 .enqueue = (void *)cgroup_enqueue,
	 .cgroup_init = (void *)cgroup_init_op,
	 .cgroup_exit = (void *)cgroup_exit_op,
	 .cgroup_prep_move = (void *)cgroup_prep_move_op,
	 .cgroup_move = (void *)cgroup_move_op,
	 .cgroup_cancel_move = (void *)cgroup_cancel_move_op,
	 .cgroup_set_weight = (void *)cgroup_set_weight_op,
	 .cgroup_set_bandwidth = (void *)cgroup_set_bandwidth_op,
	 .cgroup_set_idle = (void *)cgroup_set_idle_op);
