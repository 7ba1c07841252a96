// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: kfuncs about idle CPUs, and the default CPU selection.
 */
#include "ext_idle.h"
#include "ext_kfunc.h"

/*
 * Selection: the default policy, for one task.
 */

static bool tracking_or_error(struct scx_sched *sch, const char *kfunc)
{
	if (likely(scx_idle_tracking()))
		return true;

	scx_error(sch, "%s(): ops.update_idle() replaces the built-in idle tracking",
		  kfunc);
	return false;
}

/* A callback that may sleep, or a syscall program, has no frame. */
static bool really_migration_disabled(struct task_struct *p)
{
	return scx_migration_disabled(p, !scx_op_current());
}

/* There is nothing to search for if @p can run on one CPU only. */
static s32 claim_only_cpu(struct task_struct *p, const struct cpumask *allowed)
{
	s32 cpu = task_cpu(p);

	if (!really_migration_disabled(p))
		cpu = cpumask_first(p->cpus_ptr);

	if (cpu < nr_cpu_ids && (!allowed || cpumask_test_cpu(cpu, allowed)) &&
	    scx_idle_claim(cpu))
		return cpu;
	return -EBUSY;
}

/* The pi_lock or rq lock keeps @p's affinity stable; see select_cpu(). */
static s32 search(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
		  const struct cpumask *allowed, u64 flags)
{
	if (p->nr_cpus_allowed == 1 || really_migration_disabled(p))
		return claim_only_cpu(p, allowed);

	return scx_idle_select_cpu(p, prev_cpu, wake_flags, allowed, flags);
}

static s32 lock_and_search(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
			   const struct cpumask *allowed, u64 flags)
{
	struct rq_flags rf;
	struct rq *rq;
	s32 cpu;

	rq = task_rq_lock(p, &rf);
	cpu = search(p, prev_cpu, wake_flags, allowed, flags);
	task_rq_unlock(rq, p, &rf);
	return cpu;
}

static s32 select_cpu(struct scx_sched *sch, const char *kfunc,
		      struct task_struct *p, s32 prev_cpu, u64 wake_flags,
		      const struct cpumask *allowed, u64 flags)
{
	struct scx_op_frame *f = scx_op_current();

	if (!scx_error_cpu_valid(sch, prev_cpu, kfunc))
		return -EINVAL;
	if (!tracking_or_error(sch, kfunc))
		return -EBUSY;

	/*
	 * ops.select_cpu() runs under the pi_lock of its subject, ops.enqueue()
	 * under the rq lock. For any other task the search may see an affinity
	 * that is being changed, and find a CPU that the task cannot use. That
	 * is noticed when the task is sent there.
	 */
	if (f && (f->op == SCX_OP_IDX(select_cpu) ||
		  f->op == SCX_OP_IDX(enqueue)))
		return search(p, prev_cpu, wake_flags, allowed, flags);

	if (!scx_kfunc_unlocked()) {
		scx_error(sch, "%s() called with an rq locked by an op other than ops.enqueue()",
			  kfunc);
		return -EPERM;
	}

	return lock_and_search(p, prev_cpu, wake_flags, allowed, flags);
}

__bpf_kfunc_start_defs();

/**
 * scx_bpf_select_cpu_dfl - The default choice of a CPU
 * @p: task to find a CPU for
 * @prev_cpu: CPU it ran on last
 * @wake_flags: SCX_WAKE_*
 * @is_idle: set to whether the CPU is idle, and claimed for @p
 *
 * For ops.select_cpu(), ops.enqueue(), callbacks without an rq lock and
 * SYSCALL programs. @p is not inserted anywhere.
 *
 * Errors: an invalid @prev_cpu; idle CPUs are not tracked, see
 * ops.update_idle().
 *
 * Return: an idle CPU if there is one, else @prev_cpu; -ENODEV if no scheduler
 * is loaded.
 */
__bpf_kfunc s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu,
				       u64 wake_flags, bool *is_idle)
{
	struct scx_sched *sch;
	s32 cpu;

	*is_idle = false;

	guard(rcu)();
	sch = scx_kfunc_sched();
	if (unlikely(!sch))
		return -ENODEV;

	cpu = select_cpu(sch, __func__, p, prev_cpu, wake_flags, NULL, 0);
	if (cpu < 0)
		return prev_cpu;

	*is_idle = true;
	return cpu;
}

/**
 * scx_bpf_select_cpu_and - The default choice out of some CPUs
 * @p: task to find a CPU for
 * @prev_cpu: CPU it ran on last
 * @wake_flags: SCX_WAKE_*
 * @cpus_allowed: CPUs to choose from, out of those that @p's affinity allows
 * @flags: SCX_PICK_IDLE_*
 *
 * May be called from the same places as scx_bpf_select_cpu_dfl().
 *
 * Errors: as scx_bpf_select_cpu_dfl().
 *
 * Return: an idle CPU, claimed for @p; -EBUSY if there is none, -ENODEV if no
 * scheduler is loaded, another errno if the call was wrong.
 */
__bpf_kfunc s32 scx_bpf_select_cpu_and(struct task_struct *p, s32 prev_cpu,
				       u64 wake_flags,
				       const struct cpumask *cpus_allowed,
				       u64 flags)
{
	struct scx_sched *sch;

	guard(rcu)();
	sch = scx_kfunc_sched();
	if (unlikely(!sch))
		return -ENODEV;

	return select_cpu(sch, __func__, p, prev_cpu, wake_flags, cpus_allowed,
			  flags);
}

/**
 * struct scx_bpf_select_cpu_and_args - for __scx_bpf_select_cpu_and()
 * @prev_cpu: CPU that the task ran on last
 * @wake_flags: SCX_WAKE_*
 * @flags: SCX_PICK_IDLE_*
 */
struct scx_bpf_select_cpu_and_args {
	s32	prev_cpu;
	u64	wake_flags;
	u64	flags;
};

/**
 * __scx_bpf_select_cpu_and - scx_bpf_select_cpu_and() with few arguments
 * @p: task to find a CPU for
 * @cpus_allowed: CPUs to choose from, out of those that @p's affinity allows
 * @args: the others
 *
 * Since 6.19.
 *
 * Errors: as scx_bpf_select_cpu_dfl().
 *
 * Return: as scx_bpf_select_cpu_and().
 */
__bpf_kfunc s32
__scx_bpf_select_cpu_and(struct task_struct *p, const struct cpumask *cpus_allowed,
			 struct scx_bpf_select_cpu_and_args *args)
{
	struct scx_sched *sch;

	guard(rcu)();
	sch = scx_kfunc_sched();
	if (unlikely(!sch))
		return -ENODEV;

	return select_cpu(sch, "scx_bpf_select_cpu_and", p, args->prev_cpu,
			  args->wake_flags, cpus_allowed, args->flags);
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(scx_kfunc_ids_select_cpu)
BTF_ID_FLAGS(func, scx_bpf_select_cpu_dfl, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_select_cpu_and, KF_RCU)
BTF_ID_FLAGS(func, __scx_bpf_select_cpu_and, KF_RCU)
BTF_KFUNCS_END(scx_kfunc_ids_select_cpu)

SCX_KFUNC_SET(select_cpu);

/*
 * Tracking: masks, claims, picks.
 */

/* For kfuncs that do not take a node. */
static bool machine_wide_or_error(struct scx_sched *sch, const char *kfunc)
{
	if (!tracking_or_error(sch, kfunc))
		return false;
	if (likely(!scx_idle_per_node()))
		return true;

	scx_error(sch, "%s() does not go with SCX_OPS_BUILTIN_IDLE_PER_NODE, use %s_node()",
		  kfunc, kfunc);
	return false;
}

/* For kfuncs that take a node; returns 0, or an errno if it cannot be used. */
static int check_node(struct scx_sched *sch, const char *kfunc, int node)
{
	if (!scx_idle_per_node()) {
		scx_error(sch, "%s() needs SCX_OPS_BUILTIN_IDLE_PER_NODE",
			  kfunc);
		return -EOPNOTSUPP;
	}
	if (node == NUMA_NO_NODE)
		return -ENOENT;
	if (node >= 0 && node < nr_node_ids && node_possible(node))
		return 0;

	scx_error(sch, "invalid node %d from %s()", node, kfunc);
	return -EINVAL;
}

static const struct cpumask *
machine_mask(const char *kfunc, const struct cpumask *(*get)(int node))
{
	struct scx_sched *sch;

	guard(rcu)();
	sch = scx_kfunc_sched();
	if (unlikely(!sch) || !machine_wide_or_error(sch, kfunc))
		return cpu_none_mask;
	return get(NUMA_NO_NODE);
}

static const struct cpumask *
node_mask(const char *kfunc, int node, const struct cpumask *(*get)(int node))
{
	struct scx_sched *sch;

	guard(rcu)();
	sch = scx_kfunc_sched();
	if (unlikely(!sch) || check_node(sch, kfunc, node) ||
	    !tracking_or_error(sch, kfunc))
		return cpu_none_mask;
	return get(node);
}

/* Any CPU of @allowed, on @node if that is not %NUMA_NO_NODE. */
static s32 any_cpu(const struct cpumask *allowed, int node)
{
	u32 cpu;

	if (node == NUMA_NO_NODE)
		cpu = cpumask_any_distribute(allowed);
	else
		cpu = cpumask_any_and_distribute(cpumask_of_node(node), allowed);

	return cpu < nr_cpu_ids ? cpu : -EBUSY;
}

__bpf_kfunc_start_defs();

/**
 * scx_bpf_cpu_node - NUMA node of a CPU
 * @cpu: the CPU
 *
 * Errors: an invalid @cpu.
 *
 * Return: its node; %NUMA_NO_NODE if @cpu is invalid, which is an error.
 */
__bpf_kfunc int scx_bpf_cpu_node(s32 cpu)
{
	struct scx_sched *sch;

	guard(rcu)();
	sch = scx_kfunc_sched();
	if (sch ? !scx_error_cpu_valid(sch, cpu, __func__) :
	    !(cpu >= 0 && cpu < nr_cpu_ids && cpu_possible(cpu)))
		return NUMA_NO_NODE;
	return cpu_to_node(cpu);
}

/**
 * scx_bpf_get_idle_cpumask - The idle CPUs
 *
 * Errors: idle CPUs are not tracked, or with %SCX_OPS_BUILTIN_IDLE_PER_NODE.
 *
 * Return: the live mask, to be given back with scx_bpf_put_idle_cpumask();
 * empty on errors.
 */
__bpf_kfunc const struct cpumask *scx_bpf_get_idle_cpumask(void)
{
	return machine_mask(__func__, scx_idle_cpumask);
}

/**
 * scx_bpf_get_idle_cpumask_node - The idle CPUs of a node
 * @node: the node
 *
 * Errors: an invalid @node other than %NUMA_NO_NODE; idle CPUs are not
 * tracked, or without %SCX_OPS_BUILTIN_IDLE_PER_NODE.
 *
 * Return: the live mask, to be given back with scx_bpf_put_idle_cpumask();
 * empty on errors.
 */
__bpf_kfunc const struct cpumask *scx_bpf_get_idle_cpumask_node(int node)
{
	return node_mask(__func__, node, scx_idle_cpumask);
}

/**
 * scx_bpf_get_idle_smtmask - The CPUs of wholly idle cores
 *
 * Errors: as scx_bpf_get_idle_cpumask().
 *
 * Return: the live mask, to be given back with scx_bpf_put_idle_cpumask();
 * empty on errors, the idle CPUs if SMT is not active.
 */
__bpf_kfunc const struct cpumask *scx_bpf_get_idle_smtmask(void)
{
	return machine_mask(__func__, scx_idle_smtmask);
}

/**
 * scx_bpf_get_idle_smtmask_node - The CPUs of a node's wholly idle cores
 * @node: the node
 *
 * Errors: as scx_bpf_get_idle_cpumask_node().
 *
 * Return: the live mask, to be given back with scx_bpf_put_idle_cpumask();
 * empty on errors, the idle CPUs if SMT is not active.
 */
__bpf_kfunc const struct cpumask *scx_bpf_get_idle_smtmask_node(int node)
{
	return node_mask(__func__, node, scx_idle_smtmask);
}

/**
 * scx_bpf_put_idle_cpumask - Give a mask back
 * @idle_mask: what one of the functions above returned
 *
 * The masks are never freed; this is for the verifier's bookkeeping.
 */
__bpf_kfunc void scx_bpf_put_idle_cpumask(const struct cpumask *idle_mask)
{
}

/**
 * scx_bpf_test_and_clear_cpu_idle - Claim a CPU if it is idle
 * @cpu: the CPU
 *
 * Errors: an invalid @cpu; idle CPUs are not tracked.
 *
 * Return: true if @cpu was idle. It does not count as idle any more.
 */
__bpf_kfunc bool scx_bpf_test_and_clear_cpu_idle(s32 cpu)
{
	struct scx_sched *sch;

	guard(rcu)();
	sch = scx_kfunc_sched();
	return likely(sch) && tracking_or_error(sch, __func__) &&
	       scx_error_cpu_valid(sch, cpu, __func__) && scx_idle_claim(cpu);
}

/**
 * scx_bpf_pick_idle_cpu - Find and claim an idle CPU
 * @cpus_allowed: CPUs to choose from
 * @flags: SCX_PICK_IDLE_CORE
 *
 * Errors: idle CPUs are not tracked, or with %SCX_OPS_BUILTIN_IDLE_PER_NODE.
 *
 * Return: the CPU; -EBUSY if there is none or idle CPUs are not tracked, which
 * is an error, -ENODEV if no scheduler is loaded.
 */
__bpf_kfunc s32 scx_bpf_pick_idle_cpu(const struct cpumask *cpus_allowed,
				      u64 flags)
{
	struct scx_sched *sch;

	guard(rcu)();
	sch = scx_kfunc_sched();
	if (unlikely(!sch))
		return -ENODEV;
	if (!machine_wide_or_error(sch, __func__))
		return -EBUSY;
	return scx_idle_pick(cpus_allowed, NUMA_NO_NODE, flags);
}

/**
 * scx_bpf_pick_idle_cpu_node - Find and claim an idle CPU near a node
 * @cpus_allowed: CPUs to choose from
 * @node: node to begin with; nearer ones come before farther ones
 * @flags: SCX_PICK_IDLE_*
 *
 * Errors: as scx_bpf_get_idle_cpumask_node().
 *
 * Return: the CPU; -EBUSY if there is none, another errno if the call was
 * wrong, -ENODEV if no scheduler is loaded.
 */
__bpf_kfunc s32 scx_bpf_pick_idle_cpu_node(const struct cpumask *cpus_allowed,
					   int node, u64 flags)
{
	struct scx_sched *sch;
	int ret;

	guard(rcu)();
	sch = scx_kfunc_sched();
	if (unlikely(!sch))
		return -ENODEV;
	ret = check_node(sch, __func__, node);
	if (ret)
		return ret;
	if (!tracking_or_error(sch, __func__))
		return -EBUSY;
	return scx_idle_pick(cpus_allowed, node, flags);
}

/**
 * scx_bpf_pick_any_cpu - Claim an idle CPU or, failing that, take any
 * @cpus_allowed: CPUs to choose from
 * @flags: SCX_PICK_IDLE_CORE
 *
 * Works without the idle tracking, too; no CPU is known to be idle then.
 *
 * Errors: idle CPUs are tracked with %SCX_OPS_BUILTIN_IDLE_PER_NODE.
 *
 * Return: the CPU; -EBUSY if @cpus_allowed is empty, -ENODEV if no scheduler
 * is loaded.
 */
__bpf_kfunc s32 scx_bpf_pick_any_cpu(const struct cpumask *cpus_allowed,
				     u64 flags)
{
	struct scx_sched *sch;
	s32 cpu = -EBUSY;

	guard(rcu)();
	sch = scx_kfunc_sched();
	if (unlikely(!sch))
		return -ENODEV;

	if (scx_idle_tracking()) {
		if (!machine_wide_or_error(sch, __func__))
			return -EBUSY;
		cpu = scx_idle_pick(cpus_allowed, NUMA_NO_NODE, flags);
	}
	return cpu >= 0 ? cpu : any_cpu(cpus_allowed, NUMA_NO_NODE);
}

/**
 * scx_bpf_pick_any_cpu_node - Claim an idle CPU near a node, or take any
 * @cpus_allowed: CPUs to choose from
 * @node: node to begin with; nearer ones come before farther ones
 * @flags: SCX_PICK_IDLE_*; with %SCX_PICK_IDLE_IN_NODE the CPU is on @node even
 *	if it is not idle
 *
 * Errors: an invalid @node other than %NUMA_NO_NODE; without
 * %SCX_OPS_BUILTIN_IDLE_PER_NODE.
 *
 * Return: the CPU; -EBUSY if there is none, another errno if the call was
 * wrong, -ENODEV if no scheduler is loaded.
 */
__bpf_kfunc s32 scx_bpf_pick_any_cpu_node(const struct cpumask *cpus_allowed,
					  int node, u64 flags)
{
	struct scx_sched *sch;
	s32 cpu;
	int ret;

	guard(rcu)();
	sch = scx_kfunc_sched();
	if (unlikely(!sch))
		return -ENODEV;
	ret = check_node(sch, __func__, node);
	if (ret)
		return ret;

	cpu = scx_idle_tracking() ? scx_idle_pick(cpus_allowed, node, flags) :
				    -EBUSY;
	if (cpu >= 0)
		return cpu;
	return any_cpu(cpus_allowed, flags & SCX_PICK_IDLE_IN_NODE ?
		       node : NUMA_NO_NODE);
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(scx_kfunc_ids_idle)
BTF_ID_FLAGS(func, scx_bpf_cpu_node)
BTF_ID_FLAGS(func, scx_bpf_get_idle_cpumask, KF_ACQUIRE)
BTF_ID_FLAGS(func, scx_bpf_get_idle_cpumask_node, KF_ACQUIRE)
BTF_ID_FLAGS(func, scx_bpf_get_idle_smtmask, KF_ACQUIRE)
BTF_ID_FLAGS(func, scx_bpf_get_idle_smtmask_node, KF_ACQUIRE)
BTF_ID_FLAGS(func, scx_bpf_put_idle_cpumask, KF_RELEASE)
BTF_ID_FLAGS(func, scx_bpf_test_and_clear_cpu_idle)
BTF_ID_FLAGS(func, scx_bpf_pick_idle_cpu, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_pick_idle_cpu_node, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_pick_any_cpu, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_pick_any_cpu_node, KF_RCU)
BTF_KFUNCS_END(scx_kfunc_ids_idle)

SCX_KFUNC_SET(idle);
