// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: the scheduling class.
 *
 * The methods that the scheduler core calls. They keep the accounts (queued or
 * not, runnable or running, slice), tell the BPF scheduler what happens to its
 * tasks, and leave the rest to the rooms: ext_dispatch where tasks go, ext_task
 * when they enter and leave, ext_idle which CPU is idle.
 *
 * Every method is called with the rq locked and IRQs off unless noted.
 */
#include "ext_cgroup.h"
#include "ext_dispatch.h"
#include "ext_dsq.h"
#include "ext_error.h"
#include "ext_idle.h"
#include "ext_kick.h"
#include "ext_preempt.h"
#include "ext_state.h"
#include "ext_task.h"

/* How often balance looks for work if things keep happening meanwhile */
#define BALANCE_LOOKS	4

/*
 * The watchdog times how long a task waits between two runs. Dequeueing and
 * enqueueing a waiting task, say for a new nice value, does not restart it.
 */
static void set_runnable(struct rq *rq, struct task_struct *p)
{
	if (p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT) {
		p->scx.runnable_at = jiffies;
		p->scx.flags &= ~SCX_TASK_RESET_RUNNABLE_AT;
	}
	list_add_tail(&p->scx.runnable_node, &rq->scx.runnable_list);
}

static void account_queued(struct rq *rq, struct task_struct *p)
{
	set_runnable(rq, p);
	p->scx.flags |= SCX_TASK_QUEUED;
	if (!rq->scx.nr_running++)
		scx_preempt_guard(rq);
	add_nr_running(rq, 1);
}

static void account_dequeued(struct rq *rq, struct task_struct *p)
{
	list_del_init(&p->scx.runnable_node);
	p->scx.flags &= ~SCX_TASK_QUEUED;
	rq->scx.nr_running--;
	sub_nr_running(rq, 1);
}

/*
 * Two kinds of task have their place already. One that is being moved to this
 * CPU was promised its local DSQ; one that runs and is put back after a change
 * of its attributes is set running again at once, and may not be seen by
 * anyone in between.
 */
static s32 promised_cpu(struct rq *rq, struct task_struct *p, int flags)
{
	s32 cpu = p->scx.sticky_cpu;

	p->scx.sticky_cpu = -1;
	if ((flags & ENQUEUE_RESTORE) && task_current(rq, p))
		cpu = cpu_of(rq);
	return cpu;
}

static void enqueue_task_scx(struct rq *rq, struct task_struct *p, int flags)
{
	u64 enq_flags = flags | rq->scx.extra_enq_flags;
	s32 sticky_cpu = promised_cpu(rq, p, flags);
	struct scx_sched *sch = p->scx.sched;

	if (flags & ENQUEUE_WAKEUP)
		rq->scx.flags |= SCX_RQ_IN_WAKEUP;

	account_queued(rq, p);

	if (SCX_HAS_OP(sch, runnable) && !task_on_rq_migrating(p))
		SCX_CALL_OP_TASK(sch, runnable, rq, p, enq_flags);
	if (flags & ENQUEUE_WAKEUP)
		scx_task_touch_core_sched(p);

	scx_dispatch_enqueue(rq, p, enq_flags, sticky_cpu);

	rq->scx.flags &= ~SCX_RQ_IN_WAKEUP;

	/* Its CPU has let go of the lock in balance: have it look once more. */
	if (unlikely(rq->scx.flags & SCX_RQ_IN_BALANCE) &&
	    sticky_cpu != cpu_of(rq))
		resched_curr(rq);

	if ((flags & ENQUEUE_RQ_SELECTED) &&
	    unlikely(cpu_of(rq) != p->scx.selected_cpu))
		scx_add_event(sch, SCX_EV_SELECT_CPU_FALLBACK, 1);
}

static bool dequeue_task_scx(struct rq *rq, struct task_struct *p, int flags)
{
	struct scx_sched *sch = p->scx.sched;
	bool running;

	/*
	 * Attributes of a task that balance has let another CPU see can be
	 * changed more than once before it is back.
	 */
	if (!(p->scx.flags & SCX_TASK_QUEUED)) {
		WARN_ON_ONCE(!list_empty(&p->scx.runnable_node));
		return true;
	}

	/* A task that runs is on no queue and in nobody's hands. */
	running = task_current(rq, p);
	if (running) {
		scx_task_charge(rq);
		if (SCX_HAS_OP(sch, stopping))
			SCX_CALL_OP_TASK(sch, stopping, rq, p, false);
	} else {
		scx_dispatch_reclaim(rq, p, flags);
	}

	if (SCX_HAS_OP(sch, quiescent) && !task_on_rq_migrating(p))
		SCX_CALL_OP_TASK(sch, quiescent, rq, p, flags);

	if (!running)
		scx_dispatch_unlink(rq, p);

	if (flags & DEQUEUE_SLEEP)
		p->scx.flags |= SCX_TASK_DEQD_FOR_SLEEP;
	else
		p->scx.flags &= ~SCX_TASK_DEQD_FOR_SLEEP;

	account_dequeued(rq, p);
	return true;
}

static void yield_task_scx(struct rq *rq)
{
	struct task_struct *p = scx_curr(rq);
	struct scx_sched *sch = p->scx.sched;

	if (SCX_HAS_OP(sch, yield))
		SCX_CALL_OP_2TASKS_RET(sch, yield, rq, p, NULL);
	else
		p->scx.slice = 0;
}

/* Both tasks' rqs are locked. */
static bool yield_to_task_scx(struct rq *rq, struct task_struct *to)
{
	struct task_struct *from = scx_curr(rq);
	struct scx_sched *sch = from->scx.sched;

	return SCX_HAS_OP(sch, yield) &&
	       SCX_CALL_OP_2TASKS_RET(sch, yield, rq, from, to);
}

/* Which task preempts which is for the BPF scheduler to say. */
static void wakeup_preempt_scx(struct rq *rq, struct task_struct *p, int flags) {}

/* Something was to preempt what @rq runs while balance had dropped the lock. */
static noinline void end_of_turn(struct rq *rq)
{
	struct task_struct *curr = scx_curr(rq);

	rq->scx.flags &= ~SCX_RQ_BAL_PREEMPT;
	if (curr->sched_class == &ext_sched_class)
		curr->scx.slice = 0;
	if (rq->scx.local_dsq.nr)
		rq->scx.flags &= ~SCX_RQ_BAL_KEEP;
}

#ifdef CONFIG_SCHED_CORE
/*
 * Core scheduling picks for all siblings at once, but the core balances this
 * CPU only. They share one lock; it may be dropped meanwhile. A CPU that starts
 * is a sibling before sched_core_cpu_starting(), with all their locks held, has
 * made it share theirs.
 */
static bool sibling_wants_work(struct rq *rq, struct rq *srq)
{
	return srq != rq && srq->core == rq->core &&
	       !(srq->scx.flags & (SCX_RQ_IN_BALANCE | SCX_RQ_BAL_SIBLING)) &&
	       !sched_class_above(scx_curr(srq)->sched_class, &ext_sched_class);
}

static void balance_siblings(struct rq *rq)
{
	int cpu;

	for_each_cpu(cpu, cpu_smt_mask(cpu_of(rq))) {
		struct rq *srq = cpu_rq(cpu);

		if (!sibling_wants_work(rq, srq))
			continue;
		update_rq_clock(srq);
		srq->scx.flags |= SCX_RQ_BAL_SIBLING;
		scx_dispatch_balance(srq);
		if (unlikely(srq->scx.flags & SCX_RQ_BAL_PREEMPT))
			end_of_turn(srq);
		srq->scx.flags &= ~(SCX_RQ_BAL_SIBLING | SCX_RQ_BAL_KEEP);
	}
}

/*
 * Each look of scx_dispatch_balance() may drop the lock that siblings share, so
 * two of them can come to look for work for the same CPU:
 *
 *	CPU A, for its sibling B		CPU B, for itself
 *	BAL_SIBLING on B's rq
 *	ops.dispatch(B)
 *	  drops the lock			takes it
 *						BAL_SIBLING: A is at it
 *						  pick from what there is,
 *						  reschedule soon
 *	  takes the lock			drops it
 *	  reads anew what B runs
 *
 * The other way round, A leaves a sibling alone that is IN_BALANCE.
 *
 * What came or went while the lock was dropped may be on a CPU that has been
 * looked after before. The core counts all that; look once more then.
 */
static noinline bool balance_core(struct rq *rq, struct task_struct *prev)
{
	unsigned int seq = rq->core->core_task_seq;
	bool found = false;

	if (unlikely(rq->scx.flags & SCX_RQ_BAL_SIBLING)) {
		rq->scx.flags |= SCX_RQ_BAL_PENDING;
		scx_kick_self(rq);
	} else {
		found = scx_dispatch_balance(rq);
	}
	balance_siblings(rq);

	if (seq != rq->core->core_task_seq)
		set_tsk_need_resched(prev);
	return found;
}
#else
static bool balance_core(struct rq *rq, struct task_struct *prev)
{
	return false;
}
#endif

/*
 * The core clears need_resched once the next task has been picked, and with it
 * whatever others had to say while the lock was not held:
 *
 *	this CPU, in balance		another CPU
 *	looks for work, finds none
 *	drops rq's lock
 *					takes it
 *					enqueues a task, or kicks
 *					resched_curr(rq)
 *					drops it
 *	takes it again
 *	picks the idle task
 *
 * So it is cleared before each look, and set afterwards it calls for another. A
 * task that goes to sleep mostly does not have it, and clearing is atomic.
 *
 * SCX_RQ_IN_BALANCE stands from the first look to the last, so that the other
 * CPU knows that it has to set need_resched.
 */
static __always_inline int balance_scx(struct rq *rq, struct task_struct *prev,
				       struct rq_flags *rf)
{
	bool found;
	int looks;

	rq_unpin_lock(rq, rf);
	for (looks = BALANCE_LOOKS; looks; looks--) {
		if (test_tsk_need_resched(prev))
			clear_tsk_need_resched(prev);
		rq->scx.flags &= ~(SCX_RQ_BAL_PENDING | SCX_RQ_BAL_KEEP);
		rq->scx.flags |= SCX_RQ_IN_BALANCE;
		found = sched_core_enabled(rq) ? balance_core(rq, prev) :
						 scx_dispatch_balance(rq);
		if (unlikely(rq->scx.flags & SCX_RQ_BAL_PREEMPT))
			end_of_turn(rq);
		if (likely(!test_tsk_need_resched(prev)))
			break;
		/* The clock went stale while the lock was not held. */
		update_rq_clock(rq);
	}
	rq->scx.flags &= ~SCX_RQ_IN_BALANCE;

	/* Do not stay here for ever, IRQs are off. */
	if (unlikely(!looks))
		scx_kick_self(rq);
	if (unlikely(rq->scx.flags & SCX_RQ_BAL_CB_PENDING))
		scx_kick_overtaken(rq);
	rq_repin_lock(rq, rf);

	return found;
}

/* The BPF scheduler gives longer slices. */
static noinline void keep_bypassing(struct task_struct *curr)
{
	if (!curr->scx.slice || curr->scx.slice > scx_bypass_slice())
		curr->scx.slice = scx_bypass_slice();
}

/*
 * @curr is picked again. It stays current, so nobody else is going to look after
 * its slice and, in either direction, after the tick.
 *
 * If nobody has looked for other work the task gets no new slice: the next tick
 * has the CPU look.
 */
static __always_inline void keep_current(struct rq *rq, struct task_struct *curr,
					 bool unbalanced)
{
	if (scx_rq_bypassing(rq))
		keep_bypassing(curr);
	else if (!curr->scx.slice && !unbalanced)
		scx_refill_slice(curr->scx.sched, curr);

	scx_task_adjust_tick(rq, curr);
}

/* Does @curr go on, or is there something else to run on @rq? */
static __always_inline bool pick_keeps(struct rq *rq, struct task_struct *curr,
				       bool unbalanced)
{
	if (!scx_task_queued(curr))
		return false;
	if (unbalanced || (rq->scx.flags & SCX_RQ_BAL_KEEP))
		return true;

	/*
	 * Core scheduling picks for siblings as well, and if a higher class had
	 * work for this CPU, nobody has balanced them.
	 */
	return rq != this_rq() && (curr->scx.slice || !rq->scx.local_dsq.nr);
}

/*
 * The fair class can say that it has work and then have none, so that a pick
 * comes here although balance did not. There may be work for this CPU that
 * nobody has looked for: keep what runs, or have another cycle.
 */
static __always_inline struct task_struct *pick_task_scx(struct rq *rq)
{
	struct task_struct *curr = scx_curr(rq), *p;
	bool unbalanced = rq->scx.flags & SCX_RQ_BAL_PENDING;

	scx_kick_picked(rq);
	rq->scx.flags &= ~SCX_RQ_BAL_PENDING;
	if (scx_kick_pending(rq))
		scx_kick_balanced(rq);

	if (pick_keeps(rq, curr, unbalanced)) {
		keep_current(rq, curr, unbalanced);
		return curr;
	}

	p = scx_dsq_first(&rq->scx.local_dsq);
	if (!p) {
		if (unlikely(unbalanced))
			set_tsk_need_resched(rq->idle);
		return NULL;
	}

	if (unlikely(!p->scx.slice)) {
		if (!scx_rq_bypassing(rq))
			scx_task_warn_zero_slice(p);
		scx_refill_slice(p->scx.sched, p);
	}
	return p;
}

static __always_inline void set_next_task_scx(struct rq *rq, struct task_struct *p,
					      bool first)
{
	struct scx_sched *sch = p->scx.sched;
	bool queued = p->scx.flags & SCX_TASK_QUEUED;

	if (queued)
		scx_dispatch_take_next(rq, p);

	p->se.exec_start = rq_clock_task(rq);

	if (queued && SCX_HAS_OP(sch, running))
		SCX_CALL_OP_TASK(sch, running, rq, p);

	list_del_init(&p->scx.runnable_node);
	p->scx.flags |= SCX_TASK_RESET_RUNNABLE_AT;
	p->scx.reenq_cnt = 0;

	if (unlikely(rq->scx.immed))
		scx_dispatch_immed_picked(rq);

	scx_task_update_tick(rq, p);
}

static bool forced_idle(struct rq *rq)
{
#ifdef CONFIG_SCHED_CORE
	return sched_core_enabled(rq);
#else
	return false;
#endif
}

/*
 * @p could go on but the CPU is going to run something below the class, which
 * is the idle task. Balance keeps such a task unless the BPF scheduler wants
 * to be asked; core scheduling may force the CPU idle.
 *
 * If the answer is to run @p here, the pick that would find it is over: have
 * the idle task reschedule, once, since @p is put only once.
 */
static void put_last_task(struct scx_sched *sch, struct rq *rq,
			  struct task_struct *p, struct task_struct *next)
{
	WARN_ON_ONCE(!(sch->ops.flags & SCX_OPS_ENQ_LAST) && !forced_idle(rq));

	scx_dispatch_enqueue(rq, p, SCX_ENQ_LAST, -1);
	if (rq->scx.local_dsq.nr)
		set_tsk_need_resched(next);
}

/* It waits at the head for the CPU, unless it is not to wait at all. */
static u64 preempted_enq_flags(const struct task_struct *p)
{
	return p->scx.flags & SCX_TASK_IMMED ? SCX_ENQ_HEAD | SCX_ENQ_IMMED :
					       SCX_ENQ_HEAD;
}

/* @p could go on. A function of its own, so that it costs sleepers nothing. */
static noinline void put_runnable(struct scx_sched *sch, struct rq *rq,
				  struct task_struct *p, struct task_struct *next)
{
	scx_task_charge(rq);
	if (SCX_HAS_OP(sch, stopping))
		SCX_CALL_OP_TASK(sch, stopping, rq, p, true);

	set_runnable(rq, p);

	if (p->scx.slice && !scx_rq_bypassing(rq))
		scx_dispatch_insert(sch, &rq->scx.local_dsq, p,
				    preempted_enq_flags(p));
	else if (next && sched_class_above(&ext_sched_class, next->sched_class))
		put_last_task(sch, rq, p, next);
	else
		scx_dispatch_enqueue(rq, p, 0, -1);
}

static void put_prev_task_scx(struct rq *rq, struct task_struct *p,
			      struct task_struct *next)
{
	struct scx_sched *sch = p->scx.sched;

	/* A change of @p's class or core scheduling come here without a pick. */
	scx_kick_picked(rq);

	if (p->scx.flags & SCX_TASK_QUEUED)
		put_runnable(sch, rq, p, next);

	if (next && next->sched_class != &ext_sched_class)
		scx_preempt_release(sch, rq, next);
}

static bool alone_on(struct rq *rq)
{
	return rq->nr_running == rq->scx.nr_running && !sched_dl_runnable(rq);
}

/* put_prev_set_next_task() from a task of the class to another one. */
static __always_inline void switch_tasks(struct rq *rq, struct task_struct *prev,
					 struct task_struct *next)
{
	__put_prev_set_next_dl_server(rq, prev, next);
	if (prev == next)
		return;
	if (prev->scx.flags & SCX_TASK_QUEUED)
		put_runnable(prev->scx.sched, rq, prev, next);
	set_next_task_scx(rq, next, true);
}

/**
 * scx_pick_next_task - Pick where no other class has a say
 * @rq: this CPU's runqueue, locked
 * @rf: its pin
 *
 * Return: the next task, now set, or NULL for the core to go through all classes.
 */
struct task_struct *scx_pick_next_task(struct rq *rq, struct rq_flags *rf)
{
	struct task_struct *prev = rq->donor, *p;

	if (!scx_switched_all() || !alone_on(rq) ||
	    sched_class_above(prev->sched_class, &ext_sched_class))
		return NULL;

	balance_scx(rq, prev, rf);
	/* The lock may have been dropped. */
	if (unlikely(!alone_on(rq)))
		return NULL;

	p = pick_task_scx(rq);
	if (unlikely(!p || prev->sched_class != &ext_sched_class)) {
		p = p ?: pick_task_idle(rq);
		put_prev_set_next_task(rq, prev, p);
	} else {
		switch_tasks(rq, prev, p);
	}
	return p;
}

#ifdef CONFIG_SMP
/* @p->pi_lock is held, no rq lock. */
static int select_task_rq_scx(struct task_struct *p, int prev_cpu, int flags)
{
	struct scx_sched *sch = p->scx.sched;
	bool bypassing = scx_rq_bypassing(task_rq(p));
	s32 cpu;

	/* exec() is no reason to move: there is no cache to lose elsewhere. */
	if (flags & WF_EXEC)
		return prev_cpu;

	if (SCX_HAS_OP(sch, select_cpu) && !bypassing) {
		cpu = SCX_CALL_OP_TASK_RET(sch, select_cpu, NULL, p, prev_cpu,
					   flags);
		if (!scx_error_cpu_valid(sch, cpu, "ops.select_cpu()"))
			cpu = prev_cpu;
	} else {
		cpu = scx_idle_select_cpu(p, prev_cpu, flags, NULL, 0);
		if (cpu >= 0) {
			scx_refill_slice(sch, p);
			p->scx.ddsp_dsq_id = SCX_DSQ_LOCAL;
		} else {
			cpu = prev_cpu;
		}
		if (bypassing)
			scx_add_event(sch, SCX_EV_BYPASS_DISPATCH, 1);
	}

	p->scx.selected_cpu = cpu;
	return cpu;
}

/* The rq is locked and not pinned: insertions that had to wait can be made. */
static void task_woken_scx(struct rq *rq, struct task_struct *p)
{
	if (unlikely(scx_dispatch_has_deferred(rq)))
		scx_dispatch_deferred(rq);
}

/*
 * Either the rq is locked, or p->pi_lock is and @p is not queued. In the
 * second case the callback must not be told that the rq is locked.
 */
static void set_cpus_allowed_scx(struct task_struct *p,
				 struct affinity_context *ac)
{
	struct scx_sched *sch = p->scx.sched;
	bool locked = task_on_rq_queued(p) || p->on_cpu;

	set_cpus_allowed_common(p, ac);
	scx_dispatch_cpus_changed(p);
	if (scx_task_state(p) == SCX_TASK_ENABLED && SCX_HAS_OP(sch, set_cpumask))
		SCX_CALL_OP_TASK(sch, set_cpumask, locked ? task_rq(p) : NULL, p,
				 (struct cpumask *)p->cpus_ptr);
}

/* A CPU that comes has to wait until the BPF scheduler knows it. */
static void rq_online_scx(struct rq *rq)
{
	if (!(rq->scx.flags & SCX_RQ_UNANNOUNCED))
		rq->scx.flags |= SCX_RQ_ONLINE;
}

/*
 * Called for rebuilt scheduling domains, too. If the CPU is on its way down it
 * has to push its tasks away, and only tasks that it picks can be pushed: they
 * all have to come to the local DSQ, whoever owns them.
 */
static void rq_offline_scx(struct rq *rq)
{
	rq->scx.flags &= ~SCX_RQ_ONLINE;
	if (!cpu_active(cpu_of(rq)))
		scx_dispatch_requeue_all(rq);
}
#endif	/* CONFIG_SMP */

static void task_tick_scx(struct rq *rq, struct task_struct *p, int queued)
{
	struct scx_sched *sch = p->scx.sched;

	scx_task_charge(rq);

	/* ops.running() can have set any slice, and bypass mode is short. */
	if (scx_rq_bypassing(rq)) {
		p->scx.slice = min(p->scx.slice, scx_bypass_slice());
		scx_task_touch_core_sched(p);
	} else if (SCX_HAS_OP(sch, tick)) {
		SCX_CALL_OP_TASK(sch, tick, rq, p);
	}

	if (!p->scx.slice)
		resched_curr(rq);
	else
		scx_task_adjust_tick(rq, p);
}

/*
 * A dead task can still have its policy changed, by then it belongs to no
 * scheduler.
 */
static void switching_to_scx(struct rq *rq, struct task_struct *p)
{
	struct scx_sched *sch = p->scx.sched;

	if (scx_task_state(p) != SCX_TASK_READY)
		return;

	scx_task_enable(p);
	if (SCX_HAS_OP(sch, set_cpumask))
		SCX_CALL_OP_TASK(sch, set_cpumask, rq, p,
				 (struct cpumask *)p->cpus_ptr);
}

static void switched_from_scx(struct rq *rq, struct task_struct *p)
{
	if (scx_task_state(p) == SCX_TASK_ENABLED)
		scx_task_disable(p);
}

static void switched_to_scx(struct rq *rq, struct task_struct *p) {}

/* The fair class finds its own weight up to date when @p comes back. */
static void reweight_task_scx(struct rq *rq, struct task_struct *p,
			      const struct load_weight *lw)
{
	struct scx_sched *sch = p->scx.sched;

	p->se.load = *lw;

	scx_task_set_weight(p, scale_load_down(lw->weight));
	if (scx_task_state(p) == SCX_TASK_ENABLED && SCX_HAS_OP(sch, set_weight))
		SCX_CALL_OP_TASK(sch, set_weight, rq, p, p->scx.weight);
}

static void prio_changed_scx(struct rq *rq, struct task_struct *p, int oldprio) {}

static void update_curr_scx(struct rq *rq)
{
	scx_task_charge(rq);
}

DEFINE_SCHED_CLASS(ext) = {
	.enqueue_task		= enqueue_task_scx,
	.dequeue_task		= dequeue_task_scx,
	.yield_task		= yield_task_scx,
	.yield_to_task		= yield_to_task_scx,

	.wakeup_preempt		= wakeup_preempt_scx,

	.balance		= balance_scx,
	.pick_task		= pick_task_scx,
	.put_prev_task		= put_prev_task_scx,
	.set_next_task		= set_next_task_scx,

#ifdef CONFIG_SMP
	.select_task_rq		= select_task_rq_scx,
	.task_woken		= task_woken_scx,
	.set_cpus_allowed	= set_cpus_allowed_scx,
	.rq_online		= rq_online_scx,
	.rq_offline		= rq_offline_scx,
#endif

	.task_tick		= task_tick_scx,

	.switching_to		= switching_to_scx,
	.switched_from		= switched_from_scx,
	.switched_to		= switched_to_scx,
	.reweight_task		= reweight_task_scx,
	.prio_changed		= prio_changed_scx,

	.update_curr		= update_curr_scx,

#ifdef CONFIG_UCLAMP_TASK
	.uclamp_enabled		= 1,
#endif
};
