// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: asking the BPF scheduler for work.
 *
 * When a CPU has nothing left on its local DSQ, ops.dispatch() is called to
 * fill it. The insertions that the callback makes are buffered, because it runs
 * with the CPU's rq locked and an insertion may need another rq's lock. The
 * buffer is flushed when the callback returns or wants to move a task from a
 * user DSQ.
 */
#include "ext_dispatch.h"
#include "ext_dsq.h"
#include "ext_error.h"
#include "ext_kick.h"
#include "ext_preempt.h"
#include "ext_state.h"
#include "ext_task.h"

/**
 * struct scx_dsp_ent - a buffered insertion
 * @p: the task
 * @qseq: hand-over that the insertion is about; 0 if BPF did not own the task
 * @dsq_id: DSQ to insert it into
 * @slice: its new slice, 0 to keep the present one
 * @vtime: its new vtime
 * @enq_flags: SCX_ENQ_*
 *
 * A program may name a task that it does not own or does not own any more. Only
 * the flush finds out, so nothing is written to the task before: a new vtime
 * would break the order of a DSQ that the task is on.
 *
 * IRQs are off until the flush has used @p, so @p cannot be freed before.
 */
struct scx_dsp_ent {
	struct task_struct	*p;
	unsigned long		qseq;
	u64			dsq_id;
	u64			slice;
	u64			vtime;
	u64			enq_flags;
};

/**
 * struct scx_dsp_ctx - dispatching on a CPU
 * @nr: insertions in @ents
 * @max: room in @ents
 * @dispatched: tasks that this call of ops.dispatch() has dispatched
 * @ents: insertions that wait for the flush
 */
struct scx_dsp_ctx {
	u32			nr;
	u32			max;
	u32			dispatched;
	struct scx_dsp_ent	ents[];
};

/**
 * scx_dispatch_alloc - Make dispatch buffers
 * @sch: scheduler that they are for
 */
int scx_dispatch_alloc(struct scx_sched *sch)
{
	u32 max = sch->ops.dispatch_max_batch ?: SCX_DSP_DFL_MAX_BATCH;
	int cpu;

	/* User space chooses the size, so failure must print no warning. */
	sch->dsp_ctx = __alloc_percpu_gfp(struct_size_t(struct scx_dsp_ctx, ents, max),
					  __alignof__(struct scx_dsp_ctx),
					  GFP_KERNEL | __GFP_NOWARN);
	if (!sch->dsp_ctx) {
		scx_error(sch, "no memory for buffers of dispatch_max_batch %u tasks",
			  max);
		return -ENOMEM;
	}

	for_each_possible_cpu(cpu)
		per_cpu_ptr(sch->dsp_ctx, cpu)->max = max;
	return 0;
}

/**
 * scx_dispatch_free - Free the dispatch buffers
 * @sch: scheduler that they were for; it is not called any more
 */
void scx_dispatch_free(struct scx_sched *sch)
{
	free_percpu(sch->dsp_ctx);
	sch->dsp_ctx = NULL;
}

/**
 * scx_dispatch_buffer - Remember an insertion by ops.dispatch()
 * @sch: the scheduler
 * @p: the task
 * @dsq_id: DSQ to insert it into
 * @slice: its new slice, 0 to keep the present one
 * @vtime: its new vtime, with SCX_ENQ_DSQ_PRIQ
 * @enq_flags: SCX_ENQ_*
 *
 * Return: false if there is no room left, with an error raised.
 */
bool scx_dispatch_buffer(struct scx_sched *sch, struct task_struct *p,
			 u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags)
{
	struct scx_dsp_ctx *ctx = this_cpu_ptr(sch->dsp_ctx);

	if (unlikely(ctx->nr >= ctx->max)) {
		scx_error(sch, "more than dispatch_max_batch %u tasks inserted, last %s[%d]",
			  ctx->max, p->comm, p->pid);
		return false;
	}

	ctx->ents[ctx->nr++] = (struct scx_dsp_ent){
		.p		= p,
		.qseq		= atomic_long_read(&p->scx.ops_state) &
				  SCX_OPSS_QSEQ_MASK,
		.dsq_id		= dsq_id,
		.slice		= slice,
		.vtime		= vtime,
		.enq_flags	= enq_flags,
	};
	return true;
}

/**
 * scx_dispatch_nr_slots - How many more insertions are there room for?
 * @sch: the scheduler, in ops.dispatch()
 */
u32 scx_dispatch_nr_slots(struct scx_sched *sch)
{
	struct scx_dsp_ctx *ctx = this_cpu_ptr(sch->dsp_ctx);

	return ctx->max - ctx->nr;
}

/**
 * scx_dispatch_cancel - Forget the newest buffered insertion
 * @sch: the scheduler, in ops.dispatch()
 *
 * Return: false if there is none.
 */
bool scx_dispatch_cancel(struct scx_sched *sch)
{
	struct scx_dsp_ctx *ctx = this_cpu_ptr(sch->dsp_ctx);

	if (!ctx->nr)
		return false;
	ctx->nr--;
	return true;
}

/*
 * Take @ent's task over from the BPF scheduler, which may dispatch any task at
 * any time. It is no error if the BPF scheduler does not own the task, or if
 * the task was handed over anew meanwhile.
 */
static bool claim(struct scx_dsp_ent *ent)
{
	atomic_long_t *state = &ent->p->scx.ops_state;
	long opss;

	for (;;) {
		opss = atomic_long_read_acquire(state);
		if (!ent->qseq || (opss & SCX_OPSS_QSEQ_MASK) != ent->qseq)
			return false;

		switch (opss & SCX_OPSS_STATE_MASK) {
		case SCX_OPSS_QUEUEING:
			/*
			 * On another CPU, ops.enqueue() has published the task
			 * and has not returned yet. It waits for no lock that
			 * we hold.
			 */
			cpu_relax();
			continue;
		case SCX_OPSS_QUEUED:
			if (atomic_long_try_cmpxchg(state, &opss,
						    ent->qseq | SCX_OPSS_DISPATCHING))
				return true;
			continue;
		default:
			return false;
		}
	}
}

static void flush_one(struct scx_sched *sch, struct rq *rq,
		      struct scx_dsp_ent *ent)
{
	struct scx_dispatch_q *dsq;

	if (!claim(ent))
		return;

	scx_dispatch_set_budget(ent->p, ent->slice, ent->vtime, ent->enq_flags);

	if (SCX_HAS_OP(sch, core_sched_before))
		scx_task_touch_core_sched(ent->p);

	dsq = scx_dispatch_target(sch, rq, ent->dsq_id, ent->p);
	if (scx_dispatch_is_local(dsq))
		scx_dispatch_to_local(sch, rq, scx_dispatch_rq_of(dsq), ent->p,
				      ent->enq_flags);
	else
		scx_dispatch_insert(sch, dsq, ent->p,
				    ent->enq_flags | SCX_ENQ_CLEAR_OPSS);
}

/* @rq is locked and may be unlocked in between. */
static void flush(struct scx_sched *sch, struct rq *rq)
{
	struct scx_dsp_ctx *ctx = this_cpu_ptr(sch->dsp_ctx);
	u32 i;

	for (i = 0; i < ctx->nr; i++)
		flush_one(sch, rq, &ctx->ents[i]);

	ctx->dispatched += ctx->nr;
	ctx->nr = 0;
}

/**
 * scx_dispatch_move_to_local - Move a task from a user DSQ to the local one
 * @sch: the scheduler, in ops.dispatch()
 * @rq: rq that is being dispatched; locked, may be unlocked in between
 * @dsq_id: the user DSQ
 * @enq_flags: SCX_ENQ_* for the local DSQ
 *
 * Return: true if a task was moved; false if no task fits, or with an error
 * raised if there is no such DSQ.
 */
bool scx_dispatch_move_to_local(struct scx_sched *sch, struct rq *rq,
				u64 dsq_id, u64 enq_flags)
{
	struct scx_dsp_ctx *ctx = this_cpu_ptr(sch->dsp_ctx);
	struct scx_dispatch_q *dsq = NULL;

	if (ctx->nr)
		flush(sch, rq);

	/* A scheduler on its way out must not keep CPUs busy with long DSQs. */
	if (scx_exiting(sch))
		return false;

	if (!(dsq_id & SCX_DSQ_FLAG_BUILTIN))
		dsq = scx_dsq_find(sch, dsq_id);
	if (unlikely(!dsq)) {
		scx_error(sch, "CPU %d moves a task from DSQ 0x%llx, which is no user DSQ%s",
			  cpu_of(rq), dsq_id, scx_dsq_hint(dsq_id));
		return false;
	}

	if (!scx_dispatch_consume(sch, rq, dsq, enq_flags))
		return false;

	/* If the task is gone again by the end, another round follows. */
	ctx->dispatched++;
	return true;
}

/*
 * @rq belongs to this CPU or to an SMT sibling, so this node is that of @rq.
 *
 * In bypass mode CPUs leave the global DSQ alone. The thread that enters bypass
 * mode moves its tasks to the local DSQs of their CPUs, and should not have to
 * wait for the lock of the global DSQ.
 */
static __always_inline bool has_work(struct scx_sched *sch, struct rq *rq)
{
	struct scx_dispatch_q *global;

	if (rq->scx.local_dsq.nr)
		return true;
	global = sch->global_dsqs[numa_node_id()];
	return READ_ONCE(global->nr) && !scx_rq_bypassing(rq) &&
	       scx_dispatch_consume(sch, rq, global, 0);
}

/* Keep the running task if it has slice left. Bypass mode does not ask this. */
static bool curr_goes_on(struct rq *rq)
{
	struct task_struct *curr = scx_curr(rq);

	if (!scx_task_queued(curr) || !curr->scx.slice)
		return false;

	rq->scx.flags |= SCX_RQ_BAL_KEEP;
	return true;
}

/*
 * Call ops.dispatch() in rounds until there is work. A round that dispatched
 * something, though nothing for this CPU, is followed by another. The number of
 * rounds is limited, because IRQs are off and the watchdog cannot run.
 *
 * Each round may drop the lock, so the running task is looked up anew in the
 * next: it may have left the class, and if @rq belongs to an SMT sibling,
 * another task may run there.
 */
static bool ask_bpf(struct scx_sched *sch, struct rq *rq)
{
	struct scx_dsp_ctx *ctx = this_cpu_ptr(sch->dsp_ctx);
	int round;

	for (round = 0; round < SCX_DSP_MAX_LOOPS; round++) {
		struct task_struct *prev = scx_curr(rq);

		if (prev->sched_class != &ext_sched_class)
			prev = NULL;

		ctx->dispatched = 0;
		SCX_CALL_OP(sch, dispatch, rq, cpu_of(rq), prev);
		if (ctx->nr)
			flush(sch, rq);

		if (curr_goes_on(rq) || has_work(sch, rq))
			return true;
		if (!ctx->dispatched)
			return false;
	}

	/* Let interrupts in, then go on. */
	scx_kick_cpu(sch, cpu_of(rq), 0);
	return false;
}

static bool find_work(struct scx_sched *sch, struct rq *rq)
{
	bool bypassing = scx_rq_bypassing(rq);

	/* A task that is not queued any more was charged when it left. */
	if (scx_task_queued(scx_curr(rq))) {
		scx_task_charge(rq);
		if (!bypassing && curr_goes_on(rq))
			return true;
	}

	if (has_work(sch, rq))
		return true;

	/* Not @bypassing: it may be out of date if the lock was dropped. */
	if (SCX_HAS_OP(sch, dispatch) && !scx_rq_bypassing(rq) &&
	    scx_rq_online(rq) && ask_bpf(sch, rq))
		return true;

	/* Other CPUs may have sent work while the lock was dropped. */
	if (rq->scx.local_dsq.nr)
		return true;

	if (scx_task_queued(scx_curr(rq)) &&
	    (!(sch->ops.flags & SCX_OPS_ENQ_LAST) || scx_rq_bypassing(rq))) {
		rq->scx.flags |= SCX_RQ_BAL_KEEP;
		if (rq == this_rq())
			scx_add_event(sch, SCX_EV_DISPATCH_KEEP_LAST, 1);
		return true;
	}

	return false;
}

/**
 * scx_dispatch_balance - Look for a task that a CPU can run
 * @rq: its runqueue, locked but not pinned; may be unlocked in between
 *
 * If the running task is to go on, SCX_RQ_BAL_KEEP is set; any other task that
 * was found is on the local DSQ. The caller makes sure that this is called once
 * at a time for one CPU.
 *
 * Return: true if there is a task.
 */
bool scx_dispatch_balance(struct rq *rq)
{
	struct scx_sched *sch = rcu_dereference_sched(scx_root);

	lockdep_assert_rq_held(rq);

	scx_preempt_acquire(sch, rq);
	return find_work(sch, rq);
}
