// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: what the scheduler core calls besides the class's methods.
 *
 * These functions are about policy changes, the tick, the order of tasks in
 * core scheduling, CPU hotplug, and boot.
 */
#include "ext_dispatch.h"
#include "ext_dsq.h"
#include "ext_error.h"
#include "ext_idle.h"
#include "ext_kick.h"
#include "ext_state.h"

/**
 * scx_check_setscheduler - May a task's policy be changed?
 * @p: the task, its rq locked
 * @policy: the new policy
 *
 * Return: 0, or -EACCES if the BPF scheduler does not want the task.
 */
int scx_check_setscheduler(struct task_struct *p, int policy)
{
	lockdep_assert_rq_held(task_rq(p));

	if (scx_enabled() && p->scx.disallow && policy == SCHED_EXT &&
	    p->policy != policy)
		return -EACCES;
	return 0;
}

/**
 * scx_can_stop_tick - May a nohz_full CPU stop its tick?
 * @rq: its runqueue, locked
 */
bool scx_can_stop_tick(struct rq *rq)
{
	/* An IMMED task may wait for the tick, whatever runs. */
	if (scx_rq_bypassing(rq) || rq->scx.immed)
		return false;
	if (scx_curr(rq)->sched_class != &ext_sched_class)
		return true;
	return rq->scx.flags & SCX_RQ_CAN_STOP_TICK;
}

/**
 * scx_cpuperf_target - Performance that the BPF scheduler wants from a CPU
 * @cpu: the CPU, possibly another one
 *
 * Return: 0 .. SCX_CPUPERF_ONE.
 */
u32 scx_cpuperf_target(s32 cpu)
{
	return scx_enabled() ? READ_ONCE(cpu_rq(cpu)->scx.cpuperf_target) : 0;
}

#ifdef CONFIG_SCHED_CORE
/**
 * scx_prio_less - Does core scheduling prefer the second of two tasks?
 * @a: a task of the class
 * @b: another one
 * @in_fi: the core is in forced idle
 *
 * Return: true if @b should run before @a.
 */
bool scx_prio_less(const struct task_struct *a, const struct task_struct *b,
		   bool in_fi)
{
	struct scx_sched *sch = a->scx.sched;

	if (SCX_HAS_OP(sch, core_sched_before) && !scx_rq_bypassing(task_rq(a)))
		return SCX_CALL_OP_2TASKS_RET(sch, core_sched_before, task_rq(a),
					      (struct task_struct *)b,
					      (struct task_struct *)a);

	return time_after64(a->scx.core_sched_at, b->scx.core_sched_at);
}
#endif

static void exit_for_hotplug(struct scx_sched *sch, s32 cpu, bool online)
{
	scx_exit(sch, SCX_EXIT_UNREG_KERN,
		 SCX_ECODE_ACT_RESTART | SCX_ECODE_RSN_HOTPLUG,
		 "CPU %d going %s, exiting scheduler", cpu,
		 online ? "online" : "offline");
}

/*
 * scx_root is published and withdrawn with the hotplug lock held for reading,
 * so it does not change while a CPU comes or goes. A scheduler that has the
 * callback is told. Any other exits, with a code that asks user space to start
 * it again on the CPUs that there are then.
 */
static void cpu_came_or_went(struct rq *rq, bool online)
{
	s32 cpu = cpu_of(rq);
	struct scx_sched *sch;

	atomic_long_inc(&scx_hotplug_seq);

	sch = rcu_dereference_protected(scx_root, lockdep_is_cpus_held());
	if (!sch || atomic_read(&sch->exit_kind) != SCX_EXIT_NONE)
		return;

	scx_idle_update_topology(sch);

	if (online && SCX_HAS_OP(sch, cpu_online))
		sch->ops.cpu_online(cpu);
	else if (!online && SCX_HAS_OP(sch, cpu_offline))
		sch->ops.cpu_offline(cpu);
	else
		exit_for_hotplug(sch, cpu, online);
}

/*
 * The CPU's own threads run there before cpu_came_or_went() is called, and
 * ops.running() is called for them. A scheduler that is to exit because it has
 * no ops.cpu_online() may not know the CPU, and would exit with an error of its
 * own instead of the code for a restart. So its exit is claimed before the CPU
 * is brought up.
 */
static int cpu_is_coming(unsigned int cpu)
{
	struct scx_sched *sch;

	sch = rcu_dereference_protected(scx_root, lockdep_is_cpus_held());
	if (sch && !SCX_HAS_OP(sch, cpu_online))
		exit_for_hotplug(sch, cpu, true);
	return 0;
}

static int __init watch_hotplug(void)
{
	int state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN,
					      "sched/ext:coming", cpu_is_coming,
					      NULL);

	return state < 0 ? state : 0;
}
device_initcall(watch_hotplug);

/**
 * scx_rq_activate - A CPU came up
 * @rq: its runqueue, not locked
 *
 * The CPU has been active for a while by now and, in most cases, online for the
 * classes. Without SCX_RQ_UNANNOUNCED the BPF scheduler would be asked what to
 * run there before it knows that there is such a CPU.
 *
 * Context: CPU hotplug thread, hotplug lock held for writing.
 */
void scx_rq_activate(struct rq *rq)
{
	cpu_came_or_went(rq, true);

	guard(rq_lock_irqsave)(rq);
	rq->scx.flags &= ~SCX_RQ_UNANNOUNCED;
#ifdef CONFIG_SMP
	if (rq->online)
		rq->scx.flags |= SCX_RQ_ONLINE;
#endif
}

/**
 * scx_rq_evacuate - A CPU is about to go down
 * @rq: its runqueue, not locked; the CPU is not active any more
 *
 * The CPU has to push its tasks away, and it can push only tasks that it picks.
 * So all its tasks come to the local DSQ, whoever owns them, and any that come
 * later do, too. Hotplug then waits for a grace period, which may depend on one
 * of these tasks.
 *
 * Context: CPU hotplug thread, hotplug lock held for writing.
 */
void scx_rq_evacuate(struct rq *rq)
{
	scoped_guard(rq_lock_irqsave, rq)
		scx_dispatch_requeue_begin(rq);
	while (scx_dispatch_requeue_batch(rq))
		cond_resched();
}

/**
 * scx_rq_deactivate - A CPU is going down
 * @rq: its runqueue, not locked, offline for the class by now
 *
 * Context: CPU hotplug thread, hotplug lock held for writing.
 */
void scx_rq_deactivate(struct rq *rq)
{
	scoped_guard(rq_lock_irqsave, rq)
		rq->scx.flags |= SCX_RQ_UNANNOUNCED;

	cpu_came_or_went(rq, false);
}

/**
 * init_sched_ext_class - Prepare every runqueue
 *
 * Context: sched_init(), early boot. The boot CPU's rq has been set online by
 * then, so the flags stay as they are.
 */
void __init init_sched_ext_class(void)
{
	int cpu;

	scx_idle_init_masks();

	for_each_possible_cpu(cpu) {
		struct rq *rq = cpu_rq(cpu);

		scx_dsq_init(&rq->scx.local_dsq, SCX_DSQ_LOCAL);
		INIT_LIST_HEAD(&rq->scx.runnable_list);
		INIT_LIST_HEAD(&rq->scx.ddsp_deferred_locals);
		scx_kick_init(rq, scx_dispatch_deferred);
		/* Without CONFIG_SMP nobody calls rq_online_scx(). */
		if (!IS_ENABLED(CONFIG_SMP))
			rq->scx.flags |= SCX_RQ_ONLINE;
		else if (cpu != smp_processor_id())
			rq->scx.flags |= SCX_RQ_UNANNOUNCED;
	}
}
