/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Destroying a DSQ, creating another one with the same id, and looking the id up, in
 * the cache and in the hash table: kernel/sched/ext_dsq.c.
 *
 * Who looks up an id after it was created finds a DSQ that is alive, unless it is
 * destroyed in turn. No task is put on a DSQ that is dead, and the cache does not keep
 * one.
 *
 * broken BROKEN_ORDER: the DSQ leaves the hash table before it leaves the cache
 * broken BROKEN_ENTER: entering the cache does not look whether the DSQ is alive
 * broken BROKEN_LOCK: entering the cache does not take the lock
 */
#define NOBODY	2

byte hash = 0, cache = 0;	/* the DSQ that has the id: 0, or 1 once it is created */
bool ready = false;		/* the place in the cache may have been taken by another id */
bool dead[2], locked[2];
bool created = false, destroyed = false;

inline lock(d)
{
	atomic { !locked[d] -> locked[d] = true }
}

inline cache_enter(d)
{
	if
#ifndef BROKEN_LOCK
	:: atomic { !locked[d] -> locked[d] = true };
#else
	:: !locked[d];
#endif
#ifndef BROKEN_ENTER
	   if
	   :: dead[d]
	   :: else ->
#endif
	   atomic {
		if
		:: cache == NOBODY -> cache = d
		:: else
		fi
	   }
#ifndef BROKEN_ENTER
	   fi;
#else
	   ;
#endif
#ifndef BROKEN_LOCK
	   locked[d] = false
#else
	   skip
#endif
	:: locked[d]
	fi
}

inline find(d)
{
	d = cache;
	if
	:: d == NOBODY ->
	   d = hash;
	   if
	   :: d != NOBODY -> cache_enter(d)
	   :: else
	   fi
	:: else
	fi
}

active proctype another_id()
{
	if
	:: cache = NOBODY
	:: skip
	fi;
	ready = true
}

active proctype destroyer()
{
	ready;
	lock(0);
#ifndef BROKEN_ORDER
	dead[0] = true;
	atomic { if :: cache == 0 -> cache = NOBODY :: else fi };
	hash = NOBODY;
#else
	hash = NOBODY;
	dead[0] = true;
	atomic { if :: cache == 0 -> cache = NOBODY :: else fi };
#endif
	locked[0] = false;
	destroyed = true
}

/* Creates as soon as the id is free, and uses what it has created. */
active proctype creator()
{
	byte d;

	atomic { hash == NOBODY -> hash = 1 };
	cache_enter(1);
	created = true;
	find(d);
	assert(d != NOBODY);
	lock(d);
	assert(!dead[d]);
	locked[d] = false
}

/* Looks the id up at any time. If that was before the creation, all may happen. */
active [2] proctype user()
{
	byte d;
	bool after;

	ready;
	after = created;
	find(d);
	if
	:: d != NOBODY ->
	   lock(d);
	   assert(!after || !dead[d]);
	   locked[d] = false
	:: else -> assert(!after)
	fi
}

active proctype at_the_end()
{
	timeout -> assert(created && destroyed && cache != 0)
}
