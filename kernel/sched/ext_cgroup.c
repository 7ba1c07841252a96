// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: cgroups of the CPU controller, for the BPF scheduler.
 *
 * A loaded scheduler is told of every cgroup, of its weight and bandwidth, and
 * of tasks that move between cgroups. The settings of a cgroup are recorded
 * here even if no scheduler is loaded, so that a later one finds them.
 *
 * scx_cgroup_rwsem is held for reading while a cgroup is created, removed or
 * configured and while tasks move; loading and unloading hold it for writing.
 * Many readers come here with cgroup_mutex held. Others block the removal of
 * their cgroup, which holds cgroup_mutex. So neither readers nor the writer
 * take cgroup_mutex in here, and the writer walks the cgroups under RCU.
 */
#include "ext_cgroup.h"
#include "ext_error.h"

/*
 * Not a per-CPU one: cgroups seldom change, and a writer of a per-CPU one, here
 * loading, would have to wait for a grace period.
 */
static DECLARE_RWSEM(scx_cgroup_rwsem);

/* The scheduler to tell, or NULL. Written with scx_cgroup_rwsem write-held. */
static struct scx_sched *cgroup_sched;

/*
 * Two files of one cgroup can be written to at the same time. This keeps values
 * and the callbacks about them in the same order. Nests in scx_cgroup_rwsem.
 */
static DEFINE_MUTEX(param_mutex);

/**
 * scx_cgroup_lock - Keep cgroups and the tasks in them as they are
 *
 * Context: Process context, may sleep; scx_fork_rwsem is taken afterwards.
 */
void scx_cgroup_lock(void)
{
	down_write(&scx_cgroup_rwsem);
}

/**
 * scx_cgroup_unlock - Undo scx_cgroup_lock()
 */
void scx_cgroup_unlock(void)
{
	up_write(&scx_cgroup_rwsem);
}

/*
 * A cgroup's life.
 */

static int init_tg(struct scx_sched *sch, struct task_group *tg)
{
	struct scx_cgroup_init_args args = {
		.weight		= tg->scx.weight,
		.bw_period_us	= tg->scx.bw_period_us,
		.bw_quota_us	= tg->scx.bw_quota_us,
		.bw_burst_us	= tg->scx.bw_burst_us,
	};
	int ret = 0;

	if (SCX_HAS_OP(sch, cgroup_init))
		ret = scx_error_sanitize(sch, "cgroup_init",
					 sch->ops.cgroup_init(tg->css.cgroup,
							      &args));
	if (!ret)
		tg->scx.flags |= SCX_TG_INITED;
	return ret;
}

static void exit_tg(struct scx_sched *sch, struct task_group *tg)
{
	if (!(tg->scx.flags & SCX_TG_INITED))
		return;

	tg->scx.flags &= ~SCX_TG_INITED;
	if (SCX_HAS_OP(sch, cgroup_exit))
		sch->ops.cgroup_exit(tg->css.cgroup);
}

/**
 * scx_tg_init - A task group is being created
 * @tg: the group; the root group is online by now
 */
void scx_tg_init(struct task_group *tg)
{
	tg->scx.weight = CGROUP_WEIGHT_DFL;
	tg->scx.bw_period_us = 100 * USEC_PER_MSEC;
	tg->scx.bw_quota_us = U64_MAX;
	tg->scx.bw_burst_us = 0;
}

/**
 * scx_tg_online - A cgroup is being created
 * @tg: its task group
 *
 * Context: cgroup_mutex held, may sleep; for the root group at early boot.
 * Return: 0, or the errno with which the scheduler refused.
 */
int scx_tg_online(struct task_group *tg)
{
	int ret = 0;

	/* Called at early boot, before any scheduler can be loaded */
	if (tg == &root_task_group) {
		tg->scx.flags |= SCX_TG_ONLINE;
		return 0;
	}

	down_read(&scx_cgroup_rwsem);
	if (cgroup_sched)
		ret = init_tg(cgroup_sched, tg);
	if (!ret)
		tg->scx.flags |= SCX_TG_ONLINE;
	up_read(&scx_cgroup_rwsem);

	return ret;
}

/**
 * scx_tg_offline - A cgroup is being removed
 * @tg: its task group
 *
 * Exiting tasks can still be in the cgroup. From here on, the scheduler is told
 * that they are in the parent, see scx_cgroup_of().
 *
 * Context: cgroup_mutex held, may sleep.
 */
void scx_tg_offline(struct task_group *tg)
{
	down_read(&scx_cgroup_rwsem);
	tg->scx.flags &= ~SCX_TG_ONLINE;
	if (cgroup_sched)
		exit_tg(cgroup_sched, tg);
	up_read(&scx_cgroup_rwsem);
}

/*
 * Loading and unloading.
 *
 * A cgroup that is online keeps its css at least until its offline callback,
 * which waits for scx_cgroup_rwsem. A cgroup that is being created or removed
 * may show up in a walk, and its css is freed when the last reference is gone.
 */

static void exit_all(struct scx_sched *sch)
{
	struct cgroup_subsys_state *css;

	rcu_read_lock();
	css_for_each_descendant_post(css, &root_task_group.css) {
		/*
		 * A css whose creation failed is freed in spite of references.
		 * It is not INITED.
		 */
		if (!(css_tg(css)->scx.flags & SCX_TG_INITED) ||
		    !css_tryget(css))
			continue;
		rcu_read_unlock();

		exit_tg(sch, css_tg(css));

		rcu_read_lock();
		css_put(css);
	}
	rcu_read_unlock();
}

static void report_failed_init(struct scx_sched *sch, struct cgroup *cgrp,
			       int err)
{
	char path[128];

	cgroup_path(cgrp, path, sizeof(path));
	scx_error(sch, "ops.cgroup_init() of %s failed with %d", path, err);
}

/**
 * scx_cgroup_init - Tell a scheduler of all cgroups, present and future
 * @sch: the scheduler
 *
 * Parents come before their children.
 *
 * Context: scx_cgroup_lock() held, may sleep.
 * Return: 0, or the errno with which the scheduler refused. In that case it has
 * been told to forget all cgroups again.
 */
int scx_cgroup_init(struct scx_sched *sch)
{
	struct cgroup_subsys_state *css;
	int ret = 0;

	rwsem_assert_held_write(&scx_cgroup_rwsem);

	rcu_read_lock();
	css_for_each_descendant_pre(css, &root_task_group.css) {
		struct task_group *tg = css_tg(css);

		if (!(tg->scx.flags & SCX_TG_ONLINE) || !css_tryget(css))
			continue;
		rcu_read_unlock();

		ret = init_tg(sch, tg);
		if (ret)
			report_failed_init(sch, css->cgroup, ret);

		rcu_read_lock();
		css_put(css);
		if (ret)
			break;
	}
	rcu_read_unlock();

	if (ret)
		exit_all(sch);
	else
		cgroup_sched = sch;
	return ret;
}

/**
 * scx_cgroup_exit - Have a scheduler forget all cgroups
 * @sch: the scheduler
 *
 * Children come before their parents. Does nothing if scx_cgroup_init() has
 * failed or was not called.
 *
 * Context: scx_cgroup_lock() held, may sleep.
 */
void scx_cgroup_exit(struct scx_sched *sch)
{
	rwsem_assert_held_write(&scx_cgroup_rwsem);

	if (cgroup_sched != sch)
		return;

	cgroup_sched = NULL;
	exit_all(sch);
}

/*
 * Tasks move.
 *
 *   scx_cgroup_can_attach()    ops.cgroup_prep_move() for each
 *     scx_cgroup_move_task()   ops.cgroup_move() for each, then
 *     scx_cgroup_finish_attach()
 *   or
 *     scx_cgroup_cancel_attach()  ops.cgroup_cancel_move() for each
 *
 * scx_cgroup_rwsem is held all the way, so the same scheduler is told of the
 * beginning and of the end of a move.
 */

static int prep_move(struct scx_sched *sch, struct task_struct *p,
		     struct cgroup *to)
{
	struct cgroup *from;
	int ret = 0;

	WARN_ON_ONCE(p->scx.cgrp_moving_from);

	/* setsid() can replace an autogroup meanwhile, but not the cgroup. */
	scoped_guard(rcu)
		from = scx_cgroup_of(p);

	/* The css of a task can change while its cgroup stays the same. */
	if (from == to)
		return 0;

	if (SCX_HAS_OP(sch, cgroup_prep_move))
		ret = scx_error_sanitize(sch, "cgroup_prep_move",
					 sch->ops.cgroup_prep_move(p, from, to));
	if (!ret)
		p->scx.cgrp_moving_from = from;
	return ret;
}

static void cancel_move(struct scx_sched *sch, struct task_struct *p,
			struct cgroup *to)
{
	struct cgroup *from = p->scx.cgrp_moving_from;

	if (!from)
		return;

	p->scx.cgrp_moving_from = NULL;
	if (SCX_HAS_OP(sch, cgroup_cancel_move))
		sch->ops.cgroup_cancel_move(p, from, to);
}

/**
 * scx_cgroup_can_attach - Some tasks are going to be moved
 * @tset: the tasks and where they go
 *
 * Context: cgroup_mutex held, may sleep. Returns with scx_cgroup_rwsem held for
 * reading unless it fails.
 * Return: 0, or the errno with which the scheduler refused.
 */
int scx_cgroup_can_attach(struct cgroup_taskset *tset)
{
	struct cgroup_subsys_state *css;
	struct task_struct *p;
	int ret;

	down_read(&scx_cgroup_rwsem);
	if (!cgroup_sched)
		return 0;

	cgroup_taskset_for_each(p, css, tset) {
		ret = prep_move(cgroup_sched, p, css->cgroup);
		if (ret)
			goto err_cancel;
	}
	return 0;

err_cancel:
	scx_cgroup_cancel_attach(tset);
	return ret;
}

/**
 * scx_cgroup_move_task - A prepared move happens
 * @p: task that has just joined its new group
 *
 * Context: the lock of @p's rq held, @p dequeued.
 */
void scx_cgroup_move_task(struct task_struct *p)
{
	struct cgroup *from = p->scx.cgrp_moving_from;
	struct scx_sched *sch = cgroup_sched;

	/* Not prepared: @p stays in its cgroup, or no scheduler is loaded. */
	if (!from)
		return;

	if (SCX_HAS_OP(sch, cgroup_move))
		SCX_CALL_OP_TASK(sch, cgroup_move, task_rq(p), p, from,
				 scx_cgroup_of(p));
	p->scx.cgrp_moving_from = NULL;
}

/**
 * scx_cgroup_finish_attach - All tasks have been moved
 */
void scx_cgroup_finish_attach(void)
{
	up_read(&scx_cgroup_rwsem);
}

/**
 * scx_cgroup_cancel_attach - The tasks will not be moved
 * @tset: what scx_cgroup_can_attach() was given
 */
void scx_cgroup_cancel_attach(struct cgroup_taskset *tset)
{
	struct cgroup_subsys_state *css;
	struct task_struct *p;

	if (cgroup_sched) {
		cgroup_taskset_for_each(p, css, tset)
			cancel_move(cgroup_sched, p, css->cgroup);
	}
	up_read(&scx_cgroup_rwsem);
}

/*
 * Parameters.
 */

/* The loaded scheduler if it knows @tg and has @op, else NULL */
#define sched_to_tell(tg, op)						\
	(cgroup_sched && ((tg)->scx.flags & SCX_TG_INITED) &&		\
	 SCX_HAS_OP(cgroup_sched, op) ? cgroup_sched : NULL)

/*
 * Two writers may come here in a different order than they came to the fair
 * class. So whoever holds the mutex reads the fair class's present value.
 */
static unsigned long fair_weight(struct task_group *tg, unsigned long written)
{
#ifdef CONFIG_FAIR_GROUP_SCHED
	return sched_weight_to_cgroup(scale_load_down(READ_ONCE(tg->shares)));
#else
	return written;
#endif
}

static bool fair_idle(struct task_group *tg, bool written)
{
#ifdef CONFIG_FAIR_GROUP_SCHED
	return READ_ONCE(tg->idle);
#else
	return written;
#endif
}

struct limits {
	u64	period_us;
	u64	quota_us;
	u64	burst_us;
};

/* Without CONFIG_CFS_BANDWIDTH, @limits keeps the values that were written. */
static void fair_limits(struct task_group *tg, struct limits *limits)
{
#ifdef CONFIG_CFS_BANDWIDTH
	struct cfs_bandwidth *b = &tg->cfs_bandwidth;

	guard(raw_spinlock_irq)(&b->lock);

	limits->period_us = div_u64(ktime_to_ns(b->period), NSEC_PER_USEC);
	limits->quota_us = b->quota == RUNTIME_INF ? U64_MAX :
			   div_u64(b->quota, NSEC_PER_USEC);
	limits->burst_us = div_u64(b->burst, NSEC_PER_USEC);
#endif
}

/* Returns true if the limits have changed. */
static bool set_limits(struct scx_task_group *to, const struct limits *limits)
{
	if (to->bw_period_us == limits->period_us &&
	    to->bw_quota_us == limits->quota_us && to->bw_burst_us == limits->burst_us)
		return false;

	to->bw_period_us = limits->period_us;
	to->bw_quota_us = limits->quota_us;
	to->bw_burst_us = limits->burst_us;
	return true;
}

/**
 * scx_group_set_weight - cpu.weight, or a file that stands for it, was written
 * @tg: the group
 * @cgrp_weight: its weight from now on, 1..10000
 *
 * Context: Process context, may sleep.
 */
void scx_group_set_weight(struct task_group *tg, unsigned long cgrp_weight)
{
	struct scx_sched *sch;

	down_read(&scx_cgroup_rwsem);
	mutex_lock(&param_mutex);

	cgrp_weight = fair_weight(tg, cgrp_weight);
	if (tg->scx.weight != cgrp_weight) {
		tg->scx.weight = cgrp_weight;

		sch = sched_to_tell(tg, cgroup_set_weight);
		if (sch)
			sch->ops.cgroup_set_weight(tg->css.cgroup, cgrp_weight);
	}

	mutex_unlock(&param_mutex);
	up_read(&scx_cgroup_rwsem);
}

/**
 * scx_group_set_idle - cpu.idle was written to
 * @tg: the group
 * @idle: the new value
 *
 * The fair class gives an idle group the least weight, and the default weight
 * when the group is idle no longer. cpu.weight shows that weight, and the
 * scheduler is told the same.
 *
 * Context: Process context, may sleep.
 */
void scx_group_set_idle(struct task_group *tg, bool idle)
{
	struct scx_sched *sch;

	down_read(&scx_cgroup_rwsem);
	mutex_lock(&param_mutex);

	idle = fair_idle(tg, idle);
	if (tg->scx.idle != idle) {
		tg->scx.idle = idle;

		sch = sched_to_tell(tg, cgroup_set_idle);
		if (sch)
			sch->ops.cgroup_set_idle(tg->css.cgroup, idle);
	}

	mutex_unlock(&param_mutex);
	up_read(&scx_cgroup_rwsem);

	scx_group_set_weight(tg, fair_weight(tg, tg->scx.weight));
}

/**
 * scx_group_set_bandwidth - cpu.max or cpu.max.burst was written to
 * @tg: the group
 * @period_us: its period from now on
 * @quota_us: CPU time per period, %U64_MAX if unlimited
 * @burst_us: unused time that may be carried over
 *
 * Context: Process context, may sleep.
 */
void scx_group_set_bandwidth(struct task_group *tg, u64 period_us, u64 quota_us,
			     u64 burst_us)
{
	struct limits limits = { period_us, quota_us, burst_us };
	struct scx_sched *sch;

	down_read(&scx_cgroup_rwsem);
	mutex_lock(&param_mutex);

	fair_limits(tg, &limits);
	if (set_limits(&tg->scx, &limits)) {
		sch = sched_to_tell(tg, cgroup_set_bandwidth);
		if (sch)
			sch->ops.cgroup_set_bandwidth(tg->css.cgroup, limits.period_us,
						      limits.quota_us, limits.burst_us);
	}

	mutex_unlock(&param_mutex);
	up_read(&scx_cgroup_rwsem);
}
