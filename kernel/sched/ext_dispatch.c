// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: between the BPF scheduler and the DSQs.
 *
 * scx_dispatch_enqueue() hands a runnable task to the BPF scheduler, which
 * gives it back in one of two ways. ops.select_cpu() and ops.enqueue() can
 * insert the very task that they were called for ("direct dispatch"); the DSQ
 * and the flags that they name are called the verdict about the task. Or
 * ops.dispatch() inserts the task later. In between the BPF scheduler owns the
 * task, which is recorded in sched_ext_entity::ops_state. The dequeue path can
 * take the task back at any time, holding no lock but that of the task's rq:
 *
 *	dispatcher, any CPU		dequeue, rq of p locked
 *
 *	QUEUED -> DISPATCHING		read ops_state
 *	  (cmpxchg with the sequence	  QUEUED: ops.dequeue(), then
 *	   number it was told)		    QUEUED -> NONE (cmpxchg)
 *	insert p into a DSQ		  lost, or DISPATCHING: spin until
 *	DISPATCHING -> NONE (release)	    it is not DISPATCHING (acquire)
 *					p is on a DSQ or nowhere: unlink it
 *
 * The spinning side holds the task's rq lock. So a dispatcher must not take
 * that lock while the state is DISPATCHING; ext_dispatch_rq.c shows what it
 * does if it needs the lock.
 */
#include "ext_dispatch.h"
#include "ext_dsq.h"
#include "ext_error.h"
#include "ext_kick.h"
#include "ext_state.h"
#include "ext_task.h"

/**
 * scx_dispatch_global_dsq - The global DSQ that a task goes to
 * @sch: its scheduler
 * @p: the task
 *
 * There is one global DSQ for each NUMA node. A task is sure to be found on
 * this one, because CPUs of the node that the task last ran on consume it.
 */
struct scx_dispatch_q *scx_dispatch_global_dsq(struct scx_sched *sch,
					       struct task_struct *p)
{
	return sch->global_dsqs[cpu_to_node(task_cpu(p))];
}

static struct scx_dispatch_q *local_on_dsq(struct scx_sched *sch, u64 dsq_id,
					   struct task_struct *p)
{
	s32 cpu = dsq_id & SCX_DSQ_LOCAL_CPU_MASK;

	if (scx_cpu_valid(cpu))
		return &cpu_rq(cpu)->scx.local_dsq;

	scx_error_verdict(sch, p, "invalid CPU %d in SCX_DSQ_LOCAL_ON for %s[%d]",
			  cpu, p->comm, p->pid);
	return scx_dispatch_global_dsq(sch, p);
}

/**
 * scx_dispatch_target - Find the DSQ that a BPF scheduler named
 * @sch: the scheduler
 * @rq: rq whose local DSQ SCX_DSQ_LOCAL stands for
 * @dsq_id: the name
 * @p: task that is going there
 *
 * Context: IRQs off.
 * Return: the DSQ. If there is no such DSQ an error is raised, and the global
 * one keeps the task from being lost.
 */
struct scx_dispatch_q *scx_dispatch_target(struct scx_sched *sch,
					   struct rq *rq, u64 dsq_id,
					   struct task_struct *p)
{
	struct scx_dispatch_q *dsq = NULL;

	if (dsq_id == SCX_DSQ_LOCAL)
		return &rq->scx.local_dsq;
	if ((dsq_id & SCX_DSQ_LOCAL_ON) == SCX_DSQ_LOCAL_ON)
		return local_on_dsq(sch, dsq_id, p);
	if (dsq_id == SCX_DSQ_GLOBAL)
		return scx_dispatch_global_dsq(sch, p);

	if (!(dsq_id & SCX_DSQ_FLAG_BUILTIN))
		dsq = scx_dsq_find(sch, dsq_id);
	if (likely(dsq))
		return dsq;

	scx_error_verdict(sch, p, "non-existent DSQ 0x%llx for %s[%d]%s",
			  dsq_id, p->comm, p->pid, scx_dsq_hint(dsq_id));
	return scx_dispatch_global_dsq(sch, p);
}

/* @dsq is locked and was destroyed: lock the global DSQ instead. */
static noinline struct scx_dispatch_q *
lock_global_instead(struct scx_sched *sch, struct scx_dispatch_q *dsq,
		    struct task_struct *p)
{
	raw_spin_unlock(&dsq->lock);

	scx_error_verdict(sch, p, "DSQ 0x%llx was destroyed while %s[%d] was inserted",
			  dsq->id, p->comm, p->pid);
	dsq = scx_dispatch_global_dsq(sch, p);
	raw_spin_lock(&dsq->lock);
	return dsq;
}

/* @p is on @rq's local DSQ and must not wait for an infinite slice to end. */
static void set_urgent(struct rq *rq, struct task_struct *p)
{
	p->scx.flags |= SCX_TASK_URGENT;
	rq->scx.flags |= SCX_RQ_URGENT;
}

/* Returns true if the task that runs on @rq has to make way for @p. */
static noinline bool wants_cpu(struct rq *rq, struct task_struct *p, u64 enq_flags)
{
	struct task_struct *curr = scx_curr(rq);

	if (enq_flags & SCX_ENQ_IMMED)
		scx_dispatch_immed_came(rq, p);

	if (!(enq_flags & SCX_ENQ_PREEMPT) || curr->sched_class != &ext_sched_class)
		return false;
	/*
	 * @p is being switched out, and the next task has been picked because
	 * the slice of @p was over. If @p preempted that one, two such tasks
	 * could preempt each other for ever and never run.
	 */
	if (p == curr) {
		set_urgent(rq, p);
		return false;
	}
	scx_kick_end_slice(rq);
	return true;
}

/**
 * __scx_dispatch_wake_local - The slow path of scx_dispatch_wake_local()
 * @rq: rq of the local DSQ, locked
 * @p: task that was put there
 * @enq_flags: SCX_ENQ_*
 */
void __scx_dispatch_wake_local(struct rq *rq, struct task_struct *p, u64 enq_flags)
{
	bool resched = sched_class_above(&ext_sched_class,
					 scx_curr(rq)->sched_class);

	if (unlikely(enq_flags & (SCX_ENQ_IMMED | SCX_ENQ_PREEMPT)))
		resched |= wants_cpu(rq, p, enq_flags);
	if (resched && !(rq->scx.flags & SCX_RQ_IN_BALANCE))
		resched_curr(rq);
}

/*
 * A later enqueue must not find a verdict that has been followed or overridden.
 * The ownership ends last, after @p->scx.dsq was set, because a dequeue that
 * waits for its end reads @p->scx.dsq next.
 */
static __always_inline void inserted(struct task_struct *p, u64 enq_flags)
{
	p->scx.ddsp_dsq_id = SCX_DSQ_INVALID;
	p->scx.ddsp_enq_flags = 0;

	if (enq_flags & SCX_ENQ_CLEAR_OPSS)
		atomic_long_set_release(&p->scx.ops_state, SCX_OPSS_NONE);
}

static void refuse_vtime(struct scx_sched *sch, struct scx_dispatch_q *dsq,
			 struct task_struct *p)
{
	scx_error_verdict(sch, p, "%s[%d] inserted by vtime into built-in DSQ 0x%llx",
			  p->comm, p->pid, dsq->id);
}

static __always_inline void insert_local(struct scx_sched *sch, struct rq *rq,
					 struct task_struct *p, u64 enq_flags)
{
	if (unlikely(enq_flags & SCX_ENQ_DSQ_PRIQ))
		refuse_vtime(sch, &rq->scx.local_dsq, p);

	scx_dsq_add_local(&rq->scx.local_dsq, p, enq_flags);
	inserted(p, enq_flags);
	scx_dispatch_wake_local(rq, p, enq_flags);
}

static __always_inline void insert_shared(struct scx_sched *sch,
					  struct scx_dispatch_q *dsq,
					  struct task_struct *p, u64 enq_flags)
{
	raw_spin_lock(&dsq->lock);
	if (scx_dsq_dead(dsq))
		dsq = lock_global_instead(sch, dsq, p);

	if (unlikely((enq_flags & SCX_ENQ_DSQ_PRIQ) &&
		     (dsq->id & SCX_DSQ_FLAG_BUILTIN))) {
		refuse_vtime(sch, dsq, p);
		enq_flags &= ~SCX_ENQ_DSQ_PRIQ;
	}

	scx_dsq_add(sch, dsq, p, enq_flags);
	inserted(p, enq_flags);
	raw_spin_unlock(&dsq->lock);
}

/**
 * scx_dispatch_insert - Put a task on a DSQ
 * @sch: the task's scheduler
 * @dsq: the DSQ; if it is local, its rq is locked
 * @p: the task, on no DSQ; the caller owns it through its rq lock or through
 *	SCX_OPSS_DISPATCHING
 * @enq_flags: SCX_ENQ_*; with SCX_ENQ_CLEAR_OPSS the ownership ends here
 *
 * Clears the task's verdict, if there is one.
 *
 * Context: IRQs off.
 */
void scx_dispatch_insert(struct scx_sched *sch, struct scx_dispatch_q *dsq,
			 struct task_struct *p, u64 enq_flags)
{
	if (scx_dispatch_is_local(dsq))
		insert_local(sch, scx_dispatch_rq_of(dsq), p, enq_flags);
	else
		insert_shared(sch, dsq, p, enq_flags);
}

/**
 * scx_dispatch_verdict_refused - Say why scx_dispatch_verdict() refuses
 * @f: frame of ops.select_cpu() or ops.enqueue()
 * @p: task that the callback inserts
 * @dsq_id: DSQ that it names; SCX_DSQ_INVALID would look like no verdict
 *
 * Return: false.
 */
bool scx_dispatch_verdict_refused(struct scx_op_frame *f, struct task_struct *p,
				  u64 dsq_id)
{
	struct task_struct *subject = f->tasks[0];

	if (p != subject)
		scx_error(f->sch, "%s[%d] inserted by a callback for %s[%d]",
			  p->comm, p->pid, subject->comm, subject->pid);
	else if (f->inserted)
		scx_error(f->sch, "%s[%d] inserted twice, last into DSQ 0x%llx",
			  p->comm, p->pid, dsq_id);
	else
		scx_error(f->sch, "%s[%d] inserted into invalid DSQ 0x%llx",
			  p->comm, p->pid, dsq_id);
	return false;
}

static bool has_verdict(const struct task_struct *p)
{
	return p->scx.ddsp_dsq_id != SCX_DSQ_INVALID;
}

/*
 * Follow the verdict about @p. While @rq is pinned, its lock cannot be traded
 * for another one, so an insertion into another CPU's local DSQ is deferred.
 * Meanwhile @p is on a list of its own rq, where a dequeue finds it.
 */
static __always_inline void follow_verdict(struct scx_sched *sch, struct rq *rq,
					   struct task_struct *p, u64 enq_flags)
{
	u64 dsq_id = p->scx.ddsp_dsq_id;
	struct scx_dispatch_q *dsq = NULL;
	bool shared;

	if (SCX_HAS_OP(sch, core_sched_before))
		scx_task_touch_core_sched(p);

	enq_flags |= p->scx.ddsp_enq_flags;

	/* A user DSQ, which is the most frequent one, is never a local one. */
	if (!(dsq_id & SCX_DSQ_FLAG_BUILTIN))
		dsq = scx_dsq_find(sch, dsq_id);
	shared = dsq;
	if (!dsq) {
		dsq = scx_dispatch_target(sch, rq, dsq_id, p);
		shared = !scx_dispatch_is_local(dsq);
	}

	if (shared) {
		insert_shared(sch, dsq, p, enq_flags | SCX_ENQ_CLEAR_OPSS);
	} else if (dsq == &rq->scx.local_dsq) {
		insert_local(sch, rq, p, enq_flags | SCX_ENQ_CLEAR_OPSS);
	} else {
		p->scx.ddsp_enq_flags = enq_flags;
		/* The state does not tell any more, should there be an error. */
		if (atomic_long_read(&p->scx.ops_state) != SCX_OPSS_NONE)
			p->scx.ddsp_enq_flags |= SCX_ENQ_BY_ENQUEUE;
		atomic_long_set_release(&p->scx.ops_state, SCX_OPSS_NONE);
		list_add_tail(&p->scx.dsq_list.node,
			      &rq->scx.ddsp_deferred_locals);
		scx_kick_defer(rq);
	}
}

/*
 * Every BPF program disables migration of the current task while it runs. So a
 * task that is being switched out can look migration-disabled because of
 * callbacks that its CPU still makes, about this task or about others:
 *
 *	CPU A, switching p out		CPU B, dispatching
 *	enqueue p
 *	ops.running(next)		may p be moved?
 *	  p->migration_disabled is 1
 *	switch to next
 *
 * Whether the task itself has disabled migration cannot change while it is
 * queued, so this is recorded now.
 */
static noinline void record_migration_disabled(struct task_struct *p, u32 before)
{
	p->scx.flags |= SCX_TASK_NO_MIGRATION;
	if (!(before & SCX_TASK_NO_MIGRATION))
		scx_task_cpus_changed(p);
}

/* The flags of the last insertion do not apply any more, but for those to @keep. */
static __always_inline void begin_custody(struct task_struct *p, u32 keep)
{
	u32 before = p->scx.flags;

	p->scx.flags = before & (keep | ~(SCX_TASK_IMMED | SCX_TASK_URGENT |
					  SCX_TASK_NO_MIGRATION));
	if (unlikely(scx_migration_disabled(p, 0)))
		record_migration_disabled(p, before);
}

static bool skips_bpf(struct scx_sched *sch, struct task_struct *p)
{
	if (unlikely(p->flags & PF_EXITING) &&
	    !(sch->ops.flags & SCX_OPS_ENQ_EXITING)) {
		scx_add_event(sch, SCX_EV_ENQ_SKIP_EXITING, 1);
		return true;
	}
	if (unlikely(p->scx.flags & SCX_TASK_NO_MIGRATION) &&
	    !(sch->ops.flags & SCX_OPS_ENQ_MIGRATION_DISABLED)) {
		scx_add_event(sch, SCX_EV_ENQ_SKIP_MIGRATION_DISABLED, 1);
		return true;
	}
	return false;
}

/* To dispatchers, a sequence number of 0 means that BPF does not own @p. */
static unsigned long next_qseq(struct task_struct *p)
{
	unsigned long seq;

	do {
		p->scx.ops_qseq++;
		seq = (unsigned long)p->scx.ops_qseq << SCX_OPSS_QSEQ_SHIFT;
	} while (unlikely(!seq));

	return seq;
}

/* Returns true if there is a verdict to follow. */
static bool hand_to_bpf(struct scx_sched *sch, struct rq *rq,
			struct task_struct *p, u64 enq_flags)
{
	unsigned long qseq = next_qseq(p);

	WARN_ON_ONCE(atomic_long_read(&p->scx.ops_state) != SCX_OPSS_NONE);
	atomic_long_set(&p->scx.ops_state, SCX_OPSS_QUEUEING | qseq);

	SCX_CALL_OP_TASK(sch, enqueue, rq, p, enq_flags);

	if (has_verdict(p))
		return true;

	/* From here on any CPU may dispatch @p. */
	atomic_long_set_release(&p->scx.ops_state, SCX_OPSS_QUEUED | qseq);
	return false;
}

static void enqueue_with_dfl_slice(struct scx_sched *sch,
				   struct scx_dispatch_q *dsq,
				   struct task_struct *p, u64 enq_flags)
{
	scx_task_touch_core_sched(p);
	scx_refill_slice(sch, p);
	scx_dispatch_insert(sch, dsq, p, enq_flags);
}

/*
 * The kernel itself puts @p on the local DSQ, since the BPF scheduler is not to
 * be asked. An exiting or migration-disabled task may hold locks, and hotplug
 * may wait for @p. So an infinite slice of the running task is ended, which
 * nobody else would do on @p's behalf.
 */
static void enqueue_unasked(struct scx_sched *sch, struct rq *rq,
			    struct task_struct *p, u64 enq_flags)
{
	struct task_struct *curr = scx_curr(rq);

	enqueue_with_dfl_slice(sch, &rq->scx.local_dsq, p, enq_flags);
	set_urgent(rq, p);
	if (p != curr && scx_task_queued(curr) &&
	    curr->scx.slice == SCX_SLICE_INF) {
		scx_kick_end_slice(rq);
		resched_curr(rq);
	}
}

/*
 * A running task whose attributes change is put here in passing. What it was
 * inserted with still applies.
 */
static noinline void enqueue_promised(struct scx_sched *sch, struct rq *rq,
				      struct task_struct *p, u64 enq_flags)
{
	begin_custody(p, task_current(rq, p) ? SCX_TASK_IMMED : 0);
	scx_dispatch_insert(sch, &rq->scx.local_dsq, p, enq_flags);
}

/* Tasks are queued in order of arrival, whatever ops.select_cpu() has said. */
static void enqueue_bypassing(struct scx_sched *sch,
			      struct scx_dispatch_q *local,
			      struct task_struct *p, u64 enq_flags)
{
	scx_add_event(sch, SCX_EV_BYPASS_DISPATCH, 1);
	scx_task_touch_core_sched(p);
	p->scx.slice = scx_bypass_slice();
	scx_dispatch_insert(sch, local, p, enq_flags);
}

/**
 * scx_dispatch_enqueue - Put a runnable task on a DSQ or hand it to BPF
 * @rq: its runqueue, locked
 * @p: the task, in state NONE
 * @enq_flags: SCX_ENQ_*
 * @sticky_cpu: CPU whose local DSQ the task has been promised to, or -1
 *
 * The order of the tests matters: each one is an exception to those below.
 */
void scx_dispatch_enqueue(struct rq *rq, struct task_struct *p, u64 enq_flags,
			  s32 sticky_cpu)
{
	struct scx_dispatch_q *local = &rq->scx.local_dsq;
	struct scx_sched *sch = p->scx.sched;

	lockdep_assert_rq_held(rq);

	if (sticky_cpu == cpu_of(rq)) {
		enqueue_promised(sch, rq, p, enq_flags);
		return;
	}

	begin_custody(p, 0);

	if (unlikely(!scx_rq_accepting(rq))) {
		enqueue_unasked(sch, rq, p, enq_flags);
	} else if (scx_rq_bypassing(rq)) {
		enqueue_bypassing(sch, local, p, enq_flags);
	} else if (!has_verdict(p) && unlikely(skips_bpf(sch, p))) {
		enqueue_unasked(sch, rq, p, enq_flags);
	} else if (!has_verdict(p) && !SCX_HAS_OP(sch, enqueue)) {
		enqueue_with_dfl_slice(sch, scx_dispatch_global_dsq(sch, p), p,
				       enq_flags);
	} else if (has_verdict(p) || hand_to_bpf(sch, rq, p, enq_flags)) {
		follow_verdict(sch, rq, p, enq_flags);
	}
}

/**
 * scx_dispatch_cpus_changed - A task may use other CPUs from now on
 * @p: the task; its rq is locked, or it is not queued and its pi_lock is held
 *
 * A queued task is dequeued during the change and handed to the BPF scheduler
 * anew. A task that is not queued may be on a wake list, with a verdict that
 * ops.select_cpu() gave before the change: ops.enqueue() shall be asked
 * instead.
 */
void scx_dispatch_cpus_changed(struct task_struct *p)
{
	scx_task_cpus_changed(p);
	p->scx.ddsp_dsq_id = SCX_DSQ_INVALID;
	p->scx.ddsp_enq_flags = 0;
}

/**
 * scx_dispatch_reclaim - Take a task back from the BPF scheduler
 * @rq: its runqueue, locked
 * @p: the task
 * @deq_flags: SCX_DEQ_*
 *
 * Afterwards the task is on a DSQ, in transit between a DSQ and an rq
 * (holding_cpu), on the list of deferred insertions, or on no queue.
 */
void scx_dispatch_reclaim(struct rq *rq, struct task_struct *p, u64 deq_flags)
{
	struct scx_sched *sch = p->scx.sched;
	long opss = atomic_long_read_acquire(&p->scx.ops_state);

	lockdep_assert_rq_held(rq);

	switch (opss & SCX_OPSS_STATE_MASK) {
	case SCX_OPSS_NONE:
		return;
	case SCX_OPSS_QUEUEING:
		/* QUEUEING begins and ends under the rq lock that we hold. */
		WARN_ONCE(1, "sched_ext: %s[%d] dequeued in QUEUEING",
			  p->comm, p->pid);
		return;
	case SCX_OPSS_QUEUED:
		if (!(deq_flags & (SCX_DEQ_SLEEP | SCX_DEQ_CORE_SCHED_EXEC)))
			deq_flags |= SCX_DEQ_SCHED_CHANGE;
		if (SCX_HAS_OP(sch, dequeue))
			SCX_CALL_OP_TASK(sch, dequeue, rq, p, deq_flags);
		if (atomic_long_try_cmpxchg(&p->scx.ops_state, &opss,
					    SCX_OPSS_NONE))
			return;
		break;
	}

	/* See the diagram on top: the dispatcher needs no lock that we hold. */
	while ((atomic_long_read_acquire(&p->scx.ops_state) &
		SCX_OPSS_STATE_MASK) == SCX_OPSS_DISPATCHING)
		cpu_relax();
}

static void unlink(struct rq *rq, struct task_struct *p)
{
	struct scx_dispatch_q *dsq = p->scx.dsq;

	if (!dsq) {
		/* On the deferred list, or in transit from DISPATCHING. */
		list_del_init(&p->scx.dsq_list.node);
		p->scx.holding_cpu = -1;
		return;
	}

	if (dsq != &rq->scx.local_dsq)
		raw_spin_lock(&dsq->lock);

	/*
	 * A consumer needs no rq lock to take @p off. The reset of holding_cpu
	 * tells it that @p is not its to move.
	 */
	if (p->scx.holding_cpu < 0)
		scx_dsq_del(dsq, p);
	else
		p->scx.holding_cpu = -1;
	p->scx.dsq = NULL;

	if (dsq != &rq->scx.local_dsq)
		raw_spin_unlock(&dsq->lock);
}

/**
 * scx_dispatch_unlink - Take a task off the queue that it is on, if any
 * @rq: its runqueue, locked since scx_dispatch_reclaim()
 * @p: the task
 *
 * Afterwards no queue has the task, no dispatch in flight will touch it and
 * no verdict about it is left.
 */
void scx_dispatch_unlink(struct rq *rq, struct task_struct *p)
{
	lockdep_assert_rq_held(rq);

	unlink(rq, p);
	p->scx.ddsp_dsq_id = SCX_DSQ_INVALID;
	p->scx.ddsp_enq_flags = 0;
}
