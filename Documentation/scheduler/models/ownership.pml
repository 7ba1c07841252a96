/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who owns a queued task: sched_ext_entity::ops_state, as drawn at the top of
 * kernel/sched/ext_dispatch.c. One CPU enqueues and dequeues a task with its rq
 * locked, two others dispatch it, each with knowledge that may be old.
 *
 * A task that is off its rq is on no queue, and nobody puts it on one. An insertion
 * is carried out only in the custody that it is about. At the end the task is on
 * a queue or with the BPF scheduler, thus not lost.
 *
 * broken BROKEN_WAIT: a dequeue does not wait for a dispatcher that is at work
 * broken BROKEN_ORDER: a dispatcher gives the task up before it is on the queue
 * broken BROKEN_SEQ: a dispatcher does not compare the number of the custody
 */
#define ROUNDS	3
#define TRIES	2

mtype = { NONE, QUEUEING, QUEUED, DISPATCHING };

mtype state = NONE;	/* the two parts of ops_state */
byte custody = 0;
byte nr_custodies = 0;
bool on_rq = false, on_dsq = false;
bool dsq_lock = false;

inline lock(l)
{
	atomic { !l -> l = true }
}

/* With the DSQ's lock: whoever puts the task there has to be right. */
inline insert()
{
	lock(dsq_lock);
	assert(on_rq && !on_dsq);
	on_dsq = true;
	dsq_lock = false
}

/* ops.enqueue() has given a verdict, or keeps the task. */
inline enqueue()
{
	on_rq = true;
	nr_custodies++;
	d_step { state = QUEUEING; custody = nr_custodies }
	if
	:: insert();
	   d_step { state = NONE; custody = 0 }
	:: state = QUEUED
	fi
}

inline dequeue()
{
	seen = state;
	if
	:: seen == NONE
	:: seen == QUEUED ->
	   atomic {
		if
		:: state == QUEUED -> state = NONE; custody = 0
		:: else -> seen = DISPATCHING
		fi
	   }
	:: seen == DISPATCHING
	fi;
	if
	:: seen == DISPATCHING ->
#ifndef BROKEN_WAIT
	   state != DISPATCHING
#else
	   skip
#endif
	:: else
	fi;
	if
	:: on_dsq -> lock(dsq_lock); on_dsq = false; dsq_lock = false
	:: else
	fi;
	on_rq = false;
	assert(!on_dsq)
}

active proctype owner()
{
	mtype seen;
	byte round;

	for (round : 1 .. ROUNDS) {
		enqueue();
		if
		:: round < ROUNDS -> dequeue()
		:: else
		fi
	}
}

/* Take the task over, unless the insertion is about another custody. */
inline claim()
{
	claimed = false;
	do
	:: d_step { seen = state; at = custody };
	   if
#ifndef BROKEN_SEQ
	   :: !about || at != about -> break
#else
	   :: !about || !at -> break
#endif
	   :: else
	   fi;
	   if
	   :: seen == QUEUEING -> state != QUEUEING || custody != at
	   :: seen == QUEUED ->
	      atomic {
		if
		:: state == QUEUED && custody == at -> state = DISPATCHING; claimed = true
		:: else
		fi
	      };
	      if
	      :: claimed -> break
	      :: else
	      fi
	   :: else -> break
	   fi
	od
}

active [2] proctype dispatcher()
{
	mtype seen;
	byte about, at, try;
	bool claimed;

	for (try : 1 .. TRIES) {
		d_step { about = (state == NONE -> 0 : custody) }
		claim();
		if
		:: claimed ->
		   assert(custody == about);
#ifndef BROKEN_ORDER
		   insert();
		   d_step { state = NONE; custody = 0 }
#else
		   d_step { state = NONE; custody = 0 };
		   insert()
#endif
		:: else
		fi
	}
}

/* When all is done, the task is somewhere. */
active proctype at_the_end()
{
	timeout -> assert(on_dsq || state == QUEUED)
}
