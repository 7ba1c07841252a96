// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that call a kernel function from an op which may not call it, or break
 * another rule that the verifier enforces. Each program has an ops table of its own,
 * so that the test can load one without the others.
 */
#include "scx_test.bpf.h"

#define SOME_DSQ	1

/* One op, one program, one table */
#define MISUSE(id, member)						\
	SCX_OPS_DEFINE(ops_##id, .member = (void *)id, .name = #id)

/* Insertion belongs to select_cpu, enqueue and dispatch. */

void BPF_STRUCT_OPS(insert_in_running, struct task_struct *p)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
}

MISUSE(insert_in_running, running);

void BPF_STRUCT_OPS(insert_in_dequeue, struct task_struct *p, u64 deq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
}

MISUSE(insert_in_dequeue, dequeue);

void BPF_STRUCT_OPS(insert_in_tick, struct task_struct *p)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
}

MISUSE(insert_in_tick, tick);

s32 BPF_STRUCT_OPS(insert_in_init_task, struct task_struct *p,
		   struct scx_init_task_args *args)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
	return 0;
}

MISUSE(insert_in_init_task, init_task);

void BPF_STRUCT_OPS(vtime_in_quiescent, struct task_struct *p, u64 deq_flags)
{
	scx_bpf_dsq_insert_vtime(p, SOME_DSQ, SCX_SLICE_DFL, 1, 0);
}

MISUSE(vtime_in_quiescent, quiescent);

/* Taking tasks from queues and the dispatch buffer belong to dispatch. */

void BPF_STRUCT_OPS(move_in_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_move_to_local(SOME_DSQ);
}

MISUSE(move_in_enqueue, enqueue);

s32 BPF_STRUCT_OPS(move_in_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	scx_bpf_dsq_move_to_local(SOME_DSQ);
	return prev_cpu;
}

MISUSE(move_in_select_cpu, select_cpu);

void BPF_STRUCT_OPS(move_in_update_idle, s32 cpu, bool idle)
{
	scx_bpf_dsq_move_to_local(SOME_DSQ);
}

MISUSE(move_in_update_idle, update_idle);

s32 BPF_STRUCT_OPS_SLEEPABLE(move_in_init)
{
	scx_bpf_dsq_move_to_local(SOME_DSQ);
	return 0;
}

MISUSE(move_in_init, init);

void BPF_STRUCT_OPS(slots_in_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dispatch_nr_slots();
}

MISUSE(slots_in_enqueue, enqueue);

void BPF_STRUCT_OPS(cancel_in_tick, struct task_struct *p)
{
	scx_bpf_dispatch_cancel();
}

MISUSE(cancel_in_tick, tick);

void BPF_STRUCT_OPS(iter_move_in_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct task_struct *q;

	bpf_for_each(scx_dsq, q, SOME_DSQ, 0)
		scx_bpf_dsq_move(BPF_FOR_EACH_ITER, q, SCX_DSQ_LOCAL, 0);
}

MISUSE(iter_move_in_enqueue, enqueue);

/* Giving back the local queue belongs to cpu_release. */

void BPF_STRUCT_OPS(reenqueue_in_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_reenqueue_local___v1();
}

MISUSE(reenqueue_in_enqueue, enqueue);

void BPF_STRUCT_OPS(reenqueue_in_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_reenqueue_local___v1();
}

MISUSE(reenqueue_in_dispatch, dispatch);

void BPF_STRUCT_OPS(reenqueue_in_acquire, s32 cpu,
		    struct scx_cpu_acquire_args *args)
{
	scx_bpf_reenqueue_local___v1();
}

MISUSE(reenqueue_in_acquire, cpu_acquire);

/* CPU selection belongs to select_cpu and enqueue. */

void BPF_STRUCT_OPS(select_in_running, struct task_struct *p)
{
	bool idle;

	scx_bpf_select_cpu_dfl(p, 0, 0, &idle);
}

MISUSE(select_in_running, running);

void BPF_STRUCT_OPS(select_in_stopping, struct task_struct *p, bool runnable)
{
	bool idle;

	scx_bpf_select_cpu_dfl(p, 0, 0, &idle);
}

MISUSE(select_in_stopping, stopping);

/* Creating a queue may sleep. */

void BPF_STRUCT_OPS(create_in_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_create_dsq(SOME_DSQ, -1);
}

MISUSE(create_in_enqueue, enqueue);

/* Arguments that may be NULL */

void BPF_STRUCT_OPS(prev_unchecked, s32 cpu, struct task_struct *prev)
{
	if (prev->pid == 1)
		scx_bpf_kick_cpu(cpu, 0);
}

MISUSE(prev_unchecked, dispatch);

bool BPF_STRUCT_OPS(to_unchecked, struct task_struct *from,
		    struct task_struct *to)
{
	return to->pid == 1;
}

MISUSE(to_unchecked, yield);

/* Ops that may not sleep */

SEC("struct_ops.s/sleep_in_enqueue")
void BPF_PROG(sleep_in_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_kick_cpu(0, 0);
}

MISUSE(sleep_in_enqueue, enqueue);

SEC("struct_ops.s/sleep_in_exit_task")
void BPF_PROG(sleep_in_exit_task, struct task_struct *p,
	      struct scx_exit_task_args *args)
{
	scx_bpf_kick_cpu(0, 0);
}

MISUSE(sleep_in_exit_task, exit_task);

SEC("struct_ops.s/sleep_in_dump")
void BPF_PROG(sleep_in_dump, struct scx_dump_ctx *dctx)
{
	scx_bpf_kick_cpu(0, 0);
}

MISUSE(sleep_in_dump, dump);

/* Writing what a scheduler may only read */

void BPF_STRUCT_OPS(write_flags, struct task_struct *p)
{
	p->scx.flags = 0;
}

MISUSE(write_flags, running);

void BPF_STRUCT_OPS(write_prio, struct task_struct *p)
{
	p->prio = 0;
}

MISUSE(write_prio, running);

/* Writing to a task that may be NULL or gone */

s32 BPF_STRUCT_OPS(write_found, struct task_struct *p, struct scx_init_task_args *args)
{
	p->pi_top_task->scx.slice = 1;
	return 0;
}

MISUSE(write_found, init_task);

void BPF_STRUCT_OPS(write_found_vtime, struct task_struct *p)
{
	p->last_wakee->scx.dsq_vtime = 1;
}

MISUSE(write_found_vtime, running);

void BPF_STRUCT_OPS(write_found_disallow, struct task_struct *p)
{
	struct task_struct *found = p->pi_top_task;

	if (found)
		found->scx.disallow = true;
}

MISUSE(write_found_disallow, enable);

void BPF_STRUCT_OPS(write_curr, struct task_struct *p)
{
	struct rq *rq = scx_bpf_cpu_rq(0);

	rq->curr->scx.slice = 0;
}

MISUSE(write_curr, tick);

void BPF_STRUCT_OPS(write_curr_tested, s32 cpu, struct task_struct *prev)
{
	struct rq *rq = scx_bpf_cpu_rq(cpu);
	struct task_struct *curr;

	if (!rq)
		return;
	curr = rq->curr;
	if (curr && curr->scx.slice == SCX_SLICE_INF)
		curr->scx.slice = 0;
}

MISUSE(write_curr_tested, dispatch);

void BPF_STRUCT_OPS(write_curr_far, struct task_struct *p)
{
	p->se.cfs_rq->rq->curr->scx.slice = 0;
}

MISUSE(write_curr_far, running);

void BPF_STRUCT_OPS(write_cpu_curr_untested, struct task_struct *p)
{
	scx_bpf_cpu_curr(0)->scx.slice = 0;
}

MISUSE(write_cpu_curr_untested, running);

/* Writing to tasks that stay */

void BPF_STRUCT_OPS(fine_write_cpu_curr, struct task_struct *p)
{
	struct task_struct *curr = scx_bpf_cpu_curr(0);

	if (curr)
		curr->scx.slice = 0;
	p->group_leader->scx.dsq_vtime = 1;
}

MISUSE(fine_write_cpu_curr, tick);

void BPF_STRUCT_OPS(fine_write_pid, struct task_struct *p)
{
	struct task_struct *q = bpf_task_from_pid(1);

	if (q) {
		q->scx.slice = 1;
		q->scx.dsq_vtime = 1;
		bpf_task_release(q);
	}
	bpf_get_current_task_btf()->scx.slice = 1;
}

MISUSE(fine_write_pid, runnable);

void BPF_STRUCT_OPS(fine_write_iter, s32 cpu, struct task_struct *prev)
{
	struct task_struct *p;

	bpf_for_each(scx_dsq, p, SOME_DSQ, 0)
		p->scx.slice = 1;
}

MISUSE(fine_write_iter, dispatch);

/* Things allowed, so that the refusals above mean something */

s32 BPF_STRUCT_OPS(fine_select_cpu, struct task_struct *p, s32 prev_cpu,
		   u64 wake_flags)
{
	bool idle = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);

	if (idle)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
	return cpu;
}

MISUSE(fine_select_cpu, select_cpu);

void BPF_STRUCT_OPS(fine_enqueue, struct task_struct *p, u64 enq_flags)
{
	bool idle = false;

	scx_bpf_select_cpu_dfl(p, 0, 0, &idle);
	p->scx.dsq_vtime++;
	p->scx.slice = 1000000;
	scx_bpf_dsq_insert_vtime(p, SOME_DSQ, SCX_SLICE_DFL, 1, enq_flags);
}

MISUSE(fine_enqueue, enqueue);

void BPF_STRUCT_OPS(fine_dispatch, s32 cpu, struct task_struct *prev)
{
	struct task_struct *p;

	if (prev && prev->pid == 1)
		scx_bpf_kick_cpu(cpu, 0);
	if (!scx_bpf_dispatch_nr_slots())
		return;
	bpf_for_each(scx_dsq, p, SOME_DSQ, 0)
		scx_bpf_dsq_move(BPF_FOR_EACH_ITER, p, SCX_DSQ_LOCAL, 0);
	scx_bpf_dsq_move_to_local(SOME_DSQ);
}

MISUSE(fine_dispatch, dispatch);

void BPF_STRUCT_OPS(fine_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	scx_bpf_reenqueue_local___v1();
}

MISUSE(fine_cpu_release, cpu_release);

s32 BPF_STRUCT_OPS_SLEEPABLE(fine_init)
{
	return scx_bpf_create_dsq(SOME_DSQ, -1);
}

MISUSE(fine_init, init);

s32 BPF_STRUCT_OPS_SLEEPABLE(fine_init_task, struct task_struct *p,
			     struct scx_init_task_args *args)
{
	p->scx.disallow = false;
	return 0;
}

MISUSE(fine_init_task, init_task);

/* A CPU's current task can be gone outside of an RCU read section. */

s32 BPF_STRUCT_OPS_SLEEPABLE(curr_outside_rcu)
{
	struct task_struct *p = scx_bpf_cpu_curr(0);

	return p ? 0 : -EINVAL;
}

MISUSE(curr_outside_rcu, init);

s32 BPF_STRUCT_OPS_SLEEPABLE(curr_after_rcu)
{
	struct task_struct *p;
	s32 cpu = 0;

	bpf_rcu_read_lock();
	p = scx_bpf_cpu_curr(0);
	bpf_rcu_read_unlock();
	if (p)
		cpu = scx_bpf_task_cpu(p);
	return cpu > 1000 ? -EINVAL : 0;
}

MISUSE(curr_after_rcu, init);

s32 BPF_STRUCT_OPS_SLEEPABLE(fine_curr)
{
	struct task_struct *p;
	s32 cpu = 0;

	bpf_rcu_read_lock();
	p = scx_bpf_cpu_curr(0);
	if (p)
		cpu = scx_bpf_task_cpu(p);
	bpf_rcu_read_unlock();
	return cpu > 1000 ? -EINVAL : 0;
}

MISUSE(fine_curr, init);

void BPF_STRUCT_OPS(fine_curr_locked, struct task_struct *p)
{
	struct task_struct *curr = scx_bpf_cpu_curr(0);

	if (curr && scx_bpf_task_running(curr))
		scx_bpf_kick_cpu(0, 0);
}

MISUSE(fine_curr_locked, tick);

/* Other kinds of programs */

SEC("?syscall")
int insert_in_syscall(void *ctx)
{
	struct task_struct *p = bpf_task_from_pid(1);

	if (p) {
		scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
		bpf_task_release(p);
	}
	return 0;
}

SEC("?syscall")
int move_in_syscall(void *ctx)
{
	return scx_bpf_dsq_move_to_local(SOME_DSQ);
}

SEC("?tp_btf/sched_switch")
int BPF_PROG(insert_in_tracing, bool preempt, struct task_struct *prev,
	     struct task_struct *next)
{
	scx_bpf_dsq_insert(next, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
	return 0;
}

SEC("?syscall")
int fine_syscall(void *ctx)
{
	scx_bpf_kick_cpu(0, 0);
	return scx_bpf_create_dsq(SOME_DSQ, -1);
}
