// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: balancing load in bypass mode.
 *
 * In bypass mode tasks wait on the CPU that they were on, and no CPU looks for
 * work elsewhere. With one queue for all CPUs, every CPU would search through
 * tasks that it may not run, and a machine with many CPUs and many tasks would
 * come to a halt. Tasks that sleep find an idle CPU when they wake up. But if a
 * scheduler had a thousand busy tasks wait for one CPU, they all stay there.
 *
 * So a timer evens out the number of tasks per CPU, node by node. A CPU that
 * has clearly more tasks than the average gives some to CPUs that have fewer.
 * If it will have run its excess before long, only idle CPUs get tasks.
 *
 * Iterators go round the CPUs of the node once: one over the CPUs that give,
 * one over those that take, one over idle ones that take. A CPU that has got
 * its share is not visited again. A CPU that may not run the tasks it is
 * offered is, so each CPU that gives tries a few CPUs from there on. CPUs that
 * are out of reach in one run are reached in another, because each run begins
 * at another CPU.
 */
#include <linux/moduleparam.h>
#include <linux/timer.h>
#include "ext_bypass_lb.h"
#include "ext_dispatch.h"
#include "ext_dsq.h"
#include "ext_state.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"sched_ext."

/* How many tasks are looked at with an rq locked and IRQs off */
#define BATCH			256

/* How many CPUs a CPU with an excess looks at, from the first that takes */
#define MAX_LOOKS		16

/* Attempts to move tasks, per node and timer run; the rest can wait */
#define MAX_MOVES		128

/* Number of tasks above which a CPU gives some, in percent of the average */
#define DONOR_PERCENT		125

/* An excess that runs in this part of the interval goes to idle CPUs only */
#define WORTHWHILE_DIV		4

#define DEFAULT_INTERVAL_US	(500 * USEC_PER_MSEC)
#define MAX_INTERVAL_US		(10 * USEC_PER_SEC)

static unsigned int bypass_lb_intv_us = DEFAULT_INTERVAL_US;

static int set_interval(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 0, MAX_INTERVAL_US);
}

static const struct kernel_param_ops interval_param_ops = {
	.set = set_interval,
	.get = param_get_uint,
};

module_param_cb(bypass_lb_intv_us, &interval_param_ops, &bypass_lb_intv_us, 0600);
MODULE_PARM_DESC(bypass_lb_intv_us,
		 "interval of balancing in bypass mode, microseconds, up to 10000000, 0 for none (default 500000)");

/* Written under scx_bypass_lock; the timer reads it without the lock. */
static bool running;

/**
 * struct spread - how tasks are spread over some CPUs
 * @nr_cpus: the CPUs
 * @nr_tasks: tasks on all of them, running and waiting
 * @min: fewest tasks on one
 * @max: most tasks on one
 */
struct spread {
	u32	nr_cpus;
	u32	nr_tasks;
	u32	min;
	u32	max;
};

/* The rq lock would not help: the number is only an estimate. */
static u32 load_of(struct rq *rq)
{
	return READ_ONCE(rq->scx.nr_running);
}

static bool is_idle(struct rq *rq)
{
	return !READ_ONCE(rq->nr_running);
}

static struct spread survey(const struct cpumask *cpus)
{
	struct spread s = { .min = U32_MAX };
	int cpu;

	for_each_cpu_and(cpu, cpus, cpu_active_mask) {
		u32 load = load_of(cpu_rq(cpu));

		s.nr_cpus++;
		s.nr_tasks += load;
		s.min = min(s.min, load);
		s.max = max(s.max, load);
	}
	return s;
}

/* How many excess tasks take long enough to run that it pays to move them? */
static u32 worthwhile(void)
{
	return DIV_ROUND_UP(READ_ONCE(bypass_lb_intv_us) / WORTHWHILE_DIV,
			    READ_ONCE(scx_slice_bypass_us));
}

/*
 * Take up to @max tasks off the local DSQ of @src, which is locked, for @dst.
 * Until they are attached, the core treats them as migrating: task_rq_lock() on
 * them spins. A task that the core itself is about to migrate stays, because
 * the stopper expects to find it here.
 */
static u32 detach(struct rq *src, struct rq *dst, u32 max,
		  struct list_head *tasks)
{
	struct scx_dispatch_q *dsq = &src->scx.local_dsq;
	u32 nr_seen = 0, nr_taken = 0;
	struct task_struct *p, *next;

	for (p = scx_dsq_first(dsq); p; p = next) {
		if (nr_taken >= max || nr_seen++ >= BATCH)
			break;
		next = scx_dsq_next(dsq, p);
		if (p->migration_pending || !scx_dispatch_can_move(p, dst))
			continue;

		deactivate_task(src, p, DEQUEUE_NOCLOCK);
		set_task_cpu(p, cpu_of(dst));
		list_add_tail(&p->scx.dsq_list.node, tasks);
		nr_taken++;
	}
	return nr_taken;
}

/*
 * Bypass mode may have ended on @dst by now, so the tasks are enqueued like any
 * task that becomes runnable there: if the CPU is idle, it has to look for work.
 */
static void attach(struct rq *dst, struct list_head *tasks)
{
	struct task_struct *p;
	struct rq_flags rf;

	rq_lock(dst, &rf);
	update_rq_clock(dst);
	while (!list_empty(tasks)) {
		p = list_first_entry(tasks, struct task_struct,
				     scx.dsq_list.node);
		list_del_init(&p->scx.dsq_list.node);
		activate_task(dst, p, ENQUEUE_NOCLOCK);
		wakeup_preempt(dst, p, 0);
	}
	rq_unlock(dst, &rf);
}

/*
 * IRQs are off from the test whether @dst accepts tasks until the tasks have
 * arrived there. The grace period in CPU hotplug waits for such sections.
 */
static u32 move_some(struct rq *src, struct rq *dst, u32 max)
{
	struct rq_flags rf;
	LIST_HEAD(tasks);
	u32 nr = 0;

	guard(irqsave)();

	rq_lock(src, &rf);
	/* Otherwise the BPF scheduler wants the tasks where they are. */
	if (scx_rq_bypassing(src)) {
		update_rq_clock(src);
		nr = detach(src, dst, max, &tasks);
	}
	rq_unlock(src, &rf);

	if (nr)
		attach(dst, &tasks);
	return nr;
}

/**
 * struct round - iterator that goes round the CPUs of a node once
 * @cpus: these CPUs
 * @cpu: the current one
 * @left: number of CPUs from @cpu to the end of the round
 */
struct round {
	const struct cpumask	*cpus;
	unsigned int		cpu;
	u32			left;
};

static bool round_begin(struct round *r, const struct cpumask *cpus, u32 first)
{
	r->cpus = cpus;
	r->left = cpumask_weight(cpus);
	r->cpu = r->left ? cpumask_nth(first % r->left, cpus) : nr_cpu_ids;
	return r->cpu < nr_cpu_ids;
}

/* CPUs may come and go during a round. */
static void step(struct round *r)
{
	r->left--;
	r->cpu = cpumask_next(r->cpu, r->cpus);
	if (r->cpu >= nr_cpu_ids)
		r->cpu = cpumask_first(r->cpus);
	if (r->cpu >= nr_cpu_ids)
		r->left = 0;
}

/**
 * struct balance - evening out a node
 * @target: tasks that each CPU should have
 * @moves: attempts that are left
 * @nr_moved: tasks that were moved
 * @from: the next CPU that may give
 * @to: the next CPU that may take
 * @to_idle: the next idle CPU that may take
 */
struct balance {
	u32		target;
	u32		moves;
	u32		nr_moved;
	struct round	from;
	struct round	to;
	struct round	to_idle;
};

/* How many tasks above @target does @src have? 0 if only slightly more. */
static u32 excess(struct rq *src, u32 target)
{
	u32 load = load_of(src);

	return load * 100 > target * DONOR_PERCENT ? load - target : 0;
}

static bool takes(unsigned int cpu, u32 target, bool idle_only)
{
	struct rq *dst = cpu_rq(cpu);

	return cpu_active(cpu) && load_of(dst) < target &&
	       (!idle_only || is_idle(dst));
}

/* If @src will have run its excess before long, only idle CPUs get tasks. */
static void relieve(struct rq *src, struct balance *b)
{
	bool idle_only = excess(src, b->target) < worthwhile();
	struct round *to = idle_only ? &b->to_idle : &b->to, at;
	u32 nr, looks;

	while (to->left && !takes(to->cpu, b->target, idle_only))
		step(to);

	at = *to;
	for (looks = MAX_LOOKS; looks && at.left && b->moves; looks--) {
		struct rq *dst = cpu_rq(at.cpu);

		nr = excess(src, b->target);
		if (!nr)
			return;
		if (takes(at.cpu, b->target, idle_only)) {
			nr = min(nr, b->target - min(b->target, load_of(dst)));
			b->nr_moved += move_some(src, dst, nr);
			b->moves--;
		}
		step(&at);
	}
}

/* @first says at which CPU the rounds begin. */
static void balance_node(int node, const struct cpumask *cpus, u32 first)
{
	struct spread before = survey(cpus), after;
	struct balance b = { .moves = MAX_MOVES };

	if (before.nr_cpus < 2 || before.max - before.min < 2)
		return;

	if (!round_begin(&b.from, cpus, first))
		return;
	b.to = b.from;
	b.to_idle = b.from;
	b.target = DIV_ROUND_UP(before.nr_tasks, before.nr_cpus);

	for (; b.from.left && b.moves; step(&b.from)) {
		struct rq *src = cpu_rq(b.from.cpu);

		if (cpu_active(b.from.cpu) && excess(src, b.target))
			relieve(src, &b);
	}

	after = survey(cpus);
	trace_sched_ext_bypass_lb(node, before.nr_cpus, before.nr_tasks,
				  b.nr_moved, before.min, before.max,
				  after.min, after.max);
}

static void lb_timerfn(struct timer_list *timer)
{
	unsigned int interval = READ_ONCE(bypass_lb_intv_us);
	static u32 nr_runs;
	int node;

	if (!READ_ONCE(running) || !interval)
		return;

	for_each_online_node(node)
		balance_node(node, cpumask_of_node(node), nr_runs);
	nr_runs++;

	mod_timer(timer, jiffies + usecs_to_jiffies(interval));
}

static DEFINE_TIMER(lb_timer, lb_timerfn);

/**
 * scx_bypass_lb_start - Bypass mode begins
 *
 * Context: scx_bypass_lock held.
 */
void scx_bypass_lb_start(void)
{
	unsigned int interval = READ_ONCE(bypass_lb_intv_us);

	WRITE_ONCE(running, true);
	if (interval)
		mod_timer(&lb_timer, jiffies + usecs_to_jiffies(interval));
}

/**
 * scx_bypass_lb_stop - Bypass mode ends
 *
 * The timer function may be running and rearm the timer; it then stops at the
 * next run. Until then it only takes tasks from rqs that are still in bypass
 * mode, which it tests under the rq lock.
 *
 * Context: scx_bypass_lock held.
 */
void scx_bypass_lb_stop(void)
{
	WRITE_ONCE(running, false);
	timer_delete(&lb_timer);
}
