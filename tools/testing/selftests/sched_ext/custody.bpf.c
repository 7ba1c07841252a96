// SPDX-License-Identifier: GPL-2.0
/* Keeps one task to itself until it is told to let go. */
#include "scx_test.bpf.h"

s32 held;
bool let_go;
u64 nr_held, nr_released, nr_change, nr_other;

void BPF_STRUCT_OPS(custody_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (p->pid == held) {
		COUNT(nr_held);
		return;
	}
	let_run(p, enq_flags);
}

void BPF_STRUCT_OPS(custody_dequeue, struct task_struct *p, u64 deq_flags)
{
	if (p->pid != held)
		return;
	if ((deq_flags & SCX_DEQ_SCHED_CHANGE) && !(deq_flags & SCX_DEQ_SLEEP))
		COUNT(nr_change);
	else
		COUNT(nr_other);
}

void BPF_STRUCT_OPS(custody_dispatch, s32 cpu, struct task_struct *prev)
{
	struct task_struct *p;

	if (!let_go || cpu)
		return;
	p = bpf_task_from_pid(held);
	if (!p)
		return;
	let_go = false;
	COUNT(nr_released);
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_IDLE);
	bpf_task_release(p);
}

SEC("syscall")
int custody_let_go(void *ctx)
{
	let_go = true;
	scx_bpf_kick_cpu(0, 0);
	return 0;
}

TEST_OPS(custody_ops,
	 .enqueue = (void *)custody_enqueue,
	 .dequeue = (void *)custody_dequeue,
	 .dispatch = (void *)custody_dispatch);
