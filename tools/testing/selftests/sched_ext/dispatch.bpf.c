// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps tasks in a BPF queue and dispatches them from there to a kind of
 * destination that is chosen before loading. Remembers for each task to which CPU
 * it was sent and whether it then ran there.
 */
#include "scx_test.bpf.h"
#include "dispatch.h"

#define USER_DSQ	0x99

const volatile u32 dest;

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4096);
	__type(value, s32);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, s32);
	__type(value, s32);
} sent_to SEC(".maps");

u64 nr_queued, nr_dispatched, nr_remote, nr_arrived;
u64 bad[NR_BAD];

s32 BPF_STRUCT_OPS(dispatch_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	return prev_cpu;
}

static bool is_bound(struct task_struct *p)
{
	return p->nr_cpus_allowed == 1 && scx_bpf_nr_cpu_ids() > 1;
}

void BPF_STRUCT_OPS(dispatch_enqueue, struct task_struct *p, u64 enq_flags)
{
	s32 pid = p->pid;

	bpf_map_delete_elem(&sent_to, &pid);
	if ((p->flags & PF_KTHREAD) || is_bound(p) ||
	    bpf_map_push_elem(&queue, &pid, 0)) {
		let_run(p, enq_flags);
		return;
	}
	COUNT(nr_queued);
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_IDLE);
}

static void insert_local_on(struct task_struct *p, s32 from)
{
	s32 pid = p->pid, cpu = bpf_cpumask_any_distribute(p->cpus_ptr);

	bpf_map_update_elem(&sent_to, &pid, &cpu, BPF_ANY);
	if (cpu != from)
		COUNT(nr_remote);
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | cpu, SCX_SLICE_DFL, 0);
}

static void insert_local(struct task_struct *p, s32 cpu)
{
	u64 dsq = SCX_DSQ_GLOBAL;

	if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
		dsq = SCX_DSQ_LOCAL;
	scx_bpf_dsq_insert(p, dsq, SCX_SLICE_DFL, 0);
}

/* An insertion that was cancelled must give back its slot. */
static void insert_cancelled(struct task_struct *p)
{
	u32 slots = scx_bpf_dispatch_nr_slots();

	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
	if (scx_bpf_dispatch_nr_slots() != slots - 1)
		COUNT(bad[BAD_SLOTS_INSERT]);
	scx_bpf_dispatch_cancel();
	if (scx_bpf_dispatch_nr_slots() != slots)
		COUNT(bad[BAD_SLOTS_CANCEL]);
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
}

static void insert_overflow(struct task_struct *p)
{
	int i;

	bpf_for(i, 0, BATCH + 1)
		scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
}

static void insert(struct task_struct *p, s32 cpu)
{
	switch (dest) {
	case TO_LOCAL_ON:
		insert_local_on(p, cpu);
		break;
	case TO_USER:
		scx_bpf_dsq_insert(p, USER_DSQ, SCX_SLICE_DFL, 0);
		break;
	case TO_TWICE:
		scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
		scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
		break;
	case TO_CANCEL:
		insert_cancelled(p);
		break;
	case TO_OVERFLOW:
		insert_overflow(p);
		break;
	case TO_LOCAL:
		insert_local(p, cpu);
		break;
	default:
		scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
	}
	COUNT(nr_dispatched);
}

void BPF_STRUCT_OPS(dispatch_dispatch, s32 cpu, struct task_struct *prev)
{
	struct task_struct *p;
	s32 pid;
	int i;

	if (scx_bpf_dispatch_nr_slots() != BATCH)
		COUNT(bad[BAD_SLOTS]);
	bpf_for(i, 0, BATCH / 2) {
		if (bpf_map_pop_elem(&queue, &pid))
			break;
		p = bpf_task_from_pid(pid);
		if (!p)
			continue;
		insert(p, cpu);
		bpf_task_release(p);
	}
	if (dest == TO_USER)
		scx_bpf_dsq_move_to_local(USER_DSQ);
}

void BPF_STRUCT_OPS(dispatch_running, struct task_struct *p)
{
	s32 pid = p->pid, *cpu = bpf_map_lookup_elem(&sent_to, &pid);

	if (!cpu)
		return;
	if (*cpu == scx_bpf_task_cpu(p))
		COUNT(nr_arrived);
	else
		COUNT(bad[BAD_CPU]);
	bpf_map_delete_elem(&sent_to, &pid);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(dispatch_init)
{
	return scx_bpf_create_dsq(USER_DSQ, -1);
}

TEST_OPS(dispatch_ops,
	 .select_cpu = (void *)dispatch_select_cpu,
	 .enqueue = (void *)dispatch_enqueue,
	 .dispatch = (void *)dispatch_dispatch,
	 .running = (void *)dispatch_running,
	 .init = (void *)dispatch_init,
	 .dispatch_max_batch = BATCH);
