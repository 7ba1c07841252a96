// SPDX-License-Identifier: GPL-2.0
/* Leaves tasks where they are, and can hold a fork, which disabling waits for. */
#include "scx_test.bpf.h"
#include "bypass.h"

#define WAIT_DSQ	1

s32 hold_child_of;
u64 nr_held;
volatile u32 release;

s32 BPF_STRUCT_OPS(bypass_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	return prev_cpu;
}

void BPF_STRUCT_OPS(bypass_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags);
}

static long hold_step(u64 i, void *unused)
{
	return !!release;
}

/* Sleepable, so that RCU need not wait for as long as this holds. */
s32 BPF_STRUCT_OPS_SLEEPABLE(bypass_init_task, struct task_struct *p,
			     struct scx_init_task_args *args)
{
	int i;

	if (!args->fork || bpf_get_current_task_btf()->tgid != hold_child_of)
		return 0;
	COUNT(nr_held);
	bpf_for(i, 0, 256)
		bpf_loop(1 << 23, hold_step, NULL, 0);
	return 0;
}

TEST_OPS(bypass,
	 .select_cpu = (void *)bypass_select_cpu,
	 .enqueue = (void *)bypass_enqueue,
	 .init_task = (void *)bypass_init_task);

/*
 * A hog has its CPU for as long as it likes, and the tasks that wait behind it do so
 * in one of several places. No other task waits there.
 */
const volatile u32 way;
s32 hog;
u32 nr_seated;
s32 waiting[NR_WAITING];
u32 nr_waiting, nr_ran;
s32 ran[NR_WAITING];

static int nr_of(s32 pid)
{
	int i;

	bpf_for(i, 0, NR_WAITING)
		if (waiting[i] == pid)
			return i;
	return -1;
}

static void wait_behind_hog(struct task_struct *p, u64 enq_flags)
{
	switch (way) {
	case WAIT_LOCAL:
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags);
		break;
	case WAIT_LOCAL_HEAD:
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, SCX_ENQ_HEAD);
		break;
	case WAIT_GLOBAL:
		scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
		break;
	case WAIT_USER:
		scx_bpf_dsq_insert(p, WAIT_DSQ, SCX_SLICE_DFL, enq_flags);
		break;
	}
	COUNT(nr_waiting);
}

/* On its way it has to share the CPU with the rest of the test. */
static void seat_hog(struct task_struct *p)
{
	if (scx_bpf_task_cpu(p) != HOG_CPU) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
		return;
	}
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_INF, SCX_ENQ_HEAD);
	COUNT(nr_seated);
}

void BPF_STRUCT_OPS(order_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (nr_of(p->pid) >= 0)
		wait_behind_hog(p, enq_flags);
	else if (p->pid == hog)
		seat_hog(p);
	else
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, SCX_ENQ_PREEMPT);
}

/* Called in bypass mode, too. A task counts when it runs for the first time. */
void BPF_STRUCT_OPS(order_running, struct task_struct *p)
{
	s32 *place;
	int i;

	if (nr_of(p->pid) < 0)
		return;
	bpf_for(i, 0, NR_WAITING) {
		place = MEMBER_VPTR(ran, [i]);
		if (!place || *place == p->pid)
			return;
		if (!*place) {
			*place = p->pid;
			nr_ran = i + 1;
			return;
		}
	}
}

s32 BPF_STRUCT_OPS_SLEEPABLE(order_init)
{
	return scx_bpf_create_dsq(WAIT_DSQ, -1);
}

TEST_OPS(order,
	 .select_cpu = (void *)bypass_select_cpu,
	 .enqueue = (void *)order_enqueue,
	 .running = (void *)order_running,
	 .init_task = (void *)bypass_init_task,
	 .init = (void *)order_init);

/* All wait on the global queue. Slices are short, so that it goes round. */
void BPF_STRUCT_OPS(crowd_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, 1000000, enq_flags);
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_IDLE);
}

TEST_OPS(crowd,
	 .select_cpu = (void *)bypass_select_cpu,
	 .enqueue = (void *)crowd_enqueue);
