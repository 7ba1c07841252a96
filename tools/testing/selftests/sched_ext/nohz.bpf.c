// SPDX-License-Identifier: GPL-2.0
/* Runs one task with an infinite slice or with finite ones. */
#include "scx_test.bpf.h"

s32 watched;
bool infinite;
u64 nr_infinite, nr_kept;

s32 BPF_STRUCT_OPS(nohz_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	return prev_cpu;
}

void BPF_STRUCT_OPS(nohz_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 slice = SCX_SLICE_DFL;

	if (p->pid == watched && infinite) {
		COUNT(nr_infinite);
		slice = SCX_SLICE_INF;
	}
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice, enq_flags);
}

/* If there is nothing else to run, go on for a while. */
void BPF_STRUCT_OPS(nohz_dispatch, s32 cpu, struct task_struct *prev)
{
	if (!infinite && prev && prev->pid == watched &&
	    (prev->scx.flags & SCX_TASK_QUEUED)) {
		COUNT(nr_kept);
		prev->scx.slice = SCX_SLICE_DFL;
	}
}

TEST_OPS(nohz_keep,
	 .select_cpu = (void *)nohz_select_cpu,
	 .enqueue = (void *)nohz_enqueue,
	 .dispatch = (void *)nohz_dispatch);

s32 kick_target;

SEC("syscall")
int nohz_kick(void *ctx)
{
	scx_bpf_kick_cpu(kick_target, SCX_KICK_PREEMPT);
	return 0;
}

TEST_OPS(nohz,
	 .select_cpu = (void *)nohz_select_cpu,
	 .enqueue = (void *)nohz_enqueue);

/* How often the guest is sent to the CPU of the watched task, to run there at once */
#define SENT_AGAIN	60

s32 guest;
u64 nr_back;

void BPF_STRUCT_OPS(nohz_immed_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 dsq = SCX_DSQ_LOCAL;

	if (p->pid == guest) {
		if (enq_flags & SCX_ENQ_REENQ)
			COUNT(nr_back);
		if (nr_back < SENT_AGAIN) {
			dsq = SCX_DSQ_LOCAL_ON | kick_target;
			enq_flags |= SCX_ENQ_IMMED;
		} else {
			dsq = SCX_DSQ_GLOBAL;
		}
	}
	scx_bpf_dsq_insert(p, dsq, p->pid == watched ? SCX_SLICE_INF : SCX_SLICE_DFL,
			   enq_flags);
}

TEST_OPS(nohz_immed,
	 .select_cpu = (void *)nohz_select_cpu,
	 .enqueue = (void *)nohz_immed_enqueue);
