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
 * to work while every task is stuck.
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

/* Reasons to bypass; the first one in and the last one out do the work. */
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

/*
 * When this has been through all CPUs, no task is left in BPF's hands, or,
 * when bypass mode ends, all are where the BPF scheduler wants them.
 */
static void set_all_rqs(bool bypass)
{
	struct rq_flags rf;
	struct rq *rq;
	int cpu;

	for_each_possible_cpu(cpu) {
		rq = cpu_rq(cpu);
		rq_lock(rq, &rf);

		if (bypass)
			rq->scx.flags |= SCX_RQ_BYPASSING;
		else
			rq->scx.flags &= ~SCX_RQ_BYPASSING;

		if (scx_enabled()) {
			update_rq_clock(rq);
			scx_dispatch_requeue_all(rq);
			if (!bypass)
				scx_idle_after_bypass(rq);
		}
		if (cpu_online(cpu))
			resched_curr(rq);

		rq_unlock(rq, &rf);
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
 * Nests. Context: Any but with an rq lock held.
 */
void scx_bypass_enter(void)
{
	guard(raw_spinlock_irqsave)(&scx_bypass_lock);

	scx_bypass_depth++;
	show_depth();
	if (scx_bypass_depth > 1)
		return;

	count_enter();
	set_all_rqs(true);
	scx_bypass_lb_start();
}

/**
 * scx_bypass_leave - A reason to bypass is gone
 *
 * Context: Any but with an rq lock held.
 */
void scx_bypass_leave(void)
{
	guard(raw_spinlock_irqsave)(&scx_bypass_lock);

	if (WARN_ON_ONCE(!scx_bypass_depth))
		return;
	scx_bypass_depth--;
	show_depth();
	if (scx_bypass_depth)
		return;

	scx_bypass_lb_stop();
	count_leave();
	set_all_rqs(false);
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
