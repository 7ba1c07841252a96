// SPDX-License-Identifier: GPL-2.0
/* Kicks one CPU or all others on request, and counts which have picked since. */
#include "scx_test.bpf.h"
#include "kick.h"

s32 target;
s32 tick_kicker;
u64 nr_tick_kicks;
u64 flags;
bool storm;
u64 nr_storms[KICK_CPUS_MAX];
u64 nr_picks[KICK_CPUS_MAX];
u32 nr_late;

extern const struct rq runqueues __ksym;

s32 BPF_STRUCT_OPS(kick_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

void BPF_STRUCT_OPS(kick_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags);
}

static void kick_others(void)
{
	s32 cpu, self = bpf_get_smp_processor_id();

	bpf_for(cpu, 0, scx_bpf_nr_cpu_ids())
		if (cpu != self)
			scx_bpf_kick_cpu(cpu, flags);
}

static void storm_on(s32 cpu)
{
	u64 *nr = MEMBER_VPTR(nr_storms, [cpu]);

	if (!storm || !nr)
		return;
	kick_others();
	COUNT(*nr);
}

void BPF_STRUCT_OPS(kick_dispatch, s32 cpu, struct task_struct *prev)
{
	storm_on(cpu);
}

/* This CPU, which is busy and whose rq is locked, kicks itself. */
void BPF_STRUCT_OPS(kick_tick, struct task_struct *p)
{
	storm_on(bpf_get_smp_processor_id());
	if (p->pid != tick_kicker)
		return;
	scx_bpf_kick_cpu(bpf_get_smp_processor_id(), SCX_KICK_IDLE);
	COUNT(nr_tick_kicks);
}

TEST_OPS(kick,
	 .select_cpu = (void *)kick_select_cpu,
	 .enqueue = (void *)kick_enqueue,
	 .dispatch = (void *)kick_dispatch,
	 .tick = (void *)kick_tick);

/* IRQs are on between the kicks, so each one could interrupt. */
SEC("syscall")
int kick_idle_often(void *ctx)
{
	int i;

	bpf_for(i, 0, KICK_IDLE_TIMES)
		scx_bpf_kick_cpu(target, SCX_KICK_IDLE);
	return 0;
}

static u64 picks_of(s32 cpu)
{
	const struct rq *rq = bpf_per_cpu_ptr(&runqueues, cpu);

	return rq ? rq->scx.pnt_seq : 0;
}

/* The kicks are delivered and waited for before the next program of this task. */
SEC("syscall")
int kick_all_others(void *ctx)
{
	s32 cpu;
	u64 *nr;

	bpf_for(cpu, 0, KICK_CPUS_MAX) {
		nr = MEMBER_VPTR(nr_picks, [cpu]);
		if (nr)
			*nr = picks_of(cpu);
	}
	kick_others();
	return 0;
}

SEC("syscall")
int kick_count_late(void *ctx)
{
	s32 cpu, self = bpf_get_smp_processor_id();
	u64 *nr;

	bpf_for(cpu, 0, KICK_CPUS_MAX) {
		nr = MEMBER_VPTR(nr_picks, [cpu]);
		if (nr && cpu != self && cpu < scx_bpf_nr_cpu_ids() && *nr == picks_of(cpu))
			nr_late++;
	}
	return 0;
}
