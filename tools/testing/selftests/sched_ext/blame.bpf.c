// SPDX-License-Identifier: GPL-2.0
/* Makes an error on a certain CPU, or starves the kernel's own watchdog. */
#include "scx_test.bpf.h"

s32 victim;
bool withhold, fail_at_tick, starve_workers;
s32 failed_on = -1, exit_cpu = -2;
u64 nr_withheld, nr_starved;

/* Such a thread runs the watchdog's work, which is bound to no CPU. */
static bool is_unbound_worker(struct task_struct *p)
{
	return (p->flags & PF_WQ_WORKER) && !bpf_strncmp(p->comm, 9, "kworker/u");
}

void BPF_STRUCT_OPS(blame_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (withhold && p->pid == victim) {
		COUNT(nr_withheld);
		return;
	}
	if (starve_workers && is_unbound_worker(p)) {
		COUNT(nr_starved);
		return;
	}
	let_run(p, enq_flags);
}

void BPF_STRUCT_OPS(blame_tick, struct task_struct *p)
{
	if (!fail_at_tick || p->pid != victim || failed_on >= 0)
		return;
	failed_on = bpf_get_smp_processor_id();
	scx_bpf_error("failed on CPU %d", failed_on);
}

void BPF_STRUCT_OPS(blame_exit, struct scx_exit_info *ei)
{
	exit_cpu = ei->exit_cpu;
	UEI_RECORD(uei, ei);
}

/* Every task has to pass by ops.enqueue(). */
s32 BPF_STRUCT_OPS(blame_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

SCX_OPS_DEFINE(blame,
	       .select_cpu = (void *)blame_select_cpu,
	       .enqueue = (void *)blame_enqueue,
	       .tick = (void *)blame_tick,
	       .exit = (void *)blame_exit,
	       .timeout_ms = 4000,
	       .name = "blame");
