// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: the dispatch queue.
 *
 * A DSQ holds tasks in the order in which CPUs are going to take them. In FIFO
 * order it is a list. In vtime order it is a list and an rbtree: the tree finds
 * a task's place in O(log n), and all readers walk the list. As long as it is
 * not empty, a DSQ has one order or the other.
 *
 * Iterators leave a cursor in the list, so that they can drop the lock between
 * two steps. Everybody who walks the list skips cursors.
 *
 * Nothing here knows what a runqueue is. The users of a DSQ take its lock: the
 * rq lock for a local DSQ, scx_dispatch_q::lock for all others.
 */
#include "ext_dsq.h"
#include "ext_error.h"

/* Destroyed DSQs on their way to RCU, see scx_dsq_destroy(). */
static LLIST_HEAD(dsqs_to_free);

static const struct rhashtable_params dsq_hash_params = {
	.key_len	= sizeof_field(struct scx_dispatch_q, id),
	.key_offset	= offsetof(struct scx_dispatch_q, id),
	.head_offset	= offsetof(struct scx_dispatch_q, hash_node),
};

/**
 * scx_dsq_init - Make an empty DSQ
 * @dsq: its memory
 * @id: its id
 */
void scx_dsq_init(struct scx_dispatch_q *dsq, u64 id)
{
	memset(dsq, 0, sizeof(*dsq));
	raw_spin_lock_init(&dsq->lock);
	INIT_LIST_HEAD(&dsq->list);
	dsq->id = id;
}

static bool is_cursor(struct scx_dsq_list_node *node)
{
	return node->flags & SCX_DSQ_LNODE_ITER_CURSOR;
}

static struct task_struct *node_task(struct scx_dsq_list_node *node)
{
	return container_of(node, struct task_struct, scx.dsq_list);
}

/**
 * scx_dsq_next_from - First task after a place in the list, or before it
 * @dsq: the DSQ, locked
 * @pos: the place, may be a cursor or the head
 * @rev: true for the first task before it
 */
struct task_struct *scx_dsq_next_from(struct scx_dispatch_q *dsq,
				      struct list_head *pos, bool rev)
{
	struct scx_dsq_list_node *node;

	while ((pos = rev ? pos->prev : pos->next) != &dsq->list) {
		node = list_entry(pos, struct scx_dsq_list_node, node);
		if (!is_cursor(node))
			return node_task(node);
	}

	return NULL;
}

/**
 * scx_dsq_next - The task that comes after another
 * @dsq: the DSQ, locked
 * @p: a task on it
 */
struct task_struct *scx_dsq_next(struct scx_dispatch_q *dsq,
				 struct task_struct *p)
{
	return scx_dsq_next_from(dsq, &p->scx.dsq_list.node, false);
}

/**
 * scx_dsq_peek - First task in line, without the lock
 * @dsq: a user DSQ
 *
 * Context: RCU read section.
 * Return: a task that was first a moment ago, or NULL if there was none.
 */
struct task_struct *scx_dsq_peek(struct scx_dispatch_q *dsq)
{
	return rcu_dereference(dsq->first_task);
}

/*
 * Put @p where it belongs in the tree. Returns the task right before @p, if
 * any: the last one at which the way down went to the right.
 */
static struct task_struct *add_to_tree(struct scx_dispatch_q *dsq,
				       struct task_struct *p)
{
	struct rb_node **link = &dsq->priq.rb_node, *parent = NULL;
	struct task_struct *at, *before = NULL;

	while (*link) {
		parent = *link;
		at = container_of(parent, struct task_struct, scx.dsq_priq);
		if (time_before64(p->scx.dsq_vtime, at->scx.dsq_vtime)) {
			link = &parent->rb_left;
		} else {
			before = at;
			link = &parent->rb_right;
		}
	}

	rb_link_node(&p->scx.dsq_priq, parent, link);
	rb_insert_color(&p->scx.dsq_priq, &dsq->priq);
	return before;
}

/* Returns true if @p is the first one now. */
static bool add_by_vtime(struct scx_sched *sch, struct scx_dispatch_q *dsq,
			 struct task_struct *p)
{
	struct task_struct *before;

	if (unlikely(RB_EMPTY_ROOT(&dsq->priq) && scx_dsq_first(dsq)))
		scx_error_verdict(sch, p, "DSQ 0x%llx holds tasks in FIFO order, %s[%d] inserted by vtime",
				  dsq->id, p->comm, p->pid);

	before = add_to_tree(dsq, p);
	p->scx.dsq_flags |= SCX_TASK_DSQ_ON_PRIQ;

	/* The list has the same order as the tree. */
	list_add(&p->scx.dsq_list.node,
		 before ? &before->scx.dsq_list.node : &dsq->list);
	return !before;
}

/* Returns true if @p was put at the head. */
static bool add_by_fifo(struct scx_sched *sch, struct scx_dispatch_q *dsq,
			struct task_struct *p, u64 enq_flags)
{
	if (unlikely(!RB_EMPTY_ROOT(&dsq->priq)))
		scx_error_verdict(sch, p, "DSQ 0x%llx holds tasks in vtime order, %s[%d] inserted in FIFO order",
				  dsq->id, p->comm, p->pid);

	if (enq_flags & (SCX_ENQ_HEAD | SCX_ENQ_PREEMPT)) {
		list_add(&p->scx.dsq_list.node, &dsq->list);
		return true;
	}
	list_add_tail(&p->scx.dsq_list.node, &dsq->list);
	return false;
}

/**
 * scx_dsq_add - Queue a task
 * @sch: scheduler to blame if @dsq is used in the other order now
 * @dsq: the DSQ, locked
 * @p: a task that is on no DSQ
 * @enq_flags: SCX_ENQ_HEAD, SCX_ENQ_PREEMPT, SCX_ENQ_DSQ_PRIQ matter here
 *
 * It is an error of the BPF scheduler to use the other order. The task is
 * queued all the same, so that it is not lost.
 */
void scx_dsq_add(struct scx_sched *sch, struct scx_dispatch_q *dsq,
		 struct task_struct *p, u64 enq_flags)
{
	bool first;

	SCX_DSQ_CHECK(!p->scx.dsq && list_empty(&p->scx.dsq_list.node));
	SCX_DSQ_CHECK(!(p->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ) &&
		      RB_EMPTY_NODE(&p->scx.dsq_priq));

	if (enq_flags & SCX_ENQ_DSQ_PRIQ)
		first = add_by_vtime(sch, dsq, p);
	else
		first = add_by_fifo(sch, dsq, p, enq_flags);
	__scx_dsq_added(dsq, p);

	/*
	 * For scx_dsq_peek(): cursors keep it from reading the list lockless.
	 */
	if ((first || !rcu_access_pointer(dsq->first_task)) &&
	    !(dsq->id & SCX_DSQ_FLAG_BUILTIN))
		rcu_assign_pointer(dsq->first_task, p);
}

/**
 * scx_dsq_del - Take a task off the queue
 * @dsq: the DSQ, locked
 * @p: a task on it
 *
 * Leaves @p->scx.dsq to the caller, who knows whether the task is gone for good
 * or in transit.
 */
void scx_dsq_del(struct scx_dispatch_q *dsq, struct task_struct *p)
{
	if (p->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ) {
		rb_erase(&p->scx.dsq_priq, &dsq->priq);
		RB_CLEAR_NODE(&p->scx.dsq_priq);
		p->scx.dsq_flags &= ~SCX_TASK_DSQ_ON_PRIQ;
	}

	if (rcu_access_pointer(dsq->first_task) == p)
		rcu_assign_pointer(dsq->first_task, scx_dsq_next(dsq, p));
	scx_dsq_del_local(dsq, p);
}

static void cache_replace(struct scx_sched *sch, u64 id,
			  struct scx_dispatch_q *from, struct scx_dispatch_q *to)
{
	cmpxchg((struct scx_dispatch_q __force **)scx_dsq_cache_place(sch, id), from, to);
}

/**
 * scx_dsq_hash_init - Prepare a scheduler for user DSQs
 * @sch: the scheduler
 */
int scx_dsq_hash_init(struct scx_sched *sch)
{
	return rhashtable_init(&sch->dsq_hash, &dsq_hash_params);
}

/*
 * Enter @dsq in its place of the cache if that is free. This is done under the
 * DSQ's lock, so that a DSQ that is destroyed meanwhile is either not entered
 * or taken out again:
 *
 *	lookup				destroy
 *
 *	found in the hash table
 *					lock
 *	trylock: later			dead
 *	  or				place == dsq: place = NULL
 *	lock: not dead?			gone from the table
 *	  place = dsq			unlock
 *	unlock
 *
 * The caller may hold any lock, even this one if a tracing program looks the
 * DSQ up. So the lock is only tried, and not even that in an NMI, which may
 * have interrupted a CPU that is taking it.
 */
static noinline void cache_enter(struct scx_sched *sch, u64 id,
				 struct scx_dispatch_q *dsq)
{
	unsigned long flags;

	if (in_nmi() || !raw_spin_trylock_irqsave(&dsq->lock, flags))
		return;
	if (!scx_dsq_dead(dsq))
		cache_replace(sch, id, NULL, dsq);
	raw_spin_unlock_irqrestore(&dsq->lock, flags);
}

/**
 * __scx_dsq_find - Look up a user DSQ that is not in the cache
 * @sch: scheduler that created it
 * @id: its id
 *
 * Context: RCU read section or IRQs off.
 * Return: as scx_dsq_find().
 */
struct scx_dispatch_q *__scx_dsq_find(struct scx_sched *sch, u64 id)
{
	struct scx_dispatch_q *dsq;

	dsq = rhashtable_lookup_fast(&sch->dsq_hash, &id, dsq_hash_params);
	if (dsq && unlikely(!rcu_access_pointer(*scx_dsq_cache_place(sch, id))))
		cache_enter(sch, id, dsq);
	return dsq;
}

/* @dsq may be destroyed as soon as it can be found. */
static int publish(struct scx_sched *sch, struct scx_dispatch_q *dsq)
{
	u64 id = dsq->id;
	int ret;

	guard(rcu)();

	ret = rhashtable_lookup_insert_fast(&sch->dsq_hash, &dsq->hash_node,
					    dsq_hash_params);
	if (!ret)
		cache_enter(sch, id, dsq);
	return ret;
}

/**
 * scx_dsq_create - Create a user DSQ
 * @sch: scheduler that it is for
 * @id: its id, no built-in one
 * @node: NUMA node for its memory, or NUMA_NO_NODE
 *
 * Context: Process context, may sleep.
 * Return: 0, -EINVAL for a built-in id or a bad node, -EEXIST, -ENOMEM.
 */
int scx_dsq_create(struct scx_sched *sch, u64 id, int node)
{
	struct scx_dispatch_q *dsq;
	int ret;

	if ((id & SCX_DSQ_FLAG_BUILTIN) || node >= (int)nr_node_ids ||
	    (node < 0 && node != NUMA_NO_NODE))
		return -EINVAL;

	dsq = kmalloc_node(sizeof(*dsq), GFP_KERNEL, node);
	if (!dsq)
		return -ENOMEM;

	scx_dsq_init(dsq, id);
	ret = publish(sch, dsq);
	if (ret)
		kfree(dsq);
	return ret;
}

static void free_dsqs_irq_workfn(struct irq_work *work)
{
	struct llist_node *list = llist_del_all(&dsqs_to_free);
	struct scx_dispatch_q *dsq, *tmp;

	llist_for_each_entry_safe(dsq, tmp, list, free_node)
		kfree_rcu(dsq, rcu);
}

static DEFINE_IRQ_WORK(free_dsqs_irq_work, free_dsqs_irq_workfn);

/**
 * scx_dsq_free - Free a DSQ that nobody can find any more
 * @dsq: the DSQ, destroyed
 *
 * Context: Any. kfree_rcu() may have to wake a kthread, hence the irq_work.
 */
void scx_dsq_free(struct scx_dispatch_q *dsq)
{
	if (llist_add(&dsq->free_node, &dsqs_to_free))
		scx_irq_work_queue(&free_dsqs_irq_work);
}

/**
 * scx_dsq_destroy - Destroy a user DSQ
 * @sch: scheduler that created it
 * @id: its id; an unknown one is ignored
 *
 * It is an error to destroy a DSQ with tasks on it, and the DSQ stays.
 *
 * Context: Any, an rq lock may be held.
 */
void scx_dsq_destroy(struct scx_sched *sch, u64 id)
{
	struct scx_dispatch_q *dsq;
	unsigned long flags;
	bool idle;

	guard(rcu)();

	dsq = scx_dsq_find(sch, id);
	if (!dsq)
		return;

	raw_spin_lock_irqsave(&dsq->lock, flags);

	if (dsq->nr) {
		scx_error(sch, "destroying DSQ 0x%llx with %u tasks on it",
			  id, dsq->nr);
	} else if (!scx_dsq_dead(dsq)) {
		/*
		 * A CPU that found the DSQ before this and waits for the lock
		 * must not queue a task on it any more. The id can be used
		 * again once it is gone from the table, and must not lead to
		 * this DSQ then.
		 */
		idle = dsq->reenq_state == SCX_DSQ_REENQ_IDLE;
		dsq->reenq_state |= SCX_DSQ_DEAD;
		cache_replace(sch, id, dsq, NULL);
		rhashtable_remove_fast(&sch->dsq_hash, &dsq->hash_node,
				       dsq_hash_params);
		if (idle)
			scx_dsq_free(dsq);
	}

	raw_spin_unlock_irqrestore(&dsq->lock, flags);
}

/**
 * scx_dsq_hash_destroy - Destroy all user DSQs of a scheduler
 * @sch: the scheduler; its tasks are gone, nobody looks DSQs up any more
 */
void scx_dsq_hash_destroy(struct scx_sched *sch)
{
	struct rhashtable_iter it;
	struct scx_dispatch_q *dsq;

	rhashtable_walk_enter(&sch->dsq_hash, &it);
	do {
		rhashtable_walk_start(&it);
		while ((dsq = rhashtable_walk_next(&it)) && !IS_ERR(dsq))
			scx_dsq_destroy(sch, dsq->id);
		rhashtable_walk_stop(&it);
	} while (dsq == ERR_PTR(-EAGAIN));
	rhashtable_walk_exit(&it);

	rhashtable_destroy(&sch->dsq_hash);
}

/**
 * scx_dsq_iter_start - Start to walk over a DSQ
 * @it: the iterator
 * @dsq: the DSQ, which stays until the iterator is destroyed
 * @flags: SCX_DSQ_ITER_REV or 0
 */
void scx_dsq_iter_start(struct scx_dsq_iter *it, struct scx_dispatch_q *dsq,
			u64 flags)
{
	INIT_LIST_HEAD(&it->cursor.node);
	it->cursor.flags = SCX_DSQ_LNODE_ITER_CURSOR | flags;
	it->cursor.priv = READ_ONCE(dsq->seq);
	it->dsq = dsq;
}

/**
 * scx_dsq_iter_new - Start to walk over a user DSQ
 * @sch: scheduler that created it
 * @it: the iterator
 * @id: the DSQ
 * @flags: SCX_DSQ_ITER_REV or 0
 *
 * Context: An RCU read section that lasts until the iterator is destroyed.
 * Return: 0, -EINVAL for other flags, -ENOENT if there is no such DSQ. The
 * other iterator functions may be called whatever was returned.
 */
int scx_dsq_iter_new(struct scx_sched *sch, struct scx_dsq_iter *it, u64 id,
		     u64 flags)
{
	struct scx_dispatch_q *dsq;

	it->dsq = NULL;

	if (flags & ~(u64)__SCX_DSQ_ITER_USER_FLAGS)
		return -EINVAL;

	dsq = scx_dsq_find(sch, id);
	if (!dsq)
		return -ENOENT;

	scx_dsq_iter_start(it, dsq, flags);
	return 0;
}

/**
 * scx_dsq_iter_covers - Was a task queued before the iteration began?
 * @it: the iterator
 * @p: a task on its DSQ, which is locked
 */
bool scx_dsq_iter_covers(struct scx_dsq_iter *it, struct task_struct *p)
{
	/* u32 on purpose: the sequence wraps. */
	return (s32)(p->scx.dsq_seq - it->cursor.priv) <= 0;
}

/**
 * scx_dsq_iter_next - Advance to the next task
 * @it: the iterator
 *
 * Return: the next task that was on the DSQ when the iteration began and still
 * is, or NULL at the end.
 */
struct task_struct *scx_dsq_iter_next(struct scx_dsq_iter *it)
{
	bool rev = it->cursor.flags & SCX_DSQ_ITER_REV;
	struct list_head *pos = &it->cursor.node;
	struct task_struct *p;
	unsigned long flags;

	if (!it->dsq)
		return NULL;

	raw_spin_lock_irqsave(&it->dsq->lock, flags);

	p = scx_dsq_next_from(it->dsq,
			      list_empty(pos) ? &it->dsq->list : pos, rev);
	while (p && !scx_dsq_iter_covers(it, p))
		p = scx_dsq_next_from(it->dsq, &p->scx.dsq_list.node, rev);

	/*
	 * The cursor is put next to @p, on the side that the walk goes to. If
	 * @p is moved elsewhere, the walk goes on from the cursor.
	 */
	list_del_init(pos);
	if (p && rev)
		list_add_tail(pos, &p->scx.dsq_list.node);
	else if (p)
		list_add(pos, &p->scx.dsq_list.node);

	raw_spin_unlock_irqrestore(&it->dsq->lock, flags);
	return p;
}

/**
 * scx_dsq_iter_destroy - Stop walking
 * @it: the iterator
 */
void scx_dsq_iter_destroy(struct scx_dsq_iter *it)
{
	unsigned long flags;

	if (!it->dsq)
		return;

	raw_spin_lock_irqsave(&it->dsq->lock, flags);
	list_del_init(&it->cursor.node);
	raw_spin_unlock_irqrestore(&it->dsq->lock, flags);
	it->dsq = NULL;
}
