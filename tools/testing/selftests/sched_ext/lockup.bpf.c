// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps a CPU from scheduling, in a timer, until it is bypassed: it stops only at the
 * end of the scheduler.
 */
#include "scx_test.bpf.h"

#define MAX_STUCK_NS	(60ULL * 1000000000)

struct timer_box {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct timer_box);
} timers SEC(".maps");

u64 stuck_since, nr_stuck, nr_ended;
s32 stuck_cpu = -1;

static struct timer_box *timer_box(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&timers, &zero);
}

static bool bypassed(void)
{
	struct rq *rq = scx_bpf_cpu_rq(bpf_get_smp_processor_id());

	return rq && (BPF_CORE_READ(rq, scx.flags) & SCX_RQ_BYPASSING);
}

static long stuck_step(u64 i, void *unused)
{
	if (bypassed()) {
		COUNT(nr_ended);
		return 1;
	}
	return bpf_ktime_get_ns() - stuck_since > MAX_STUCK_NS;
}

static int stuck(void *map, u32 *key, struct timer_box *box)
{
	int i;

	stuck_cpu = bpf_get_smp_processor_id();
	stuck_since = bpf_ktime_get_ns();
	COUNT(nr_stuck);
	bpf_for(i, 0, 64) {
		if (nr_ended)
			break;
		bpf_loop(1 << 23, stuck_step, NULL, 0);
	}
	return 0;
}

void BPF_STRUCT_OPS(lockup_enqueue, struct task_struct *p, u64 enq_flags)
{
	let_run(p, enq_flags);
}

s32 wakee;

/* Has the end of the scheduler been claimed? */
static long hard_step(u64 i, struct task_struct **p)
{
	if (BPF_CORE_READ(*p, scx.sched, exit_kind.counter)) {
		COUNT(nr_ended);
		return 1;
	}
	return bpf_ktime_get_ns() - stuck_since > MAX_STUCK_NS;
}

/* The same with IRQs off, so that only another CPU can notice. No rq is locked. */
static void stuck_hard(struct task_struct *p)
{
	int i;

	stuck_cpu = bpf_get_smp_processor_id();
	stuck_since = bpf_ktime_get_ns();
	bpf_for(i, 0, 64) {
		if (nr_ended)
			break;
		bpf_loop(1 << 23, hard_step, &p, 0);
	}
}

s32 BPF_STRUCT_OPS(lockup_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	if (wakee && p->pid == wakee && !nr_stuck && !COUNT(nr_stuck))
		stuck_hard(p);
	return prev_cpu;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(lockup_init)
{
	struct timer_box *box = timer_box();

	if (!box)
		return -ENOENT;
	bpf_timer_init(&box->timer, &timers, CLOCK_MONOTONIC);
	return bpf_timer_set_callback(&box->timer, stuck);
}

TEST_OPS(lockup,
	 .select_cpu = (void *)lockup_select_cpu,
	 .enqueue = (void *)lockup_enqueue,
	 .init = (void *)lockup_init);

SEC("syscall")
int lockup_begin(void *ctx)
{
	struct timer_box *box = timer_box();

	return box ? bpf_timer_start(&box->timer, 1000, BPF_F_TIMER_CPU_PIN) : -ENOENT;
}
