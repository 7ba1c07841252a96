/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched_ext: what the scheduler core calls, with stubs for kernels without it.
 *
 * Included at the end of kernel/sched/sched.h.
 */
#ifndef _KERNEL_SCHED_EXT_H
#define _KERNEL_SCHED_EXT_H

#ifdef CONFIG_SCHED_CLASS_EXT

void init_sched_ext_class(void);
void init_scx_entity(struct sched_ext_entity *scx);

void scx_pre_fork(struct task_struct *p);
int scx_fork(struct task_struct *p);
void scx_post_fork(struct task_struct *p);
void scx_cancel_fork(struct task_struct *p);

bool task_should_scx(int policy);
int scx_check_setscheduler(struct task_struct *p, int policy);
extern bool scx_queued_wakeups;

void scx_tick(struct rq *rq);
bool scx_can_stop_tick(struct rq *rq);
u32 scx_cpuperf_target(s32 cpu);

void scx_rq_activate(struct rq *rq);
void scx_rq_evacuate(struct rq *rq);
void scx_rq_deactivate(struct rq *rq);

struct task_struct *scx_pick_next_task(struct rq *rq, struct rq_flags *rf);
struct task_struct *scx_server_pick_task(struct rq *rq);

/*
 * scx_bpf_now() returns the clock of this CPU's runqueue while that clock is
 * current: from update_rq_clock() until this CPU drops a runqueue lock. This
 * may be any runqueue's, because siblings share one under core scheduling. IRQs
 * are off in between, and no other CPU writes the clock. 0 means no clock.
 *
 * Withdrawing does not ask scx_enabled(), so that a clock which was published
 * just before a scheduler was removed is withdrawn as well.
 */
static inline void scx_rq_clock_publish(struct rq *rq, u64 clock)
{
	if (scx_enabled() && cpu_of(rq) == raw_smp_processor_id())
		rq->scx.clock = clock;
}

static inline void scx_rq_clock_withdraw(void)
{
	__this_cpu_write(runqueues.scx.clock, 0);
}

/*
 * Is the deadline server of the CPU's normal tasks the next to be asked for a
 * task? It may pick one of this class although higher classes have work.
 */
static inline bool scx_server_first(struct rq *rq)
{
	return scx_enabled() && !sched_stop_runnable(rq) &&
	       rq->dl.root.rb_leftmost == &rq->fair_server.rb_node;
}

/* Lockless: true if @p is handled by a loaded BPF scheduler right now. */
static inline bool task_on_scx(const struct task_struct *p)
{
	return scx_enabled() && p->sched_class == &ext_sched_class;
}

/*
 * May a wakeup of @p go through the wake list? Not if the BPF scheduler insists
 * on ops.select_cpu().
 */
static inline bool scx_allow_ttwu_queue(const struct task_struct *p)
{
	return !task_on_scx(p) || READ_ONCE(scx_queued_wakeups);
}

#ifdef CONFIG_SCHED_CORE
bool scx_prio_less(const struct task_struct *a, const struct task_struct *b,
		   bool in_fi);
#endif

#else	/* !CONFIG_SCHED_CLASS_EXT */

static inline void scx_pre_fork(struct task_struct *p) {}
static inline int scx_fork(struct task_struct *p) { return 0; }
static inline void scx_post_fork(struct task_struct *p) {}
static inline void scx_cancel_fork(struct task_struct *p) {}
static inline int scx_check_setscheduler(struct task_struct *p, int policy)
{
	return 0;
}

static inline bool scx_allow_ttwu_queue(const struct task_struct *p)
{
	return true;
}

static inline struct task_struct *scx_pick_next_task(struct rq *rq,
						     struct rq_flags *rf)
{
	return NULL;
}

static inline struct task_struct *scx_server_pick_task(struct rq *rq)
{
	return NULL;
}

static inline void scx_rq_clock_publish(struct rq *rq, u64 clock) {}
static inline void scx_rq_clock_withdraw(void) {}
static inline void scx_tick(struct rq *rq) {}
static inline bool scx_can_stop_tick(struct rq *rq) { return true; }
static inline u32 scx_cpuperf_target(s32 cpu) { return 0; }
static inline void scx_rq_activate(struct rq *rq) {}
static inline void scx_rq_evacuate(struct rq *rq) {}
static inline void scx_rq_deactivate(struct rq *rq) {}
static inline bool task_on_scx(const struct task_struct *p) { return false; }
static inline void init_sched_ext_class(void) {}

#endif	/* CONFIG_SCHED_CLASS_EXT */

#ifdef CONFIG_SCHED_CLASS_EXT
#ifdef CONFIG_SMP
void __scx_update_idle(struct rq *rq, bool idle, bool do_notify);
#else
static inline void __scx_update_idle(struct rq *rq, bool idle, bool do_notify) {}
#endif
void scx_immed_idle_ends(struct rq *rq);

/* The idle class calls this on real transitions and on idle re-picks. */
static inline void scx_update_idle(struct rq *rq, bool idle, bool do_notify)
{
	if (!scx_enabled())
		return;
	__scx_update_idle(rq, idle, do_notify);
	if (!idle && unlikely(rq->scx.immed))
		scx_immed_idle_ends(rq);
}
#else
static inline void scx_update_idle(struct rq *rq, bool idle, bool do_notify) {}
#endif

#ifdef CONFIG_CGROUP_SCHED
#ifdef CONFIG_EXT_GROUP_SCHED
void scx_tg_init(struct task_group *tg);
int scx_tg_online(struct task_group *tg);
void scx_tg_offline(struct task_group *tg);
int scx_cgroup_can_attach(struct cgroup_taskset *tset);
void scx_cgroup_move_task(struct task_struct *p);
void scx_cgroup_finish_attach(void);
void scx_cgroup_cancel_attach(struct cgroup_taskset *tset);
void scx_group_set_weight(struct task_group *tg, unsigned long cgrp_weight);
void scx_group_set_idle(struct task_group *tg, bool idle);
void scx_group_set_bandwidth(struct task_group *tg, u64 period_us,
			     u64 quota_us, u64 burst_us);
#else
static inline void scx_tg_init(struct task_group *tg) {}
static inline int scx_tg_online(struct task_group *tg) { return 0; }
static inline void scx_tg_offline(struct task_group *tg) {}
static inline int scx_cgroup_can_attach(struct cgroup_taskset *tset)
{
	return 0;
}

static inline void scx_cgroup_move_task(struct task_struct *p) {}
static inline void scx_cgroup_finish_attach(void) {}
static inline void scx_cgroup_cancel_attach(struct cgroup_taskset *tset) {}
static inline void scx_group_set_weight(struct task_group *tg,
					unsigned long cgrp_weight) {}
static inline void scx_group_set_idle(struct task_group *tg, bool idle) {}
static inline void scx_group_set_bandwidth(struct task_group *tg,
					   u64 period_us, u64 quota_us,
					   u64 burst_us) {}
#endif
#endif

#endif	/* _KERNEL_SCHED_EXT_H */
