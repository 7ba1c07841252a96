// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: which CPUs are idle.
 *
 * There is a bit for each idle CPU, and one for each CPU whose whole core is
 * idle. The idle class sets and clears them. Before a task is sent to an idle
 * CPU, the CPU is claimed by clearing its bit, so that two tasks do not meet
 * there. A claimed CPU to which nothing is sent gets its bit back the next time
 * it picks its idle task.
 *
 * The masks are hints. A CPU that is found idle can be busy a moment later, and
 * nothing but performance depends on them.
 */
#include "ext_idle.h"
#include "ext_state.h"

/**
 * struct idle_masks - idle CPUs, of the machine or of a node
 * @cpu: CPUs that are idle
 * @core: CPUs whose siblings are all idle, too; unused without active SMT
 */
struct idle_masks {
	cpumask_var_t		cpu;
	cpumask_var_t		core;
};

static struct idle_masks machine_masks;
static struct idle_masks **node_masks;	/* by node id, which can have gaps */

/* Set when a scheduler is loaded, and constant until it is removed. */
static DEFINE_STATIC_KEY_FALSE(idle_tracking);	/* the masks are kept */
static DEFINE_STATIC_KEY_FALSE(idle_per_node);	/* a pair of masks per node */

/* @node of %NUMA_NO_NODE stands for the whole machine. */
static struct idle_masks *masks_of_node(int node)
{
	return node == NUMA_NO_NODE ? &machine_masks : node_masks[node];
}

/**
 * scx_idle_tracking - Are the idle masks kept?
 *
 * Return: false while nothing is loaded and for schedulers that track idle
 * CPUs on their own.
 */
bool scx_idle_tracking(void)
{
	return static_branch_likely(&idle_tracking);
}

/**
 * scx_idle_per_node - Does each NUMA node have masks of its own?
 *
 * Return: true if they are kept per node.
 */
bool scx_idle_per_node(void)
{
	return static_branch_unlikely(&idle_per_node);
}

/**
 * scx_idle_node - Which masks is a CPU in?
 * @cpu: the CPU
 *
 * Return: its node if masks are per node, else %NUMA_NO_NODE.
 */
int scx_idle_node(int cpu)
{
	return scx_idle_per_node() ? cpu_to_node(cpu) : NUMA_NO_NODE;
}

/**
 * scx_idle_cpumask - The idle CPUs
 * @node: a possible node if masks are per node, else %NUMA_NO_NODE
 *
 * Return: the live mask.
 */
const struct cpumask *scx_idle_cpumask(int node)
{
	return masks_of_node(node)->cpu;
}

/**
 * scx_idle_smtmask - The CPUs of wholly idle cores
 * @node: a possible node if masks are per node, else %NUMA_NO_NODE
 *
 * Return: the live mask.
 */
const struct cpumask *scx_idle_smtmask(int node)
{
	struct idle_masks *m = masks_of_node(node);

	return sched_smt_active() ? m->core : m->cpu;
}

#ifdef CONFIG_SCHED_SMT
static bool core_is_idle(struct idle_masks *m, int cpu)
{
	return cpumask_subset(cpu_smt_mask(cpu), m->cpu);
}

static void mark_core_busy(struct idle_masks *m, int cpu)
{
	int sibling;

	/* Reading first avoids writes to a shared cache line in most cases. */
	for_each_cpu(sibling, cpu_smt_mask(cpu)) {
		if (cpumask_test_cpu(sibling, m->core))
			cpumask_clear_cpu(sibling, m->core);
	}

	/* A CPU that went offline is not among its own siblings any more. */
	if (cpumask_test_cpu(cpu, m->core))
		cpumask_clear_cpu(cpu, m->core);
}

/*
 * Two siblings may change at the same time, each with only its own rq locked:
 *
 *	A: goes idle			B: becomes busy
 *	  cpu |= A			  cpu &= ~B
 *	  [mb]				  [mb]
 *	  A and B in cpu?		  core &= ~(A | B)
 *	    core |= A | B
 *	    [mb]
 *	    A and B still in cpu?
 *	      no: core &= ~(A | B)
 *
 * If A's second look finds B idle, B has still to clear the core and will undo
 * what A did. If both go idle, the later one sees both bits.
 */
static void update_core(struct idle_masks *m, int cpu, bool idle)
{
	int sibling;

	/* Write our bit before reading the siblings' bits. */
	smp_mb__after_atomic();
	if (idle && core_is_idle(m, cpu)) {
		for_each_cpu(sibling, cpu_smt_mask(cpu))
			cpumask_set_cpu(sibling, m->core);

		/* Write the core before reading the siblings' bits again. */
		smp_mb__after_atomic();
		if (core_is_idle(m, cpu))
			return;
	}
	mark_core_busy(m, cpu);
}
#else
static void mark_core_busy(struct idle_masks *m, int cpu) {}
static inline void update_core(struct idle_masks *m, int cpu, bool idle) {}
#endif

#ifdef CONFIG_SMP
static void update_masks(struct rq *rq, bool idle)
{
	int cpu = cpu_of(rq);
	struct idle_masks *m = masks_of_node(scx_idle_node(cpu));

	/*
	 * A CPU that is not announced yet or not active any more may be idle,
	 * but tasks must not be sent there. This changes in the CPU's own
	 * hotplug thread, thus while its bit is clear.
	 */
	idle = idle && scx_rq_accepting(rq);

	if (cpumask_test_cpu(cpu, m->cpu) != idle)
		assign_bit(cpu, cpumask_bits(m->cpu), idle);

	if (sched_smt_active())
		update_core(m, cpu, idle);
}

static void notify(struct rq *rq, bool idle)
{
	struct scx_sched *sch = rcu_dereference_sched(scx_root);

	if (!sch || !SCX_HAS_OP(sch, update_idle))
		return;
	if (idle)
		rq->scx.flags |= SCX_RQ_GOES_IDLE;
	SCX_CALL_OP(sch, update_idle, rq, cpu_of(rq), idle);
	rq->scx.flags &= ~SCX_RQ_GOES_IDLE;
}

/**
 * __scx_update_idle - A CPU goes idle, stops being idle, or stays idle
 * @rq: its rq, locked
 * @idle: true if it is idle from now on
 * @do_notify: this is a change; if false, the idle task was merely picked
 *
 * If the CPU was idle before a mere pick, only the masks may need an update: a
 * claim may have cleared the CPU's bit. If it was not idle, the change follows,
 * unless core scheduling picks a task after all.
 *
 * The masks change before ops.update_idle() is called. Thus a scheduler can
 * have queued a task because no CPU was idle, while this CPU went idle because
 * nothing was queued. It finds such a task if the callback looks at its queues.
 */
void __scx_update_idle(struct rq *rq, bool idle, bool do_notify)
{
	lockdep_assert_rq_held(rq);

	if (scx_idle_tracking() &&
	    (do_notify || rcu_access_pointer(rq->curr) == rq->idle))
		update_masks(rq, idle);

	if (do_notify && scx_rq_online(rq) && !scx_rq_bypassing(rq)) {
		/* Write our bit before the callback reads the queues. */
		smp_mb__after_atomic();
		notify(rq, idle);
	}
}

/**
 * scx_idle_after_bypass - Tell BPF if a CPU is idle at the end of bypass mode
 * @rq: its rq, locked
 *
 * The scheduler has not been told of changes in bypass mode, in which it also
 * starts. A busy CPU is reported when it goes idle.
 */
void scx_idle_after_bypass(struct rq *rq)
{
	if (scx_curr(rq) == rq->idle && scx_rq_online(rq))
		notify(rq, true);
}
#endif

/**
 * scx_idle_claim - Take an idle CPU
 * @cpu: the CPU
 *
 * The core does not count as idle any more even if the claim fails. Otherwise a
 * core whose bits are stale would be tried again and again.
 *
 * Return: true if @cpu was idle and is the caller's now.
 */
bool scx_idle_claim(int cpu)
{
	struct idle_masks *m = masks_of_node(scx_idle_node(cpu));

	if (sched_smt_active())
		mark_core_busy(m, cpu);

	return cpumask_test_and_clear_cpu(cpu, m->cpu);
}

static s32 pick_from(struct idle_masks *m, const struct cpumask *allowed,
		     u64 flags)
{
	unsigned int cpu;

	do {
		cpu = nr_cpu_ids;
		if (sched_smt_active()) {
			cpu = cpumask_any_and_distribute(m->core, allowed);
			if (cpu >= nr_cpu_ids && (flags & SCX_PICK_IDLE_CORE))
				return -EBUSY;
		}
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_any_and_distribute(m->cpu, allowed);
		if (cpu >= nr_cpu_ids)
			return -EBUSY;
	} while (!scx_idle_claim(cpu));

	return cpu;
}

static bool is_farther(int from, int a, int b)
{
	int da = node_distance(from, a), db = node_distance(from, b);

	return da > db || (da == db && a > b);
}

/*
 * The node to look at after @last, by distance from @from; %NUMA_NO_NODE at the
 * end. There are few nodes, and most searches end in the first, so this is
 * cheaper than keeping an order for each node.
 */
static int next_nearest_node(int from, int last)
{
	int node, next = NUMA_NO_NODE;

	for_each_online_node(node) {
		if (node == from)
			continue;
		if (last != from && !is_farther(from, node, last))
			continue;
		if (next == NUMA_NO_NODE || is_farther(from, next, node))
			next = node;
	}
	return next;
}

/**
 * scx_idle_pick - Find and take an idle CPU
 * @allowed: CPUs to choose from
 * @node: if masks are per node, where to begin; else %NUMA_NO_NODE
 * @flags: SCX_PICK_IDLE_*
 *
 * CPUs of wholly idle cores come first.
 *
 * Context: Preemption or migration disabled.
 * Return: the CPU, or -EBUSY if there is none.
 */
s32 scx_idle_pick(const struct cpumask *allowed, int node, u64 flags)
{
	int at = node;
	s32 cpu;

	cpu = pick_from(masks_of_node(node), allowed, flags);
	if (cpu >= 0 || node == NUMA_NO_NODE || (flags & SCX_PICK_IDLE_IN_NODE))
		return cpu;

	while ((at = next_nearest_node(node, at)) != NUMA_NO_NODE) {
		cpu = pick_from(masks_of_node(at), allowed, flags);
		if (cpu >= 0)
			return cpu;
	}
	return -EBUSY;
}

static void set_key(struct static_key_false *key, bool on)
{
	if (on)
		static_branch_enable_cpuslocked(key);
	else
		static_branch_disable_cpuslocked(key);
}

static void clear_masks(struct idle_masks *m)
{
	cpumask_clear(m->cpu);
	cpumask_clear(m->core);
}

/**
 * scx_idle_enable - Start to track idle CPUs for a scheduler
 * @sch: the scheduler; none of its callbacks has been called yet
 *
 * No CPU counts as idle at first, since CPUs that are idle already do not
 * report it. They report it when they pick their idle task again. They do so
 * when loading ends, because leaving bypass mode reschedules every CPU with the
 * class enabled. Until then tasks go where they were. If all CPUs counted as
 * idle at first, tasks would be sent to busy CPUs.
 *
 * Context: Process context, cpu_hotplug_lock held.
 */
void scx_idle_enable(struct scx_sched *sch)
{
	u64 flags = sch->ops.flags;
	bool track;
	int node;

	lockdep_assert_cpus_held();

	clear_masks(&machine_masks);
	for_each_node(node)
		clear_masks(node_masks[node]);

	track = !sch->ops.update_idle || (flags & SCX_OPS_KEEP_BUILTIN_IDLE);
	set_key(&idle_per_node, flags & SCX_OPS_BUILTIN_IDLE_PER_NODE);
	set_key(&idle_tracking, track);
}

/**
 * scx_idle_disable - Stop tracking idle CPUs
 *
 * Context: Process context, cpu_hotplug_lock not held.
 */
void scx_idle_disable(void)
{
	guard(cpus_read_lock)();

	set_key(&idle_tracking, false);
	set_key(&idle_per_node, false);
}

static void __init alloc_masks(struct idle_masks *m, int node)
{
	if (!zalloc_cpumask_var_node(&m->cpu, GFP_KERNEL, node) ||
	    !zalloc_cpumask_var_node(&m->core, GFP_KERNEL, node))
		panic("sched_ext: no memory for idle masks\n");
}

/**
 * scx_idle_init_masks - Allocate the idle masks
 *
 * Context: Early boot.
 */
void __init scx_idle_init_masks(void)
{
	int node;

	alloc_masks(&machine_masks, NUMA_NO_NODE);

	node_masks = kcalloc(nr_node_ids, sizeof(*node_masks),
			     GFP_KERNEL | __GFP_NOFAIL);
	for_each_node(node) {
		node_masks[node] = kzalloc_node(sizeof(**node_masks),
						GFP_KERNEL | __GFP_NOFAIL, node);
		alloc_masks(node_masks[node], node);
	}

	scx_idle_select_init();
}
