// SPDX-License-Identifier: GPL-2.0
/* Makes one mistake, with the victim only. */
#include "scx_test.bpf.h"
#include "fault.h"

const volatile u32 fault;
const volatile s32 cpu_arg;
s32 victim, withheld[NR_VICTIMS];
s32 handed;
u64 nr_done;

static bool hit(struct task_struct *p, u32 which)
{
	if (fault != which || p->pid != victim)
		return false;
	COUNT(nr_done);
	return true;
}

s32 BPF_STRUCT_OPS(fault_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	if (hit(p, FAULT_SELECT_BAD_CPU))
		return cpu_arg;
	if (hit(p, FAULT_SELECT_TWICE)) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
	} else if (hit(p, FAULT_SELECT_BAD_DSQ)) {
		scx_bpf_dsq_insert(p, NO_SUCH_DSQ, SCX_SLICE_DFL, 0);
	} else if (hit(p, FAULT_SELECT_FOREIGN)) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | cpu_arg, SCX_SLICE_DFL, 0);
	}
	return prev_cpu;
}

static bool fault_in_enqueue(struct task_struct *p, u64 enq_flags)
{
	u64 slice = SCX_SLICE_DFL;

	if (hit(p, FAULT_BAD_DSQ)) {
		scx_bpf_dsq_insert(p, NO_SUCH_DSQ, slice, enq_flags);
	} else if (hit(p, FAULT_BAD_BUILTIN)) {
		scx_bpf_dsq_insert(p, NO_SUCH_BUILTIN, slice, enq_flags);
	} else if (hit(p, FAULT_DSQ_INVALID)) {
		scx_bpf_dsq_insert(p, SCX_DSQ_INVALID, slice, enq_flags);
	} else if (hit(p, FAULT_LOCAL_ON_BAD_CPU)) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | cpu_arg, slice, enq_flags);
	} else if (hit(p, FAULT_LOCAL_ON_FOREIGN)) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | cpu_arg, slice, enq_flags);
	} else if (hit(p, FAULT_VTIME_LOCAL)) {
		scx_bpf_dsq_insert_vtime(p, SCX_DSQ_LOCAL, slice, 1, enq_flags);
	} else if (hit(p, FAULT_VTIME_GLOBAL)) {
		scx_bpf_dsq_insert_vtime(p, SCX_DSQ_GLOBAL, slice, 1, enq_flags);
	} else if (hit(p, FAULT_TWICE)) {
		scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, slice, enq_flags);
		scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, slice, enq_flags);
	} else if (hit(p, FAULT_INTERNAL_FLAG)) {
		scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, slice, 1LLU << 57);
	} else if (hit(p, FAULT_KICK_BAD_CPU)) {
		scx_bpf_kick_cpu(cpu_arg, 0);
		let_run(p, enq_flags);
	} else if (hit(p, FAULT_KICK_BAD_FLAGS)) {
		scx_bpf_kick_cpu(0, SCX_KICK_IDLE | SCX_KICK_PREEMPT);
		let_run(p, enq_flags);
	} else if (hit(p, FAULT_IDLE_BAD_CPU)) {
		scx_bpf_test_and_clear_cpu_idle(cpu_arg);
		let_run(p, enq_flags);
	} else if (hit(p, FAULT_NR_QUEUED_BAD_CPU)) {
		scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL_ON | cpu_arg);
		let_run(p, enq_flags);
	} else if (hit(p, FAULT_CPUPERF)) {
		scx_bpf_cpuperf_set(bpf_get_smp_processor_id(), 5000);
		let_run(p, enq_flags);
	} else if (hit(p, FAULT_DUMP_OUTSIDE)) {
		scx_bpf_dump("not now\n");
		let_run(p, enq_flags);
	} else if (hit(p, FAULT_DISPATCH_BAD_DSQ) || hit(p, FAULT_DISPATCH_FOREIGN)) {
		handed = p->pid;
		scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_PREEMPT);
	} else {
		return false;
	}
	return true;
}

static bool is_withheld(struct task_struct *p)
{
	int i;

	bpf_for(i, 0, NR_VICTIMS)
		if (p->pid == withheld[i])
			return true;
	return false;
}

/* Queues victims where nobody takes them, first one way, then the other. */
static bool fault_mixing(struct task_struct *p, u64 enq_flags)
{
	bool first, in_order;

	if (fault < FAULT_MIX_FIFO_FIRST || fault > FAULT_STALL ||
	    !is_withheld(p))
		return false;
	first = !COUNT(nr_done);
	if (fault == FAULT_STALL)
		return true;
	in_order = fault == FAULT_MIX_FIFO_FIRST;
	if (fault == FAULT_DESTROY_BUSY || fault == FAULT_DESTROY_RACE ||
	    first == in_order)
		scx_bpf_dsq_insert(p, MIXED_DSQ, SCX_SLICE_DFL, enq_flags);
	else
		scx_bpf_dsq_insert_vtime(p, MIXED_DSQ, SCX_SLICE_DFL, 1,
					 enq_flags);
	return true;
}

static void insert_other(u64 enq_flags)
{
	struct task_struct *other = bpf_task_from_pid(1);

	if (!other)
		return;
	scx_bpf_dsq_insert(other, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
	bpf_task_release(other);
}

void BPF_STRUCT_OPS(fault_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (fault_in_enqueue(p, enq_flags) || fault_mixing(p, enq_flags))
		return;
	if (hit(p, FAULT_OTHER_TASK))
		insert_other(enq_flags);
	let_run(p, enq_flags);
}

static void insert_handed(u64 dsq_id)
{
	struct task_struct *p = bpf_task_from_pid(handed);

	if (!p)
		return;
	scx_bpf_dsq_insert(p, dsq_id, SCX_SLICE_DFL, 0);
	bpf_task_release(p);
}

void BPF_STRUCT_OPS(fault_dispatch, s32 cpu, struct task_struct *prev)
{
	switch (fault) {
	case FAULT_DISPATCH_BAD_DSQ:
		insert_handed(NO_SUCH_DSQ);
		break;
	case FAULT_DISPATCH_FOREIGN:
		insert_handed(SCX_DSQ_LOCAL_ON | cpu_arg);
		break;
	case FAULT_MOVE_BAD_DSQ:
		scx_bpf_dsq_move_to_local(NO_SUCH_DSQ);
		break;
	case FAULT_MOVE_BUILTIN:
		scx_bpf_dsq_move_to_local(SCX_DSQ_GLOBAL);
		break;
	case FAULT_CANCEL_EMPTY:
		scx_bpf_dispatch_cancel();
		break;
	case FAULT_DESTROY_BUSY:
		if (scx_bpf_dsq_nr_queued(MIXED_DSQ) > 0)
			scx_bpf_destroy_dsq(MIXED_DSQ);
		break;
	case FAULT_DESTROY_RACE:
		if (nr_done)
			scx_bpf_destroy_dsq(MIXED_DSQ);
		break;
	}
}

s32 BPF_STRUCT_OPS_SLEEPABLE(fault_init)
{
	return scx_bpf_create_dsq(MIXED_DSQ, -1);
}

TEST_OPS(faulty,
	 .select_cpu = (void *)fault_select_cpu,
	 .enqueue = (void *)fault_enqueue,
	 .dispatch = (void *)fault_dispatch,
	 .init = (void *)fault_init);
