// SPDX-License-Identifier: GPL-2.0
/*
 * A hog gets an endless slice. The tests are about what takes its CPU away:
 * insertion with PREEMPT, kicks of all kinds, a higher class.
 */
#include "scx_test.bpf.h"
#include "preempt.h"

s32 hog, guest;
bool storm;
u64 storm_flags;
u64 nr_hog_put, nr_guest_preempt;
u64 nr_dispatch[CPUS_MAX], nr_kicks[CPUS_MAX];
u64 nr_release, nr_release_rt, nr_acquire, nr_reenq, most_taken;
s32 rt_pid;

s32 BPF_STRUCT_OPS(preempt_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	return prev_cpu;
}

/* Every task may preempt the hog, only the guest is counted. */
void BPF_STRUCT_OPS(preempt_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (p->pid == hog) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_INF, enq_flags);
		return;
	}
	if (p->pid == guest)
		COUNT(nr_guest_preempt);
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL,
			   enq_flags | (hog ? SCX_ENQ_PREEMPT : 0));
}

static void count_cpu(u64 *counters, s32 cpu)
{
	u64 *counter = MEMBER_VPTR(nr_dispatch, [cpu]);

	if (counters == nr_kicks)
		counter = MEMBER_VPTR(nr_kicks, [cpu]);
	if (counter)
		COUNT(*counter);
}

static void kick_next(s32 cpu)
{
	u32 next = (cpu + 1) % scx_bpf_nr_cpu_ids();

	if (!storm)
		return;
	scx_bpf_kick_cpu(next, storm_flags);
	count_cpu(nr_kicks, cpu);
}

void BPF_STRUCT_OPS(preempt_dispatch, s32 cpu, struct task_struct *prev)
{
	count_cpu(nr_dispatch, cpu);
	kick_next(cpu);
}

void BPF_STRUCT_OPS(preempt_tick, struct task_struct *p)
{
	kick_next(bpf_get_smp_processor_id());
}

/* The hog is put although it still wants to run, and its endless slice is gone. */
void BPF_STRUCT_OPS(preempt_stopping, struct task_struct *p, bool runnable)
{
	if (p->pid == hog && runnable && !p->scx.slice)
		COUNT(nr_hog_put);
}

TEST_OPS(preempt,
	 .select_cpu = (void *)preempt_select_cpu,
	 .enqueue = (void *)preempt_enqueue,
	 .dispatch = (void *)preempt_dispatch,
	 .tick = (void *)preempt_tick,
	 .stopping = (void *)preempt_stopping);

/* Tasks that a higher class preempts are taken back and queued anew. */

bool astray;

void BPF_STRUCT_OPS(release_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 dsq = SCX_DSQ_LOCAL;

	if (enq_flags & SCX_ENQ_REENQ) {
		COUNT(nr_reenq);
		if (astray)
			dsq = NO_DSQ;
	}
	scx_bpf_dsq_insert(p, dsq, SCX_SLICE_DFL, enq_flags);
}

void BPF_STRUCT_OPS(release_cpu_release, s32 cpu,
		    struct scx_cpu_release_args *args)
{
	u64 taken;

	COUNT(nr_release);
	if (args->reason == SCX_CPU_PREEMPT_RT && args->task->pid == rt_pid)
		COUNT(nr_release_rt);
	taken = scx_bpf_reenqueue_local___v1();
	if (taken > most_taken)
		most_taken = taken;
}

void BPF_STRUCT_OPS(release_cpu_acquire, s32 cpu,
		    struct scx_cpu_acquire_args *args)
{
	COUNT(nr_acquire);
}

TEST_OPS(release,
	 .select_cpu = (void *)preempt_select_cpu,
	 .enqueue = (void *)release_enqueue,
	 .cpu_release = (void *)release_cpu_release,
	 .cpu_acquire = (void *)release_cpu_acquire);

u64 kick_flags;
s32 kick_target;

SEC("syscall")
int preempt_kick(void *ctx)
{
	scx_bpf_kick_cpu(kick_target, kick_flags);
	return 0;
}
