// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: numbers that stand for tasks.
 *
 * A pid can be reused for another task, and execve() can give it to another
 * thread. A BPF scheduler may have to keep numbers instead of pointers, for
 * example if half of it is in user space. It can ask for numbers that stand for
 * one task for ever:
 *
 *	63           32 31                0
 *	generation      place in the table
 *
 * The table has a place for each task that the scheduler knows. It is made of
 * chunks, which are allocated when they are needed and then stay, so that a
 * lookup takes no lock. A free place holds the number of the next free one,
 * marked by its lowest bit, which no pointer has set.
 *
 *	scx_tid_find()			the task's last switch
 *	in an RCU read section		free its place
 *	  read the place: p		  grace period
 *	  p->scx.tid is the one		  free p
 *	  sought: return p
 */
#include "ext_tid.h"

#define CHUNK		1024
#define NR_CHUNKS	DIV_ROUND_UP(PID_MAX_LIMIT, CHUNK)
#define NO_PLACE	U32_MAX

/* A place that is taken, whose task cannot be found yet */
#define TAKEN		(~0UL)

/**
 * struct scx_tids - the tasks of a scheduler by number
 * @lock: guards what follows; innermost, taken with rq locks held
 * @generation: counts the numbers that were given out
 * @free: first free place
 * @nr_chunks: number of chunks so far
 * @chunks: CHUNK places each
 */
struct scx_tids {
	raw_spinlock_t		lock;
	u32			generation;
	u32			free;
	u32			nr_chunks;
	unsigned long __rcu	*chunks[NR_CHUNKS];
};

/**
 * scx_tids_alloc - Prepare a scheduler that wants numbers for tasks
 * @sch: the scheduler
 */
int scx_tids_alloc(struct scx_sched *sch)
{
	sch->tids = kvzalloc(sizeof(*sch->tids), GFP_KERNEL);
	if (!sch->tids)
		return -ENOMEM;
	raw_spin_lock_init(&sch->tids->lock);
	sch->tids->free = NO_PLACE;
	return 0;
}

/**
 * scx_tids_free - Undo scx_tids_alloc()
 * @sch: scheduler that no task belongs to any more, after a grace period
 */
void scx_tids_free(struct scx_sched *sch)
{
	u32 i;

	if (!sch->tids)
		return;
	for (i = 0; i < sch->tids->nr_chunks; i++)
		kvfree(rcu_dereference_protected(sch->tids->chunks[i], true));
	kvfree(sch->tids);
}

/* Callers make sure that the place exists. */
static unsigned long *place_of(struct scx_tids *tids, u32 place)
{
	return rcu_dereference_protected(tids->chunks[place / CHUNK], true) +
	       place % CHUNK;
}

static void free_place(struct scx_tids *tids, u32 place)
{
	WRITE_ONCE(*place_of(tids, place), (unsigned long)tids->free << 1 | 1);
	tids->free = place;
}

/* The lock is held. Returns false if the table has all its chunks already. */
static bool use_chunk(struct scx_tids *tids, unsigned long *chunk)
{
	u32 i;

	if (tids->nr_chunks == NR_CHUNKS)
		return false;

	rcu_assign_pointer(tids->chunks[tids->nr_chunks], chunk);
	tids->nr_chunks++;
	for (i = CHUNK; i--; )
		free_place(tids, (tids->nr_chunks - 1) * CHUNK + i);
	return true;
}

static int add_chunk(struct scx_tids *tids)
{
	unsigned long *chunk = kvcalloc(CHUNK, sizeof(*chunk), GFP_KERNEL);

	if (!chunk)
		return -ENOMEM;

	scoped_guard(raw_spinlock_irq, &tids->lock)
		if (use_chunk(tids, chunk))
			return 0;

	/* Not under a raw lock: vfree() may take a lock that sleeps. */
	kvfree(chunk);
	return -ENOSPC;
}

/* No task gets the number 0. */
static bool take_place(struct scx_tids *tids, struct task_struct *p)
{
	unsigned long *place;
	u32 nr;

	guard(raw_spinlock_irq)(&tids->lock);

	nr = tids->free;
	if (nr == NO_PLACE)
		return false;

	place = place_of(tids, nr);
	tids->free = *place >> 1;
	if (!++tids->generation)
		tids->generation++;
	p->scx.tid = (u64)tids->generation << 32 | nr;
	WRITE_ONCE(*place, TAKEN);
	return true;
}

/**
 * scx_tid_get - Give a task its number
 * @sch: the scheduler
 * @p: the task, referenced and about to be initialised
 *
 * Context: Process context, may sleep.
 */
int scx_tid_get(struct scx_sched *sch, struct task_struct *p)
{
	int ret;

	if (!sch->tids)
		return 0;

	while (!take_place(sch->tids, p)) {
		ret = add_chunk(sch->tids);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * scx_tid_publish - Let a task be found by its number
 * @sch: the scheduler
 * @p: the task; from now on it is freed after a grace period
 *
 * A fork that fails frees the task at once, so this is only called when the
 * fork cannot fail any more.
 */
void scx_tid_publish(struct scx_sched *sch, struct task_struct *p)
{
	if (p->scx.tid)
		WRITE_ONCE(*place_of(sch->tids, lower_32_bits(p->scx.tid)),
			   (unsigned long)p);
}

/**
 * scx_tid_put - Take a task's number away
 * @sch: the scheduler
 * @p: the task, which is forgotten
 *
 * Context: Any but NMI.
 */
void scx_tid_put(struct scx_sched *sch, struct task_struct *p)
{
	if (!p->scx.tid)
		return;

	scoped_guard(raw_spinlock_irqsave, &sch->tids->lock)
		free_place(sch->tids, lower_32_bits(p->scx.tid));
	p->scx.tid = 0;
}

/**
 * scx_tid_find - The task with a number
 * @sch: the scheduler
 * @tid: the number
 *
 * Context: Any, in an RCU read section, which keeps the task.
 * Return: the task, or NULL if it is gone or there has been none.
 */
struct task_struct *scx_tid_find(struct scx_sched *sch, u64 tid)
{
	u32 nr = lower_32_bits(tid);
	struct task_struct *p;
	unsigned long *chunk, value;

	if (!tid || nr / CHUNK >= NR_CHUNKS)
		return NULL;
	chunk = rcu_dereference_check(sch->tids->chunks[nr / CHUNK],
				      rcu_read_lock_any_held());
	if (!chunk)
		return NULL;

	value = READ_ONCE(chunk[nr % CHUNK]);
	if (!value || value & 1)
		return NULL;
	p = (struct task_struct *)value;
	return READ_ONCE(p->scx.tid) == tid ? p : NULL;
}
