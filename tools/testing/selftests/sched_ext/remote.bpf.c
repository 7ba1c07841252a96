// SPDX-License-Identifier: GPL-2.0
/*
 * A guest wakes up on CPU 0 and is sent to the CPU of a hog, whose slice is infinite.
 * SCX_ENQ_PREEMPT, which is in the upper half of the flags, has to reach that CPU
 * with the guest.
 */
#include "scx_test.bpf.h"

#define REMOTE_DSQ	0x4e307e

enum { WAY_ENQUEUE, WAY_DISPATCH, WAY_MOVE };

const volatile u32 way;
s32 hog, guest, target;
s32 waiting;
u64 nr_sent, nr_here, nr_elsewhere;

s32 BPF_STRUCT_OPS(remote_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return p->pid == guest ? 0 : prev_cpu;
}

static void send(struct task_struct *p)
{
	COUNT(nr_sent);
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | target, SCX_SLICE_DFL, SCX_ENQ_PREEMPT);
}

static void enqueue_guest(struct task_struct *p, u64 enq_flags)
{
	if (way == WAY_ENQUEUE) {
		send(p);
		return;
	}
	if (way == WAY_DISPATCH)
		waiting = p->pid;
	else
		scx_bpf_dsq_insert(p, REMOTE_DSQ, SCX_SLICE_DFL, enq_flags);
	scx_bpf_kick_cpu(0, SCX_KICK_PREEMPT);
}

/*
 * A task behind the hog would wait for ever. A task that wakes up preempts the hog, and
 * a task whose slice has ended, perhaps because of the host, goes on.
 */
static u64 not_behind_hog(u64 enq_flags)
{
	return enq_flags | (enq_flags & SCX_ENQ_WAKEUP ? SCX_ENQ_PREEMPT : SCX_ENQ_HEAD);
}

void BPF_STRUCT_OPS(remote_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (p->pid == guest && (enq_flags & SCX_ENQ_WAKEUP))
		enqueue_guest(p, enq_flags);
	else if (p->pid == hog)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_INF, enq_flags);
	else
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, not_behind_hog(enq_flags));
}

static void send_waiting(void)
{
	struct task_struct *p = bpf_task_from_pid(waiting);

	waiting = 0;
	if (!p)
		return;
	send(p);
	bpf_task_release(p);
}

void BPF_STRUCT_OPS(remote_dispatch, s32 cpu, struct task_struct *prev)
{
	struct task_struct *p;

	if (cpu)
		return;
	if (waiting)
		send_waiting();
	bpf_for_each(scx_dsq, p, REMOTE_DSQ, 0) {
		if (scx_bpf_dsq_move(BPF_FOR_EACH_ITER, p, SCX_DSQ_LOCAL_ON | target,
				     SCX_ENQ_PREEMPT))
			COUNT(nr_sent);
	}
}

void BPF_STRUCT_OPS(remote_running, struct task_struct *p)
{
	if (p->pid != guest)
		return;
	if (bpf_get_smp_processor_id() == target)
		COUNT(nr_here);
	else
		COUNT(nr_elsewhere);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(remote_init)
{
	return scx_bpf_create_dsq(REMOTE_DSQ, -1);
}

TEST_OPS(remote_ops,
	 .select_cpu = (void *)remote_select_cpu,
	 .enqueue = (void *)remote_enqueue,
	 .dispatch = (void *)remote_dispatch,
	 .running = (void *)remote_running,
	 .init = (void *)remote_init);
