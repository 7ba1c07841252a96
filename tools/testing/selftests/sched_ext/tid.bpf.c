// SPDX-License-Identifier: GPL-2.0
/* Records the numbers that tasks get, and finds tasks by them. */
#include "scx_test.bpf.h"

u64 nr_without, nr_not_found, nr_too_early;
u64 sought;
s32 asked_pid;
u64 found_tid;

void BPF_STRUCT_OPS(tid_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct task_struct *found;

	bpf_rcu_read_lock();
	found = scx_bpf_tid_to_task(p->scx.tid);
	if (!found || found->pid != p->pid)
		COUNT(nr_not_found);
	bpf_rcu_read_unlock();
	let_run(p, enq_flags);
}

s32 BPF_STRUCT_OPS(tid_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	if (!p->scx.tid)
		COUNT(nr_without);
	bpf_rcu_read_lock();
	if (scx_bpf_tid_to_task(p->scx.tid))
		COUNT(nr_too_early);
	bpf_rcu_read_unlock();
	return 0;
}

TEST_OPS(tid,
	 .enqueue = (void *)tid_enqueue,
	 .init_task = (void *)tid_init_task);

/* The number of the task with pid @asked_pid */
SEC("syscall")
int tid_of_pid(void *ctx)
{
	struct task_struct *p = bpf_task_from_pid(asked_pid);

	found_tid = 0;
	if (p) {
		found_tid = p->scx.tid;
		bpf_task_release(p);
	}
	return 0;
}

/* The pid of the task with number @sought, or 0 */
SEC("syscall")
int pid_of_tid(void *ctx)
{
	struct task_struct *p;
	s32 pid = 0;

	bpf_rcu_read_lock();
	p = scx_bpf_tid_to_task(sought);
	if (p)
		pid = p->pid;
	bpf_rcu_read_unlock();
	return pid;
}
