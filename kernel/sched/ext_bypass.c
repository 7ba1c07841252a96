// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: bypass mode, scheduling without the BPF scheduler.
 *
 * Enabling, disabling and suspending wait for locks whose holders are
 * scheduled by the very scheduler that may be broken. In bypass mode each CPU
 * runs its own tasks in FIFO order, for a short slice at a time, and no
 * callback decides anything. So every task makes progress. ext_bypass_lb.c
 * moves tasks from CPUs that have too many to others.
 *
 * Entering bypass mode takes no mutex, flips no static key and allocates
 * nothing, because it has to work while every task is stuck. It keeps IRQs off
 * only for a few tasks at a time, however many there are.
 *
 * The state that an rq must be in follows from scx_bypass_depth alone, which is
 * read under the lock of that rq. A thread that has changed the depth goes
 * through all CPUs and brings each rq in line with it, whether another thread
 * has been there, is there now, or will come later. So no thread waits for
 * another, and none returns too early:
 *
 *	A enters			B leaves
 *					depth: 1 -> 0
 *	depth: 0 -> 1
 *	lock rq 0: depth is 1		lock rq 0: depth was 0 or is 1
 *	  flag on if it was off		  flag off if A was not here yet
 *	unlock				unlock
 *	  ...				  ...
 *
 * If B locks an rq first and does not see A's depth, A locks the rq later. If A
 * locks it first, B sees A's depth, which A wrote before it took the lock.
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

/* Guards the depth, its event counters and the start of the balancing timer. */
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

/* Debuggers read the depth in the instance. scx_bypass_lock is held. */
static void show_depth(void)
{
	struct scx_sched *sch;

	guard(rcu)();
	sch = rcu_dereference(scx_root);
	if (sch)
		WRITE_ONCE(sch->bypass_depth, scx_bypass_depth);
}

/* Counts for the loaded scheduler, if there is one. scx_bypass_lock is held. */
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
 * @rq is locked. The flag applies to tasks that are enqueued from now on; those
 * that wait already are left for scx_dispatch_requeue_batch().
 */
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
 * Preemption is off, because the current task might never run again: on a CPU
 * whose flag is not set yet, the BPF scheduler decides about it.
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

/*
 * When this has been through all CPUs, the BPF scheduler owns no task or, at
 * the end of bypass mode, has been asked about every task that waits.
 */
static void set_all_rqs(void)
{
	int cpu;

	set_all_flags();
	for_each_possible_cpu(cpu) {
		while (scx_dispatch_requeue_batch(cpu_rq(cpu)))
			cond_resched();
	}
}

/**
 * scx_bypass_note_root - A scheduler has been published
 *
 * A suspend may have entered bypass mode before that.
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
 * Calls nest. When this returns, the BPF scheduler owns no task, whoever else
 * enters or leaves at the same time.
 *
 * Context: Process context. May reschedule, which does not take long in bypass
 * mode, but waits for no other task.
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
 * Freezing stops user space tasks that a scheduler may depend on. The depth
 * belongs to no scheduler, so it does not matter which one is loaded at the
 * start and at the end of a suspend.
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
