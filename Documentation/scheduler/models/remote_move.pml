/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Moving a task from a DSQ to another CPU: take_from() and still_holding() in
 * kernel/sched/ext_dispatch_rq.c, unlink() in ext_dispatch.c. A CPU takes the task off
 * the DSQ with the DSQ's lock alone and says so in holding_cpu. Then it trades its rq
 * lock for that of the task's rq. Meanwhile the task may be dequeued there, and
 * enqueued again.
 *
 * A task is moved once, while it is on its rq and on no queue. At the end it was
 * moved or is on the DSQ.
 *
 * broken BROKEN_RESET: a dequeue leaves holding_cpu as it is
 * broken BROKEN_CHECK: a CPU does not look whether it still holds the task
 * broken BROKEN_LIST: a dequeue takes the task off a list that it has left
 */
#define ROUNDS	3
#define NO_CPU	0

bool rq_lock = false, dsq_lock = false;
bool on_rq = false, listed = false, has_dsq = false, moved = false;
byte holding = NO_CPU;

inline lock(l)
{
	atomic { !l -> l = true }
}

/* The rq is locked. */
inline enqueue()
{
	on_rq = true;
	lock(dsq_lock);
	assert(!listed && !has_dsq);
	listed = true;
	has_dsq = true;
	dsq_lock = false
}

inline dequeue()
{
	lock(dsq_lock);
	if
#ifndef BROKEN_LIST
	:: holding == NO_CPU ->
#else
	:: true ->
#endif
	   assert(listed);
	   listed = false
#ifndef BROKEN_LIST
	:: else ->
#ifndef BROKEN_RESET
	   holding = NO_CPU
#else
	   skip
#endif
#endif
	fi;
	has_dsq = false;
	dsq_lock = false;
	on_rq = false
}

active proctype owner()
{
	byte round;

	for (round : 1 .. ROUNDS) {
		lock(rq_lock);
		if
		:: !moved -> enqueue()
		:: else
		fi;
		rq_lock = false;
		lock(rq_lock);
		if
		:: !moved && round < ROUNDS -> dequeue()
		:: else
		fi;
		rq_lock = false
	}
}

active [2] proctype consumer()
{
	byte try;
	bool taken;

	for (try : 1 .. 2) {
		lock(dsq_lock);
		taken = listed;
		if
		:: taken -> listed = false; holding = _pid
		:: else
		fi;
		dsq_lock = false;
		if
		:: taken ->
		   lock(rq_lock);
#ifndef BROKEN_CHECK
		   if
		   :: holding == _pid ->
#endif
		   assert(on_rq && !listed && !moved);
		   holding = NO_CPU;
		   has_dsq = false;
		   moved = true
#ifndef BROKEN_CHECK
		   :: else
		   fi
#endif
		   ;
		   rq_lock = false
		:: else
		fi
	}
}

active proctype at_the_end()
{
	timeout -> assert(moved || listed)
}
