// SPDX-License-Identifier: GPL-2.0
/*
 * When it is verified, a timer callback has the rights of the program that sets it,
 * but it runs later, when no op is in progress.
 */
#include "scx_test.bpf.h"

#define TIMER_DSQ	0x71

struct timer_box {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct timer_box);
} timers SEC(".maps");

u64 nr_fired, nr_set;
const volatile u32 action;

static struct timer_box *timer_box(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&timers, &zero);
}

static int timer_fired(void *map, u32 *key, struct timer_box *box)
{
	COUNT(nr_fired);
	if (action == 0)
		scx_bpf_kick_cpu(0, SCX_KICK_IDLE);
	else if (action == 1)
		scx_bpf_dsq_move_to_local(TIMER_DSQ);
	else if (action == 2)
		scx_bpf_dispatch_cancel();
	return 0;
}

void BPF_STRUCT_OPS(timer_dispatch, s32 cpu, struct task_struct *prev)
{
	struct timer_box *box = timer_box();

	if (!box || nr_set || COUNT(nr_set))
		return;
	bpf_timer_set_callback(&box->timer, timer_fired);
}

static int insert_fired(void *map, u32 *key, struct timer_box *box)
{
	struct task_struct *p = bpf_task_from_pid(1);

	COUNT(nr_fired);
	if (!p)
		return 0;
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
	bpf_task_release(p);
	return 0;
}

void BPF_STRUCT_OPS(timer_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct timer_box *box = timer_box();

	if (box && action == 3 && !nr_set && !COUNT(nr_set))
		bpf_timer_set_callback(&box->timer, insert_fired);
	let_run(p, enq_flags);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(timer_init)
{
	struct timer_box *box = timer_box();

	if (!box)
		return -ENOENT;
	bpf_timer_init(&box->timer, &timers, CLOCK_MONOTONIC);
	return scx_bpf_create_dsq(TIMER_DSQ, -1);
}

TEST_OPS(timer_ops,
	 .dispatch = (void *)timer_dispatch,
	 .init = (void *)timer_init);
TEST_OPS(timer_insert,
	 .enqueue = (void *)timer_enqueue,
	 .init = (void *)timer_init);

SEC("syscall")
int timer_start(void *ctx)
{
	struct timer_box *box = timer_box();

	return box ? bpf_timer_start(&box->timer, 1000000, 0) : -2;
}
