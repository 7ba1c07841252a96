// SPDX-License-Identifier: GPL-2.0
/* Choosing a CPU with the kernel's own functions, from several places */
#include "scx_test.bpf.h"

#define SELECT_DSQ	0x5e1ec7

s32 watched, watched_parent;
u64 nr_runnable, nr_enqueue, nr_select, nr_direct, nr_idle, nr_busy, nr_bad_cpu;

static bool is_watched(struct task_struct *p)
{
	return watched && p->pid == watched;
}

static void check_cpu(struct task_struct *p, s32 cpu)
{
	if (cpu < 0 || !bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
		COUNT(nr_bad_cpu);
}

void BPF_STRUCT_OPS(select_runnable, struct task_struct *p, u64 enq_flags)
{
	if (is_watched(p))
		COUNT(nr_runnable);
}

void BPF_STRUCT_OPS(select_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (is_watched(p) && (enq_flags & SCX_ENQ_WAKEUP))
		COUNT(nr_enqueue);
	let_run(p, enq_flags);
}

/* The kernel selects, and places the task itself if it found an idle CPU. */
TEST_OPS(select_default,
	 .runnable = (void *)select_runnable,
	 .enqueue = (void *)select_enqueue);

/* select_cpu places the watched task, so enqueue must not see it. */
s32 BPF_STRUCT_OPS(direct_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	if (!is_watched(p))
		return prev_cpu;
	COUNT(nr_direct);
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
	return prev_cpu;
}

TEST_OPS(select_direct,
	 .select_cpu = (void *)direct_select_cpu,
	 .runnable = (void *)select_runnable,
	 .enqueue = (void *)select_enqueue);

/* The same, with a queue of our own */
s32 BPF_STRUCT_OPS(user_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	if (!is_watched(p))
		return prev_cpu;
	COUNT(nr_direct);
	scx_bpf_dsq_insert(p, SELECT_DSQ, SCX_SLICE_DFL, 0);
	return prev_cpu;
}

void BPF_STRUCT_OPS(user_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SELECT_DSQ);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(user_init)
{
	return scx_bpf_create_dsq(SELECT_DSQ, -1);
}

TEST_OPS(select_user,
	 .select_cpu = (void *)user_select_cpu,
	 .runnable = (void *)select_runnable,
	 .enqueue = (void *)select_enqueue,
	 .dispatch = (void *)user_dispatch,
	 .init = (void *)user_init);

/* select_cpu does nothing, enqueue selects. */
s32 BPF_STRUCT_OPS(none_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	return prev_cpu;
}

static void place(struct task_struct *p, s32 cpu, bool idle, u64 enq_flags)
{
	COUNT(nr_select);
	if (!idle) {
		COUNT(nr_busy);
		let_run(p, enq_flags);
		return;
	}
	COUNT(nr_idle);
	check_cpu(p, cpu);
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | cpu, SCX_SLICE_DFL, enq_flags);
}

void BPF_STRUCT_OPS(dfl_enqueue, struct task_struct *p, u64 enq_flags)
{
	bool idle = false;
	s32 cpu;

	if (p->real_parent->pid != watched_parent) {
		let_run(p, enq_flags);
		return;
	}
	cpu = scx_bpf_select_cpu_dfl(p, scx_bpf_task_cpu(p), 0, &idle);
	place(p, cpu, idle, enq_flags);
}

TEST_OPS(enq_select,
	 .select_cpu = (void *)none_select_cpu,
	 .enqueue = (void *)dfl_enqueue);

void BPF_STRUCT_OPS(and_enqueue, struct task_struct *p, u64 enq_flags)
{
	s32 cpu;

	if (p->real_parent->pid != watched_parent) {
		let_run(p, enq_flags);
		return;
	}
	cpu = scx_bpf_select_cpu_and(p, scx_bpf_task_cpu(p), 0, p->cpus_ptr, 0);
	place(p, cpu, cpu >= 0, enq_flags);
}

TEST_OPS(enq_select_and,
	 .select_cpu = (void *)none_select_cpu,
	 .enqueue = (void *)and_enqueue);

u32 asked_pid;
bool got_idle;

SEC("syscall")
int select_outside(void *ctx)
{
	struct task_struct *p = bpf_task_from_pid(asked_pid);
	bool idle = false;
	s32 cpu;

	if (!p)
		return -3;
	cpu = scx_bpf_select_cpu_dfl(p, 0, 0, &idle);
	got_idle = idle;
	bpf_task_release(p);
	return cpu;
}

s32 picked, picked_any;

SEC("syscall")
int select_pick(void *ctx)
{
	const struct cpumask *online = scx_bpf_get_online_cpumask();

	picked = scx_bpf_pick_idle_cpu(online, 0);
	picked_any = scx_bpf_pick_any_cpu(online, 0);
	scx_bpf_put_cpumask(online);
	return 0;
}
