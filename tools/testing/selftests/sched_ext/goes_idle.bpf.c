// SPDX-License-Identifier: GPL-2.0
/*
 * The idle task has been picked and is not running yet: what callbacks do then must
 * not be lost. If it is, the CPU sleeps until something else wakes it up, which takes
 * about a second. So the time is taken until the watched task runs again.
 */
#include "scx_test.bpf.h"

#define HELD	1

#define PROMPT_NS	100000000

s32 watched, watched_cpu;
u64 since, nr_back, nr_prompt;
bool let_go;

static void begin(void)
{
	if (!since)
		since = bpf_ktime_get_ns();
}

static void end(struct task_struct *p)
{
	if (p->pid != watched || !since)
		return;
	COUNT(nr_back);
	if (bpf_ktime_get_ns() - since < PROMPT_NS)
		COUNT(nr_prompt);
	since = 0;
}

s32 BPF_STRUCT_OPS(goes_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

/* A CPU's last task goes to the global queue, where only a kick makes the CPU look. */
void BPF_STRUCT_OPS(goes_last_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (p->pid == watched && (enq_flags & SCX_ENQ_LAST))
		begin();
	let_run(p, enq_flags);
}

void BPF_STRUCT_OPS(goes_running, struct task_struct *p)
{
	end(p);
}

TEST_OPS(goes_last,
	 .select_cpu = (void *)goes_select_cpu,
	 .enqueue = (void *)goes_last_enqueue,
	 .running = (void *)goes_running,
	 .flags = SCX_OPS_ENQ_LAST);

/* A new slice comes too late for balance: the task waits on the local queue. */
void BPF_STRUCT_OPS(goes_slice_stopping, struct task_struct *p, bool runnable)
{
	if (p->pid != watched || !runnable)
		return;
	p->scx.slice = SCX_SLICE_DFL;
	begin();
}

void BPF_STRUCT_OPS(goes_slice_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags);
}

TEST_OPS(goes_slice,
	 .select_cpu = (void *)goes_select_cpu,
	 .enqueue = (void *)goes_slice_enqueue,
	 .running = (void *)goes_running,
	 .stopping = (void *)goes_slice_stopping,
	 .flags = SCX_OPS_ENQ_LAST);

/* The watched task is let go when its CPU reports that it goes idle, and not before. */
void BPF_STRUCT_OPS(goes_found_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (p->pid == watched)
		scx_bpf_dsq_insert(p, HELD, SCX_SLICE_DFL, enq_flags);
	else
		let_run(p, enq_flags);
}

void BPF_STRUCT_OPS(goes_found_dispatch, s32 cpu, struct task_struct *prev)
{
	if (cpu == watched_cpu && let_go)
		scx_bpf_dsq_move_to_local(HELD);
}

/* Whoever runs next: if the CPU has not looked by now, it has missed the kick. */
void BPF_STRUCT_OPS(goes_found_running, struct task_struct *p)
{
	if (scx_bpf_task_cpu(p) == watched_cpu)
		let_go = false;
	end(p);
}

void BPF_STRUCT_OPS(goes_found_update_idle, s32 cpu, bool idle)
{
	if (cpu != watched_cpu || !idle || scx_bpf_dsq_nr_queued(HELD) <= 0)
		return;
	begin();
	let_go = true;
	scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(goes_found_init)
{
	return scx_bpf_create_dsq(HELD, -1);
}

TEST_OPS(goes_found,
	 .select_cpu = (void *)goes_select_cpu,
	 .enqueue = (void *)goes_found_enqueue,
	 .dispatch = (void *)goes_found_dispatch,
	 .running = (void *)goes_found_running,
	 .update_idle = (void *)goes_found_update_idle,
	 .init = (void *)goes_found_init,
	 .flags = SCX_OPS_KEEP_BUILTIN_IDLE);
