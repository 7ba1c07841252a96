// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: a task's life.
 *
 * From fork to its last switch every task is on the list of all tasks. A
 * loaded scheduler initialises each of them once, enables those that enter the
 * class, disables those that leave it and exits every one it initialised. The
 * states are drawn at enum scx_task_state; set_state() checks the transitions.
 *
 * The state is written under the task's rq lock, except on a task that nobody
 * else can see yet.
 */
#include "ext_task.h"
#include "ext_task_iter.h"
#include "ext_dsq.h"
#include "ext_state.h"
#include "ext_error.h"
#include "ext_tid.h"

/*
 * Forks hold this for reading, from the choice of the class until the task is
 * on the list of all tasks. While it is held for writing, no task is in
 * between.
 *
 * Some readers hold cgroup_mutex already, and all of them keep cgroups from
 * being changed. Others fork kernel threads that CPU hotplug waits for. So a
 * writer must not wait for a lock that cgroups or hotplug hold, nor for a task
 * that may do so.
 */
DEFINE_PERCPU_RWSEM(scx_fork_rwsem);

/* Scheduler that initialises forked tasks; changes under scx_fork_rwsem. */
static struct scx_sched *fork_sched;

static void set_state(struct task_struct *p, enum scx_task_state to)
{
	static const u8 may_come_from[SCX_TASK_NR_STATES] = {
		[SCX_TASK_NONE]		= BIT(SCX_TASK_INIT) | BIT(SCX_TASK_READY),
		[SCX_TASK_INIT]		= BIT(SCX_TASK_NONE),
		[SCX_TASK_READY]	= BIT(SCX_TASK_INIT) | BIT(SCX_TASK_ENABLED),
		[SCX_TASK_ENABLED]	= BIT(SCX_TASK_READY),
	};
	enum scx_task_state from = scx_task_state(p);

	WARN_ONCE(!(may_come_from[to] & BIT(from)),
		  "sched_ext: %s[%d] goes from state %d to %d",
		  p->comm, p->pid, from, to);

	p->scx.flags &= ~SCX_TASK_STATE_MASK;
	p->scx.flags |= to << SCX_TASK_STATE_SHIFT;
}

/*
 * What the BPF scheduler is told.
 */

static void fill_init_args(struct scx_init_task_args *args,
			   struct task_struct *p, bool fork)
{
	*args = (struct scx_init_task_args){ .fork = fork };
#ifdef CONFIG_EXT_GROUP_SCHED
	/* setsid() can replace an autogroup meanwhile, but not the cgroup. */
	scoped_guard(rcu)
		args->cgroup = scx_cgroup_of(p);
#endif
}

/*
 * ops.init_task() wants the task to stay out of SCHED_EXT. At load the policy
 * is changed. A forked task inherits its policy, and setscheduler refuses
 * SCHED_EXT to a parent with disallow, so a conflict is an error of the
 * scheduler.
 */
static void apply_disallow(struct scx_sched *sch, struct task_struct *p,
			   bool fork)
{
	struct rq_flags rf;
	struct rq *rq;

	if (!p->scx.disallow)
		return;

	if (fork) {
		if (p->policy == SCHED_EXT)
			scx_error(sch, "ops.init_task() set disallow for %s[%d], which is forked into SCHED_EXT",
				  p->comm, p->pid);
		return;
	}

	rq = task_rq_lock(p, &rf);
	if (p->policy == SCHED_EXT) {
		p->policy = SCHED_NORMAL;
		atomic_long_inc(&scx_nr_rejected);
	}
	task_rq_unlock(rq, p, &rf);
}

/* A positive number would be taken for success or for a pointer. */
static int init_task_errno(struct scx_sched *sch, struct task_struct *p,
			   s32 err)
{
	if (err < 0 && err >= -MAX_ERRNO)
		return err;

	scx_error(sch, "ops.init_task() for %s[%d] returned %d, which is no errno",
		  p->comm, p->pid, err);
	return -EPROTO;
}

/* Resets what BPF may write at any time, whatever class the task is in. */
static void forget_budget(struct task_struct *p)
{
	p->scx.slice = SCX_SLICE_DFL;
	p->scx.dsq_vtime = 0;
}

/*
 * @p has left the class. When it comes back it may belong to another scheduler,
 * which must not find what this one has left behind. Of the other fields
 *
 *	dsq, dsq_list, dsq_priq, dsq_seq, dsq_flags, sticky_cpu, holding_cpu,
 *	ops_state, runnable_node
 *			say where a queued task is, and @p is not queued
 *	weight, selected_cpu, core_sched_at, runnable_at
 *			are set when it enters the class (runnable_at at the
 *			first enqueue after that)
 *	cpus_at		is used if excuses are left, and none are
 *	disallow, tid, sched
 *			are reset when a scheduler exits or initialises @p
 *	cgrp_moving_from
 *			is about a move between cgroups, not about the class
 *
 * and three are kept: in flags the state, and that the task has exited;
 * tasks_node, since the list is of all tasks; and ops_qseq. An insertion may
 * have been buffered under the previous scheduler, or before the task went to
 * another class and came back. Its sequence number must not be used again.
 */
static void forget_stay(struct task_struct *p)
{
	forget_budget(p);
	p->scx.ddsp_dsq_id = SCX_DSQ_INVALID;
	p->scx.ddsp_enq_flags = 0;
	p->scx.reenq_cnt = 0;
	p->scx.excuses = 0;
	p->scx.flags &= SCX_TASK_STATE_MASK | SCX_TASK_EXITED;
}

/**
 * scx_task_init - Make a task known to a scheduler
 * @sch: the scheduler
 * @p: the task, referenced; no rq lock held
 * @fork: it is being forked and not visible yet
 *
 * A task that is not being forked can die meanwhile. Its death and this
 * function meet under the task's rq lock:
 *
 *	scx_task_init()			sched_ext_dead()
 *	  ops.init_task()
 *	  lock rq			  lock rq
 *	  state = READY			  set EXITED
 *	  EXITED? exit it again		  state != NONE? exit it
 *	  unlock rq			  unlock rq
 *
 * Context: Process context, may sleep; scx_fork_rwsem held.
 * Return: 0, or the errno that ops.init_task() returned.
 */
int scx_task_init(struct scx_sched *sch, struct task_struct *p, bool fork)
{
	struct scx_init_task_args args;
	struct rq_flags rf;
	struct rq *rq;
	int ret;

	p->scx.disallow = false;
	forget_budget(p);

	ret = scx_tid_get(sch, p);
	if (ret)
		return ret;

	if (SCX_HAS_OP(sch, init_task)) {
		fill_init_args(&args, p, fork);
		ret = sch->ops.init_task(p, &args);
		if (ret) {
			scx_tid_put(sch, p);
			return init_task_errno(sch, p, ret);
		}
	}

	rq = task_rq_lock(p, &rf);
	p->scx.sched = sch;
	p->scx.flags |= SCX_TASK_RESET_RUNNABLE_AT;
	set_state(p, SCX_TASK_INIT);
	if (!fork)
		scx_task_ready(p);
	if (p->scx.flags & SCX_TASK_EXITED)
		scx_task_exit(p);
	task_rq_unlock(rq, p, &rf);

	apply_disallow(sch, p, fork);
	return 0;
}

/**
 * scx_task_ready - Allow an initialised task to enter the class
 * @p: the task, its rq locked; one that died after it was initialised is
 *	left alone
 */
void scx_task_ready(struct task_struct *p)
{
	if (scx_task_state(p) != SCX_TASK_INIT)
		return;
	set_state(p, SCX_TASK_READY);
	scx_tid_publish(p->scx.sched, p);
}

/**
 * scx_task_set_weight - Record a task's weight
 * @p: the task, its rq locked
 * @load: in the fair class's units, nice 0 is 1024
 */
void scx_task_set_weight(struct task_struct *p, unsigned long load)
{
	p->scx.weight = sched_weight_to_cgroup(load);
}

static unsigned long task_load(const struct task_struct *p)
{
	if (p->policy == SCHED_IDLE)
		return WEIGHT_IDLEPRIO;
	return sched_prio_to_weight[p->static_prio - MAX_RT_PRIO];
}

/*
 * The time that the class uses is charged to the deadline server of the CPU's
 * normal tasks. If the server has picked @curr, it is charged at once, so that
 * it ends in time. Otherwise a millisecond is exact enough, which is an amount
 * that the server itself neglects.
 */
static void charge_server(struct rq *rq, struct task_struct *curr, s64 delta)
{
	rq->scx.server_delta += delta;
	if (rq->scx.server_delta < NSEC_PER_MSEC && !curr->dl_server)
		return;

	if (dl_server_active(&rq->fair_server))
		dl_server_update(&rq->fair_server, rq->scx.server_delta);
	rq->scx.server_delta = 0;
}

/**
 * scx_task_charge - Charge the running task's slice with what it has used
 * @rq: runqueue of an ext task that runs, locked, clock updated
 */
void scx_task_charge(struct rq *rq)
{
	struct task_struct *curr = scx_curr(rq);
	s64 delta = update_curr_common(rq);

	if (delta <= 0)
		return;
	charge_server(rq, curr, delta);
	if (curr->scx.slice == SCX_SLICE_INF) {
		/* BPF may have set it while an urgent task was waiting. */
		if (unlikely(rq->scx.flags & SCX_RQ_URGENT))
			scx_task_update_tick(rq, curr);
		return;
	}

	curr->scx.slice -= min_t(u64, curr->scx.slice, delta);
	if (!curr->scx.slice)
		scx_task_touch_core_sched(curr);
}

/**
 * scx_task_warn_zero_slice - Warn that a task without a slice is picked
 * @p: the task, its rq locked
 *
 * This warns once for each scheduler.
 */
void scx_task_warn_zero_slice(struct task_struct *p)
{
	struct scx_sched *sch = p->scx.sched;

	if (sch->warned_zero_slice)
		return;

	sch->warned_zero_slice = true;
	printk_deferred_enter();
	pr_warn("sched_ext: %s: %s[%d] has no slice left, using the default\n",
		sch->ops.name, p->comm, p->pid);
	printk_deferred_exit();
}

/* How many tasks to look at for an urgent one, which may well be behind them */
#define URGENT_LOOK	32

static bool urgent_waits(struct rq *rq)
{
	int left = URGENT_LOOK;
	struct task_struct *p;

	scx_dsq_for_each(p, &rq->scx.local_dsq) {
		if ((p->scx.flags & SCX_TASK_URGENT) || !left--)
			return true;
	}
	return false;
}

/**
 * __scx_task_hurried - The slow path of scx_task_hurried()
 * @rq: runqueue, locked
 * @p: task that runs there, with an infinite slice
 *
 * If there is an urgent task, the slice becomes a default one. A slice that was
 * infinite when the urgent task came was ended then. This is for slices that
 * the BPF scheduler has made infinite since, and for tasks that were ahead of
 * the urgent one in the local DSQ.
 *
 * Return: true if there is an urgent task.
 */
bool __scx_task_hurried(struct rq *rq, struct task_struct *p)
{
	if (!urgent_waits(rq)) {
		rq->scx.flags &= ~SCX_RQ_URGENT;
		return false;
	}
	scx_refill_slice(p->scx.sched, p);
	return true;
}

/**
 * scx_task_enable - A task enters the class
 * @p: the task, in state READY, its rq locked
 */
void scx_task_enable(struct task_struct *p)
{
	struct scx_sched *sch = p->scx.sched;
	struct rq *rq = task_rq(p);

	lockdep_assert_rq_held(rq);

	scx_task_set_weight(p, task_load(p));

	/* Time spent in other classes is not waiting. */
	p->scx.flags |= SCX_TASK_RESET_RUNNABLE_AT;
	scx_task_touch_core_sched(p);
	/* If a wakeup is under way, another class may have chosen the CPU. */
	p->scx.selected_cpu = task_cpu(p);

	if (SCX_HAS_OP(sch, enable))
		SCX_CALL_OP_TASK(sch, enable, rq, p);
	set_state(p, SCX_TASK_ENABLED);

	if (SCX_HAS_OP(sch, set_weight))
		SCX_CALL_OP_TASK(sch, set_weight, rq, p, p->scx.weight);
}

/**
 * scx_task_disable - A task leaves the class
 * @p: the task, in state ENABLED and not queued, its rq locked
 *
 * What ops.disable() writes to the task is reset as well.
 */
void scx_task_disable(struct task_struct *p)
{
	struct scx_sched *sch = p->scx.sched;
	struct rq *rq = task_rq(p);

	lockdep_assert_rq_held(rq);

	if (SCX_HAS_OP(sch, disable))
		SCX_CALL_OP_TASK(sch, disable, rq, p);
	set_state(p, SCX_TASK_READY);
	forget_stay(p);
}

/**
 * scx_task_exit - A scheduler forgets a task
 * @p: the task in any state, its rq locked
 */
void scx_task_exit(struct task_struct *p)
{
	struct scx_exit_task_args args = {};
	struct scx_sched *sch = p->scx.sched;

	lockdep_assert_rq_held(task_rq(p));

	switch (scx_task_state(p)) {
	case SCX_TASK_NONE:
		return;
	case SCX_TASK_INIT:
		args.cancelled = true;
		break;
	case SCX_TASK_READY:
		break;
	case SCX_TASK_ENABLED:
		scx_task_disable(p);
		break;
	default:
		WARN_ON_ONCE(true);
		return;
	}

	if (SCX_HAS_OP(sch, exit_task))
		SCX_CALL_OP_TASK(sch, exit_task, task_rq(p), p, &args);
	scx_tid_put(sch, p);
	set_state(p, SCX_TASK_NONE);
	p->scx.sched = NULL;
}

/*
 * Fork and last switch.
 */

/**
 * init_scx_entity - Reset what was copied from the parent
 * @scx: the new task's entity
 */
void init_scx_entity(struct sched_ext_entity *scx)
{
	memset(scx, 0, sizeof(*scx));
	INIT_LIST_HEAD(&scx->dsq_list.node);
	RB_CLEAR_NODE(&scx->dsq_priq);
	scx->sticky_cpu = -1;
	scx->holding_cpu = -1;
	INIT_LIST_HEAD(&scx->runnable_node);
	scx->runnable_at = jiffies;
	scx->ddsp_dsq_id = SCX_DSQ_INVALID;
	scx->slice = SCX_SLICE_DFL;
	INIT_LIST_HEAD(&scx->tasks_node);
}

/**
 * scx_task_init_on_fork - Set the scheduler that forked tasks belong to
 * @sch: a scheduler, or NULL
 *
 * Context: scx_fork_rwsem held for writing.
 */
void scx_task_init_on_fork(struct scx_sched *sch)
{
	percpu_rwsem_assert_held(&scx_fork_rwsem);
	fork_sched = sch;
}

/**
 * scx_pre_fork - A forked task gets its class
 * @p: the new task, so far in the realtime or the fair class
 *
 * This begins a section that ends in scx_post_fork() or scx_cancel_fork().
 * Within it, neither the loaded scheduler nor the policies that it takes can
 * change. The parts of a fork that take long have been done before.
 *
 * Context: Process context, may sleep; the cgroup that @p is going to be in is
 * held by cgroup_threadgroup_rwsem, with CLONE_INTO_CGROUP by cgroup_mutex, too.
 */
void scx_pre_fork(struct task_struct *p)
	__acquires(&scx_fork_rwsem)
{
	percpu_down_read(&scx_fork_rwsem);

	if (p->sched_class == &fair_sched_class && task_should_scx(p->policy))
		p->sched_class = &ext_sched_class;
}

/**
 * scx_fork - Introduce a forked task to the scheduler
 * @p: the new task; it has its cgroup and is not visible yet
 *
 * Return: 0, or the errno with which the scheduler refused, which fails the
 * fork.
 */
int scx_fork(struct task_struct *p)
{
	percpu_rwsem_assert_held(&scx_fork_rwsem);

	return fork_sched ? scx_task_init(fork_sched, p, true) : 0;
}

/**
 * scx_post_fork - A fork succeeded
 * @p: the new task, visible but not woken yet
 */
void scx_post_fork(struct task_struct *p)
	__releases(&scx_fork_rwsem)
{
	struct rq_flags rf;
	struct rq *rq;

	if (fork_sched) {
		rq = task_rq_lock(p, &rf);
		scx_task_ready(p);
		if (p->sched_class == &ext_sched_class)
			scx_task_enable(p);
		task_rq_unlock(rq, p, &rf);
	}

	scx_task_list_add(p);

	percpu_up_read(&scx_fork_rwsem);
}

/**
 * scx_cancel_fork - A fork failed after scx_pre_fork()
 * @p: the task whose fork failed, with its cgroup still held; scx_fork() may
 *	have refused it
 */
void scx_cancel_fork(struct task_struct *p)
	__releases(&scx_fork_rwsem)
{
	struct rq_flags rf;
	struct rq *rq;

	if (fork_sched) {
		rq = task_rq_lock(p, &rf);
		scx_task_exit(p);
		task_rq_unlock(rq, p, &rf);
	}

	percpu_up_read(&scx_fork_rwsem);
}

/**
 * sched_ext_dead - A task has been switched out for the last time
 * @p: the task
 *
 * Context: Preemption disabled, no locks held. Also see scx_task_init().
 */
void sched_ext_dead(struct task_struct *p)
{
	struct rq_flags rf;
	struct rq *rq;

	scx_task_list_del(p);

	rq = task_rq_lock(p, &rf);
	p->scx.flags |= SCX_TASK_EXITED;
	scx_task_exit(p);
	task_rq_unlock(rq, p, &rf);
}

/**
 * scx_task_init_forks - Make forks take the slow path of scx_fork_rwsem
 *
 * A writer only sees readers on the fast path after a grace period. It would
 * wait for one each time a scheduler comes or goes, longer than for all the
 * rest. On the slow path, too, a fork writes to nothing but its CPU's counter,
 * with a memory barrier after it.
 *
 * Context: Process context, may sleep. This is never undone.
 */
void __init scx_task_init_forks(void)
{
	rcu_sync_enter(&scx_fork_rwsem.rss);
}
