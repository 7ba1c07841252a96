// SPDX-License-Identifier: GPL-2.0
/*
 * What happens while a CPU looks for work and its runqueue is not locked.
 * Moving a task of another CPU from one queue to the other drops the lock, so
 * events of all kinds can come in between when a callback does this often.
 */
#include "scx_test.bpf.h"
#include "balance.h"

#define X	0x70
#define Y	0x71

#define SECOND	1000000000ULL

/* Tasks that wait for their turn on X and Y */

static bool bounce(u64 from, u64 to, u32 max)
{
	struct task_struct *p;
	u32 n = 0;

	bpf_for_each(scx_dsq, p, from, 0) {
		scx_bpf_dsq_move(BPF_FOR_EACH_ITER, p, to, 0);
		if (++n >= max)
			break;
	}
	return n;
}

s32 BPF_STRUCT_OPS(balance_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	return prev_cpu;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(balance_init)
{
	return scx_bpf_create_dsq(X, -1) ?: scx_bpf_create_dsq(Y, -1);
}

/*
 * The hog of one CPU gets a new slice while a guest arrives that is to preempt it,
 * or while it is kicked.
 */

s32 hog, guest, the_cpu;
bool wait_for_guest, wait_for_kick, waiting, met, missed;
u64 hog_ran_at, hog_ran_on;

static u64 ran(struct task_struct *p)
{
	return p->se.sum_exec_runtime;
}

void BPF_STRUCT_OPS(balance_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (p->pid == guest) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL,
				   enq_flags | SCX_ENQ_PREEMPT);
		met = true;
		return;
	}
	scx_bpf_dsq_insert(p, p->pid == hog ? SCX_DSQ_LOCAL : X, SCX_SLICE_DFL,
			   enq_flags);
}

/* Drop the lock again and again until it has happened. */
static void renew_slice(struct task_struct *prev)
{
	bool kick = wait_for_kick;
	u32 i;

	if (kick)
		prev->scx.slice = SECOND;
	waiting = true;
	bpf_for(i, 0, 200000) {
		bounce(X, Y, 1);
		bounce(Y, X, 1);
		if (kick ? !prev->scx.slice : met)
			break;
	}
	wait_for_guest = false;
	wait_for_kick = false;
	if (kick ? prev->scx.slice : !met)
		missed = true;
	met = true;
	hog_ran_at = ran(prev);
	hog_ran_on = 0;
	prev->scx.slice = HOG_SECONDS * SECOND;
}

void BPF_STRUCT_OPS(balance_dispatch, s32 cpu, struct task_struct *prev)
{
	if (cpu == the_cpu && prev && prev->pid == hog) {
		if (hog_ran_at && !hog_ran_on)
			hog_ran_on = ran(prev) - hog_ran_at + 1;
		if (wait_for_guest || wait_for_kick) {
			renew_slice(prev);
			return;
		}
	}
	if (!scx_bpf_dsq_move_to_local(X, 0))
		scx_bpf_dsq_move_to_local(Y, 0);
}

TEST_OPS(balance,
	 .select_cpu = (void *)balance_select_cpu,
	 .enqueue = (void *)balance_enqueue,
	 .dispatch = (void *)balance_dispatch,
	 .init = (void *)balance_init);

s32 kick_target;
u64 kick_flags;

SEC("syscall")
int balance_kick(void *ctx)
{
	scx_bpf_kick_cpu(kick_target, kick_flags);
	return 0;
}

/* Each CPU counts the calls of ops.dispatch() for it that are in progress. */

s32 inside[CPUS_MAX];
u64 nr_dispatch, nr_foreign, nr_again;
u32 nr_cpus = 1;
u64 bounce_kick;

void BPF_STRUCT_OPS(once_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, X, 1000000, enq_flags);
	scx_bpf_kick_cpu(bpf_get_prandom_u32() % nr_cpus, bounce_kick);
}

void BPF_STRUCT_OPS(once_dispatch, s32 cpu, struct task_struct *prev)
{
	s32 *in = MEMBER_VPTR(inside, [cpu]);

	if (!in)
		return;
	COUNT(nr_dispatch);
	if (bpf_get_smp_processor_id() != cpu)
		COUNT(nr_foreign);
	if (COUNT(*in))
		COUNT(nr_again);
	bounce(X, Y, 4);
	bounce(Y, X, 4);
	if (!scx_bpf_dsq_move_to_local(X, 0))
		scx_bpf_dsq_move_to_local(Y, 0);
	__sync_fetch_and_sub(in, 1);
}

TEST_OPS(once,
	 .select_cpu = (void *)balance_select_cpu,
	 .enqueue = (void *)once_enqueue,
	 .dispatch = (void *)once_dispatch,
	 .init = (void *)balance_init);
