// SPDX-License-Identifier: GPL-2.0
/* Takes only tasks of policy SCHED_EXT, and refuses one on request. */
#include "scx_test.bpf.h"

s32 unwanted, unwanted_child_of;
u64 nr_enable, nr_enable_other;

s32 BPF_STRUCT_OPS(partial_init_task, struct task_struct *p,
		   struct scx_init_task_args *args)
{
	s32 parent = bpf_get_current_task_btf()->pid;

	if ((!args->fork && unwanted && p->pid == unwanted) ||
	    (args->fork && unwanted_child_of && parent == unwanted_child_of))
		p->scx.disallow = true;
	return 0;
}

void BPF_STRUCT_OPS(partial_enable, struct task_struct *p)
{
	COUNT(nr_enable);
	if (p->policy != 7)
		COUNT(nr_enable_other);
}

TEST_OPS(partial,
	 .init_task = (void *)partial_init_task,
	 .enable = (void *)partial_enable,
	 .flags = SCX_OPS_SWITCH_PARTIAL);
