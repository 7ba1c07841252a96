// SPDX-License-Identifier: GPL-2.0
/* Looks into the exit report and at the tracepoint of events. */
#include "scx_test.bpf.h"

u64 nr_events, nr_delta, nr_bypass;
bool fail_now;
s32 failed_on = -1, exit_cpu = -2;
u64 exit_flags;

SEC("tp_btf/sched_ext_event")
int BPF_PROG(report_event, const char *name, s64 delta)
{
	char text[24];

	COUNT(nr_events);
	if (delta > 0)
		COUNT(nr_delta);
	if (bpf_probe_read_kernel_str(text, sizeof(text), name) > 0 &&
	    !bpf_strncmp(text, 22, "SCX_EV_BYPASS_ACTIVATE"))
		COUNT(nr_bypass);
	return 0;
}

void BPF_STRUCT_OPS(report_enqueue, struct task_struct *p, u64 enq_flags)
{
	s32 cpu = bpf_get_smp_processor_id();

	if (fail_now && __sync_val_compare_and_swap(&failed_on, -1, cpu) == -1)
		scx_bpf_error("failed on CPU %d", cpu);
	let_run(p, enq_flags);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(report_init)
{
	return 0;
}

void BPF_STRUCT_OPS(report_exit, struct scx_exit_info *ei)
{
	exit_cpu = ei->exit_cpu;
	exit_flags = ei->flags;
	UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(report,
	       .enqueue = (void *)report_enqueue,
	       .init = (void *)report_init,
	       .exit = (void *)report_exit,
	       .flags = SCX_OPS_HAS_CGROUP_WEIGHT,
	       .name = "report");
