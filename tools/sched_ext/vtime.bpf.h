/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For schedulers with queues that are ordered by virtual time.
 *
 * Tasks that share a queue share a clock: the furthest virtual time at which
 * one of them was started. Clocks are advanced without a lock. A lost update
 * leaves a clock behind for a moment, which moves the limit for tasks that slept.
 */
#ifndef __SCX_VTIME_BPF_H
#define __SCX_VTIME_BPF_H

/* How many tasks of a queue to look at in search of one for a CPU. */
#define VTIME_LOOK_MAX	32

/* The least virtual time that a task may claim after sleeping: a slice before @clock. */
static __always_inline u64 vtime_claim(const struct task_struct *p, u64 clock, u64 slice)
{
	u64 least = clock - slice;

	return time_after(p->scx.dsq_vtime, least) ? p->scx.dsq_vtime : least;
}

/* @vtime plus the cost of what @p has used of @slice so far. */
static __always_inline u64 vtime_after_run(const struct task_struct *p, u64 vtime, u64 slice)
{
	u64 left = p->scx.slice;

	if (left >= slice)
		return vtime;
	return vtime + scale_by_task_weight_inverse(p, slice - left);
}

static __always_inline void vtime_advance(u64 *clock, u64 vtime)
{
	if (time_before(*clock, vtime))
		*clock = vtime;
}

enum vtime_rank {
	VTIME_ALONE,		/* nobody in the queue can use the CPU */
	VTIME_FIRST,
	VTIME_BEHIND,
};

/*
 * Which place would a task at @vtime have among those that wait in queue @dsq for
 * @cpu? In FIFO queues, the tasks that wait go first.
 */
static __always_inline enum vtime_rank vtime_rank(u64 dsq, s32 cpu, u64 vtime, bool fifo)
{
	enum vtime_rank rank = VTIME_ALONE;
	struct task_struct *p;
	int looked = 0;

	bpf_for_each(scx_dsq, p, dsq, 0) {
		bool fits = bpf_cpumask_test_cpu(cpu, p->cpus_ptr);

		if (!fits && ++looked < VTIME_LOOK_MAX)
			continue;
		rank = VTIME_BEHIND;
		if (fits && !fifo && time_before(vtime, p->scx.dsq_vtime))
			rank = VTIME_FIRST;
		break;
	}
	return rank;
}

/*
 * Let @prev, whose slice has ended, go on with another slice if it is the next task
 * for @cpu. It is not in the queue while the CPU looks for work; without the
 * comparison, all others would go first, whatever the weights.
 *
 * Time for which nobody waits is free. If it were charged, a task that has had
 * a CPU for itself would be far ahead of the clock when others arrive, and would
 * wait until they have caught up. sched_yield() would charge a slice at a time.
 */
static __always_inline bool vtime_keep(struct task_struct *prev, s32 cpu, u64 dsq,
				       u64 clock, u64 slice, bool fifo)
{
	enum vtime_rank rank;
	u64 vtime;

	if (!prev || !(prev->scx.flags & SCX_TASK_QUEUED))
		return false;
	vtime = vtime_after_run(prev, vtime_claim(prev, clock, slice), slice);
	rank = vtime_rank(dsq, cpu, vtime, fifo);
	if (rank == VTIME_BEHIND)
		return false;
	if (rank == VTIME_FIRST)
		scx_bpf_task_set_dsq_vtime(prev, vtime);
	scx_bpf_task_set_slice(prev, slice);
	return true;
}

/*
 * For ops.enqueue(): a CPU may have become idle since @p looked for one, and
 * some tasks are enqueued without having looked for a CPU at all.
 */
static __always_inline void wake_idle_cpu(const struct cpumask *allowed)
{
	s32 cpu = scx_bpf_pick_idle_cpu(allowed, 0);

	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
}

#endif /* __SCX_VTIME_BPF_H */
