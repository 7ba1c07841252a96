/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched_ext: what a task and a dispatch queue carry.
 *
 * linux/sched.h embeds struct sched_ext_entity in every task, so only leaf
 * headers may be included from here.
 */
#ifndef _LINUX_SCHED_EXT_H
#define _LINUX_SCHED_EXT_H

#ifdef CONFIG_SCHED_CLASS_EXT

#include <linux/llist.h>
#include <linux/rhashtable-types.h>

struct scx_sched;

enum scx_public_consts {
	SCX_OPS_NAME_LEN	= 128,

	SCX_SLICE_DFL		= 20 * 1000000,	/* 20 ms, in nanoseconds */
	SCX_SLICE_BYPASS	= 5 * 1000000,	/* 5 ms, unless slice_bypass_us */
	SCX_SLICE_INF		= U64_MAX,	/* never charged, nohz friendly */
};

/*
 * DSQ ids are 64 bits wide:
 *
 *   63        62         61 .. 32    31 .. 0
 *   BUILTIN   LOCAL_ON   reserved    built-in number, or CPU for LOCAL_ON
 *
 * Every id with bit 63 clear is free for the BPF scheduler.
 */
enum scx_dsq_id_flags {
	SCX_DSQ_FLAG_BUILTIN	= 1LLU << 63,
	SCX_DSQ_FLAG_LOCAL_ON	= 1LLU << 62,

	SCX_DSQ_INVALID		= SCX_DSQ_FLAG_BUILTIN | 0,
	SCX_DSQ_GLOBAL		= SCX_DSQ_FLAG_BUILTIN | 1,
	SCX_DSQ_LOCAL		= SCX_DSQ_FLAG_BUILTIN | 2,
	SCX_DSQ_LOCAL_ON	= SCX_DSQ_FLAG_BUILTIN | SCX_DSQ_FLAG_LOCAL_ON,
	SCX_DSQ_LOCAL_CPU_MASK	= 0xffffffffLLU,
};

/**
 * struct scx_dispatch_q - a queue of runnable tasks
 * @lock: guards everything below; a local DSQ is guarded by its rq lock instead
 * @list: tasks and iterator cursors, in the order they are going to be taken
 * @priq: the same tasks by vtime; empty while the DSQ is used as a FIFO
 * @nr: tasks on @list, cursors not counted; may be read without @lock
 * @seq: number of insertions so far, lets an iterator ignore later arrivals
 * @id: SCX_DSQ_LOCAL, SCX_DSQ_GLOBAL or a user id
 * @first_task: first task of a user DSQ, for scx_bpf_dsq_peek()
 * @reenq_state: enum scx_dsq_reenq_state, and SCX_DSQ_DEAD
 * @reenq_round: round of the requested re-enqueue, see ext_dispatch_reenq.c
 * @reenq_node: in its scheduler's list of DSQs whose tasks are re-enqueued
 * @hash_node: in the hash of user DSQs of its scheduler
 * @free_node: waiting for the irq_work that hands it to RCU
 * @rcu: readers find DSQs under RCU, so the memory goes after a grace period
 */
struct scx_dispatch_q {
	raw_spinlock_t		lock;
	u8			reenq_state;
	u16			reenq_round;
	struct list_head	list;
	struct rb_root		priq;
	u32			nr;
	u32			seq;
	u64			id;
	struct task_struct __rcu *first_task;
	struct llist_node	reenq_node;
	struct rhash_head	hash_node;
	struct llist_node	free_node;
	struct rcu_head		rcu;
};

/* sched_ext_entity::flags, written under the lock of the task's rq */
enum scx_ent_flags {
	SCX_TASK_QUEUED		= 1 << 0,	/* on a runqueue as ext task */
	SCX_TASK_RESET_RUNNABLE_AT = 1 << 2,	/* restart stall timing next time */
	SCX_TASK_DEQD_FOR_SLEEP	= 1 << 3,	/* last dequeue was a sleep */
	SCX_TASK_IMMED		= 1 << 5,	/* to run at once or not there */

	SCX_TASK_STATE_SHIFT	= 8,		/* enum scx_task_state lives here */
	SCX_TASK_STATE_BITS	= 2,
	SCX_TASK_STATE_MASK	= ((1 << SCX_TASK_STATE_BITS) - 1) <<
				  SCX_TASK_STATE_SHIFT,

	/* Why ops.enqueue() is called for a task again, set during the call */
	SCX_TASK_REENQ_REASON_SHIFT = 12,
	SCX_TASK_REENQ_REASON_BITS = 3,
	SCX_TASK_REENQ_REASON_MASK = ((1 << SCX_TASK_REENQ_REASON_BITS) - 1) <<
				  SCX_TASK_REENQ_REASON_SHIFT,
	SCX_TASK_REENQ_NONE	= 0 << SCX_TASK_REENQ_REASON_SHIFT,
	SCX_TASK_REENQ_KFUNC	= 1 << SCX_TASK_REENQ_REASON_SHIFT,
	SCX_TASK_REENQ_IMMED	= 2 << SCX_TASK_REENQ_REASON_SHIFT,
	SCX_TASK_REENQ_AFFINITY	= 7 << SCX_TASK_REENQ_REASON_SHIFT,

	SCX_TASK_EXITED		= 1 << 16,	/* switched out for good */

	SCX_TASK_CURSOR		= 1 << 31,	/* iteration marker, not a task */
};

/*
 *          init_task()         ready             enable()
 *   NONE ------------> INIT ----------> READY <----------> ENABLED
 *    ^                   |                |     disable()
 *    |    exit_task()    |                |
 *    +-------------------+----------------+
 */
enum scx_task_state {
	SCX_TASK_NONE,		/* no scheduler knows the task */
	SCX_TASK_INIT,		/* ops.init_task() succeeded */
	SCX_TASK_READY,		/* may enter the class */
	SCX_TASK_ENABLED,	/* in the class */

	SCX_TASK_NR_STATES,
};

/* sched_ext_entity::dsq_flags, guarded like the DSQ the task is on */
enum scx_ent_dsq_flags {
	SCX_TASK_DSQ_ON_PRIQ	= 1 << 0,	/* on ->priq, not just ->list */
};

/* scx_dsq_list_node::flags; the upper half belongs to the iterator */
enum scx_dsq_lnode_flags {
	SCX_DSQ_LNODE_ITER_CURSOR = 1 << 0,

	__SCX_DSQ_LNODE_PRIV_SHIFT = 16,
};

/**
 * struct scx_dsq_list_node - link in scx_dispatch_q::list
 * @node: the link
 * @flags: SCX_DSQ_LNODE_*, and SCX_DSQ_ITER_* for a cursor
 * @priv: for a cursor, the DSQ's @seq when the iteration began
 */
struct scx_dsq_list_node {
	struct list_head	node;
	u32			flags;
	u32			priv;
};

/**
 * struct sched_ext_entity - a task's part in sched_ext
 * @dsq: DSQ the task is on; written with the rq lock held, or by the
 *	dispatcher that owns the task while @ops_state says DISPATCHING
 * @dsq_list: link in that DSQ, or in the rq's list of deferred insertions
 * @dsq_priq: link in that DSQ's vtime tree
 * @dsq_seq: the DSQ's @seq at insertion
 * @dsq_flags: enum scx_ent_dsq_flags
 * @flags: enum scx_ent_flags and the task's state
 * @weight: 1..10000, nice 0 is 100
 * @sticky_cpu: destination of a move in flight between two rqs, else -1
 * @holding_cpu: CPU that took the task off a DSQ or out of BPF's hands and is
 *	about to lock its rq; a dequeue that comes first resets it to -1
 * @selected_cpu: what select_task_rq() returned last
 * @ops_qseq: number of times the task was handed to the BPF scheduler
 * @ops_state: who owns the task, enum scx_ops_state plus the queue sequence
 * @runnable_node: on scx_rq::runnable_list while runnable and not running
 * @runnable_at: jiffies when the wait that the watchdog times began
 * @core_sched_at: position in core scheduling's default order
 * @ddsp_dsq_id: where a direct dispatch wants the task, SCX_DSQ_INVALID if
 *	there was none
 * @ddsp_enq_flags: SCX_ENQ_* of that direct dispatch
 * @slice: nanoseconds left; BPF may write it
 * @dsq_vtime: key in a vtime ordered DSQ; BPF may write it while the task is
 *	on no such DSQ
 * @disallow: set by ops.init_task() to keep the task out of SCHED_EXT
 * @excuses: how many more insertions for a CPU that it may not use are excused
 * @reenq_cnt: number of re-enqueues so far, each of which has caused the next
 * @cpus_at: low half of jiffies when the CPUs that it may use changed last
 * @tid: number that stands for the task, see %SCX_OPS_TID_TO_TASK
 * @cgrp_moving_from: source cgroup between prep_move and move
 * @sched: scheduler that initialised the task; set and cleared under the rq
 *	lock, stable while the state is not SCX_TASK_NONE
 * @tasks_node: in the list of all tasks, from post_fork to the last switch
 */
struct sched_ext_entity {
	struct scx_dispatch_q	*dsq;
	struct scx_dsq_list_node dsq_list;
	struct rb_node		dsq_priq;
	u32			dsq_seq;
	u32			dsq_flags;
	u32			flags;
	u32			weight;
	s32			sticky_cpu;
	s32			holding_cpu;
	s32			selected_cpu;
	u32			ops_qseq;
	atomic_long_t		ops_state;

	struct list_head	runnable_node;
	unsigned long		runnable_at;

#ifdef CONFIG_SCHED_CORE
	u64			core_sched_at;
#endif
	u64			ddsp_dsq_id;
	u64			ddsp_enq_flags;

	/* BPF may write the next three. */
	u64			slice;
	u64			dsq_vtime;
	bool			disallow;

	u8			excuses;
	u16			reenq_cnt;
	u32			cpus_at;
	u64			tid;

#ifdef CONFIG_EXT_GROUP_SCHED
	struct cgroup		*cgrp_moving_from;
#endif
	struct scx_sched	*sched;
	struct list_head	tasks_node;
};

void sched_ext_dead(struct task_struct *p);
void print_scx_info(const char *log_lvl, struct task_struct *p);
void scx_softlockup(u32 dur_s);
bool scx_hardlockup(int cpu);
bool scx_rcu_cpu_stall(void);

#else	/* !CONFIG_SCHED_CLASS_EXT */

static inline void sched_ext_dead(struct task_struct *p) {}
static inline void print_scx_info(const char *log_lvl,
				  struct task_struct *p) {}
static inline void scx_softlockup(u32 dur_s) {}
static inline bool scx_hardlockup(int cpu) { return false; }
static inline bool scx_rcu_cpu_stall(void) { return false; }

#endif	/* CONFIG_SCHED_CLASS_EXT */
#endif	/* _LINUX_SCHED_EXT_H */
