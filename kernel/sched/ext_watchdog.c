// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: no runnable task may be left waiting for longer than the timeout.
 *
 * There are two watchers. A delayed work looks through the runnable tasks of
 * all CPUs twice per timeout. A kworker runs the work, and the BPF scheduler
 * may starve the kworker as well. So every tick checks that the work has run in
 * time.
 *
 *	tick --- watches ---> work --- watches ---> runnable tasks
 *
 * The kernel has detectors of its own for CPUs that are stuck. A BPF scheduler
 * may well be the reason, so it is removed before they report or panic.
 */
#include "ext_watchdog.h"
#include "ext_state.h"
#include "ext_error.h"
#include "ext_kick.h"
#include "ext_preempt.h"

/* How many tasks are looked at with IRQs off */
#define BATCH	1024

static unsigned long watchdog_interval(const struct scx_sched *sch)
{
	return max(sch->timeout / 2, 1UL);
}

static void report_stall(struct scx_sched *sch, struct rq *rq,
			 struct task_struct *p)
{
	u32 ms = jiffies_to_msecs(jiffies - p->scx.runnable_at);

	scx_exit_cpu(sch, cpu_of(rq), SCX_EXIT_ERROR_STALL,
		     "%s[%d] on CPU %d failed to run for %u.%03us",
		     p->comm, p->pid, cpu_of(rq), ms / 1000, ms % 1000);
}

/*
 * Look at the runnable tasks of @rq that come after @p, or at the first ones if
 * it is NULL. Returns the one that was looked at last if there may be more.
 *
 * Meanwhile @p may have run or moved. Then this is the end: those behind it came
 * later than those in front of it, which do not wait for too long. Only a task
 * that was dequeued and enqueued while it waited is an exception, and the next
 * look comes soon.
 */
static struct task_struct *watchdog_check_some(struct scx_sched *sch,
					       struct rq *rq,
					       struct task_struct *p, bool *late)
{
	struct list_head *tasks = &rq->scx.runnable_list;
	int nr = BATCH;

	guard(rq_lock_irqsave)(rq);

	if (!p)
		p = list_entry(tasks, struct task_struct, scx.runnable_node);
	else if (task_rq(p) != rq || list_empty(&p->scx.runnable_node))
		return NULL;

	list_for_each_entry_continue(p, tasks, scx.runnable_node) {
		if (p->scx.sched == sch &&
		    time_after(jiffies, p->scx.runnable_at + sch->timeout)) {
			report_stall(sch, rq, p);
			*late = true;
			return NULL;
		}
		if (!--nr)
			return p;
	}
	return NULL;
}

/* Returns true if a task on @rq has been waiting for too long. */
static bool watchdog_check_rq(struct scx_sched *sch, struct rq *rq)
{
	struct task_struct *p = NULL;
	bool late = false;

	/* Keeps the task in memory at which the last batch ended. */
	guard(rcu)();

	do {
		p = watchdog_check_some(sch, rq, p, &late);
	} while (p);
	return late;
}

static void watchdog_workfn(struct work_struct *work)
{
	struct scx_sched *sch = container_of(to_delayed_work(work),
					     struct scx_sched, watchdog_work);
	int cpu;

	WRITE_ONCE(sch->watchdog_at, jiffies);

	for_each_online_cpu(cpu) {
		if (watchdog_check_rq(sch, cpu_rq(cpu)))
			break;
		cond_resched();
	}

	queue_delayed_work(system_unbound_wq, &sch->watchdog_work,
			   watchdog_interval(sch));
}

/**
 * scx_watchdog_start - Begin to watch a scheduler's tasks
 * @sch: the scheduler, with its timeout set
 *
 * This is to be called before scx_tick() can find @sch enabled, since the ticks
 * expect that the work runs within a timeout from now.
 *
 * Context: Process context.
 */
void scx_watchdog_start(struct scx_sched *sch)
{
	sch->watchdog_since = ktime_get_ns();
	WRITE_ONCE(sch->watchdog_at, jiffies);
	INIT_DELAYED_WORK(&sch->watchdog_work, watchdog_workfn);
	queue_delayed_work(system_unbound_wq, &sch->watchdog_work,
			   watchdog_interval(sch));
}

/**
 * scx_watchdog_stop - Stop watching a scheduler's tasks
 * @sch: scheduler for which scx_watchdog_start() was called
 *
 * The work queues itself again, which cancelling prevents. This is to be called
 * after the tasks have left @sch and the enabled key is off: then the kworker
 * can run, and no tick expects the work.
 *
 * Context: Process context, may sleep.
 */
void scx_watchdog_stop(struct scx_sched *sch)
{
	cancel_delayed_work_sync(&sch->watchdog_work);
}

static void watchdog_late(struct scx_sched *sch, struct rq *rq,
			  unsigned long last)
{
	u32 ms = jiffies_to_msecs(jiffies - last);

	scx_exit_cpu(sch, cpu_of(rq), SCX_EXIT_ERROR_STALL,
		     "watchdog failed to check in for %u.%03us",
		     ms / 1000, ms % 1000);
}

/**
 * scx_tick - The scheduler tick, whatever class runs
 * @rq: runqueue of this CPU
 *
 * Checks that the watchdog work runs in time. Also updates the load averages of
 * the other classes. The fair class does that when it balances, but it does not
 * balance while this class has all its tasks.
 *
 * Context: Hard IRQ, @rq locked and its clock up to date.
 */
void scx_tick(struct rq *rq)
{
	struct scx_sched *sch;
	unsigned long last;

	if (!scx_enabled())
		return;

	sch = rcu_dereference_sched(scx_root);
	if (sch) {
		last = READ_ONCE(sch->watchdog_at);
		if (unlikely(time_after(jiffies, last + sch->timeout)))
			watchdog_late(sch, rq, last);
		if (unlikely(READ_ONCE(sch->exit_unfired)))
			scx_error_refire(sch);
	}

	if (rq->scx.nr_running)
		scx_preempt_guard(rq);
	/* An IMMED task that was re-enqueued too often waits for the tick. */
	if (unlikely(rq->scx.immed))
		scx_kick_defer(rq);
	update_other_load_avgs(rq);
}

/* Returns true if this ends the loaded scheduler. A @cpu of -1 is this CPU. */
static __printf(2, 3) bool blame_lockup(int cpu, const char *fmt, ...)
{
	struct scx_sched *sch;
	bool claimed;
	va_list args;

	guard(rcu)();

	sch = rcu_dereference(scx_root);
	if (!sch)
		return false;

	va_start(args, fmt);
	claimed = scx_vexit(sch, cpu, SCX_EXIT_ERROR, 0, fmt, args);
	va_end(args);

	return claimed;
}

/**
 * scx_softlockup - A CPU does not schedule
 * @dur_s: seconds for which it has not scheduled
 *
 * Called before the soft lockup detector reports it. Moving tasks between
 * contended DSQs can keep a CPU from scheduling for long.
 *
 * Context: The watchdog's timer interrupt on that CPU.
 */
void scx_softlockup(u32 dur_s)
{
	if (blame_lockup(-1, "soft lockup - CPU %d did not schedule for %us",
			 smp_processor_id(), dur_s))
		pr_err("sched_ext: ending the BPF scheduler, CPU %d did not schedule for %us\n",
		       smp_processor_id(), dur_s);
}

/**
 * scx_hardlockup - A CPU takes no interrupts
 * @cpu: the CPU
 *
 * Context: NMI on @cpu, or another CPU's timer interrupt.
 * Return: true if a scheduler is removed because of this, and the detector
 * should wait for that.
 */
bool scx_hardlockup(int cpu)
{
	if (!blame_lockup(cpu, "hard lockup - CPU %d took no interrupts", cpu))
		return false;

	pr_err("sched_ext: ending the BPF scheduler, CPU %d took no interrupts\n",
	       cpu);
	return true;
}

/**
 * scx_rcu_cpu_stall - A grace period takes too long
 *
 * Context: The tick of any CPU, IRQs off.
 * Return: true if a scheduler is removed because of this, and the report of the
 * stall can wait.
 */
bool scx_rcu_cpu_stall(void)
{
	return blame_lockup(-1, "RCU CPU stall detected");
}
