// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that run outside of callbacks: timers, syscall and tracing programs.
 * Those of a scheduler may end it, those of other objects must not.
 */
#include "scx_test.bpf.h"

enum deed {
	DEED_NONE,
	DEED_ERROR,		/* scx_bpf_error() */
	DEED_EXIT,		/* scx_bpf_exit() */
	DEED_BAD_CPU,		/* an error that a kfunc finds */
};

u32 deed;
u64 nr_done;
s32 traced_pid;

struct clock_box {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct clock_box);
} clocks SEC(".maps");

static void do_deed(void)
{
	switch (deed) {
	case DEED_ERROR:
		scx_bpf_error("a stranger's error");
		break;
	case DEED_EXIT:
		scx_bpf_exit(42, "a stranger's exit");
		break;
	case DEED_BAD_CPU:
		scx_bpf_kick_cpu(-1, 0);
		break;
	default:
		return;
	}
	COUNT(nr_done);
}

static int clock_fired(void *map, u32 *key, struct clock_box *box)
{
	do_deed();
	bpf_timer_start(&box->timer, 10000000, 0);
	return 0;
}

SEC("syscall")
int start_clock(void *ctx)
{
	u32 zero = 0;
	struct clock_box *box = bpf_map_lookup_elem(&clocks, &zero);

	if (!box)
		return -ENOENT;
	if (bpf_timer_init(&box->timer, &clocks, CLOCK_MONOTONIC))
		return -EBUSY;
	bpf_timer_set_callback(&box->timer, clock_fired);
	return bpf_timer_start(&box->timer, 10000000, 0);
}

SEC("syscall")
int do_now(void *ctx)
{
	do_deed();
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	if (next->pid == traced_pid)
		do_deed();
	return 0;
}

void BPF_STRUCT_OPS(stranger_enqueue, struct task_struct *p, u64 enq_flags)
{
	let_run(p, enq_flags);
}

TEST_OPS(stranger, .enqueue = (void *)stranger_enqueue);

/* Raises it in a callback that may sleep, for which there is no frame */
s32 BPF_STRUCT_OPS_SLEEPABLE(stranger_init)
{
	do_deed();
	return 0;
}

TEST_OPS(stranger_asleep, .init = (void *)stranger_init);
