// SPDX-License-Identifier: GPL-2.0
/*
 * Follows every task from init_task to exit_task and counts everything that is out
 * of order. Tasks are told apart by address, because a pid may be reused while
 * the kernel still holds the dead task.
 */
#include "scx_test.bpf.h"
#include "lifecycle.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct life);
} lives SEC(".maps");

u64 nr_init, nr_init_fork, nr_exit, nr_cancelled, nr_enable, nr_disable;
u64 nr_refused;
u64 bad[NR_BAD];
s32 refuse_child_of, refuse_with;
s32 hold_child_of;
u64 nr_held;
volatile u32 release;

static struct life *life_of(struct task_struct *p)
{
	u64 key = (u64)p;

	return bpf_map_lookup_elem(&lives, &key);
}

static long hold_step(u64 i, void *unused)
{
	return !!release;
}

/* Hold a fork until the test lets it go. */
static void hold(void)
{
	int i;

	COUNT(nr_held);
	bpf_for(i, 0, 64)
		bpf_loop(1 << 23, hold_step, NULL, 0);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(lifecycle_init_task, struct task_struct *p,
			     struct scx_init_task_args *args)
{
	struct life fresh = { .pid = p->pid };
	u64 key = (u64)p;

	if (args->fork && refuse_with &&
	    bpf_get_current_task_btf()->tgid == refuse_child_of) {
		COUNT(nr_refused);
		return refuse_with;
	}
	if (args->fork && bpf_get_current_task_btf()->tgid == hold_child_of)
		hold();
	COUNT(nr_init);
	if (args->fork)
		COUNT(nr_init_fork);
	if (bpf_map_update_elem(&lives, &key, &fresh, BPF_NOEXIST))
		COUNT(bad[BAD_INIT_TWICE]);
	return 0;
}

void BPF_STRUCT_OPS(lifecycle_exit_task, struct task_struct *p,
		    struct scx_exit_task_args *args)
{
	struct life *life = life_of(p);
	u64 key = (u64)p;

	COUNT(nr_exit);
	if (args->cancelled)
		COUNT(nr_cancelled);
	if (!life) {
		COUNT(bad[BAD_EXIT_UNKNOWN]);
		return;
	}
	if (life->enabled)
		COUNT(bad[BAD_EXIT_ENABLED]);
	if (args->cancelled && life->nr_enable)
		COUNT(bad[BAD_CANCEL_LATE]);
	bpf_map_delete_elem(&lives, &key);
}

void BPF_STRUCT_OPS(lifecycle_enable, struct task_struct *p)
{
	struct life *life = life_of(p);

	COUNT(nr_enable);
	if (!life || life->enabled) {
		COUNT(bad[BAD_ENABLE]);
		return;
	}
	life->enabled = 1;
	life->nr_enable++;
}

void BPF_STRUCT_OPS(lifecycle_disable, struct task_struct *p)
{
	struct life *life = life_of(p);

	COUNT(nr_disable);
	if (!life || !life->enabled) {
		COUNT(bad[BAD_DISABLE]);
		return;
	}
	life->enabled = 0;
	life->nr_disable++;
}

void BPF_STRUCT_OPS(lifecycle_runnable, struct task_struct *p, u64 enq_flags)
{
	struct life *life = life_of(p);

	if (!life || !life->enabled)
		COUNT(bad[BAD_RUNNABLE]);
}

void BPF_STRUCT_OPS(lifecycle_quiescent, struct task_struct *p, u64 deq_flags)
{
	struct life *life = life_of(p);

	if (!life || !life->enabled)
		COUNT(bad[BAD_QUIESCENT]);
}

void BPF_STRUCT_OPS(lifecycle_set_weight, struct task_struct *p, u32 weight)
{
	struct life *life = life_of(p);

	if (!life) {
		COUNT(bad[BAD_WEIGHT]);
		return;
	}
	life->weight = weight;
}

TEST_OPS(lifecycle,
	 .init_task = (void *)lifecycle_init_task,
	 .exit_task = (void *)lifecycle_exit_task,
	 .enable = (void *)lifecycle_enable,
	 .disable = (void *)lifecycle_disable,
	 .runnable = (void *)lifecycle_runnable,
	 .quiescent = (void *)lifecycle_quiescent,
	 .set_weight = (void *)lifecycle_set_weight);
