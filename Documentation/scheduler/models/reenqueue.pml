/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to have the tasks of a user DSQ enqueued again: the states of enum
 * scx_dsq_reenq_state, in kernel/sched/ext_dispatch_reenq.c and scx_dsq_destroy(). CPUs
 * request it, the helper carries it out, the BPF scheduler destroys the DSQ, and the
 * scheduler ends, all at any time. Each step that has the lock of the DSQ is one step
 * here.
 *
 * The DSQ is freed once, not while somebody has it, and no request is forgotten
 * unless the DSQ or the scheduler is gone. When the helper ends it has no work left.
 *
 * broken BROKEN_AGAIN: a request that comes during a pass is taken for a part of it
 * broken BROKEN_LIST: the helper does not look at its list again if the scheduler ends
 * broken BROKEN_FREE: a destroyed DSQ is freed at once, whatever its state
 * broken BROKEN_ADD: a request puts the DSQ into the list whatever its state
 */
#define REQUESTS	3

mtype = { IDLE, QUEUED, RUNNING, AGAIN };

mtype state = IDLE;
bool dead = false;		/* SCX_DSQ_DEAD */
bool in_list = false;		/* reenq_node is in the list */
bool taken = false;		/* the helper has the list */
bool work = false;		/* reenq_work is queued, or will be by the irq_work */
bool exiting = false, freed = false;
bool due = false;		/* a request has not seen a pass begin after it */
byte asking = REQUESTS;		/* requests that are yet to come */

inline free_dsq()
{
	assert(!freed);
	freed = true
}

inline add_to_list()
{
	assert(!in_list && !taken);
	in_list = true
}

/* RCU keeps the DSQ in memory from the look-up on, but it may be dead by then. */
proctype request()
{
	do
	:: atomic { asking > 0 -> asking-- };
		if
		:: exiting
		:: !exiting ->
			atomic {
				if
				:: dead
				:: else ->
					due = true;
#ifdef BROKEN_ADD
					state = QUEUED;
					add_to_list();
					work = true
#else
					if
					:: state == RUNNING -> state = AGAIN
					:: state == IDLE ->
						state = QUEUED;
						add_to_list();
						work = true
					:: else
					fi
#endif
				fi
			}
		fi
	:: asking == 0 -> break
	od
}

inline begin_pass()
{
	atomic {
		assert(!freed);
		if
		:: dead -> gone = true
		:: else -> state = RUNNING; due = false
		fi
	}
}

inline end_pass()
{
	atomic {
		assert(!freed);
		if
		:: dead -> gone = true
#ifndef BROKEN_AGAIN
		:: !dead && state == AGAIN && !exiting ->
			state = QUEUED;
			add_to_list()
		:: !dead && !(state == AGAIN && !exiting) -> state = IDLE
#else
		:: else -> state = IDLE
#endif
		fi
	}
}

proctype helper()
{
	bool gone;

end:	do
	:: atomic { work -> work = false };
		atomic { taken = in_list; in_list = false };
		if
		:: taken ->
			gone = false;
			begin_pass();
			taken = false;
			if
			:: !gone -> end_pass()
			:: gone
			fi;
			if
			:: gone -> free_dsq()
			:: else
			fi
		:: else
		fi;
#ifdef BROKEN_LIST
		if
		:: in_list && !exiting -> work = true
		:: else
		fi
#else
		if
		:: in_list -> work = true
		:: else
		fi
#endif
	od
}

proctype destroy()
{
	atomic {
		if
		:: dead
		:: else ->
			dead = true;
#ifndef BROKEN_FREE
			if
			:: state == IDLE -> free_dsq()
			:: else
			fi
#else
			free_dsq()
#endif
		fi
	}
}

/* The scheduler may end before, between and after all this. */
proctype disable()
{
	exiting = true
}

/* Everything has happened that will: a grace period has passed, the helper is idle. */
proctype free_sched()
{
	timeout ->
	assert(asking == 0 && !work && !in_list);
	assert(!due || dead || exiting);
	/* Those that are not destroyed are in the table, which is freed now. */
	if
	:: !dead -> free_dsq()
	:: else
	fi;
	assert(freed)
}

init
{
	atomic {
		run request(); run request(); run helper(); run free_sched();
		if
		:: run destroy()
		:: true
		fi;
		if
		:: run disable()
		:: true
		fi
	}
}
