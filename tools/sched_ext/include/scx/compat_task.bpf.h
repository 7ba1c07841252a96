/* SPDX-License-Identifier: GPL-2.0 */
/* Compatible forms of the functions and fields that tell about tasks. */
#ifndef __SCX_COMPAT_TASK_BPF_H
#define __SCX_COMPAT_TASK_BPF_H

/* since v6.19 */
__weak_ksym bool scx_bpf_task_set_slice___new(struct task_struct *p, u64 slice);
__weak_ksym bool scx_bpf_task_set_dsq_vtime___new(struct task_struct *p, u64 vtime);

/* only with CONFIG_CGROUP_SCHED */
__weak_ksym struct cgroup *scx_bpf_task_cgroup___new(struct task_struct *p);

/* Set what is left of the slice of @p; false if @p belongs to another scheduler. */
static __always_inline bool scx_bpf_task_set_slice(struct task_struct *p, u64 slice)
{
	if (bpf_ksym_exists(scx_bpf_task_set_slice___new))
		return scx_bpf_task_set_slice___new(p, slice);
	p->scx.slice = slice;
	return true;
}

/* Set the place of @p in queues ordered by virtual time, while @p is on none. */
static __always_inline bool scx_bpf_task_set_dsq_vtime(struct task_struct *p, u64 vtime)
{
	if (bpf_ksym_exists(scx_bpf_task_set_dsq_vtime___new))
		return scx_bpf_task_set_dsq_vtime___new(p, vtime);
	p->scx.dsq_vtime = vtime;
	return true;
}

/* The cgroup of @p for the scheduler; release it with bpf_cgroup_release(). */
#define scx_bpf_task_cgroup(p)						\
	(bpf_ksym_exists(scx_bpf_task_cgroup___new) ?			\
	 scx_bpf_task_cgroup___new(p) : bpf_cgroup_from_id(1))

#define __COMPAT_scx_bpf_task_cgroup scx_bpf_task_cgroup

/*
 * Was ops.select_cpu() called before this enqueue? Kernels without a flag for this
 * always call it. The flavour of the enum makes the test independent of the kernel
 * that the program was compiled against.
 */
enum scx_enq_flags___cpu_selected {
	SCX_ENQ_CPU_SELECTED___exists = 1,
};

static __always_inline bool __COMPAT_is_enq_cpu_selected(u64 enq_flags)
{
	if (!bpf_core_enum_value_exists(enum scx_enq_flags___cpu_selected,
					SCX_ENQ_CPU_SELECTED___exists))
		return true;
	return enq_flags & SCX_ENQ_CPU_SELECTED;
}

/* This member exists if and only if the kernel has preemptible RCU. */
struct task_struct___preempt_rcu {
	int rcu_read_lock_nesting;
} __attribute__((preserve_access_index));

/*
 * Do BPF programs disable migration of the task in which they run? Until v6.18 they
 * all did; since then they do only if RCU read sections can be preempted.
 */
static __always_inline bool __scx_bpf_pins_current(void)
{
	return LINUX_KERNEL_VERSION < KERNEL_VERSION(6, 18, 0) ||
	       bpf_core_field_exists(struct task_struct___preempt_rcu,
				     rcu_read_lock_nesting);
}

/**
 * is_migration_disabled - may @p not leave its CPU for the time being?
 * @p: the task
 *
 * For the current task, the entry into this very program counts as one, and must
 * not be mistaken for the task's own.
 */
static __always_inline bool is_migration_disabled(const struct task_struct *p)
{
	if (p->migration_disabled == 1 && __scx_bpf_pins_current())
		return bpf_get_current_task_btf() != p;
	return p->migration_disabled;
}

#endif /* __SCX_COMPAT_TASK_BPF_H */
