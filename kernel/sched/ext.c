// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: the scheduling class.
 *
 * These are the methods that the scheduler core calls. They account for tasks
 * (queued or not, runnable or running, slice left), tell the BPF scheduler what
 * happens to its tasks, and leave the rest to other rooms: ext_pick chooses the
 * next task, ext_dispatch decides where tasks go, ext_task handles tasks that
 * enter and leave the class, and ext_idle tracks idle CPUs.
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
 * For two kinds of task the place is settled before they are enqueued. A task
 * that is being moved to this CPU was promised its local DSQ. A running task
 * that is put back after a change of its attributes is set running again at
 * once, and nobody may find it on a queue in between.
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

	/* Its CPU has dropped the lock in balance: make it look again. */
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
	 * While balance has dropped the rq lock, other CPUs may change the
	 * attributes of a task more than once before it is enqueued again.
	 */
	if (!(p->scx.flags & SCX_TASK_QUEUED)) {
		WARN_ON_ONCE(!list_empty(&p->scx.runnable_node));
		return true;
	}

	/* A running task is on no DSQ, and BPF does not own it. */
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

/* The BPF scheduler decides which task preempts which. */
static void wakeup_preempt_scx(struct rq *rq, struct task_struct *p, int flags) {}

#ifdef CONFIG_SMP
/* @p->pi_lock is held, but no rq lock. */
static int select_task_rq_scx(struct task_struct *p, int prev_cpu, int flags)
{
	struct scx_sched *sch = p->scx.sched;
	bool bypassing = scx_rq_bypassing(task_rq(p));
	s32 cpu;

	/* exec() alone, which leaves @p no cache to lose, does not move it. */
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
 * Either the rq is locked, or p->pi_lock is held and @p is not queued. In the
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

/* A CPU that comes up is not online for us until the BPF scheduler knows it. */
static void rq_online_scx(struct rq *rq)
{
	if (!(rq->scx.flags & SCX_RQ_UNANNOUNCED))
		rq->scx.flags |= SCX_RQ_ONLINE;
}

/*
 * The core calls this when it rebuilds scheduling domains, too. If the CPU is
 * going down, scx_rq_evacuate() and scx_rq_deactivate() do what else there is
 * to do.
 */
static void rq_offline_scx(struct rq *rq)
{
	rq->scx.flags &= ~SCX_RQ_ONLINE;
}
#endif	/* CONFIG_SMP */

static void task_tick_scx(struct rq *rq, struct task_struct *p, int queued)
{
	struct scx_sched *sch = p->scx.sched;

	scx_task_charge(rq);

	/* ops.running() may have set any slice, but bypass mode limits it. */
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
 * The policy of a dead task can still be changed, but by then the task belongs
 * to no scheduler.
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

/*
 * If @p runs and has left a higher class, that class may have other tasks here, and
 * it counts on @p's new class to make the CPU look for them.
 */
static void switched_to_scx(struct rq *rq, struct task_struct *p)
{
	if (task_on_rq_queued(p) && task_current(rq, p))
		resched_curr(rq);
}

/* p->se.load stays up to date for the time when @p is a fair task again. */
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
