// SPDX-License-Identifier: GPL-2.0
/*
 * What is still done after an exit has been claimed. One dispatch moves tasks,
 * ends the scheduler, and tries to move tasks again. Also, an NMI can end it.
 */
#include "scx_test.bpf.h"

#define QUEUE	1
#define ASIDE	2

bool end_now, end_in_nmi;
u32 began;
u64 moved_before, moved_after, aside_before, aside_after;
s32 left_after = -1;
s32 nmi_cpu = -1;

void BPF_STRUCT_OPS(claimed_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, QUEUE, SCX_SLICE_DFL, enq_flags);
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_IDLE);
}

static u64 move_aside(void)
{
	struct task_struct *p;
	u64 nr = 0;

	bpf_for_each(scx_dsq, p, QUEUE, 0) {
		nr += scx_bpf_dsq_move(BPF_FOR_EACH_ITER, p, ASIDE, 0);
		if (nr)
			break;
	}
	return nr;
}

static void end_between(void)
{
	aside_before = move_aside();
	moved_before = scx_bpf_dsq_move_to_local(QUEUE, 0);
	scx_bpf_error("claimed with %d tasks left", scx_bpf_dsq_nr_queued(QUEUE));
	aside_after = move_aside();
	moved_after = scx_bpf_dsq_move_to_local(QUEUE, 0);
	left_after = scx_bpf_dsq_nr_queued(QUEUE);
}

void BPF_STRUCT_OPS(claimed_dispatch, s32 cpu, struct task_struct *prev)
{
	if (end_now && scx_bpf_dsq_nr_queued(QUEUE) > 6 &&
	    !__sync_val_compare_and_swap(&began, 0, 1))
		end_between();
	else if (!scx_bpf_dsq_move_to_local(ASIDE, 0))
		scx_bpf_dsq_move_to_local(QUEUE, 0);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(claimed_init)
{
	return scx_bpf_create_dsq(QUEUE, -1) ?: scx_bpf_create_dsq(ASIDE, -1);
}

TEST_OPS(claimed,
	 .enqueue = (void *)claimed_enqueue,
	 .dispatch = (void *)claimed_dispatch,
	 .init = (void *)claimed_init);

SEC("tp_btf/nmi_handler")
int BPF_PROG(claimed_nmi, void *handler, s64 delta_ns, int handled)
{
	if (!end_in_nmi || nmi_cpu >= 0)
		return 0;
	nmi_cpu = bpf_get_smp_processor_id();
	scx_bpf_error("from an NMI on CPU %d", nmi_cpu);
	return 0;
}
