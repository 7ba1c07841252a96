// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: the scheduling class.
 *
 * The methods that the scheduler core calls. They keep the accounts (queued or
 * not, runnable or running, slice), tell the BPF scheduler what happens to its
 * tasks, and leave the rest to the rooms: ext_pick which task is next,
 * ext_dispatch where tasks go, ext_task when they enter and leave, ext_idle
 * which CPU is idle.
 *
 * Every method is called with the rq locked and IRQs off unless noted.
 */
#include "ext_cgroup.h"
#include "ext_dispatch.h"
#include "ext_dsq.h"
#include "ext_error.h"
#include "ext_idle.h"
#include "ext_pick.h"
#include "ext_preempt.h"
#include "ext_state.h"
#include "ext_task.h"

static void account_queued(struct rq *rq, struct task_struct *p)
{
	scx_set_runnable(rq, p);
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
