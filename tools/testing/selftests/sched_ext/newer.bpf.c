// SPDX-License-Identifier: GPL-2.0
/* Calls what kernels after 6.18 have, under the names that compat headers look for. */
#include "scx_test.bpf.h"

#define NEWER_DSQ	0x619

u64 nr_missing, nr_accepted, nr_refused, nr_by_vtime, nr_selected, nr_moved;
bool insert_twice;
u64 move_flags;

#define NEED(name) do {							\
	if (!bpf_ksym_exists(name))					\
		COUNT(nr_missing);					\
} while (0)

s32 BPF_STRUCT_OPS(newer_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	s32 cpu = scx_bpf_select_cpu_and(p, prev_cpu, wake_flags, p->cpus_ptr, 0);

	if (cpu < 0)
		return prev_cpu;
	COUNT(nr_selected);
	return cpu;
}

void BPF_STRUCT_OPS(newer_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (scx_bpf_dsq_insert_vtime(p, NEWER_DSQ, SCX_SLICE_DFL, p->pid, enq_flags))
		COUNT(nr_by_vtime);
	if (insert_twice) {
		if (scx_bpf_dsq_insert___v2___compat(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0))
			COUNT(nr_accepted);
		else
			COUNT(nr_refused);
	}
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_IDLE);
}

void BPF_STRUCT_OPS(newer_dispatch, s32 cpu, struct task_struct *prev)
{
	if (scx_bpf_dsq_move_to_local___v2___compat(NEWER_DSQ, move_flags))
		COUNT(nr_moved);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(newer_init)
{
	NEED(scx_bpf_dsq_insert___v2___compat);
	NEED(__scx_bpf_dsq_insert_vtime);
	NEED(__scx_bpf_select_cpu_and);
	NEED(scx_bpf_dsq_move_to_local___v2___compat);
	NEED(scx_bpf_reenqueue_local___v2___compat);
	NEED(scx_bpf_dsq_reenq___compat);
	NEED(scx_bpf_task_set_slice___new);
	NEED(scx_bpf_task_set_dsq_vtime___new);
	if (!bpf_core_type_exists(struct scx_bpf_dsq_insert_vtime_args___compat) ||
	    !bpf_core_type_exists(struct scx_bpf_select_cpu_and_args___compat))
		COUNT(nr_missing);
	return scx_bpf_create_dsq(NEWER_DSQ, -1);
}

TEST_OPS(newer,
	 .select_cpu = (void *)newer_select_cpu,
	 .enqueue = (void *)newer_enqueue,
	 .dispatch = (void *)newer_dispatch,
	 .init = (void *)newer_init);

s32 asked_pid, set_slice, set_vtime;
u64 seen_slice, seen_vtime;

SEC("syscall")
int newer_set(void *ctx)
{
	struct task_struct *p = bpf_task_from_pid(asked_pid);

	if (!p)
		return -ESRCH;
	set_slice = scx_bpf_task_set_slice___new(p, 1234567);
	set_vtime = scx_bpf_task_set_dsq_vtime___new(p, 7654321);
	seen_slice = p->scx.slice;
	seen_vtime = p->scx.dsq_vtime;
	bpf_task_release(p);
	return 0;
}
