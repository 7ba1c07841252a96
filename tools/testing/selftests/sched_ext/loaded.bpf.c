// SPDX-License-Identifier: GPL-2.0
/* Asks for an exit while it is being loaded, and returns no error anywhere. */
#include "scx_test.bpf.h"
#include "loaded.h"

u32 where;
s64 with_code;
u64 nr_asked;
s32 init_cpu = -1, init_nr_cpus;

static void ask(u32 here)
{
	if (where != here || COUNT(nr_asked))
		return;
	if (with_code)
		scx_bpf_exit(with_code, "not now");
	else
		scx_bpf_error("not now");
}

s32 BPF_STRUCT_OPS_SLEEPABLE(attach_init)
{
	init_cpu = bpf_get_smp_processor_id();
	init_nr_cpus = bpf_get_current_task_btf()->nr_cpus_allowed;
	ask(ATTACH_INIT);
	return 0;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(attach_cgroup_init, struct cgroup *cgrp,
			     struct scx_cgroup_init_args *args)
{
	ask(ATTACH_CGROUP_INIT);
	return 0;
}

s32 BPF_STRUCT_OPS(attach_init_task, struct task_struct *p,
		   struct scx_init_task_args *args)
{
	ask(ATTACH_INIT_TASK);
	return 0;
}

void BPF_STRUCT_OPS(attach_enable, struct task_struct *p)
{
	ask(ATTACH_ENABLE);
}

TEST_OPS(loaded,
	 .init = (void *)attach_init,
	 .cgroup_init = (void *)attach_cgroup_init,
	 .init_task = (void *)attach_init_task,
	 .enable = (void *)attach_enable);
