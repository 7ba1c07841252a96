// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: the default choice of an idle CPU for a wakeup.
 *
 * The search goes from near to far, and it goes twice: first for idle cores,
 * then for idle CPUs. What is near follows from the LLC and the NUMA node of
 * the CPU that the task ran on last.
 */
#include "ext_idle.h"

/*
 * Static keys, so that distances that make no difference on this machine cost
 * nothing. They are set when a scheduler is loaded and when CPUs come or go.
 */
static DEFINE_STATIC_KEY_FALSE(select_by_llc);
static DEFINE_STATIC_KEY_FALSE(select_by_node);

/* CPUs that a task may use within an LLC or node; used with IRQs off. */
struct select_scratch {
	cpumask_var_t		allowed;
	cpumask_var_t		llc;
	cpumask_var_t		node;
};

static DEFINE_PER_CPU(struct select_scratch, select_scratch);

/**
 * struct selection - the search for a CPU for one task
 * @p: the task
 * @prev_cpu: CPU that it ran on last; CPUs near it are preferred even if the
 *	task may not run on this one again
 * @node: node of @prev_cpu if masks are per node, else %NUMA_NO_NODE
 * @flags: SCX_PICK_IDLE_*
 * @allowed: CPUs to choose from
 * @near: @allowed within the LLC and the node of @prev_cpu; NULL for those
 *	that make no difference
 * @near_known: @near has been looked up
 */
struct selection {
	struct task_struct	*p;
	s32			prev_cpu;
	int			node;
	u64			flags;
	const struct cpumask	*allowed;
	const struct cpumask	*near[2];
	bool			near_known;
};

/* Only CPUs of idle cores will do; without SMT every CPU is a core. */
static bool cores_only(const struct selection *s)
{
	return sched_smt_active() && (s->flags & SCX_PICK_IDLE_CORE);
}

static s32 claim_prev(const struct selection *s)
{
	if (cpumask_test_cpu(s->prev_cpu, s->allowed) &&
	    scx_idle_claim(s->prev_cpu))
		return s->prev_cpu;
	return -EBUSY;
}

static s32 claim_prev_core(const struct selection *s)
{
	if (cpumask_test_cpu(s->prev_cpu, scx_idle_smtmask(s->node)))
		return claim_prev(s);
	return -EBUSY;
}

/*
 * Does a task wait on this CPU's runqueue, be it on the local DSQ, on another
 * DSQ or with the BPF scheduler? It could starve if the wakee inherited the
 * CPU: tasks that wake each other on the local DSQ keep the CPU from looking
 * anywhere else.
 */
static bool is_awaited(int this_cpu)
{
	return READ_ONCE(cpu_rq(this_cpu)->scx.nr_running) > task_on_scx(current);
}

/*
 * The waker is about to sleep. If nobody waits for its CPU, the wakee can
 * inherit the CPU and the data in its cache. If no CPU is idle, other tasks
 * matter, too, so the BPF scheduler decides.
 */
static bool waker_cpu_suits(const struct selection *s, int waker_cpu)
{
	int node = scx_idle_node(waker_cpu);

	if (cores_only(s) || (current->flags & PF_EXITING) ||
	    !cpumask_test_cpu(waker_cpu, s->allowed))
		return false;
	if ((s->flags & SCX_PICK_IDLE_IN_NODE) &&
	    cpu_to_node(waker_cpu) != cpu_to_node(s->prev_cpu))
		return false;
	return !is_awaited(waker_cpu) &&
	       !cpumask_empty(scx_idle_cpumask(node));
}

static s32 select_for_sync(const struct selection *s)
{
	int waker_cpu = smp_processor_id();

	if (cpus_share_cache(waker_cpu, s->prev_cpu)) {
		s32 cpu = cores_only(s) ? claim_prev_core(s) : claim_prev(s);

		if (cpu >= 0)
			return cpu;
	}
	return waker_cpu_suits(s, waker_cpu) ? waker_cpu : -EBUSY;
}

static const struct cpumask *llc_span(int cpu)
{
#ifdef CONFIG_SMP
	struct sched_domain *sd = rcu_dereference_sched(per_cpu(sd_llc, cpu));

	return sd ? sched_domain_span(sd) : NULL;
#else
	return NULL;
#endif
}

static const struct cpumask *node_span(int cpu)
{
	int node = cpu_to_node(cpu);

	return node == NUMA_NO_NODE ? NULL : cpumask_of_node(node);
}

/*
 * The allowed part of @span, not copied if that is all of it. NULL if it is
 * empty or all that is allowed.
 */
static const struct cpumask *narrow(const struct cpumask *span,
				    const struct cpumask *allowed,
				    struct cpumask *scratch)
{
	if (!span || cpumask_subset(allowed, span))
		return NULL;
	if (cpumask_subset(span, allowed))
		return span;
	return cpumask_and(scratch, span, allowed) ? scratch : NULL;
}

/* Only called on demand: most often @prev_cpu is idle. */
static void find_near(struct selection *s)
{
	struct select_scratch *scratch = this_cpu_ptr(&select_scratch);

	if (static_branch_likely(&select_by_llc))
		s->near[0] = narrow(llc_span(s->prev_cpu), s->allowed,
				    scratch->llc);
	if (static_branch_unlikely(&select_by_node))
		s->near[1] = narrow(node_span(s->prev_cpu), s->allowed,
				    scratch->node);
	s->near_known = true;
}

static s32 select_nearest(struct selection *s, u64 flags)
{
	int i;
	s32 cpu;

	if (!s->near_known)
		find_near(s);
	for (i = 0; i < ARRAY_SIZE(s->near); i++) {
		if (!s->near[i])
			continue;
		cpu = scx_idle_pick(s->near[i], s->node,
				    flags | SCX_PICK_IDLE_IN_NODE);
		if (cpu >= 0)
			return cpu;
	}
	return scx_idle_pick(s->allowed, s->node, flags);
}

static s32 select_core(struct selection *s)
{
	s32 cpu = claim_prev_core(s);

	return cpu >= 0 ? cpu : select_nearest(s, s->flags | SCX_PICK_IDLE_CORE);
}

static s32 select_any(struct selection *s)
{
	s32 cpu = claim_prev(s);

	return cpu >= 0 ? cpu : select_nearest(s, s->flags);
}

static const struct cpumask *intersect(const struct cpumask *a,
				       const struct cpumask *b,
				       struct cpumask *scratch)
{
	if (!b || cpumask_subset(a, b))
		return a;
	if (cpumask_subset(b, a))
		return b;
	cpumask_and(scratch, a, b);
	return scratch;
}

static void set_limits(struct selection *s, const struct cpumask *allowed)
{
	struct select_scratch *scratch = this_cpu_ptr(&select_scratch);

	s->node = scx_idle_node(s->prev_cpu);
	s->allowed = intersect(s->p->cpus_ptr, allowed, scratch->allowed);

	/* With masks per node, scx_idle_pick() keeps to the node. */
	if ((s->flags & SCX_PICK_IDLE_IN_NODE) && s->node == NUMA_NO_NODE)
		s->allowed = intersect(s->allowed, node_span(s->prev_cpu),
				       scratch->allowed);
}

/**
 * scx_idle_select_cpu - Find and take an idle CPU for a task
 * @p: the task
 * @prev_cpu: CPU it ran on last
 * @wake_flags: SCX_WAKE_*
 * @allowed: CPUs to choose from, out of those that @p may use; NULL for all
 * @flags: SCX_PICK_IDLE_*
 *
 * In this order:
 *
 * 1. For a synchronous wakeup, @prev_cpu if it shares a cache with the waker,
 *    then the waker's own CPU.
 * 2. A CPU of an idle core: @prev_cpu, then one of the same LLC, of the same
 *    node, of the rest.
 * 3. An idle CPU, in the same order.
 *
 * Context: IRQs disabled; @p->pi_lock or the lock of @p's rq held.
 * Return: the CPU, or -EBUSY if there is none.
 */
s32 scx_idle_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
			const struct cpumask *allowed, u64 flags)
{
	struct selection s = { .p = p, .prev_cpu = prev_cpu, .flags = flags };
	s32 cpu;

	lockdep_assert_irqs_disabled();

	if (!scx_idle_tracking())
		return -EBUSY;

	set_limits(&s, allowed);

	if (wake_flags & SCX_WAKE_SYNC) {
		cpu = select_for_sync(&s);
		if (cpu >= 0)
			return cpu;
	}
	if (sched_smt_active()) {
		cpu = select_core(&s);
		if (cpu >= 0 || cores_only(&s))
			return cpu;
	}
	return select_any(&s);
}

static void set_key(struct static_key_false *key, bool on)
{
	if (on)
		static_branch_enable_cpuslocked(key);
	else
		static_branch_disable_cpuslocked(key);
}

/* Are there CPUs outside of an LLC? */
static bool llcs_matter(void)
{
	const struct cpumask *llc;

	guard(preempt)();
	llc = llc_span(cpumask_first(cpu_online_mask));
	return llc && cpumask_weight(llc) < num_online_cpus();
}

/* Is there a node whose CPUs are not exactly those of an LLC? */
static bool nodes_matter(void)
{
	int cpu;

	guard(preempt)();
	for_each_online_cpu(cpu) {
		const struct cpumask *node = node_span(cpu);
		const struct cpumask *llc = llc_span(cpu);

		if (node && llc && !cpumask_equal(node, llc))
			return true;
	}
	return false;
}

/**
 * scx_idle_update_topology - Decide which distances the default policy uses
 * @sch: the scheduler
 *
 * Context: Process context, cpu_hotplug_lock held.
 */
void scx_idle_update_topology(struct scx_sched *sch)
{
	bool per_node = sch->ops.flags & SCX_OPS_BUILTIN_IDLE_PER_NODE;

	lockdep_assert_cpus_held();

	set_key(&select_by_llc, llcs_matter());
	set_key(&select_by_node, !per_node && num_online_nodes() > 1 &&
		nodes_matter());
}

static void __init alloc_scratch(struct select_scratch *s, int node)
{
	if (!zalloc_cpumask_var_node(&s->allowed, GFP_KERNEL, node) ||
	    !zalloc_cpumask_var_node(&s->llc, GFP_KERNEL, node) ||
	    !zalloc_cpumask_var_node(&s->node, GFP_KERNEL, node))
		panic("sched_ext: no memory for CPU selection\n");
}

/**
 * scx_idle_select_init - Allocate what the default policy needs
 *
 * Context: Early boot.
 */
void __init scx_idle_select_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		alloc_scratch(&per_cpu(select_scratch, cpu), cpu_to_node(cpu));
}
