// SPDX-License-Identifier: GPL-2.0
/* Holds a fork in ops.init_task() and watches how it ends. */
#include "scx_test.bpf.h"

s32 hold_child_of;
u64 nr_held, nr_cancelled, init_cgid, cancelled_cgid;
volatile u32 release;

static long hold_step(u64 i, void *unused)
{
	return !!release;
}

static void hold(void)
{
	int i;

	COUNT(nr_held);
	bpf_for(i, 0, 64)
		bpf_loop(1 << 23, hold_step, NULL, 0);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(fork_init_task, struct task_struct *p,
			     struct scx_init_task_args *args)
{
	if (args->fork && bpf_get_current_task_btf()->tgid == hold_child_of) {
		init_cgid = args->cgroup->kn->id;
		hold();
	}
	return 0;
}

void BPF_STRUCT_OPS(fork_exit_task, struct task_struct *p,
		    struct scx_exit_task_args *args)
{
	struct cgroup *cgrp;

	if (!args->cancelled)
		return;
	COUNT(nr_cancelled);
	cgrp = scx_bpf_task_cgroup(p);
	cancelled_cgid = cgrp->kn->id;
	bpf_cgroup_release(cgrp);
}

TEST_OPS(fork_all,
	 .init_task = (void *)fork_init_task,
	 .exit_task = (void *)fork_exit_task);
/* Other tasks' forks stay in the fair class, and throttled */
TEST_OPS(fork_partial,
	 .init_task = (void *)fork_init_task,
	 .flags = SCX_OPS_SWITCH_PARTIAL);
