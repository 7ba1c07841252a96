// SPDX-License-Identifier: GPL-2.0
/*
 * ops.dispatch() inserts one task in ways that have no effect, and once for good.
 * What the task has got is recorded after each of them.
 */
#include "scx_test.bpf.h"
#include "granted.h"

s32 held;
u64 nr_rounds, nr_cancelled_wrong, nr_slice_wrong, nr_vtime_wrong;

s32 BPF_STRUCT_OPS(granted_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

void BPF_STRUCT_OPS(granted_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (p->pid == held)
		scx_bpf_kick_cpu(0, SCX_KICK_PREEMPT);
	else
		let_run(p, enq_flags);
}

static void insert(struct task_struct *p, u64 slice, u64 vtime)
{
	scx_bpf_dsq_insert_vtime(p, GRANTED_DSQ, slice, vtime, 0);
}

static void try_all(struct task_struct *p)
{
	u64 slice = p->scx.slice;

	insert(p, GRANTED_CANCELLED, GRANTED_CANCELLED);
	scx_bpf_dispatch_cancel();
	if (p->scx.slice != slice || p->scx.dsq_vtime == GRANTED_CANCELLED)
		COUNT(nr_cancelled_wrong);

	/* The second insertion finds the task taken. */
	insert(p, GRANTED, GRANTED);
	insert(p, GRANTED_LATE, GRANTED_LATE);
	scx_bpf_dsq_move_to_local(EMPTY_DSQ);
	if (p->scx.slice != GRANTED)
		COUNT(nr_slice_wrong);
	if (p->scx.dsq_vtime != GRANTED)
		COUNT(nr_vtime_wrong);
	COUNT(nr_rounds);
}

/* Nobody else searches the queue, so the task stays until we let it go. */
void BPF_STRUCT_OPS(granted_dispatch, s32 cpu, struct task_struct *prev)
{
	struct task_struct *p;

	if (cpu)
		return;
	p = bpf_task_from_pid(held);
	if (p) {
		if (p->scx.ops_state.counter & 3 /* of enum scx_ops_state */)
			try_all(p);
		bpf_task_release(p);
	}
	scx_bpf_dsq_move_to_local(GRANTED_DSQ);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(granted_init)
{
	return scx_bpf_create_dsq(GRANTED_DSQ, -1) ?: scx_bpf_create_dsq(EMPTY_DSQ, -1);
}

TEST_OPS(granted,
	 .select_cpu = (void *)granted_select_cpu,
	 .enqueue = (void *)granted_enqueue,
	 .dispatch = (void *)granted_dispatch,
	 .init = (void *)granted_init);
