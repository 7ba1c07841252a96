// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: bypass mode, scheduling without the BPF scheduler.
 *
 * Enabling, disabling and suspending wait for locks whose holders are
 * scheduled by the very scheduler that may be broken. In bypass mode each CPU
 * runs the tasks that are on it in FIFO order for a short slice at a time, and
 * no callback decides anything, so all of them get somewhere. What one CPU has
 * too much of ext_bypass_lb.c brings to others.
 *
 * Entering takes no mutex, flips no static key and allocates nothing: it has
 * to work while every task is stuck. Nor does it keep IRQs off for longer than a
 * few tasks take, however many there are.
 *
 * What has to be done follows from scx_bypass_depth alone, which is read under the
 * lock of the rq in question. Whoever has changed it goes through all CPUs and
 * brings each rq in line, be it that somebody else has been there, is just at
 * it, or comes later. So nobody waits for anybody, and none comes back too
 * early:
 *
 *	A enters			B leaves
 *					depth: 1 -> 0
 *	depth: 0 -> 1
 *	lock rq 0: depth is 1		lock rq 0: depth was 0 or is 1
 *	  flag on if it was off		  flag off if A was not here yet
 *	unlock				unlock
 *	  ...				  ...
 *
 * If B had the lock of an rq first and did not see A's depth, A comes later. If
 * A had it first, B sees A's depth, for it was written before that.
 */
#include <linux/moduleparam.h>
#include <linux/suspend.h>
#include "ext_bypass.h"
#include "ext_bypass_lb.h"
#include "ext_dispatch.h"
#include "ext_idle.h"
#include "ext_state.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"sched_ext."

/* Tasks that are enqueued anew with an rq locked and IRQs off */
#define BATCH	32

/* For the counting only, and the balancing timer. */
static DEFINE_RAW_SPINLOCK(scx_bypass_lock);
static int scx_bypass_depth;
static u64 bypass_since;

static int set_slice(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 100, 100 * USEC_PER_MSEC);
}

static const struct kernel_param_ops slice_param_ops = {
	.set = set_slice,
	.get = param_get_uint,
};

module_param_cb(slice_bypass_us, &slice_param_ops, &scx_slice_bypass_us, 0600);
MODULE_PARM_DESC(slice_bypass_us,
		 "slice in bypass mode, microseconds, 100 to 100000 (default 5000)");

/* Debuggers look for the depth in the instance. With scx_bypass_lock held. */
static void show_depth(void)
{
	struct scx_sched *sch;

	guard(rcu)();
	sch = rcu_dereference(scx_root);
	if (sch)
		WRITE_ONCE(sch->bypass_depth, scx_bypass_depth);
}

/* On the counters of whoever is loaded, if anybody. With scx_bypass_lock held. */
static void count_enter(void)
{
	struct scx_sched *sch;

	bypass_since = ktime_get_ns();

	guard(rcu)();
	sch = rcu_dereference(scx_root);
	if (sch)
		scx_add_event(sch, SCX_EV_BYPASS_ACTIVATE, 1);
}

static void count_leave(void)
{
	struct scx_sched *sch;

	guard(rcu)();
	sch = rcu_dereference(scx_root);
	if (sch)
		scx_add_event(sch, SCX_EV_BYPASS_DURATION,
			      ktime_get_ns() - bypass_since);
}

/* With @rq locked. The tasks are left for later, the flag is about new ones. */
static void follow_depth(struct rq *rq)
{
	bool bypass = READ_ONCE(scx_bypass_depth);

	if (bypass == scx_rq_bypassing(rq))
		return;

	update_rq_clock(rq);
	if (bypass)
		rq->scx.flags |= SCX_RQ_BYPASSING;
	else
		rq->scx.flags &= ~SCX_RQ_BYPASSING;

	if (scx_enabled()) {
		scx_dispatch_requeue_begin(rq);
		if (!bypass)
			scx_idle_after_bypass(rq);
	}
	if (cpu_online(cpu_of(rq)))
		resched_curr(rq);
}

/*
 * Not to be preempted half way: where the flag is not set yet, a BPF scheduler
 * could keep the current task for ever.
 */
static void set_all_flags(void)
{
	struct rq_flags rf;
	struct rq *rq;
	int cpu;

	guard(preempt)();

	for_each_possible_cpu(cpu) {
		rq = cpu_rq(cpu);
		rq_lock_irqsave(rq, &rf);
		follow_depth(rq);
		rq_unlock_irqrestore(rq, &rf);
	}
}

/* Somebody else may have taken some of the tasks, or all. */
static bool requeue_batch(struct rq *rq)
{
	bool more;

	guard(rq_lock_irqsave)(rq);

	if (!rq->scx.requeue_left)
		return false;

	update_rq_clock(rq);
	more = scx_dispatch_requeue_some(rq, BATCH);
	/* The one that runs was told before there was somebody to give way to. */
	if (cpu_online(cpu_of(rq)))
		resched_curr(rq);
	return more;
}

/*
 * When this has been through all CPUs, no task is left in BPF's hands, or,
 * when bypass mode ends, all are where the BPF scheduler wants them.
 */
static void set_all_rqs(void)
{
	int cpu;

	set_all_flags();
	for_each_possible_cpu(cpu) {
		while (requeue_batch(cpu_rq(cpu)))
			cond_resched();
	}
}

/**
 * scx_bypass_note_root - A scheduler has been published
 *
 * It may have come in the middle of a suspend.
 *
 * Context: Any but with an rq lock held.
 */
void scx_bypass_note_root(void)
{
	guard(raw_spinlock_irqsave)(&scx_bypass_lock);
	show_depth();
}

/**
 * scx_bypass_enter - Stop relying on the BPF scheduler
 *
 * Nests. When this returns, the BPF scheduler owns no task, whoever else enters
 * or leaves at the same time.
 *
 * Context: Process context. Gives way to others, which in bypass mode does not
 * take long, but waits for nobody.
 */
void scx_bypass_enter(void)
{
	scoped_guard(raw_spinlock_irqsave, &scx_bypass_lock) {
		WRITE_ONCE(scx_bypass_depth, scx_bypass_depth + 1);
		show_depth();
		if (scx_bypass_depth == 1) {
			count_enter();
			scx_bypass_lb_start();
		}
	}

	set_all_rqs();
}

/**
 * scx_bypass_leave - A reason to bypass is gone
 *
 * Context: Process context.
 */
void scx_bypass_leave(void)
{
	scoped_guard(raw_spinlock_irqsave, &scx_bypass_lock) {
		if (WARN_ON_ONCE(!scx_bypass_depth))
			return;
		WRITE_ONCE(scx_bypass_depth, scx_bypass_depth - 1);
		show_depth();
		if (scx_bypass_depth)
			return;
		scx_bypass_lb_stop();
		count_leave();
	}

	set_all_rqs();
}

#ifdef CONFIG_PM_SLEEP
/*
 * Freezing tasks stops user space that a scheduler may depend on. The depth
 * belongs to nobody, so that it does not matter which scheduler is loaded at
 * either end.
 */
static int pm_event(struct notifier_block *nb, unsigned long event, void *unused)
{
	switch (event) {
	case PM_HIBERNATION_PREPARE:
	case PM_SUSPEND_PREPARE:
	case PM_RESTORE_PREPARE:
		scx_bypass_enter();
		break;
	case PM_POST_HIBERNATION:
	case PM_POST_SUSPEND:
	case PM_POST_RESTORE:
		scx_bypass_leave();
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block pm_notifier = {
	.notifier_call = pm_event,
};
#endif

/**
 * scx_bypass_init - Watch out for suspend and hibernation
 */
void scx_bypass_init(void)
{
#ifdef CONFIG_PM_SLEEP
	register_pm_notifier(&pm_notifier);
#endif
}
