// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: enabling and disabling.
 *
 * Enabling is a list of stages, each with its undo. Disabling walks the same
 * list backwards from the stage that enabling has come to. So there is one way
 * out, both after a failure and after the scheduler was in charge. "Loading and
 * removing" in Documentation/scheduler/sched-ext-internals.rst says what each
 * stage does, and why the order is as it is.
 *
 * Both run on the instance's own realtime kthread, one after the other. The
 * process that attaches the scheduler only waits: it may itself be moved into
 * the class half way through and be starved there.
 */
#include <linux/sched/isolation.h>
#include "ext_bypass.h"
#include "ext_cgroup.h"
#include "ext_dispatch.h"
#include "ext_dsq.h"
#include "ext_dump.h"
#include "ext_enable.h"
#include "ext_enable_alloc.h"
#include "ext_enable_init.h"
#include "ext_error.h"
#include "ext_idle.h"
#include "ext_kick.h"
#include "ext_state.h"
#include "ext_sysfs.h"
#include "ext_task.h"
#include "ext_task_iter.h"
#include "ext_watchdog.h"

/*
 * Stage "resources".
 */

static int check_flags(struct scx_sched *sch)
{
	struct sched_ext_ops *ops = &sch->ops;

	if ((ops->flags & SCX_OPS_ENQ_LAST) && !ops->enqueue) {
		scx_error(sch, "SCX_OPS_ENQ_LAST needs ops.enqueue()");
		return -EINVAL;
	}

	if ((ops->flags & SCX_OPS_BUILTIN_IDLE_PER_NODE) && ops->update_idle &&
	    !(ops->flags & SCX_OPS_KEEP_BUILTIN_IDLE)) {
		scx_error(sch, "SCX_OPS_BUILTIN_IDLE_PER_NODE needs the idle tracking that ops.update_idle() turns off; see SCX_OPS_KEEP_BUILTIN_IDLE");
		return -EINVAL;
	}

	if ((ops->flags & SCX_OPS_ALWAYS_ENQ_IMMED) && !ops->enqueue) {
		scx_error(sch, "SCX_OPS_ALWAYS_ENQ_IMMED needs ops.enqueue()");
		return -EINVAL;
	}

	if (ops->flags & SCX_OPS_HAS_CGROUP_WEIGHT)
		pr_warn("sched_ext: %s: SCX_OPS_HAS_CGROUP_WEIGHT is deprecated and has no effect\n",
			ops->name);
	if (ops->cpu_acquire || ops->cpu_release)
		ops->flags |= SCX_OPS_HAS_CPU_PREEMPT;
	return 0;
}

static int do_resources(struct scx_sched *sch)
{
	int ret;

	ret = check_flags(sch);
	if (ret)
		return ret;

	ret = scx_dispatch_alloc(sch);
	if (ret)
		return ret;

	scx_watchdog_start(sch);
	return 0;
}

static void undo_resources(struct scx_sched *sch)
{
	if (!sch->dsp_ctx)
		return;
	scx_watchdog_stop(sch);
	scx_dispatch_free(sch);
}

/*
 * Stages "bypass", "ops" and "class".
 */

static int do_bypass(struct scx_sched *sch)
{
	scx_bypass_enter();
	return 0;
}

static void undo_bypass(struct scx_sched *sch)
{
	scx_bypass_leave();
}

static int do_ops(struct scx_sched *sch)
{
	scx_enable_set_ops(sch, SCX_OPI_NORMAL_BEGIN, SCX_OPI_NORMAL_END, true);
	return 0;
}

static void undo_ops(struct scx_sched *sch)
{
	scx_enable_set_ops(sch, SCX_OPI_NORMAL_BEGIN, SCX_OPI_NORMAL_END, false);
	/*
	 * Callbacks that do not sleep run with IRQs off, which RCU waits for.
	 */
	scx_enable_await_readers();
}

static int do_class(struct scx_sched *sch)
{
	static_branch_enable(&__scx_enabled);
	return 0;
}

/* With the key off nobody waits for kicked CPUs any more. */
static void tidy_rqs(void)
{
	struct rq_flags rf;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct rq *rq = cpu_rq(cpu);

		rq_lock_irqsave(rq, &rf);
		cpumask_clear(rq->scx.cpus_to_sync);
		rq->scx.ticket = 0;
		rq_unlock_irqrestore(rq, &rf);
	}
}

static void undo_class(struct scx_sched *sch)
{
	static_branch_disable(&__scx_enabled);
	scx_enable_await_readers();
	tidy_rqs();
}

/*
 * Stage "members". No task is forked and no cgroup changes meanwhile. The lock
 * order in ext_internal.h says what must not be waited for in here.
 */

static int init_tasks(struct scx_sched *sch)
{
	struct scx_task_iter it;
	struct task_struct *p;
	int ret = 0;

	scx_task_iter_start(&it);
	while (!ret && (p = scx_task_iter_next(&it))) {
		/*
		 * A task on the list is not switched out for good, nor freed.
		 */
		get_task_struct(p);
		scx_task_iter_unlock(&it);

		ret = scx_task_init(sch, p, false);
		if (ret)
			scx_error(sch, "ops.init_task() failed (%d) for %s[%d]",
				  ret, p->comm, p->pid);

		put_task_struct(p);
		scx_task_iter_relock(&it);
	}
	scx_task_iter_stop(&it);

	return ret;
}

/* The stopper's class does not follow from its policy. */
static const struct sched_class *class_of(struct task_struct *p)
{
#ifdef CONFIG_SMP
	if (p->sched_class == &stop_sched_class)
		return &stop_sched_class;
#endif
	return __setscheduler_class(p->policy, p->prio);
}

static void switch_class(struct task_struct *p)
{
	const struct sched_class *old = p->sched_class, *new = class_of(p);
	struct sched_enq_and_set_ctx ctx;

	if (old == new)
		return;

	/* @p sleeps, but is kept on the fair rq until its lag is used up. */
	if (p->se.sched_delayed)
		dequeue_task(task_rq(p), p, DEQUEUE_SLEEP | DEQUEUE_DELAYED);

	sched_deq_and_put_task(p, DEQUEUE_SAVE | DEQUEUE_MOVE, &ctx);

	p->scx.slice = SCX_SLICE_DFL;
	p->sched_class = new;
	check_class_changing(task_rq(p), p, old);

	sched_enq_and_set_task(&ctx);
	check_class_changed(task_rq(p), p, old, p->prio);
}

static void switch_tasks(void)
{
	struct scx_task_iter it;
	struct task_struct *p;

	scx_task_iter_start(&it);
	while ((p = scx_task_iter_next_locked(&it)))
		switch_class(p);
	scx_task_iter_stop(&it);
}

static void take_back_tasks(void)
{
	struct scx_task_iter it;
	struct task_struct *p;

	scx_task_iter_start(&it);
	while ((p = scx_task_iter_next_locked(&it))) {
		switch_class(p);
		scx_task_exit(p);
	}
	scx_task_iter_stop(&it);
}

static int do_members(struct scx_sched *sch)
{
	int ret;

	scx_cgroup_lock();
	percpu_down_write(&scx_fork_rwsem);

	ret = scx_cgroup_init(sch);
	if (!ret)
		ret = init_tasks(sch);
	if (!ret) {
		scx_task_init_on_fork(sch);
		WRITE_ONCE(scx_switching_ext, true);
		WRITE_ONCE(scx_switching_all, !(sch->ops.flags & SCX_OPS_SWITCH_PARTIAL));
		switch_tasks();
	} else {
		/*
		 * It must not be told of moves of tasks that it does not know.
		 */
		scx_cgroup_exit(sch);
	}

	percpu_up_write(&scx_fork_rwsem);
	scx_cgroup_unlock();
	return ret;
}

static void undo_members(struct scx_sched *sch)
{
	scx_cgroup_lock();
	percpu_down_write(&scx_fork_rwsem);

	WRITE_ONCE(scx_switching_all, false);
	WRITE_ONCE(scx_switching_ext, false);
	scx_task_init_on_fork(NULL);
	scx_cgroup_exit(sch);
	take_back_tasks();

	percpu_up_write(&scx_fork_rwsem);
	scx_cgroup_unlock();
}

/*
 * Stage "live".
 */

/*
 * Bypass mode ends last. Until then this kthread can sleep on locks, because
 * their holders are sure to run. Afterwards the holders depend on the
 * scheduler, and if that is broken, this kthread has to remove it.
 */
static int do_live(struct scx_sched *sch)
{
	bool all = scx_switching_all;

	if (all)
		static_branch_enable(&__scx_switched_all);

	scx_state_set(SCX_ENABLED);
	pr_info("sched_ext: BPF scheduler \"%s\" enabled%s\n", sch->ops.name,
		all ? "" : " (partial)");
	scx_sysfs_announce(sch);
	atomic_long_inc(&scx_enable_seq);

	scx_bypass_leave();
	return 0;
}

static void undo_live(struct scx_sched *sch)
{
	/* First of all, since what follows waits for tasks that have to run. */
	scx_bypass_enter();
	/* Before the first task is back in the fair class. */
	static_branch_disable(&__scx_switched_all);
}

static const struct enable_stage {
	const char	*name;
	int		(*do_fn)(struct scx_sched *sch);
	void		(*undo_fn)(struct scx_sched *sch);
} stages[] = {
	{ "init",	scx_enable_init_do, scx_enable_init_undo },
	{ "resources",	do_resources,	undo_resources },
	{ "bypass",	do_bypass,	undo_bypass },
	{ "ops",	do_ops,		undo_ops },
	{ "class",	do_class,	undo_class },
	{ "members",	do_members,	undo_members },
	{ "live",	do_live,	undo_live },
};

/*
 * A stage counts once it has begun: the undo copes with a do that failed half
 * way. If the failed stage has raised an error itself, that one counts, and the
 * general one is ignored.
 */
static void enable_workfn(struct kthread_work *work)
{
	struct scx_sched *sch = container_of(work, struct scx_sched, enable_work);
	const struct enable_stage *s;
	int ret = 0;

	while (!ret && !scx_exiting(sch) && sch->stage < ARRAY_SIZE(stages)) {
		s = &stages[sch->stage++];
		ret = s->do_fn(sch);
		if (ret)
			scx_error(sch, "enable stage \"%s\" failed (%d)",
				  s->name, ret);
	}

	if (READ_ONCE(sch->exit_unfired))
		scx_error_refire(sch);
}

static void disable_workfn(struct kthread_work *work)
{
	struct scx_sched *sch = container_of(work, struct scx_sched, disable_work);

	atomic_set(&sch->exit_kind, SCX_EXIT_DONE);
	scx_state_set(SCX_DISABLING);

	while (sch->stage)
		stages[--sch->stage].undo_fn(sch);

	scx_kick_free();
	scx_sysfs_remove(sch);
	scx_state_set(SCX_DISABLED);
	complete_all(&sch->disabled);
}

/* An exit can be claimed in any context. This passes it on to the kthread. */
static void error_irq_workfn(struct irq_work *work)
{
	struct scx_sched *sch = container_of(work, struct scx_sched, error_irq_work);

	if (sch->exit_info->kind >= SCX_EXIT_ERROR)
		scx_dump_state(sch, sch->exit_info);
	kthread_queue_work(sch->helper, &sch->disable_work);
}

/* No stage has begun yet, so a lack of memory is a plain error here. */
static struct scx_sched *new_sched(struct sched_ext_ops *ops)
{
	struct scx_sched *sch;
	int ret;

	ret = scx_kick_alloc();
	if (ret)
		return ERR_PTR(ret);

	sch = scx_sched_alloc(ops);
	if (IS_ERR(sch)) {
		scx_kick_free();
		return sch;
	}
	kthread_init_work(&sch->enable_work, enable_workfn);
	kthread_init_work(&sch->disable_work, disable_workfn);
	sch->error_irq_work = IRQ_WORK_INIT_HARD(error_irq_workfn);
	return sch;
}

/**
 * scx_enable - Load a BPF scheduler
 * @ops: its table; @ops->priv refers to the instance until scx_disable()
 *
 * Context: Process context, may sleep.
 * Return: 0 if the scheduler is in charge, or if it has been removed again and
 * its ops.exit() has returned. The latter goes for every exit that was claimed
 * before loading was done, whether or not a callback returned an error. -EBUSY
 * if there is a scheduler already, -EINVAL on a system with isolated CPUs,
 * -ENOMEM.
 */
int scx_enable(struct sched_ext_ops *ops)
{
	struct scx_sched *sch;

	if (!cpumask_equal(housekeeping_cpumask(HK_TYPE_DOMAIN),
			   cpu_possible_mask)) {
		pr_err("sched_ext: %s: not compatible with \"isolcpus=\" domain CPU isolation\n",
		       ops->name);
		return -EINVAL;
	}

	/* The table is linked already, and that link has not ended yet. */
	if (ops->priv)
		return -EBUSY;
	if (!scx_state_change(SCX_DISABLED, SCX_ENABLING))
		return -EBUSY;

	sch = new_sched(ops);
	if (IS_ERR(sch)) {
		scx_state_set(SCX_DISABLED);
		return PTR_ERR(sch);
	}

	atomic_long_set(&scx_nr_rejected, 0);
	ops->priv = sch;
	sch->loader = current;
	kthread_queue_work(sch->helper, &sch->enable_work);
	kthread_flush_work(&sch->enable_work);
	/*
	 * If an exit was claimed meanwhile, wait until the scheduler is gone.
	 */
	if (scx_exiting(sch))
		wait_for_completion(&sch->disabled);
	return 0;
}

/**
 * scx_disable - Unload a BPF scheduler
 * @ops: table that scx_enable() succeeded for
 *
 * Context: Process context, may sleep. When this returns none of the
 * scheduler's callbacks is running or going to be called.
 */
void scx_disable(struct sched_ext_ops *ops)
{
	struct scx_sched *sch = ops->priv;

	scx_exit(sch, SCX_EXIT_UNREG, 0, "%s", "");
	wait_for_completion(&sch->disabled);

	ops->priv = NULL;
	kobject_put(&sch->kobj);
}

/**
 * scx_enable_init - Prepare for the first scheduler
 */
int __init scx_enable_init(void)
{
	scx_task_init_forks();
	scx_bypass_init();
	return 0;
}
