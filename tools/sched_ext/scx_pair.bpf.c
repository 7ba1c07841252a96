// SPDX-License-Identifier: GPL-2.0
/*
 * Pairs of CPUs that only run tasks of one cgroup at a time.
 *
 * Two CPUs that share a core, or any two that the loader pairs, take turns
 * with the cgroups together: for the length of a batch, both run tasks of the
 * same cgroup or nothing at all. Thus tasks of different cgroups never run
 * side by side in a core, where they could spy on each other or slow each
 * other down. Each cgroup has a queue in order of arrival, from which all pairs
 * take tasks, and each pair goes round the cgroups.
 *
 * When a batch is over, or no task of the cgroup is left, the CPU that notices
 * first preempts its partner and waits idle until the partner has given up its
 * task. The one that gives up last chooses the next cgroup and wakes the other.
 *
 * This shows how to schedule CPUs as a gang. The cgroups are those of the CPU
 * controller. All get the same number of batches, whatever their weight, and
 * a cgroup that keeps only one CPU busy wastes the other one. Two kinds of tasks
 * are not kept apart: kernel threads of one CPU, and tasks that the kernel places
 * without asking because they exit or may not leave their CPU for the moment.
 */
#include <scx/common.bpf.h>
#include "counters.bpf.h"

char _license[] SEC("license") = "GPL";

#define MAX_CPUS	1024
#define MAX_CGROUPS	4096

/* How many tasks of a cgroup to look at for one that fits. */
#define MAX_SEARCHED	256

/* A task is not put on a CPU for less time than this. */
#define MIN_SLICE_NS	(100 * 1000ULL)

/* Set by the loader. Without it each CPU is a pair of its own. */
const volatile u64 batch_ns = SCX_SLICE_DFL;
const volatile bool paired;
const volatile s32 partner_of[MAX_CPUS];

/* Counters, one line of the loader's output; keep in step with scx_pair.c. */
enum stat_idx {
	STAT_QUEUED,		/* put in the queue of their cgroup */
	STAT_KTHREAD,		/* kernel threads sent straight to their CPU */
	STAT_TAKEN,		/* taken from that queue */
	STAT_KEPT,		/* left running within a batch */
	STAT_BATCHES,		/* batches begun */
	STAT_DRAINS,		/* times a CPU waited for its partner */
	STAT_FORCED_IDLE,	/* times a CPU got nothing because of its partner */
	STAT_MIXED,		/* times a task ran beside one of another cgroup */
	STAT_EVICTED,		/* such tasks taken off their CPU again */
	NR_PAIR_STATS,
};

DEFINE_COUNTERS(NR_PAIR_STATS)

/*
 * A pair, found under the number of its lower CPU. In arrays, the first element is
 * for the lower and the second for the upper CPU; ids are those of cgroups, 0 is none.
 */
struct pair {
	struct bpf_spin_lock lock;
	u32 cursor;		/* slot of the cgroup that was last in turn */
	u64 cgid;		/* cgroup of the current batch */
	u64 ends;		/* when the batch is over */
	u64 runs[2];		/* cgroup of the CPU's task */
	bool takes[2];		/* the CPU is about to run a task of @cgid */
	bool drains;		/* the batch ends as soon as both let go */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_CPUS);
	__type(key, u32);
	__type(value, struct pair);
} pairs SEC(".maps");

UEI_DEFINE(uei);

/* Ids of the cgroups that exist, which are also the ids of their queues. */
static u64 cgroups[MAX_CGROUPS];

/* Slots beyond this one have never been used. */
static u32 nr_slots;

/*
 * The value from which loops count. It is never written, but the verifier does
 * not know that, so it checks a loop once instead of once for each number.
 */
u32 zero;

/* The other CPU of the pair, or @cpu if it has none. */
static s32 partner(s32 cpu)
{
	const volatile s32 *other = ARRAY_ELEM_PTR(partner_of, cpu, MAX_CPUS);

	return paired && other ? *other : cpu;
}

static struct pair *pair_of(s32 cpu)
{
	s32 other = partner(cpu);
	u32 key = other < cpu ? other : cpu;

	return bpf_map_lookup_elem(&pairs, &key);
}

/* Which half of its pair is @cpu? */
static u32 half(s32 cpu)
{
	return partner(cpu) < cpu;
}

static u64 cgroup_of(struct task_struct *p)
{
	struct cgroup *cgrp = scx_bpf_task_cgroup(p);
	u64 cgid;

	if (!cgrp)
		return 1;
	cgid = cgrp->kn->id;
	bpf_cgroup_release(cgrp);
	return cgid;
}

static bool is_bound_kthread(const struct task_struct *p)
{
	return (p->flags & PF_KTHREAD) && p->nr_cpus_allowed == 1;
}

/* Tasks that may run beside any other one. */
static bool is_exempt(const struct task_struct *p)
{
	return is_bound_kthread(p) || (p->flags & PF_EXITING) || is_migration_disabled(p);
}

/*
 * Wake an idle CPU, but do not put the task there: dispatch() decides whether the
 * task may run there. The kernel's default would do both.
 */
s32 BPF_STRUCT_OPS(pair_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle;

	return scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
}

/*
 * It is not known which of the idle CPUs may run the cgroup, so wake any of them; it
 * goes back to sleep if it may not. A pair that may not run the cgroup now looks at
 * all cgroups when its batch is over.
 */
void BPF_STRUCT_OPS(pair_enqueue, struct task_struct *p, u64 enq_flags)
{
	s32 cpu;

	if (is_bound_kthread(p) && (enq_flags & SCX_ENQ_WAKEUP)) {
		count(STAT_KTHREAD);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, batch_ns, enq_flags);
		return;
	}

	count(STAT_QUEUED);
	scx_bpf_dsq_insert(p, cgroup_of(p), batch_ns, enq_flags);
	cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
}

/*
 * May a waiting task of the cgroup run on @cpu or on its partner? This function and
 * two more are not static, so that the verifier checks each of them once and not
 * once for each state that its callers can be in.
 */
__noinline bool has_task_for(u64 cgid, s32 cpu)
{
	s32 other = partner(cpu);
	struct task_struct *p;
	u32 seen = zero;

	bpf_for_each(scx_dsq, p, cgid, 0) {
		if (++seen > MAX_SEARCHED)
			break;
		if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr) ||
		    bpf_cpumask_test_cpu(other, p->cpus_ptr))
			return true;
	}
	return false;
}

static u64 cgroup_in_slot(u32 slot)
{
	u64 *cgid = ARRAY_ELEM_PTR(cgroups, slot, MAX_CGROUPS);

	return cgid ? READ_ONCE(*cgid) : 0;
}

/* Slot after @last of the next cgroup with a task for @cpu's pair, or -1. */
__noinline s32 next_slot(s32 cpu, u32 last)
{
	u32 nr = READ_ONCE(nr_slots), slot;
	u64 cgid;
	int i;

	bpf_for(i, 0, nr) {
		slot = last + 1 + i;
		if (slot >= nr)
			slot -= nr;
		cgid = cgroup_in_slot(slot);
		if (cgid && scx_bpf_dsq_nr_queued(cgid) > 0 && has_task_for(cgid, cpu))
			return slot;
	}
	return -1;
}

/* Does the partner still take part in the batch? */
static bool is_held(const struct pair *pair, u32 me)
{
	u32 other = !me;

	return pair->takes[other] || pair->runs[other];
}

enum verdict {
	MAY_TAKE,		/* a task of the current cgroup */
	MUST_WAIT,		/* for the partner */
	MAY_CHOOSE,		/* another cgroup */
};

/* What may the CPU do? If it may take a task, takes[] is set until it gives up. */
static enum verdict judge(struct pair *pair, u32 me, u64 now, u64 *cgid, u64 *left)
{
	enum verdict verdict = MAY_CHOOSE;

	bpf_spin_lock(&pair->lock);
	pair->takes[me] = false;
	if (pair->cgid && !pair->drains && time_before(now + MIN_SLICE_NS, pair->ends)) {
		pair->takes[me] = true;
		verdict = MAY_TAKE;
	} else if (is_held(pair, me)) {
		pair->drains = true;
		verdict = MUST_WAIT;
	}
	*cgid = pair->cgid;
	*left = pair->ends - now;
	bpf_spin_unlock(&pair->lock);
	return verdict;
}

/*
 * Begin a batch, unless the partner has just done so or has returned to the old
 * one. This CPU takes part in the new batch from the start, so that the batch
 * cannot end before the CPU has looked for a task.
 */
static bool begin_batch(struct pair *pair, u32 me, u64 now, u64 cgid, u32 cursor)
{
	bool mine;

	bpf_spin_lock(&pair->lock);
	mine = !is_held(pair, me);
	if (mine) {
		pair->cursor = cursor;
		pair->cgid = cgid;
		pair->ends = now + batch_ns;
		pair->drains = false;
		pair->takes[me] = true;
	}
	bpf_spin_unlock(&pair->lock);
	return mine;
}

/* The CPU has found nothing in the batch; is the partner out of it as well? */
static bool let_go(struct pair *pair, u32 me)
{
	bool held;

	bpf_spin_lock(&pair->lock);
	pair->takes[me] = false;
	held = is_held(pair, me);
	bpf_spin_unlock(&pair->lock);
	return !held;
}

/* Have @prev run for the rest of a batch, if it belongs to the cgroup. */
static bool keep(struct task_struct *prev, u64 runs, u64 cgid, u64 left)
{
	if (!prev || !(prev->scx.flags & SCX_TASK_QUEUED) || runs != cgid)
		return false;
	count(STAT_KEPT);
	scx_bpf_task_set_slice(prev, left);
	return true;
}

/* A task from the queue, to run until the end of the batch. */
__noinline bool take(u64 cgid, u64 left, s32 cpu)
{
	struct task_struct *p;
	u32 seen = zero;

	bpf_for_each(scx_dsq, p, cgid, 0) {
		if (++seen > MAX_SEARCHED)
			break;
		if (is_migration_disabled(p) || !bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
			continue;
		scx_bpf_dsq_move_set_slice(BPF_FOR_EACH_ITER, left);
		if (scx_bpf_dsq_move(BPF_FOR_EACH_ITER, p, SCX_DSQ_LOCAL_ON | cpu, 0)) {
			count(STAT_TAKEN);
			return true;
		}
	}
	return false;
}

/* Choose a cgroup for the pair and take part in its batch. */
static void choose(struct pair *pair, s32 cpu, struct task_struct *prev, u64 now)
{
	bool runnable = prev && (prev->scx.flags & SCX_TASK_QUEUED);
	u32 me = half(cpu), cursor = pair->cursor;
	s32 slot = next_slot(cpu, cursor);
	u64 runs = pair->runs[me], cgid;

	/* with nobody waiting, the task that has been running goes on */
	cgid = slot >= 0 ? cgroup_in_slot(slot) : runnable ? runs : 0;
	if (!cgid || !begin_batch(pair, me, now, cgid, slot >= 0 ? slot : cursor))
		return;

	count(STAT_BATCHES);
	if (!take(cgid, batch_ns, cpu) && !keep(prev, runs, cgid, batch_ns))
		let_go(pair, me);
	if (partner(cpu) != cpu)
		scx_bpf_kick_cpu(partner(cpu), 0);
}

static void wait_for_partner(s32 cpu)
{
	count(STAT_DRAINS);
	scx_bpf_kick_cpu(partner(cpu), SCX_KICK_PREEMPT);
}

void BPF_STRUCT_OPS(pair_dispatch, s32 cpu, struct task_struct *prev)
{
	struct pair *pair = pair_of(cpu);
	u64 now = scx_bpf_now(), cgid, left;
	u32 me = half(cpu);
	enum verdict verdict;

	if (!pair) {
		scx_bpf_error("CPU %d is beyond the %d supported", cpu, MAX_CPUS);
		return;
	}

	verdict = judge(pair, me, now, &cgid, &left);
	if (verdict == MAY_TAKE) {
		if (take(cgid, left, cpu) || keep(prev, pair->runs[me], cgid, left))
			return;
		verdict = let_go(pair, me) ? MAY_CHOOSE : MUST_WAIT;
		if (verdict == MUST_WAIT)
			return count(STAT_FORCED_IDLE);
	}
	if (verdict == MUST_WAIT)
		wait_for_partner(cpu);
	else
		choose(pair, cpu, prev, now);
}

/* Note what the CPU runs; true if that task must not run beside the partner's. */
static bool begin_task(struct pair *pair, u32 me, u64 cgid)
{
	u32 other = !me;
	bool mixed;

	bpf_spin_lock(&pair->lock);
	pair->takes[me] = false;
	pair->runs[me] = cgid;
	mixed = pair->runs[other] && pair->runs[other] != cgid;
	bpf_spin_unlock(&pair->lock);
	return mixed;
}

void BPF_STRUCT_OPS(pair_running, struct task_struct *p)
{
	s32 cpu = scx_bpf_task_cpu(p);
	struct pair *pair = pair_of(cpu);

	if (!pair || is_exempt(p) || !begin_task(pair, half(cpu), cgroup_of(p)))
		return;
	/* for instance, @p was preempted by a real-time task and returns now */
	count(STAT_MIXED);
	if (pair->cgid != pair->runs[half(cpu)]) {
		count(STAT_EVICTED);
		scx_bpf_kick_cpu(cpu, SCX_KICK_PREEMPT);
	}
}

/*
 * Wake the partner if it can choose now. This CPU may have been taken by another
 * class, so that it has not chosen itself.
 */
void BPF_STRUCT_OPS(pair_stopping, struct task_struct *p, bool runnable)
{
	s32 cpu = scx_bpf_task_cpu(p), other = partner(cpu);
	struct pair *pair = pair_of(cpu);
	u32 me = half(cpu);
	bool free;

	if (!pair)
		return;
	bpf_spin_lock(&pair->lock);
	pair->runs[me] = 0;
	free = !pair->takes[me] && !is_held(pair, me);
	bpf_spin_unlock(&pair->lock);
	if (free && other != cpu)
		scx_bpf_kick_cpu(other, 0);
}

/* The batch of the tasks on this CPU may be over when the CPU comes back. */
void BPF_STRUCT_OPS(pair_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	scx_bpf_reenqueue_local();
}

/* Remember a cgroup in a free slot. */
static bool add_cgroup(u64 cgid)
{
	u64 *slot;
	u32 i;

	bpf_for(i, 0, MAX_CGROUPS) {
		slot = ARRAY_ELEM_PTR(cgroups, i, MAX_CGROUPS);
		if (!slot || __sync_val_compare_and_swap(slot, 0, cgid))
			continue;
		if (nr_slots <= i)
			WRITE_ONCE(nr_slots, i + 1);
		return true;
	}
	return false;
}

static void remove_cgroup(u64 cgid)
{
	u64 *slot;
	u32 i;

	bpf_for(i, 0, nr_slots) {
		slot = ARRAY_ELEM_PTR(cgroups, i, MAX_CGROUPS);
		if (slot && __sync_val_compare_and_swap(slot, cgid, 0) == cgid)
			break;
	}
}

s32 BPF_STRUCT_OPS_SLEEPABLE(pair_cgroup_init, struct cgroup *cgrp,
			     struct scx_cgroup_init_args *args)
{
	u64 cgid = cgrp->kn->id;
	s32 err = scx_bpf_create_dsq(cgid, NUMA_NO_NODE);

	if (!err && !add_cgroup(cgid)) {
		scx_bpf_destroy_dsq(cgid);
		err = -ENOSPC;
	}
	return err;
}

/* The cgroup is empty, or the scheduler ends and nothing is queued any more. */
void BPF_STRUCT_OPS(pair_cgroup_exit, struct cgroup *cgrp)
{
	remove_cgroup(cgrp->kn->id);
	scx_bpf_destroy_dsq(cgrp->kn->id);
}

void BPF_STRUCT_OPS(pair_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(pair_ops,
	       .select_cpu	= (void *)pair_select_cpu,
	       .enqueue		= (void *)pair_enqueue,
	       .dispatch	= (void *)pair_dispatch,
	       .running		= (void *)pair_running,
	       .stopping	= (void *)pair_stopping,
	       .cpu_release	= (void *)pair_cpu_release,
	       .cgroup_init	= (void *)pair_cgroup_init,
	       .cgroup_exit	= (void *)pair_cgroup_exit,
	       .exit		= (void *)pair_exit,
	       /* the last task on a CPU must not go on when its batch is over */
	       .flags		= SCX_OPS_ENQ_LAST,
	       .name		= "pair");
