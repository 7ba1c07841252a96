// SPDX-License-Identifier: GPL-2.0
/*
 * Holds watched tasks in a queue of its own until the gate is opened, then lets
 * them out one after the other and records the order in which they ran.
 */
#include "scx_test.bpf.h"
#include "dsq.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SEEN_MAX);
	__type(key, s32);
	__type(value, struct watch);
} watched SEC(".maps");

bool gate, without_end;
u32 nr_ran, nr_listed, nr_reenq;
/* What ran first on this CPU after the gate was opened? */
s32 first_cpu = -1;
u32 first;
/* The kernel thread that calls ops.init() */
s32 helper;
s32 ran[SEEN_MAX], listed[SEEN_MAX];
u64 listed_vtime[SEEN_MAX], quiescent_on;
s32 create_again, create_builtin, create_node;

s32 BPF_STRUCT_OPS(dsq_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	return prev_cpu;
}

void BPF_STRUCT_OPS(dsq_enqueue, struct task_struct *p, u64 enq_flags)
{
	s32 pid = p->pid;
	struct watch *watch = bpf_map_lookup_elem(&watched, &pid);

	if (!watch) {
		let_run(p, enq_flags);
		return;
	}
	if (enq_flags & SCX_ENQ_REENQ) {
		nr_reenq++;
		if (without_end)
			scx_bpf_dsq_reenq___compat(HELD_DSQ, 0);
	}
	enq_flags &= ~SCX_ENQ_HEAD;
	if (watch->at_head || (enq_flags & SCX_ENQ_REENQ))
		enq_flags |= SCX_ENQ_HEAD;
	if (watch->by_vtime)
		scx_bpf_dsq_insert_vtime(p, HELD_DSQ, SCX_SLICE_DFL,
					 watch->vtime, enq_flags);
	else
		scx_bpf_dsq_insert(p, HELD_DSQ, SCX_SLICE_DFL, enq_flags);
}

void BPF_STRUCT_OPS(dsq_dispatch, s32 cpu, struct task_struct *prev)
{
	if (gate)
		scx_bpf_dsq_move_to_local(HELD_DSQ);
}

void BPF_STRUCT_OPS(dsq_running, struct task_struct *p)
{
	s32 pid = p->pid;
	struct watch *watch = bpf_map_lookup_elem(&watched, &pid);
	u32 at;

	if (gate && !first && bpf_get_smp_processor_id() == first_cpu)
		first = watch ? FIRST_WATCHED : FIRST_OTHER;
	if (!watch || !gate || __sync_fetch_and_add(&watch->ran, 1))
		return;
	at = COUNT(nr_ran);
	if (at < SEEN_MAX)
		ran[at] = pid;
}

void BPF_STRUCT_OPS(dsq_quiescent, struct task_struct *p, u64 deq_flags)
{
	s32 pid = p->pid;
	struct scx_dispatch_q *dsq = p->scx.dsq;

	if (dsq && bpf_map_lookup_elem(&watched, &pid))
		quiescent_on = dsq->id;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(dsq_init)
{
	s32 err = scx_bpf_create_dsq(HELD_DSQ, -1);

	helper = bpf_get_current_pid_tgid();
	create_again = scx_bpf_create_dsq(HELD_DSQ, -1);
	create_builtin = scx_bpf_create_dsq(SCX_DSQ_GLOBAL, -1);
	create_node = scx_bpf_create_dsq(OTHER_DSQ, 1 << 20);
	return err;
}

TEST_OPS(dsq,
	 .select_cpu = (void *)dsq_select_cpu,
	 .enqueue = (void *)dsq_enqueue,
	 .dispatch = (void *)dsq_dispatch,
	 .running = (void *)dsq_running,
	 .quiescent = (void *)dsq_quiescent,
	 .init = (void *)dsq_init);

u64 asked_dsq, list_flags;

SEC("syscall")
int dsq_nr(void *ctx)
{
	return scx_bpf_dsq_nr_queued(asked_dsq);
}

SEC("syscall")
int dsq_kick_all(void *ctx)
{
	s32 cpu;

	bpf_for(cpu, 0, scx_bpf_nr_cpu_ids())
		scx_bpf_kick_cpu(cpu, 0);
	return 0;
}

SEC("syscall")
int dsq_list(void *ctx)
{
	struct task_struct *p;

	nr_listed = 0;
	bpf_rcu_read_lock();
	bpf_for_each(scx_dsq, p, HELD_DSQ, list_flags) {
		u32 at = nr_listed++;

		if (at >= SEEN_MAX)
			break;
		listed[at] = p->pid;
		listed_vtime[at] = p->scx.dsq_vtime;
	}
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
int dsq_peek(void *ctx)
{
	struct task_struct *p;
	s32 pid = 0;

	bpf_rcu_read_lock();
	p = scx_bpf_dsq_peek(asked_dsq);
	if (p)
		pid = p->pid;
	bpf_rcu_read_unlock();
	return pid;
}

SEC("syscall")
int dsq_reenq(void *ctx)
{
	scx_bpf_dsq_reenq___compat(asked_dsq, 0);
	return 0;
}

u64 move_vtime, move_slice, seen_slice;
s32 move_pid;
u32 nr_moved;
bool move_head;

static __always_inline bool move_it(struct bpf_iter_scx_dsq *it, struct task_struct *p)
{
	if (move_slice)
		scx_bpf_dsq_move_set_slice(it, move_slice);
	if (!move_vtime)
		return scx_bpf_dsq_move(it, p, HELD_DSQ,
					move_head ? SCX_ENQ_HEAD : 0);
	scx_bpf_dsq_move_set_vtime(it, move_vtime);
	return scx_bpf_dsq_move_vtime(it, p, HELD_DSQ, 0);
}

/* Take one task out of the middle and put it back at another place. */
SEC("syscall")
int dsq_move_one(void *ctx)
{
	struct task_struct *p;

	nr_moved = 0;
	bpf_rcu_read_lock();
	bpf_for_each(scx_dsq, p, HELD_DSQ, 0) {
		if (p->pid != move_pid)
			continue;
		nr_moved += move_it(BPF_FOR_EACH_ITER, p);
		seen_slice = p->scx.slice;
		break;
	}
	bpf_rcu_read_unlock();
	return nr_moved;
}

s32 destroyed_nr, created;

SEC("syscall")
int dsq_create_destroy(void *ctx)
{
	created = scx_bpf_create_dsq(OTHER_DSQ, -1);
	destroyed_nr = scx_bpf_dsq_nr_queued(OTHER_DSQ);
	scx_bpf_destroy_dsq(OTHER_DSQ);
	scx_bpf_destroy_dsq(OTHER_DSQ + 1);
	return scx_bpf_dsq_nr_queued(OTHER_DSQ);
}

SEC("syscall")
int dsq_create_only(void *ctx)
{
	return scx_bpf_create_dsq(OTHER_DSQ, -1);
}
