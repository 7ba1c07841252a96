// SPDX-License-Identifier: GPL-2.0
/*
 * One queue per NUMA node.
 *
 * Tasks stay on the node that they ran on last, near their memory. A wake-up
 * looks for an idle CPU there; if there is none the task waits in the node's
 * queue, ordered by weighted virtual time or by arrival, and the node's CPUs
 * take from it. Each node has a virtual clock of its own, and a task that
 * changes nodes takes its distance from the clock with it.
 *
 * Work leaves a node in three cases. If many tasks wait there, tasks that wake
 * up look for an idle CPU on other nodes, too. If a node's queue is longer than
 * their own by as many tasks, CPUs take tasks from it. A CPU with nothing to do
 * takes a task that has waited too long on another node; a timer looks for such
 * tasks and wakes an idle CPU for them.
 *
 * This suits machines with a few nodes and more work than CPUs. Node distances
 * and where a task's memory really is are not considered, small differences in
 * load between nodes remain, and a queue is still shared by all CPUs of a node.
 */
#include <scx/common.bpf.h>
#include "counters.bpf.h"
#include "scx_numa.h"
#include "vtime.bpf.h"

char _license[] SEC("license") = "GPL";

/* Set by the loader; under bpftool these defaults hold. */
const volatile bool fifo_sched;
const volatile u64 slice_ns = SCX_SLICE_DFL;
const volatile u64 wait_ns = 5000000;
const volatile s32 crowd = 4;

/* How often to look for idle CPUs, at most. */
#define MIN_WATCH_NS	1000000ULL

DEFINE_COUNTERS(MAX_NODES * NR_NUMA_STATS)

struct node_ctx {
	u64 vtime_now;
	bool has_cpus;
	u8 pad[55];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, struct node_ctx);
	__uint(max_entries, MAX_NODES);
} nodes SEC(".maps");

struct task_ctx {
	u32 node;		/* the node whose clock the task's virtual time is on */
	u64 queued_at;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} task_ctxs SEC(".maps");

struct watch {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, struct watch);
	__uint(max_entries, 1);
} watches SEC(".maps");

UEI_DEFINE(uei);

/* Nodes have numbers below this; those without CPUs have no queue. */
u32 nr_nodes;

static void node_count(u32 node, enum numa_stat_idx idx)
{
	count(node * NR_NUMA_STATS + idx);
}

static struct node_ctx *node_ctx(u32 node)
{
	return bpf_map_lookup_elem(&nodes, &node);
}

static struct task_ctx *task_ctx(struct task_struct *p)
{
	return bpf_task_storage_get(&task_ctxs, p, NULL, 0);
}

/* Node @idx counted from @first, the last one being followed by 0. */
static u32 nth_node(u32 first, u32 idx)
{
	u32 node = first + idx;

	return node < nr_nodes ? node : node - nr_nodes;
}

/* @cpu if @p may run there, else some CPU that it may use. */
static s32 usable_cpu(struct task_struct *p, s32 cpu)
{
	const struct cpumask *online;
	u32 other;

	if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
		return cpu;
	online = scx_bpf_get_online_cpumask();
	other = bpf_cpumask_any_and_distribute(p->cpus_ptr, online);
	scx_bpf_put_cpumask(online);
	return other < scx_bpf_nr_cpu_ids() ? other : cpu;
}

/* Translate the virtual time of @p from its old node's clock to that of @node. */
static void change_node(struct task_struct *p, struct task_ctx *tctx, u32 node)
{
	struct node_ctx *from, *to;

	if (tctx->node == node)
		return;
	from = node_ctx(tctx->node);
	to = node_ctx(node);
	if (!from || !to)
		return;
	scx_bpf_task_set_dsq_vtime(p, p->scx.dsq_vtime - from->vtime_now + to->vtime_now);
	tctx->node = node;
	node_count(node, NUMA_STAT_MOVED);
}

s32 BPF_STRUCT_OPS(numa_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	s32 home = usable_cpu(p, prev_cpu);
	u32 node = __COMPAT_scx_bpf_cpu_node(home);
	bool away = false;
	s32 cpu;

	cpu = scx_bpf_select_cpu_and(p, home, wake_flags, p->cpus_ptr, SCX_PICK_IDLE_IN_NODE);
	if (cpu < 0 && scx_bpf_dsq_nr_queued(node) >= crowd) {
		cpu = __COMPAT_scx_bpf_pick_idle_cpu_node(p->cpus_ptr, node, 0);
		away = cpu >= 0 && __COMPAT_scx_bpf_cpu_node(cpu) != node;
	}
	if (cpu < 0)
		return home;

	node_count(node, away ? NUMA_STAT_AWAY : NUMA_STAT_LOCAL);
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, 0);
	return cpu;
}

/* A CPU may have become idle since the task looked for one, if it did at all. */
static void wake_node_cpu(struct task_struct *p, u32 node)
{
	s32 cpu = __COMPAT_scx_bpf_pick_idle_cpu_node(p->cpus_ptr, node, SCX_PICK_IDLE_IN_NODE);

	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
}

/*
 * The task may no longer be allowed to use the CPU that it comes from, nor other
 * CPUs of that node. Therefore take the node of a CPU that it may use.
 */
void BPF_STRUCT_OPS(numa_enqueue, struct task_struct *p, u64 enq_flags)
{
	u32 node = __COMPAT_scx_bpf_cpu_node(usable_cpu(p, scx_bpf_task_cpu(p)));
	struct task_ctx *tctx = task_ctx(p);
	struct node_ctx *nctx = node_ctx(node);

	if (!tctx || !nctx) {
		scx_bpf_error("no data about task %d or node %d", p->pid, node);
		return;
	}
	change_node(p, tctx, node);
	tctx->queued_at = scx_bpf_now();
	node_count(node, NUMA_STAT_QUEUED);

	if (fifo_sched)
		scx_bpf_dsq_insert(p, node, slice_ns, enq_flags);
	else
		scx_bpf_dsq_insert_vtime(p, node, slice_ns,
					 vtime_claim(p, nctx->vtime_now, slice_ns), enq_flags);
	wake_node_cpu(p, node);
}

static bool has_waited_long(struct task_struct *p)
{
	struct task_ctx *tctx = task_ctx(p);

	return tctx && time_delta(scx_bpf_now(), tctx->queued_at) >= wait_ns;
}

/* Has the first task on @node that can run on @cpu waited too long? */
static bool neglected(u32 node, s32 cpu)
{
	struct task_struct *p;
	bool ret = false;
	int looked = 0;

	bpf_for_each(scx_dsq, p, node, 0) {
		if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) {
			ret = has_waited_long(p);
			break;
		}
		if (++looked == VTIME_LOOK_MAX)
			break;
	}
	return ret;
}

static bool take_from(u32 node, u32 stat)
{
	if (!scx_bpf_dsq_move_to_local(node, 0))
		return false;
	node_count(node, stat);
	return true;
}

/* Take from a node where clearly more tasks wait than on node @own. */
static bool relieve(u32 own)
{
	s32 here = scx_bpf_dsq_nr_queued(own);
	u32 i;

	bpf_for(i, 1, nr_nodes) {
		u32 node = nth_node(own, i);

		if (scx_bpf_dsq_nr_queued(node) - here >= crowd &&
		    take_from(node, NUMA_STAT_CROWDED))
			return true;
	}
	return false;
}

static bool steal(u32 own, s32 cpu)
{
	u32 i;

	bpf_for(i, 1, nr_nodes) {
		u32 node = nth_node(own, i);

		if (scx_bpf_dsq_nr_queued(node) > 0 && neglected(node, cpu) &&
		    take_from(node, NUMA_STAT_STOLEN))
			return true;
	}
	return false;
}

void BPF_STRUCT_OPS(numa_dispatch, s32 cpu, struct task_struct *prev)
{
	u32 own = __COMPAT_scx_bpf_cpu_node(cpu);
	struct node_ctx *nctx = node_ctx(own);

	if (!nctx || relieve(own))
		return;
	if (vtime_keep(prev, cpu, own, nctx->vtime_now, slice_ns, fifo_sched)) {
		node_count(own, NUMA_STAT_KEPT);
		return;
	}
	if (!take_from(own, NUMA_STAT_OWN))
		steal(own, cpu);
}

void BPF_STRUCT_OPS(numa_running, struct task_struct *p)
{
	u32 node = __COMPAT_scx_bpf_cpu_node(scx_bpf_task_cpu(p));
	struct node_ctx *nctx = node_ctx(node);
	struct task_ctx *tctx = task_ctx(p);

	if (!nctx || !tctx)
		return;
	change_node(p, tctx, node);
	vtime_advance(&nctx->vtime_now, p->scx.dsq_vtime);
}

void BPF_STRUCT_OPS(numa_stopping, struct task_struct *p, bool runnable)
{
	scx_bpf_task_set_dsq_vtime(p, vtime_after_run(p, p->scx.dsq_vtime, slice_ns));
}

s32 BPF_STRUCT_OPS(numa_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	if (!bpf_task_storage_get(&task_ctxs, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE))
		return -ENOMEM;
	return 0;
}

/* A task new to the scheduler starts level with the others on its node. */
void BPF_STRUCT_OPS(numa_enable, struct task_struct *p)
{
	u32 node = __COMPAT_scx_bpf_cpu_node(scx_bpf_task_cpu(p));
	struct node_ctx *nctx = node_ctx(node);
	struct task_ctx *tctx = task_ctx(p);

	if (!nctx || !tctx)
		return;
	tctx->node = node;
	scx_bpf_task_set_dsq_vtime(p, nctx->vtime_now);
}

/* Wake an idle CPU, on whatever node, for the first task of @node. */
static void call_for_help(u32 node)
{
	struct task_struct *p;

	bpf_for_each(scx_dsq, p, node, 0) {
		s32 cpu = -1;

		if (has_waited_long(p))
			cpu = __COMPAT_scx_bpf_pick_idle_cpu_node(p->cpus_ptr, node, 0);
		if (cpu >= 0) {
			scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
			node_count(node, NUMA_STAT_CALLED);
		}
		break;
	}
}

static u64 watch_period(void)
{
	return wait_ns > MIN_WATCH_NS ? wait_ns : MIN_WATCH_NS;
}

/* An op that may sleep sets this up, so it has to take the RCU lock itself. */
static int watch_nodes(void *map, u32 *key, struct watch *watch)
{
	u32 node;

	bpf_rcu_read_lock();
	bpf_for(node, 0, nr_nodes) {
		if (scx_bpf_dsq_nr_queued(node) > 0)
			call_for_help(node);
	}
	bpf_rcu_read_unlock();
	bpf_timer_start(&watch->timer, watch_period(), 0);
	return 0;
}

static s32 start_watch(void)
{
	struct watch *watch;
	u32 key = 0;

	watch = bpf_map_lookup_elem(&watches, &key);
	if (!watch)
		return -ENOENT;
	bpf_timer_init(&watch->timer, &watches, CLOCK_MONOTONIC);
	bpf_timer_set_callback(&watch->timer, watch_nodes);
	return bpf_timer_start(&watch->timer, watch_period(), 0);
}

/* Node numbers can have gaps, and nodes can be without CPUs. */
static s32 create_queue_for(s32 cpu)
{
	u32 node = __COMPAT_scx_bpf_cpu_node(cpu);
	struct node_ctx *nctx = node_ctx(node);

	if (!nctx) {
		scx_bpf_error("node %u is beyond the %u that are supported", node, MAX_NODES);
		return -E2BIG;
	}
	if (nctx->has_cpus)
		return 0;
	nctx->has_cpus = true;
	return scx_bpf_create_dsq(node, node);
}

static s32 create_queues(void)
{
	const struct cpumask *mask = scx_bpf_get_possible_cpumask();
	s32 cpu, ret = 0;

	bpf_for(cpu, 0, scx_bpf_nr_cpu_ids()) {
		if (!bpf_cpumask_test_cpu(cpu, mask))
			continue;
		ret = create_queue_for(cpu);
		if (ret)
			break;
	}
	scx_bpf_put_cpumask(mask);
	return ret;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(numa_init)
{
	s32 ret;

	nr_nodes = __COMPAT_scx_bpf_nr_node_ids();
	ret = create_queues();
	if (!ret && nr_nodes > 1)
		ret = start_watch();
	return ret;
}

void BPF_STRUCT_OPS(numa_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(numa_ops,
	       .select_cpu	= (void *)numa_select_cpu,
	       .enqueue		= (void *)numa_enqueue,
	       .dispatch	= (void *)numa_dispatch,
	       .running		= (void *)numa_running,
	       .stopping	= (void *)numa_stopping,
	       .init_task	= (void *)numa_init_task,
	       .enable		= (void *)numa_enable,
	       .init		= (void *)numa_init,
	       .exit		= (void *)numa_exit,
	       .flags		= SCX_OPS_BUILTIN_IDLE_PER_NODE,
	       .timeout_ms	= 10000,
	       .name		= "numa");
