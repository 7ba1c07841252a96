// SPDX-License-Identifier: GPL-2.0
/* A scheduler with queues of its own, loaded over and over */
#include "scx_test.bpf.h"

#define NR_QUEUES	4

bool raise_error;
u32 turn;
u64 fail_at, nr_init_task, nr_exit_task;

void BPF_STRUCT_OPS(reload_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 dsq = (u32)p->pid % NR_QUEUES;

	if (raise_error)
		scx_bpf_error("enough");
	scx_bpf_dsq_insert_vtime(p, dsq, SCX_SLICE_DFL, p->scx.dsq_vtime,
				 enq_flags);
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_IDLE);
}

void BPF_STRUCT_OPS(reload_dispatch, s32 cpu, struct task_struct *prev)
{
	u32 first = __sync_fetch_and_add(&turn, 1);
	int i;

	/* No task starves in the last queue, whatever the number of CPUs. */
	bpf_for(i, 0, NR_QUEUES)
		if (scx_bpf_dsq_move_to_local((first + i) % NR_QUEUES))
			return;
}

s32 BPF_STRUCT_OPS(reload_init_task, struct task_struct *p,
		   struct scx_init_task_args *args)
{
	if (fail_at && nr_init_task >= fail_at)
		return -ENOMEM;
	COUNT(nr_init_task);
	return 0;
}

void BPF_STRUCT_OPS(reload_exit_task, struct task_struct *p,
		    struct scx_exit_task_args *args)
{
	COUNT(nr_exit_task);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(reload_init)
{
	s32 err;
	int i;

	bpf_for(i, 0, NR_QUEUES) {
		err = scx_bpf_create_dsq(i, -1);
		if (err)
			return err;
	}
	return 0;
}

TEST_OPS(reload,
	 .enqueue = (void *)reload_enqueue,
	 .dispatch = (void *)reload_dispatch,
	 .init_task = (void *)reload_init_task,
	 .exit_task = (void *)reload_exit_task,
	 .init = (void *)reload_init);
