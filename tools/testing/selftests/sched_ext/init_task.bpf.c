// SPDX-License-Identifier: GPL-2.0
/* init_task fails for the first task, for a chosen one, or for a count. */
#include "scx_test.bpf.h"

const volatile s32 fail_with;
s32 fail_pid;
s64 fail_at = -1;
u64 nr_init, nr_exit, nr_enable, nr_disable;
s32 failed_pid;

s32 BPF_STRUCT_OPS(init_task_init_task, struct task_struct *p,
		   struct scx_init_task_args *args)
{
	if ((fail_pid && p->pid == fail_pid) || nr_init == fail_at) {
		failed_pid = p->pid;
		return fail_with;
	}
	COUNT(nr_init);
	return 0;
}

void BPF_STRUCT_OPS(init_task_exit_task, struct task_struct *p,
		    struct scx_exit_task_args *args)
{
	COUNT(nr_exit);
}

void BPF_STRUCT_OPS(init_task_enable, struct task_struct *p)
{
	COUNT(nr_enable);
}

void BPF_STRUCT_OPS(init_task_disable, struct task_struct *p)
{
	COUNT(nr_disable);
}

TEST_OPS(init_task_ops,
	 .init_task = (void *)init_task_init_task,
	 .exit_task = (void *)init_task_exit_task,
	 .enable = (void *)init_task_enable,
	 .disable = (void *)init_task_disable);
