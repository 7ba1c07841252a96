// SPDX-License-Identifier: GPL-2.0
/*
 * A guest is inserted into the local DSQ of one CPU, to run there at once or to
 * come back. All other tasks, and the guest when it has come back, wait in a queue.
 * The guest may take a detour through a queue of its own, from which other CPUs
 * send it.
 */
#include "scx_test.bpf.h"

#define QUEUE	1
#define DETOUR	2

s32 guest, guest_cpu;
u64 nr_sent, nr_back, nr_other_reason;
bool to_queue, without_flag, detour, stubborn, endless;

static void send(struct task_struct *p, u64 enq_flags)
{
	u64 dsq = to_queue ? QUEUE : SCX_DSQ_LOCAL_ON | guest_cpu;

	COUNT(nr_sent);
	if (!without_flag)
		enq_flags |= SCX_ENQ_IMMED;
	scx_bpf_dsq_insert(p, dsq, endless ? SCX_SLICE_INF : SCX_SLICE_DFL, enq_flags);
}

static void count_back(struct task_struct *p)
{
	COUNT(nr_back);
	if ((p->scx.flags & SCX_TASK_REENQ_REASON_MASK) != SCX_TASK_REENQ_IMMED)
		COUNT(nr_other_reason);
}

static void send_from_detour(void)
{
	struct task_struct *p;

	bpf_for_each(scx_dsq, p, DETOUR, 0)
		if (scx_bpf_dsq_move(BPF_FOR_EACH_ITER, p, SCX_DSQ_LOCAL_ON | guest_cpu,
				     SCX_ENQ_IMMED))
			COUNT(nr_sent);
}

void BPF_STRUCT_OPS(immed_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (p->pid == guest && !(enq_flags & SCX_ENQ_REENQ)) {
		if (!detour)
			return send(p, enq_flags);
		scx_bpf_dsq_insert(p, DETOUR, SCX_SLICE_DFL, enq_flags);
		scx_bpf_kick_cpu(0, SCX_KICK_PREEMPT);
		return;
	}
	if (p->pid == guest) {
		count_back(p);
		if (stubborn)
			return send(p, enq_flags);
	}
	scx_bpf_dsq_insert(p, QUEUE, SCX_SLICE_DFL, enq_flags);
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_IDLE);
}

s32 BPF_STRUCT_OPS(immed_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

void BPF_STRUCT_OPS(immed_dispatch, s32 cpu, struct task_struct *prev)
{
	if (cpu != guest_cpu)
		send_from_detour();
	scx_bpf_dsq_move_to_local(QUEUE, 0);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(immed_init)
{
	return scx_bpf_create_dsq(QUEUE, -1) ?: scx_bpf_create_dsq(DETOUR, -1);
}

TEST_OPS(immed,
	 .select_cpu = (void *)immed_select_cpu,
	 .enqueue = (void *)immed_enqueue,
	 .dispatch = (void *)immed_dispatch,
	 .init = (void *)immed_init);
