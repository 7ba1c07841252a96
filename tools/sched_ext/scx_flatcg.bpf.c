// SPDX-License-Identifier: GPL-2.0
/*
 * Flat cgroup scheduling.
 *
 * A scheduler that goes down the cgroup hierarchy for each decision pays for
 * each level. Here a cgroup's share of the machine is computed beforehand: for
 * each level of its path, its weight is divided by the sum of the weights of all
 * active siblings, and the share is the product of these. A cgroup is active if
 * it or a cgroup below it has runnable tasks. The tasks of a cgroup that also has
 * children together count as one more child of default weight.
 *
 * With their shares, all cgroups that have waiting tasks compete in one tree,
 * ordered by the time that they have used divided by their share. A CPU takes
 * the first one, runs one of its tasks for a slice, and puts it back further
 * to the right. Running is charged in advance and corrected when it ends, so
 * that CPUs that look at the same time do not all find the same cgroup. Within
 * a cgroup, tasks are ordered by weighted virtual time or by arrival.
 *
 * A share is what a cgroup gets if every cgroup has enough to do on every CPU.
 * What a cgroup with tasks tied to few CPUs, or with too few tasks, cannot use
 * goes to all others, not to its siblings first. If the first cgroup of the tree
 * has no task for a CPU, that CPU has to look at all cgroups. The tree has one
 * lock for the whole machine.
 */
#include <scx/common.bpf.h>
#include "counters.bpf.h"
#include "scx_flatcg.h"
#include "vtime.bpf.h"

char _license[] SEC("license") = "GPL";

/* Set by the loader; under bpftool these defaults hold. */
const volatile bool fifo_sched;
const volatile u64 slice_ns = SCX_SLICE_DFL;

/* No cgroup has this ID. */
#define FALLBACK_DSQ	0

/* Levels of the hierarchy that count; a deeper cgroup is treated as top-level. */
#define MAX_LEVELS	64
#define MAX_GROUPS	16384

/* Cgroups that a CPU tries in a row. */
#define MAX_TRIES	32

/* The whole machine, as a share. */
#define SHARE_ONE	(1ULL << 20)
#define OWN_WEIGHT	100

DEFINE_COUNTERS(NR_FLATCG_STATS)

UEI_DEFINE(uei);

/* Place of a cgroup in the tree. */
struct place {
	struct bpf_rb_node rb;
	u64 key;
	u64 cgid;
};

struct group {
	struct bpf_spin_lock lock;	/* users, weight, counted */
	s32 users;		/* active children, plus one for its own tasks */
	u32 weight;
	u32 counted;		/* its part of the parent's sum */
	s64 sum;		/* of the weights of its users */
	u64 parent;		/* ID, zero for the root */
	s32 tasks;		/* its own runnable tasks */
	s32 waiting;		/* its own tasks that wait for a CPU */
	u64 share;		/* 32 bits of share, 32 of the version it is for */
	u64 clock;		/* time used, divided by the share */
	u64 vtime_now;		/* virtual clock of its tasks */
	struct place __kptr *place;	/* while it is not in the tree */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct group);
	__uint(max_entries, MAX_GROUPS);
} groups SEC(".maps");

struct task_ctx {
	u64 cgid;
	u64 ran_before;		/* its run time when the current turn began */
	u64 advance;		/* charged to the cgroup for this turn */
	bool waiting;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} task_ctxs SEC(".maps");

private(TREE) struct bpf_spin_lock tree_lock;
private(TREE) struct bpf_rb_root tree __contains(place, rb);

/* The furthest clock that a cgroup had when it got its turn. */
static u64 tree_now;

/* Tasks of all cgroups that wait for a CPU. */
static s64 nr_waiting;

/* Raised with each change of the active weights, which makes shares outdated. */
static u64 weights_version;

static struct group *find_group(u64 cgid)
{
	return bpf_map_lookup_elem(&groups, &cgid);
}

static struct task_ctx *task_ctx(struct task_struct *p)
{
	return bpf_task_storage_get(&task_ctxs, p, NULL, 0);
}

static struct group *group_of(struct task_ctx *tctx)
{
	return tctx ? find_group(tctx->cgid) : NULL;
}

/* Change the sum of active weights below @g. */
static void add_weight(struct group *g, s64 delta)
{
	__sync_fetch_and_add(&g->sum, delta);
	__sync_fetch_and_add(&weights_version, 1);
	count(FLATCG_STAT_CHANGES);
}

/* Count users up or down. Returns the change of what the parent has to count. */
static s64 change_users(struct group *g, s32 diff, bool *turned)
{
	s64 delta;

	bpf_spin_lock(&g->lock);
	*turned = diff > 0 ? !g->users : g->users == 1;
	g->users += diff;
	delta = g->counted;
	if (*turned)
		g->counted = diff > 0 ? g->weight : 0;
	delta = g->counted - delta;
	bpf_spin_unlock(&g->lock);
	return delta;
}

/*
 * A cgroup that turns active makes its parent active, and so on. Two opposite
 * changes that overtake each other on the way up give the same numbers.
 */
static void change_path(u64 cgid, s32 diff)
{
	int level;

	bpf_for(level, 0, MAX_LEVELS) {
		struct group *g = find_group(cgid), *parent;
		bool turned = false;
		s64 delta;

		if (!g)
			return;
		delta = change_users(g, diff, &turned);
		if (!turned)
			return;
		cgid = g->parent;
		parent = find_group(cgid);
		if (!parent)
			return;
		add_weight(parent, delta);
	}
}

static u64 part_of(u64 share, u64 weight, s64 sum)
{
	return sum > (s64)weight ? share * weight / sum : share;
}

static u64 work_out_share(struct group *g)
{
	u64 share = part_of(SHARE_ONE, OWN_WEIGHT, g->sum);
	u64 cgid = g->parent, weight = g->weight;
	int level;

	bpf_for(level, 0, MAX_LEVELS) {
		struct group *parent = find_group(cgid);

		if (!parent)
			break;
		share = part_of(share, weight, parent->sum);
		weight = parent->weight;
		cgid = parent->parent;
	}
	return share ? share : 1;
}

static u64 share_of(struct group *g)
{
	u32 version = READ_ONCE(weights_version);
	u64 cached = READ_ONCE(g->share), share;

	if (cached && (u32)cached == version) {
		count(FLATCG_STAT_CACHED);
		return cached >> 32;
	}
	share = work_out_share(g);
	WRITE_ONCE(g->share, share << 32 | version);
	count(FLATCG_STAT_RECALC);
	return share;
}

/* What running for @ns costs @g. */
static u64 cost(struct group *g, u64 ns)
{
	return ns * SHARE_ONE / share_of(g);
}

static bool place_before(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return time_before(container_of(a, struct place, rb)->key,
			   container_of(b, struct place, rb)->key);
}

static __always_inline void push(struct place *place, u64 key)
{
	place->key = key;
	bpf_spin_lock(&tree_lock);
	bpf_rbtree_add(&tree, &place->rb, place_before);
	bpf_spin_unlock(&tree_lock);
}

static __always_inline struct place *pop(void)
{
	struct bpf_rb_node *rb;

	bpf_spin_lock(&tree_lock);
	rb = bpf_rbtree_first(&tree);
	if (rb)
		rb = bpf_rbtree_remove(&tree, rb);
	bpf_spin_unlock(&tree_lock);
	return rb ? container_of(rb, struct place, rb) : NULL;
}

/* Put @g into the tree unless it is there or a CPU that holds it will do so. */
static __always_inline void enter_tree(struct group *g)
{
	struct place *place = bpf_kptr_xchg(&g->place, NULL);
	u64 clock, least;

	if (!place)
		return;
	clock = g->clock;
	least = tree_now - cost(g, slice_ns);
	if (time_before(clock, least))
		__sync_val_compare_and_swap(&g->clock, clock, least);
	push(place, g->clock);
}

/*
 * Keep @g out of the tree. A task that began to wait meanwhile has found no place
 * to put into the tree, so check again. @known tasks wait elsewhere.
 */
static __always_inline void park(struct group *g, struct place *place, s32 known)
{
	place = bpf_kptr_xchg(&g->place, place);
	if (place)
		bpf_obj_drop(place);
	count(FLATCG_STAT_PARKED);
	if (READ_ONCE(g->waiting) > known)
		enter_tree(g);
}

static void start_waiting(struct task_ctx *tctx, struct group *g)
{
	tctx->waiting = true;
	__sync_fetch_and_add(&nr_waiting, 1);
	__sync_fetch_and_add(&g->waiting, 1);
}

/* @g is NULL if the cgroup is gone. */
static void stop_waiting(struct task_ctx *tctx, struct group *g)
{
	if (!tctx->waiting)
		return;
	tctx->waiting = false;
	__sync_fetch_and_sub(&nr_waiting, 1);
	if (g)
		__sync_fetch_and_sub(&g->waiting, 1);
}

/* Charge a slice in advance. */
static void begin_turn(struct task_struct *p, struct task_ctx *tctx, struct group *g)
{
	tctx->ran_before = p->se.sum_exec_runtime;
	tctx->advance = cost(g, p->scx.slice);
	__sync_fetch_and_add(&g->clock, tctx->advance);
}

/*
 * Correct the charge, now that it is known how long @p ran. Returns what @g paid
 * in the end. A turn may be settled just to find out whether @p goes on; if @p
 * does not, the turn is not charged again.
 */
static u64 settle_turn(struct task_struct *p, struct task_ctx *tctx, struct group *g)
{
	u64 due = cost(g, p->se.sum_exec_runtime - tctx->ran_before);

	__sync_fetch_and_add(&g->clock, due - tctx->advance);
	tctx->ran_before = p->se.sum_exec_runtime;
	tctx->advance = 0;
	return due;
}

s32 BPF_STRUCT_OPS(flatcg_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);

	if (is_idle) {
		count(FLATCG_STAT_LOCAL);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, 0);
	}
	return cpu;
}

void BPF_STRUCT_OPS(flatcg_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct task_ctx *tctx = task_ctx(p);
	struct group *g = group_of(tctx);

	if (!tctx || !g) {
		count(FLATCG_STAT_FALLBACK);
		scx_bpf_dsq_insert(p, FALLBACK_DSQ, slice_ns, enq_flags);
		wake_idle_cpu(p->cpus_ptr);
		return;
	}
	count(FLATCG_STAT_QUEUED);
	if (fifo_sched)
		scx_bpf_dsq_insert(p, tctx->cgid, slice_ns, enq_flags);
	else
		scx_bpf_dsq_insert_vtime(p, tctx->cgid, slice_ns,
					 vtime_claim(p, g->vtime_now, slice_ns), enq_flags);
	enter_tree(g);
	wake_idle_cpu(p->cpus_ptr);
}

/* The cgroup of @prev has its turn: run the next of its tasks, or @prev again. */
static void serve_own(struct task_struct *prev, struct task_ctx *tctx, struct group *g, s32 cpu)
{
	if (vtime_keep(prev, cpu, tctx->cgid, g->vtime_now, slice_ns, fifo_sched)) {
		count(FLATCG_STAT_KEPT);
		begin_turn(prev, tctx, g);
	} else if (scx_bpf_dsq_move_to_local(tctx->cgid, 0)) {
		count(FLATCG_STAT_PICKED);
	}
}

enum turn {
	TURN_DONE,
	TURN_NEXT,		/* try another cgroup */
	TURN_OWN,		/* the running task's cgroup has the better claim */
	TURN_SEARCH,		/* the first cgroup has nothing for this CPU */
	TURN_NOTHING,		/* no cgroup has a task for this CPU */
};

/* Take a task of @g, whose turn it is. */
static __always_inline enum turn serve(struct group *g, struct place *place)
{
	u64 cgid = place->cgid;

	if (!scx_bpf_dsq_move_to_local(cgid, 0)) {
		if (READ_ONCE(g->waiting) <= 0) {
			park(g, place, 0);
			return TURN_NEXT;
		}
		push(place, place->key);
		return TURN_SEARCH;
	}
	count(FLATCG_STAT_PICKED);
	vtime_advance(&tree_now, g->clock);
	if (scx_bpf_dsq_nr_queued(cgid) > 0)
		push(place, g->clock + cost(g, slice_ns));
	else
		park(g, place, 1);
	return TURN_DONE;
}

/*
 * Give the first cgroup its turn. Its key may be behind its clock, because nothing
 * moves within the tree. In that case it is first moved to its proper place.
 */
static __always_inline enum turn next_turn(struct group *own)
{
	struct place *place = pop();
	struct group *g;
	u64 clock;

	if (!place)
		return TURN_NOTHING;
	g = find_group(place->cgid);
	if (!g) {
		bpf_obj_drop(place);
		return TURN_NEXT;
	}
	clock = READ_ONCE(g->clock);
	if (time_before(place->key, clock)) {
		count(FLATCG_STAT_LATE);
		push(place, clock);
		return TURN_NEXT;
	}
	if (own && time_before_eq(READ_ONCE(own->clock), place->key)) {
		push(place, place->key);
		return TURN_OWN;
	}
	return serve(g, place);
}

struct search {
	s32 cpu;
	u64 cgid;		/* the best so far, zero for none */
	u64 clock;
};

static bool has_task_for(u64 cgid, s32 cpu)
{
	struct task_struct *p;
	bool ret = false;

	bpf_for_each(scx_dsq, p, cgid, 0) {
		ret = bpf_cpumask_test_cpu(cpu, p->cpus_ptr);
		if (ret)
			break;
	}
	return ret;
}

static int look_at(void *map, u64 *cgid, struct group *g, struct search *search)
{
	u64 clock = READ_ONCE(g->clock);

	if (READ_ONCE(g->waiting) <= 0)
		return 0;
	if (search->cgid && !time_before(clock, search->clock))
		return 0;
	if (!has_task_for(*cgid, search->cpu))
		return 0;
	search->cgid = *cgid;
	search->clock = clock;
	return 0;
}

/*
 * If the first cgroup has no task for this CPU, look at all of them. That is slow,
 * but is only necessary because of tasks tied to other CPUs. Taking the cgroup out
 * of the tree or moving it back would be unfair to it on its own CPUs.
 */
static enum turn search_turn(struct group *own, s32 cpu)
{
	struct search search = { .cpu = cpu };

	count(FLATCG_STAT_SEARCH);
	bpf_for_each_map_elem(&groups, look_at, &search, 0);
	if (!search.cgid)
		return TURN_NOTHING;
	if (own && time_before_eq(READ_ONCE(own->clock), search.clock))
		return TURN_OWN;
	if (!scx_bpf_dsq_move_to_local(search.cgid, 0))
		return TURN_NEXT;
	count(FLATCG_STAT_PICKED);
	return TURN_DONE;
}

static __always_inline enum turn find_turn(struct group *own, s32 cpu)
{
	enum turn turn = TURN_NEXT;
	int i;

	bpf_for(i, 0, MAX_TRIES) {
		turn = next_turn(own);
		if (turn != TURN_NEXT)
			break;
	}
	if (turn == TURN_SEARCH || turn == TURN_NEXT)
		turn = search_turn(own, cpu);
	return turn;
}

/*
 * A CPU that finds a task and loses it to another CPU looks again. Time for which
 * no cgroup waits is free; otherwise cgroups that come later would all go first.
 */
void BPF_STRUCT_OPS(flatcg_dispatch, s32 cpu, struct task_struct *prev)
{
	struct task_ctx *tctx = NULL;
	struct group *own = NULL;
	enum turn turn;
	u64 paid = 0;

	if (prev && (prev->scx.flags & SCX_TASK_QUEUED)) {
		tctx = task_ctx(prev);
		own = group_of(tctx);
		if (tctx && own)
			paid = settle_turn(prev, tctx, own);
	}
	if (scx_bpf_dsq_move_to_local(FALLBACK_DSQ, 0))
		return;

	turn = find_turn(own, cpu);
	if (turn == TURN_DONE)
		return;
	if (prev && tctx && own) {
		if (turn == TURN_NOTHING)
			__sync_fetch_and_sub(&own->clock, paid);
		serve_own(prev, tctx, own, cpu);
	} else if (turn == TURN_NEXT) {
		scx_bpf_kick_cpu(cpu, 0);
	}
}

void BPF_STRUCT_OPS(flatcg_runnable, struct task_struct *p, u64 enq_flags)
{
	struct task_ctx *tctx = task_ctx(p);
	struct group *g = group_of(tctx);

	if (!tctx || !g)
		return;
	start_waiting(tctx, g);
	if (__sync_fetch_and_add(&g->tasks, 1))
		return;
	add_weight(g, OWN_WEIGHT);
	change_path(tctx->cgid, 1);
}

void BPF_STRUCT_OPS(flatcg_quiescent, struct task_struct *p, u64 deq_flags)
{
	struct task_ctx *tctx = task_ctx(p);
	struct group *g = group_of(tctx);

	if (!tctx)
		return;
	stop_waiting(tctx, g);
	if (!g)
		return;
	if (__sync_fetch_and_sub(&g->tasks, 1) != 1)
		return;
	add_weight(g, -OWN_WEIGHT);
	change_path(tctx->cgid, -1);
}

void BPF_STRUCT_OPS(flatcg_running, struct task_struct *p)
{
	struct task_ctx *tctx = task_ctx(p);
	struct group *g = group_of(tctx);

	if (!tctx)
		return;
	stop_waiting(tctx, g);
	if (!g)
		return;
	begin_turn(p, tctx, g);
	vtime_advance(&g->vtime_now, p->scx.dsq_vtime);
}

/*
 * Here, too, time for which nobody waits is free. Otherwise a cgroup whose tasks
 * find an idle CPU each time they wake up would run up a debt. When no CPU is idle
 * any more, cgroups that come later would all go first until they have caught up.
 */
void BPF_STRUCT_OPS(flatcg_stopping, struct task_struct *p, bool runnable)
{
	struct task_ctx *tctx = task_ctx(p);
	struct group *g = group_of(tctx);
	u64 paid;

	if (!tctx || !g)
		return;
	paid = settle_turn(p, tctx, g);
	if (!runnable && READ_ONCE(nr_waiting) <= 0)
		__sync_fetch_and_sub(&g->clock, paid);
	scx_bpf_task_set_dsq_vtime(p, vtime_after_run(p, p->scx.dsq_vtime, slice_ns));
	if (runnable)
		start_waiting(tctx, g);
}

s32 BPF_STRUCT_OPS(flatcg_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	struct task_ctx *tctx;

	tctx = bpf_task_storage_get(&task_ctxs, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!tctx)
		return -ENOMEM;
	tctx->cgid = args->cgroup->kn->id;
	return 0;
}

/* A task new to the scheduler starts level with the others of its cgroup. */
void BPF_STRUCT_OPS(flatcg_enable, struct task_struct *p)
{
	struct group *g = group_of(task_ctx(p));

	if (g)
		scx_bpf_task_set_dsq_vtime(p, g->vtime_now);
}

static s32 add_group(u64 cgid, u64 parent, u32 weight)
{
	struct group init = { .weight = weight, .parent = parent, .clock = tree_now };
	struct place *place;
	struct group *g;

	if (bpf_map_update_elem(&groups, &cgid, &init, BPF_NOEXIST))
		return -ENOMEM;
	g = find_group(cgid);
	if (!g)
		return -ENOENT;
	place = bpf_obj_new(struct place);
	if (!place)
		return -ENOMEM;
	place->cgid = cgid;
	place = bpf_kptr_xchg(&g->place, place);
	if (place)
		bpf_obj_drop(place);
	return 0;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(flatcg_cgroup_init, struct cgroup *cgrp,
			     struct scx_cgroup_init_args *args)
{
	u64 cgid = cgrp->kn->id, parent_id = 0;
	struct cgroup *parent;
	s32 ret;

	parent = cgrp->level ? bpf_cgroup_ancestor(cgrp, cgrp->level - 1) : NULL;
	if (parent) {
		parent_id = parent->kn->id;
		bpf_cgroup_release(parent);
	}
	ret = scx_bpf_create_dsq(cgid, NUMA_NO_NODE);
	if (ret)
		return ret;
	ret = add_group(cgid, parent_id, args->weight);
	if (ret) {
		bpf_map_delete_elem(&groups, &cgid);
		scx_bpf_destroy_dsq(cgid);
	}
	return ret;
}

/*
 * Tasks that have not quite ended may still be runnable, but they no longer
 * compete: the kernel does not ask about exiting tasks.
 */
void BPF_STRUCT_OPS_SLEEPABLE(flatcg_cgroup_exit, struct cgroup *cgrp)
{
	u64 cgid = cgrp->kn->id;
	struct group *g = find_group(cgid);

	if (!g)
		return;
	if (g->tasks > 0)
		change_path(cgid, -1);
	bpf_map_delete_elem(&groups, &cgid);
	scx_bpf_destroy_dsq(cgid);
}

void BPF_STRUCT_OPS(flatcg_cgroup_move, struct task_struct *p, struct cgroup *from,
		    struct cgroup *to)
{
	struct task_ctx *tctx = task_ctx(p);
	struct group *g;

	if (!tctx)
		return;
	tctx->cgid = to->kn->id;
	g = group_of(tctx);
	if (g)
		scx_bpf_task_set_dsq_vtime(p, g->vtime_now);
}

void BPF_STRUCT_OPS(flatcg_cgroup_set_weight, struct cgroup *cgrp, u32 weight)
{
	struct group *g = find_group(cgrp->kn->id), *parent;
	s64 delta;

	if (!g)
		return;
	bpf_spin_lock(&g->lock);
	delta = g->counted;
	g->weight = weight;
	if (g->counted)
		g->counted = weight;
	delta = g->counted - delta;
	bpf_spin_unlock(&g->lock);

	parent = find_group(g->parent);
	if (parent)
		add_weight(parent, delta);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(flatcg_init)
{
	return scx_bpf_create_dsq(FALLBACK_DSQ, NUMA_NO_NODE);
}

void BPF_STRUCT_OPS(flatcg_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(flatcg_ops,
	       .select_cpu		= (void *)flatcg_select_cpu,
	       .enqueue			= (void *)flatcg_enqueue,
	       .dispatch		= (void *)flatcg_dispatch,
	       .runnable		= (void *)flatcg_runnable,
	       .quiescent		= (void *)flatcg_quiescent,
	       .running			= (void *)flatcg_running,
	       .stopping		= (void *)flatcg_stopping,
	       .init_task		= (void *)flatcg_init_task,
	       .enable			= (void *)flatcg_enable,
	       .cgroup_init		= (void *)flatcg_cgroup_init,
	       .cgroup_exit		= (void *)flatcg_cgroup_exit,
	       .cgroup_move		= (void *)flatcg_cgroup_move,
	       .cgroup_set_weight	= (void *)flatcg_cgroup_set_weight,
	       .init			= (void *)flatcg_init,
	       .exit			= (void *)flatcg_exit,
	       .timeout_ms		= 20000,
	       .name			= "flatcg");
