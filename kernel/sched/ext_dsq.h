/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_DSQ_H
#define _KERNEL_SCHED_EXT_DSQ_H

#include <linux/hash.h>
#include "ext_internal.h"

/* Each context switch comes here, so only CONFIG_DEBUG_LIST has the checks. */
#define SCX_DSQ_CHECK(cond)	\
	WARN_ON_ONCE(IS_ENABLED(CONFIG_DEBUG_LIST) && !(cond))

/**
 * struct scx_dsq_iter - the kernel's view of struct bpf_iter_scx_dsq
 * @cursor: link in the DSQ's list while iterating
 * @dsq: the DSQ, NULL if the iterator could not be started or is finished
 * @slice: for the next move, if the cursor has __SCX_DSQ_ITER_HAS_SLICE
 * @vtime: for the next move, if the cursor has __SCX_DSQ_ITER_HAS_VTIME
 */
struct scx_dsq_iter {
	struct scx_dsq_list_node cursor;
	struct scx_dispatch_q	*dsq;
	u64			slice;
	u64			vtime;
} __aligned(8);

/*
 * scx_dispatch_q::reenq_state: are the tasks being re-enqueued? As long as the
 * state is not SCX_DSQ_REENQ_IDLE the DSQ stays in memory, destroyed or not.
 */
enum scx_dsq_reenq_state {
	SCX_DSQ_REENQ_IDLE,
	SCX_DSQ_REENQ_QUEUED,	/* requested */
	SCX_DSQ_REENQ_RUNNING,
	SCX_DSQ_REENQ_AGAIN,	/* running, and requested again meanwhile */
};

/* Set besides the state once the DSQ is destroyed, never to be cleared */
#define SCX_DSQ_DEAD		BIT(7)

/* Was @dsq, which is locked, destroyed after it had been found? */
static inline bool scx_dsq_dead(const struct scx_dispatch_q *dsq)
{
	return unlikely(dsq->reenq_state & SCX_DSQ_DEAD);
}

void scx_dsq_init(struct scx_dispatch_q *dsq, u64 id);
int scx_dsq_hash_init(struct scx_sched *sch);
void scx_dsq_hash_destroy(struct scx_sched *sch);

struct scx_dispatch_q *__scx_dsq_find(struct scx_sched *sch, u64 id);
int scx_dsq_create(struct scx_sched *sch, u64 id, int node);
void scx_dsq_destroy(struct scx_sched *sch, u64 id);
void scx_dsq_free(struct scx_dispatch_q *dsq);

void scx_dsq_add(struct scx_sched *sch, struct scx_dispatch_q *dsq,
		 struct task_struct *p, u64 enq_flags);
void scx_dsq_del(struct scx_dispatch_q *dsq, struct task_struct *p);

struct task_struct *scx_dsq_peek(struct scx_dispatch_q *dsq);
struct task_struct *scx_dsq_next(struct scx_dispatch_q *dsq,
				 struct task_struct *p);
struct task_struct *scx_dsq_next_from(struct scx_dispatch_q *dsq,
				      struct list_head *pos, bool rev);

/*
 * The rest of this header runs in each context switch, and is inline because it
 * costs less than the calls would.
 */

/**
 * scx_dsq_first - First task in line
 * @dsq: the DSQ, locked
 */
static inline struct task_struct *scx_dsq_first(struct scx_dispatch_q *dsq)
{
	struct list_head *first = dsq->list.next;
	struct scx_dsq_list_node *node;

	if (first == &dsq->list)
		return NULL;
	node = list_entry(first, struct scx_dsq_list_node, node);
	if (likely(!(node->flags & SCX_DSQ_LNODE_ITER_CURSOR)))
		return container_of(node, struct task_struct, scx.dsq_list);
	return scx_dsq_next_from(dsq, first, false);
}

/*
 * Most schedulers have few DSQs and look them up in each switch. Each hash value
 * has a place in the cache. A DSQ takes its place when it is created or looked
 * up while the place is free, and keeps it until it is destroyed.
 */
#define scx_dsq_cache_place(sch, id)	\
	(&(sch)->dsq_cache[hash_64((id), SCX_DSQ_CACHE_BITS)])

/**
 * scx_dsq_find - Look up a user DSQ
 * @sch: scheduler that created it
 * @id: its id
 *
 * Context: RCU read section or IRQs off.
 * Return: the DSQ, or NULL if there is none. It can be destroyed at any time,
 * which scx_dsq_dead() tells under its lock.
 */
static inline struct scx_dispatch_q *scx_dsq_find(struct scx_sched *sch, u64 id)
{
	struct scx_dispatch_q *dsq;

	dsq = rcu_dereference_check(*scx_dsq_cache_place(sch, id),
				    rcu_read_lock_any_held());
	if (likely(dsq && READ_ONCE(dsq->id) == id))
		return dsq;
	return __scx_dsq_find(sch, id);
}

/*
 * Text to add to an error about a DSQ that does not exist. In programs built
 * with scx's headers the built-in ids are variables, which scx's loader sets;
 * any other loader leaves them 0.
 */
#define SCX_DSQ_HINT	\
	"; DSQ 0x0 was not created: were the constants of scx's headers, such as " \
	"SCX_DSQ_LOCAL, filled in by the loader?"

static inline const char *scx_dsq_hint(u64 id)
{
	return id ? "" : SCX_DSQ_HINT;
}

/* The part of queueing a task, after it was linked, that all DSQs share. */
static inline void __scx_dsq_added(struct scx_dispatch_q *dsq,
				   struct task_struct *p)
{
	/* Read without the lock by scx_bpf_dsq_nr_queued() and emptiness tests. */
	WRITE_ONCE(dsq->nr, dsq->nr + 1);
	p->scx.dsq_seq = ++dsq->seq;
	p->scx.dsq = dsq;
}

/**
 * scx_dsq_add_local - Queue a task on a local DSQ
 * @dsq: the DSQ, its rq locked
 * @p: a task that is on no DSQ
 * @enq_flags: SCX_ENQ_HEAD, SCX_ENQ_PREEMPT matter here
 *
 * This is scx_dsq_add() for DSQs that are always in FIFO order.
 */
static inline void scx_dsq_add_local(struct scx_dispatch_q *dsq,
				     struct task_struct *p, u64 enq_flags)
{
	SCX_DSQ_CHECK(!p->scx.dsq && list_empty(&p->scx.dsq_list.node));

	if (enq_flags & (SCX_ENQ_HEAD | SCX_ENQ_PREEMPT))
		list_add(&p->scx.dsq_list.node, &dsq->list);
	else
		list_add_tail(&p->scx.dsq_list.node, &dsq->list);
	__scx_dsq_added(dsq, p);
}

/**
 * scx_dsq_del_local - Take a task off a local DSQ
 * @dsq: the DSQ, its rq locked
 * @p: a task on it
 *
 * This is scx_dsq_del() for DSQs that are always in FIFO order.
 */
static inline void scx_dsq_del_local(struct scx_dispatch_q *dsq,
				     struct task_struct *p)
{
	SCX_DSQ_CHECK(!list_empty(&p->scx.dsq_list.node));

	list_del_init(&p->scx.dsq_list.node);
	WRITE_ONCE(dsq->nr, dsq->nr - 1);
}

#define scx_dsq_for_each(p, dsq)			\
	for ((p) = scx_dsq_first(dsq); (p); (p) = scx_dsq_next(dsq, p))

void scx_dsq_iter_start(struct scx_dsq_iter *it, struct scx_dispatch_q *dsq,
			u64 flags);
int scx_dsq_iter_new(struct scx_sched *sch, struct scx_dsq_iter *it, u64 id,
		     u64 flags);
struct task_struct *scx_dsq_iter_next(struct scx_dsq_iter *it);
void scx_dsq_iter_destroy(struct scx_dsq_iter *it);
bool scx_dsq_iter_covers(struct scx_dsq_iter *it, struct task_struct *p);

#endif	/* _KERNEL_SCHED_EXT_DSQ_H */
