/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An idle kick and a CPU that goes idle: skip_idle_kick() in
 * kernel/sched/ext_kick.c. A CPU finds nothing, picks the idle task, sets its bit in
 * the idle mask and calls ops.update_idle(). Meanwhile another CPU queues a task
 * and kicks the first one, always or if it is in the mask. In the second case
 * ops.update_idle() looks at the queue.
 *
 * No task stays on the queue while the CPU sleeps, and a kick is only left out if the
 * CPU goes on to look.
 *
 * broken BROKEN_SKIP: a CPU that has picked the idle task counts as busy
 * broken BROKEN_MASK: the mask changes after ops.update_idle()
 * broken BROKEN_BALANCE: a CPU that looks for work counts as busy
 */
#define TASKS	2

#if defined(BROKEN_SKIP)
#define AWAKE_ANYWAY	(!runs_idle && !in_balance)
#elif defined(BROKEN_BALANCE)
#define AWAKE_ANYWAY	(!runs_idle && !goes_idle)
#else
#define AWAKE_ANYWAY	(!runs_idle && !in_balance && !goes_idle)
#endif

byte queued = 0, made = 0;
bool idle_bit = false;
bool rq_lock = false;
bool in_balance = false, goes_idle = false, runs_idle = false;
bool kicked = false;		/* need_resched, or an interrupt that sets it */
bool by_mask = true;		/* does the scheduler look for idle CPUs, or always kick? */

inline lock_rq()
{
	atomic { !rq_lock -> rq_lock = true }
}

/* The caller holds the rq lock. */
inline kick_locked()
{
	if
	:: AWAKE_ANYWAY
	:: else -> kicked = true
	fi
}

inline update_idle()
{
	if
	:: by_mask && queued > 0 -> kick_locked()
	:: else
	fi
}

/* balance drops the lock while ops.dispatch() runs. */
inline balance()
{
	in_balance = true;
	kicked = false;
	found = false;
	if
	:: atomic { queued > 0 -> queued--; found = true }
	:: else -> rq_lock = false; skip; lock_rq()
	fi;
	in_balance = false
}

active proctype cpu()
{
	bool found;

	do
	:: lock_rq();
	   if
	   :: runs_idle -> idle_bit = false
	   :: else
	   fi;
	   balance();
	   if
	   :: found || kicked ->
	      /* Run the task, or look again; then sleep. */
	      runs_idle = false;
	      rq_lock = false
	   :: else ->
	      goes_idle = true;
#ifndef BROKEN_MASK
	      idle_bit = true;
	      update_idle();
#else
	      update_idle();
	      idle_bit = true;
#endif
	      goes_idle = false;
	      runs_idle = true;
	      rq_lock = false;
	      if
	      :: kicked
	      :: made == TASKS && queued == 0 && !kicked -> break
	      fi
	   fi
	od
}

inline kick()
{
	if
	:: atomic { !rq_lock -> rq_lock = true };
	   kick_locked();
	   rq_lock = false
	:: rq_lock -> kicked = true
	fi
}

/* ops.enqueue() of other tasks: to the queue, then kick the CPU if it has to be. */
active proctype waker()
{
	if
	:: by_mask = true
	:: by_mask = false
	fi;
	do
	:: made < TASKS ->
	   queued++;
	   if
	   :: by_mask ->
	      if
	      :: atomic { idle_bit -> idle_bit = false };
		 kick()
	      :: !idle_bit
	      fi
	   :: else -> kick()
	   fi;
	   made++
	:: else -> break
	od
}
