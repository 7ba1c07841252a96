/* SPDX-License-Identifier: GPL-2.0 */
/* Compatible forms of the functions that deal with CPUs, NUMA nodes and time. */
#ifndef __SCX_COMPAT_CPU_BPF_H
#define __SCX_COMPAT_CPU_BPF_H

/* Arguments that are passed in a struct since v6.19; laid out as in the kernel. */
struct scx_bpf_select_cpu_and_args___compat {
	s32 prev_cpu;
	u64 wake_flags;
	u64 flags;
};

/* since v6.19 and v6.16 */
__weak_ksym s32
__scx_bpf_select_cpu_and(struct task_struct *p, const struct cpumask *cpus_allowed,
			 struct scx_bpf_select_cpu_and_args___compat *args);
__weak_ksym s32
scx_bpf_select_cpu_and___compat(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
				const struct cpumask *cpus_allowed, u64 flags);

/*
 * For kernels without either: @prev_cpu if it is idle, otherwise any idle CPU that
 * is in both masks. Finding the latter takes a mask of our own.
 */
static __always_inline s32
__scx_pick_idle_and(struct task_struct *p, s32 prev_cpu,
		    const struct cpumask *cpus_allowed, u64 flags)
{
	struct bpf_cpumask *both;
	s32 cpu = -EBUSY;

	if (!(flags & SCX_PICK_IDLE_CORE) &&
	    bpf_cpumask_test_cpu(prev_cpu, p->cpus_ptr) &&
	    bpf_cpumask_test_cpu(prev_cpu, cpus_allowed) &&
	    scx_bpf_test_and_clear_cpu_idle(prev_cpu))
		return prev_cpu;

	both = bpf_cpumask_create();
	if (!both)
		return -EBUSY;
	if (bpf_cpumask_and(both, p->cpus_ptr, cpus_allowed))
		cpu = scx_bpf_pick_idle_cpu(cast_mask(both), flags);
	bpf_cpumask_release(both);
	return cpu;
}

static __always_inline bool __scx_has_select_args(void)
{
	return bpf_core_type_exists(struct scx_bpf_select_cpu_and_args___compat);
}

/**
 * scx_bpf_select_cpu_and - pick and claim an idle CPU out of a mask
 * @p: the task to find one for
 * @prev_cpu: where it ran last
 * @wake_flags: SCX_WAKE_*
 * @cpus_allowed: consider only these CPUs, and of them only those that @p may use
 * @flags: SCX_PICK_IDLE_*
 *
 * Return: the CPU, or a negative errno if none is idle.
 */
static __scx_wrapper s32
scx_bpf_select_cpu_and(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
		       const struct cpumask *cpus_allowed, u64 flags)
{
	if (__scx_has_select_args()) {
		struct scx_bpf_select_cpu_and_args___compat args = {
			.prev_cpu	= prev_cpu,
			.wake_flags	= wake_flags,
			.flags		= flags,
		};

		return __scx_bpf_select_cpu_and(p, cpus_allowed, &args);
	}

	if (bpf_ksym_exists(scx_bpf_select_cpu_and___compat))
		return scx_bpf_select_cpu_and___compat(p, prev_cpu, wake_flags,
						       cpus_allowed, flags);
	return __scx_pick_idle_and(p, prev_cpu, cpus_allowed, flags);
}

#define __COMPAT_scx_bpf_select_cpu_and scx_bpf_select_cpu_and

/*
 * NUMA nodes, since v6.15. Kernels without them have one set of idle masks, so the
 * functions for a node become those for the machine.
 */
static __always_inline u32 __COMPAT_scx_bpf_nr_node_ids(void)
{
	return bpf_ksym_exists(scx_bpf_nr_node_ids) ? scx_bpf_nr_node_ids() : 1;
}

static __always_inline int __COMPAT_scx_bpf_cpu_node(s32 cpu)
{
	return bpf_ksym_exists(scx_bpf_cpu_node) ? scx_bpf_cpu_node(cpu) : 0;
}

static __always_inline const struct cpumask *
__COMPAT_scx_bpf_get_idle_cpumask_node(int node)
{
	if (bpf_ksym_exists(scx_bpf_get_idle_cpumask_node))
		return scx_bpf_get_idle_cpumask_node(node);
	return scx_bpf_get_idle_cpumask();
}

static __always_inline const struct cpumask *
__COMPAT_scx_bpf_get_idle_smtmask_node(int node)
{
	if (bpf_ksym_exists(scx_bpf_get_idle_smtmask_node))
		return scx_bpf_get_idle_smtmask_node(node);
	return scx_bpf_get_idle_smtmask();
}

static __always_inline s32
__COMPAT_scx_bpf_pick_idle_cpu_node(const struct cpumask *cpus_allowed, int node, u64 flags)
{
	if (bpf_ksym_exists(scx_bpf_pick_idle_cpu_node))
		return scx_bpf_pick_idle_cpu_node(cpus_allowed, node, flags);
	return scx_bpf_pick_idle_cpu(cpus_allowed, flags);
}

static __always_inline s32
__COMPAT_scx_bpf_pick_any_cpu_node(const struct cpumask *cpus_allowed, int node, u64 flags)
{
	if (bpf_ksym_exists(scx_bpf_pick_any_cpu_node))
		return scx_bpf_pick_any_cpu_node(cpus_allowed, node, flags);
	return scx_bpf_pick_any_cpu(cpus_allowed, flags);
}

/* The task that runs on @cpu, since v6.18; before that through its run queue. */
static __always_inline struct task_struct *__COMPAT_scx_bpf_cpu_curr(int cpu)
{
	struct rq *rq;

	if (bpf_ksym_exists(scx_bpf_cpu_curr))
		return scx_bpf_cpu_curr(cpu);
	rq = scx_bpf_cpu_rq(cpu);
	return rq ? rq->curr : NULL;
}

/* Current time in ns, since v6.14: the run queue's clock where that is fresh. */
#define scx_bpf_now()							\
	(bpf_ksym_exists(scx_bpf_now) ? scx_bpf_now() : bpf_ktime_get_ns())

/* Event counters of the scheduler, since v6.15; before that nothing is written. */
#define __COMPAT_scx_bpf_events(events, size) do {			\
	if (bpf_ksym_exists(scx_bpf_events))				\
		scx_bpf_events(events, size);				\
} while (0)

/* One counter of struct scx_event_stats, zero if the kernel does not have it. */
#define scx_read_event(e, name)						\
	(bpf_core_field_exists((e)->name) ? (e)->name : 0)

/* For sources written when SCX_KICK_IDLE was new. */
#define __COMPAT_SCX_KICK_IDLE SCX_KICK_IDLE

/* Copy a bitmap into a CPU mask, since v6.15. */
static __always_inline int
__COMPAT_bpf_cpumask_populate(struct cpumask *dst, void *src, size_t src__sz)
{
	if (bpf_ksym_exists(bpf_cpumask_populate))
		return bpf_cpumask_populate(dst, src, src__sz);
	return -EOPNOTSUPP;
}

#endif /* __SCX_COMPAT_CPU_BPF_H */
