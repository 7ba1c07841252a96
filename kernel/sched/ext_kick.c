// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: kicks, waiting kicks, deferred work.
 *
 * A kick makes another CPU reschedule. BPF may request it with any rq lock
 * held, so the request is only recorded, and an irq_work on the kicking CPU
 * delivers it. If that CPU is going offline, another CPU runs the irq_work.
 *
 * SCX_KICK_WAIT makes the kicking CPU wait until its targets have picked their
 * next task. It must not wait in the irq_work, where it could not be
 * rescheduled itself: CPUs that kick each other in a circle would wait for
 * ever. So the irq_work notes the targets and reschedules the CPU, which waits
 * in a balance callback after its own pick, with IRQs on:
 *
 *	CPU A, kicks B			CPU B, kicks A
 *	note B				note A
 *	kick B, kick self		kick A, kick self
 *	pick				pick
 *	wait for B's pick		wait for A's pick
 *
 * No CPU waits for ever, because a CPU that waits has noted its targets before
 * it picked. If each CPU of a circle were waiting for a target that has not
 * picked since it was noted, each CPU's last pick would be later than the last
 * pick of its target, all the way round, which is impossible.
 *
 * So a pick after the note has to be told from one before it, also when others
 * have noted the same target since. A count of the target's picks for each pair
 * of CPUs would take too much memory. Instead each note has a ticket, a number
 * that only grows on the whole machine, and a CPU has one ticket for all its
 * targets:
 *
 *	ticket		the waiter's: its targets have to answer this one
 *	noted		the target's: the highest ticket that noted it
 *	noted_pnt	the target's: how often it had picked by the last note
 *	answered	the target's: tickets up to this one are answered
 *
 * A pick only increments a counter. The next CPU that notes the target finds
 * out, under the target's lock, whether the target has picked since the last
 * note. If so, all notes so far are answered. A waiter that looks finds one of
 * three cases. Its ticket is answered. Or the target has picked since the last
 * note, which may be the waiter's own or a later one. Or neither: then the
 * target has not picked since the waiter's note, unless a later note is being
 * made right now, and in that case the waiter's next look tells.
 *
 * If the target has answered the waiter's ticket before the note, the ticket is
 * useless. So a higher one is drawn. Targets that were noted with the old
 * ticket and have not picked yet are noted with the new one, before the
 * waiter's pick.
 */
#include "ext_kick.h"
#include "ext_error.h"

static atomic_long_t last_ticket = ATOMIC_LONG_INIT(0);

/*
 * Is @rq's CPU going to look for work before it sleeps? Not if it is looking now,
 * or has looked and found nothing:
 *
 *	this CPU			another CPU
 *	balance finds nothing
 *	idle task picked		task queued by BPF; no CPU is idle
 *	ops.update_idle() finds the
 *	  task, kicks this CPU
 *	idle task is current
 *	irq_work: reschedule
 */
static bool awake_anyway(struct rq *rq)
{
	return !is_idle_task(scx_curr(rq)) &&
	       !(rq->scx.flags & (SCX_RQ_IN_BALANCE | SCX_RQ_BAL_SIBLING |
				  SCX_RQ_GOES_IDLE));
}

/*
 * An idle kick is a hint. If the rq lock is free and the CPU is busy, the CPU
 * is going to look for work before it goes idle. The same is true if our own
 * callback is called with that lock held. If another CPU has it, kick to be
 * safe.
 */
static bool skip_idle_kick(struct rq *rq)
{
	bool skip;

	if (rq == scx_locked_rq())
		return awake_anyway(rq);
	if (!raw_spin_rq_trylock(rq))
		return false;
	skip = awake_anyway(rq);
	raw_spin_rq_unlock(rq);

	return skip;
}

/* Returns true if there is something new for the irq_work to deliver. */
static bool note_kick(struct scx_rq *scx, s32 cpu, u64 flags)
{
	if (flags & SCX_KICK_IDLE) {
		if (cpumask_test_cpu(cpu, scx->cpus_to_kick) ||
		    skip_idle_kick(cpu_rq(cpu)))
			return false;
		cpumask_set_cpu(cpu, scx->cpus_to_kick_if_idle);
		return true;
	}

	cpumask_set_cpu(cpu, scx->cpus_to_kick);
	if (flags & SCX_KICK_PREEMPT)
		cpumask_set_cpu(cpu, scx->cpus_to_preempt);
	if ((flags & SCX_KICK_WAIT) && likely(cpu_online(smp_processor_id())))
		cpumask_set_cpu(cpu, scx->cpus_to_wait);
	return true;
}

/*
 * In bypass mode the kernel does the scheduling. But CPUs leave that mode one after
 * the other, and the CPU that is asked to kick may be the last one:
 *
 *	CPU A, in bypass mode		CPU B
 *					leaves bypass mode
 *					finds nothing, goes idle
 *	wakes a task, on whose CPU
 *	bypass mode is over
 *	ops.enqueue(): insert it
 *	for B, kick B
 *
 * B looks for work when it leaves bypass mode, so a kick before that is no use.
 */
static noinline bool bypassed_too(s32 cpu)
{
	/* First the insertion, then the test. The target's rq lock does so there. */
	smp_mb();
	return READ_ONCE(cpu_rq(cpu)->scx.flags) & SCX_RQ_BYPASSING;
}

/**
 * scx_kick_cpu - Make a CPU reschedule soon
 * @sch: scheduler that asks for it
 * @cpu: a possible CPU
 * @flags: SCX_KICK_*
 *
 * The kick is ignored if the calling CPU and @cpu are in bypass mode.
 *
 * Context: Any but NMI; rq locks may be held.
 */
void scx_kick_cpu(struct scx_sched *sch, s32 cpu, u64 flags)
{
	unsigned long irqflags;
	struct rq *rq;

	if (unlikely(in_nmi())) {
		scx_error(sch, "CPU %d kicked from NMI", cpu);
		return;
	}
	if (unlikely((flags & SCX_KICK_IDLE) &&
		     (flags & (SCX_KICK_PREEMPT | SCX_KICK_WAIT)))) {
		scx_error(sch, "CPU %d kicked with flags 0x%llx: IDLE excludes PREEMPT and WAIT",
			  cpu, flags);
		return;
	}

	/* The masks are this CPU's own, and its irq_work clears the bits. */
	local_irq_save(irqflags);
	rq = this_rq();
	if (!(scx_rq_bypassing(rq) && bypassed_too(cpu)) &&
	    note_kick(&rq->scx, cpu, flags))
		scx_irq_work_queue(&rq->scx.kick_cpus_irq_work);
	local_irq_restore(irqflags);
}

/**
 * scx_kick_self - Have this CPU reschedule soon, also in bypass mode
 * @rq: this CPU's runqueue, locked
 */
void scx_kick_self(struct rq *rq)
{
	lockdep_assert_rq_held(rq);

	cpumask_set_cpu(cpu_of(rq), rq->scx.cpus_to_kick);
	scx_irq_work_queue(&rq->scx.kick_cpus_irq_work);
}

/**
 * scx_kick_after_pick - Have another CPU reschedule once it has picked
 * @rq: its runqueue, locked
 *
 * If that CPU has dropped the lock in balance, its pick would clear need_resched.
 * Its IRQs are off until it has picked.
 */
void scx_kick_after_pick(struct rq *rq)
{
	lockdep_assert_rq_held(rq);

	if (!cpu_online(cpu_of(rq)))
		return;
	cpumask_set_cpu(cpu_of(rq), rq->scx.cpus_to_kick);
	irq_work_queue_on(&rq->scx.kick_cpus_irq_work, cpu_of(rq));
}

/*
 * A CPU on its way up or down is left alone, but may kick itself: hotplug
 * needs it to make progress. A CPU that runs a higher class asks this class for
 * a task afterwards, without a kick.
 */
static bool can_kick(struct rq *rq)
{
	return (cpu_online(cpu_of(rq)) || rq == this_rq()) &&
	       !sched_class_above(scx_curr(rq)->sched_class, &ext_sched_class);
}

/*
 * Has @target picked since it was noted with @ticket? Without its rq lock a
 * later note may be under way:
 *
 *	the CPU that waits		the CPU that notes
 *					answered = noted
 *	read answered			noted_pnt = pnt_seq (release)
 *	read noted_pnt (acquire)
 *	read pnt_seq
 *
 * If the second read returns the value of the later note, the third returns the
 * pnt_seq that this value was copied from, or a later one. The first read will
 * find the note answered the next time.
 */
static bool has_answered(struct scx_rq *target, unsigned long ticket)
{
	unsigned long noted_pnt;

	/* Both pair with note_target(): see the diagram. */
	if (smp_load_acquire(&target->answered) >= ticket)
		return true;
	/* And noted_pnt must not be newer than pnt_seq, which is read next. */
	noted_pnt = smp_load_acquire(&target->noted_pnt);
	/* Pairs with the release in scx_kick_picked(). */
	return smp_load_acquire(&target->pnt_seq) != noted_pnt;
}

/* The target's rq is locked, so the target does not pick. */
static void note_target(struct scx_rq *this, struct scx_rq *target)
{
	if (target->pnt_seq != target->noted_pnt) {
		/* Orders waiters after the pick. Pairs with has_answered(). */
		smp_store_release(&target->answered, target->noted);
	}

	if (!this->ticket || target->answered >= this->ticket)
		this->ticket = atomic_long_inc_return(&last_ticket);

	target->noted = max(target->noted, this->ticket);
	/* Stored after answered. Pairs with has_answered(). */
	smp_store_release(&target->noted_pnt, target->pnt_seq);
}

/*
 * The targets have been noted with several tickets, of which the last counts.
 * Targets that have not picked yet are noted with that one.
 */
static void renote_targets(struct scx_rq *this)
{
	s32 cpu;

	for_each_cpu(cpu, this->cpus_to_sync) {
		struct rq *rq = cpu_rq(cpu);

		raw_spin_rq_lock(rq);
		if (has_answered(&rq->scx, this->ticket))
			cpumask_clear_cpu(cpu, this->cpus_to_sync);
		else
			rq->scx.noted = max(rq->scx.noted, this->ticket);
		raw_spin_rq_unlock(rq);
	}
}

static void kick_one(s32 cpu, struct rq *this_rq)
{
	struct scx_rq *this = &this_rq->scx;
	struct rq *rq = cpu_rq(cpu);
	bool preempt = cpumask_test_and_clear_cpu(cpu, this->cpus_to_preempt);
	bool wait = cpumask_test_and_clear_cpu(cpu, this->cpus_to_wait);

	raw_spin_rq_lock(rq);

	if (can_kick(rq)) {
		bool on_scx = scx_curr(rq)->sched_class == &ext_sched_class;

		if (preempt && on_scx)
			scx_kick_end_slice(rq);

		if (wait && on_scx && rq != this_rq) {
			note_target(this, &rq->scx);
			cpumask_set_cpu(cpu, this->cpus_to_sync);
		}

		resched_curr(rq);
	}

	raw_spin_rq_unlock(rq);
}

/**
 * scx_kick_idle - Have a CPU look for work if it would not do so by itself
 * @rq: its runqueue, locked, IRQs off
 */
void scx_kick_idle(struct rq *rq)
{
	if (!awake_anyway(rq) && (cpu_online(cpu_of(rq)) || rq == this_rq()))
		resched_curr(rq);
}

static void kick_one_if_idle(s32 cpu)
{
	struct rq *rq = cpu_rq(cpu);

	raw_spin_rq_lock(rq);
	scx_kick_idle(rq);
	raw_spin_rq_unlock(rq);
}

static void kick_cpus_irq_workfn(struct irq_work *work)
{
	struct rq *rq = container_of(work, struct rq, scx.kick_cpus_irq_work);
	struct scx_rq *scx = &rq->scx;
	unsigned long ticket = scx->ticket;
	s32 cpu;

	for_each_cpu(cpu, scx->cpus_to_kick) {
		cpumask_clear_cpu(cpu, scx->cpus_to_kick);
		cpumask_clear_cpu(cpu, scx->cpus_to_kick_if_idle);
		kick_one(cpu, rq);
		/* Only a second ticket needs renote_targets(). */
		ticket = ticket ?: scx->ticket;
	}
	if (scx->ticket != ticket)
		renote_targets(scx);

	for_each_cpu(cpu, scx->cpus_to_kick_if_idle) {
		cpumask_clear_cpu(cpu, scx->cpus_to_kick_if_idle);
		kick_one_if_idle(cpu);
	}

	if (scx->ticket) {
		raw_spin_rq_lock(rq);
		resched_curr(rq);
		raw_spin_rq_unlock(rq);
	}
}

#ifdef CONFIG_SMP
/*
 * Wait for the CPUs that were noted before this CPU's pick, and for no other:
 * kicks that are delivered while IRQs are on have to wait for the next pick.
 */
static void kick_sync(struct rq *rq)
{
	struct scx_rq *scx = &rq->scx;
	unsigned long ticket = scx->ticket;
	s32 cpu;

	/* Only this CPU's own schedule() may turn IRQs on. */
	if (WARN_ON_ONCE(rq != this_rq()))
		return;

	cpumask_copy(scx->cpus_syncing, scx->cpus_to_sync);
	cpumask_clear(scx->cpus_to_sync);
	scx->ticket = 0;

	raw_spin_rq_unlock_irq(rq);
	for_each_cpu(cpu, scx->cpus_syncing) {
		while (!has_answered(&cpu_rq(cpu)->scx, ticket) &&
		       cpu_active(cpu))
			cpu_relax();
	}
	raw_spin_rq_lock_irq(rq);
}
#endif

static void deferred_irq_workfn(struct irq_work *work)
{
	struct rq *rq = container_of(work, struct rq, scx.deferred_irq_work);

	raw_spin_rq_lock(rq);
	rq->scx.deferred_fn(rq);
	raw_spin_rq_unlock(rq);
}

/**
 * scx_kick_defer - Have the deferred work of a runqueue done soon
 * @rq: the runqueue, locked and possibly pinned
 *
 * The work takes other rqs' locks, which is not possible with @rq pinned. It is
 * done when the rq lock becomes free: by the task_woken hook after a wakeup, by
 * a balance callback if this CPU is choosing its own next task, and otherwise
 * by an irq_work. No CPU runs the balance callbacks of an SMT sibling whose rq
 * is balanced from here. A kernel without SMP has neither the hook nor the
 * callbacks.
 */
void scx_kick_defer(struct rq *rq)
{
	const bool hooks = IS_ENABLED(CONFIG_SMP);

	lockdep_assert_rq_held(rq);

	if (hooks && (rq->scx.flags & SCX_RQ_IN_WAKEUP))
		return;

	if (hooks && (rq->scx.flags & SCX_RQ_IN_BALANCE) && rq == this_rq())
		rq->scx.flags |= SCX_RQ_BAL_CB_PENDING;
	else
		scx_irq_work_queue(&rq->scx.deferred_irq_work);
}

/* Is a task of a higher class going to run? */
static bool overtaken(struct rq *rq)
{
	return sched_stop_runnable(rq) || sched_dl_runnable(rq) ||
	       sched_rt_runnable(rq) || (!scx_switched_all() && sched_fair_runnable(rq));
}

/**
 * scx_kick_overtaken - Do not leave deferred work to a pick that may not come
 * @rq: this CPU's runqueue, locked
 *
 * If a task of a higher class came while balance had dropped the lock, this
 * class is not asked for a task. The deferred work must not wait until it is.
 */
void scx_kick_overtaken(struct rq *rq)
{
	if (!overtaken(rq))
		return;
	rq->scx.flags &= ~SCX_RQ_BAL_CB_PENDING;
	scx_irq_work_queue(&rq->scx.deferred_irq_work);
}

/**
 * scx_kick_balanced - A task of the class, or none, is picked; the rq stays locked
 * @rq: the runqueue; nothing is done for an SMT sibling that is picked for here
 *
 * Whoever takes an rq lock expects no balance callback to be pending, and
 * whoever finds one runs it, on any CPU. So callbacks are queued when the pick
 * is final. When the CPU is balanced, another balance may follow. On a CPU that
 * is going down, the only slot for callbacks is taken.
 *
 * A task of a higher class does not wait for CPUs that the BPF scheduler kicked.
 */
void scx_kick_balanced(struct rq *rq)
{
#ifdef CONFIG_SMP
	bool push = rq->balance_callback == &balance_push_callback;

	if (rq != this_rq())
		return;

	if (rq->scx.flags & SCX_RQ_BAL_CB_PENDING) {
		rq->scx.flags &= ~SCX_RQ_BAL_CB_PENDING;
		if (push)
			scx_irq_work_queue(&rq->scx.deferred_irq_work);
		else
			queue_balance_callback(rq, &rq->scx.deferred_bal_cb,
					       rq->scx.deferred_fn);
	}

	if (unlikely(rq->scx.ticket) && !push && !overtaken(rq))
		queue_balance_callback(rq, &rq->scx.kick_sync_bal_cb, kick_sync);
#endif
}

static bool alloc_masks(struct scx_rq *scx, int node)
{
	return zalloc_cpumask_var_node(&scx->cpus_to_kick, GFP_KERNEL, node) &&
	       zalloc_cpumask_var_node(&scx->cpus_to_kick_if_idle, GFP_KERNEL, node) &&
	       zalloc_cpumask_var_node(&scx->cpus_to_preempt, GFP_KERNEL, node) &&
	       zalloc_cpumask_var_node(&scx->cpus_to_wait, GFP_KERNEL, node) &&
	       zalloc_cpumask_var_node(&scx->cpus_to_sync, GFP_KERNEL, node) &&
	       zalloc_cpumask_var_node(&scx->cpus_syncing, GFP_KERNEL, node);
}

static void free_mask(cpumask_var_t *mask)
{
	free_cpumask_var(*mask);
#ifdef CONFIG_CPUMASK_OFFSTACK
	*mask = NULL;
#endif
}

/**
 * scx_kick_free - Free what scx_kick_alloc() made
 *
 * Context: Process context, may sleep. No scheduler is loaded, and a grace
 * period has passed since.
 */
void scx_kick_free(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct scx_rq *scx = &cpu_rq(cpu)->scx;

		irq_work_sync(&scx->kick_cpus_irq_work);
		free_mask(&scx->cpus_to_kick);
		free_mask(&scx->cpus_to_kick_if_idle);
		free_mask(&scx->cpus_to_preempt);
		free_mask(&scx->cpus_to_wait);
		free_mask(&scx->cpus_to_sync);
		free_mask(&scx->cpus_syncing);
	}
}

/**
 * scx_kick_alloc - Make the masks that kicks are noted in
 *
 * Each CPU has six masks with a bit per CPU: 768 KiB on a machine of 1,024
 * CPUs, 48 MiB on one of 8,192. So the masks only exist while a scheduler is
 * loaded.
 *
 * Context: Process context, may sleep. No scheduler is loaded yet.
 * Return: 0 or -ENOMEM.
 */
int scx_kick_alloc(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		if (!alloc_masks(&cpu_rq(cpu)->scx, cpu_to_node(cpu))) {
			scx_kick_free();
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * scx_kick_init - Prepare a runqueue for kicks and deferred work
 * @rq: the runqueue
 * @deferred: does the deferred work; called with the rq locked and unpinned,
 *	may drop the lock and take it again
 *
 * Context: Early boot.
 */
void scx_kick_init(struct rq *rq, void (*deferred)(struct rq *rq))
{
	rq->scx.deferred_fn = deferred;
	rq->scx.deferred_irq_work = IRQ_WORK_INIT_HARD(deferred_irq_workfn);
	rq->scx.kick_cpus_irq_work = IRQ_WORK_INIT_HARD(kick_cpus_irq_workfn);
}
