// SPDX-License-Identifier: GPL-2.0
/*
 * A scheduler that decides in user space.
 *
 * A task that is to wait is put in a dispatch queue, HOLD_DSQ, and reported
 * through a ring buffer to the loader, which orders tasks by virtual time. A
 * CPU that needs work asks for a decision. The decisions are pids in the order in
 * which the tasks are to run, and come back through a map of type QUEUE. The CPU
 * takes one, and moves that task to a second dispatch queue, RUN_DSQ, where it
 * waits for a CPU that may run it.
 *
 * The loader's own threads cannot wait for its decisions and are scheduled in the
 * kernel, and so are kernel threads bound to one CPU when they wake up. Waiting
 * tasks stay in a dispatch queue, so none is lost if the loader lags, is stopped,
 * or decides about a task that has left: a task that has waited for too long is
 * run without a decision.
 *
 * This makes policies easy to write and to debug. Each decision costs system
 * calls and context switches, so it is for tasks that run for milliseconds.
 */
#include <scx/common.bpf.h>
#include "counters.bpf.h"
#include "scx_userland.h"

char _license[] SEC("license") = "GPL";

enum userland_dsq {
	HOLD_DSQ,		/* waits for a decision, since dsq_vtime */
	RUN_DSQ,		/* may run */
};

/* How many decisions to carry out at a time. */
#define MAX_TAKEN	16

#define NSEC_PER_MSEC	1000000ULL

/* Set by the loader, without which this scheduler does not work. */
const volatile s32 loader_tgid;
const volatile u64 slice_ns = SCX_SLICE_DFL;
const volatile u64 patience_ms = 1000;

/* Counters, one line of the loader's output; keep in step with scx_userland.c. */
enum stat_idx {
	STAT_LOCAL,		/* sent straight to an idle CPU */
	STAT_OWN,		/* threads of the loader */
	STAT_KTHREAD,		/* kernel threads scheduled here */
	STAT_REPORTED,		/* reported to user space */
	STAT_OVERFLOW,		/* could not be reported */
	STAT_DECIDED,		/* decisions carried out */
	STAT_EARLY,		/* put back because the task was not in its queue yet */
	STAT_STALE,		/* for a task that had left */
	STAT_RESCUED,		/* run without a decision */
	STAT_CALLS,		/* times CPUs called for decisions */
	STAT_KEPT,		/* left running because nobody waits */
	NR_USERLAND_STATS,
};

DEFINE_COUNTERS(NR_USERLAND_STATS)

/* A record takes 24 bytes; the size must be a power of two of pages. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, NR_REPORTS * 32);
} reports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, NR_DECISIONS);
	__type(value, s32);
} decisions SEC(".maps");

struct rescuer {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct rescuer);
} rescuers SEC(".maps");

UEI_DEFINE(uei);

/* How often CPUs have called since the loader last checked. */
u32 calls;

static bool is_loader(const struct task_struct *p)
{
	return p->tgid == loader_tgid;
}

/* If a CPU is idle, there is nothing to decide. */
s32 BPF_STRUCT_OPS(userland_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool claimed = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &claimed);

	if (!claimed)
		return cpu;
	count(is_loader(p) ? STAT_OWN : STAT_LOCAL);
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, 0);
	return cpu;
}

/* Kernel threads of one CPU, when they wake up. */
static bool is_urgent(const struct task_struct *p, u64 enq_flags)
{
	return (p->flags & PF_KTHREAD) && p->nr_cpus_allowed == 1 &&
	       (enq_flags & SCX_ENQ_WAKEUP);
}

/* A loader thread that wakes up goes before other tasks, which wait for it. */
static u64 own_flags(u64 enq_flags)
{
	return enq_flags & SCX_ENQ_WAKEUP ? enq_flags | SCX_ENQ_PREEMPT : enq_flags;
}

static bool report(const struct task_struct *p)
{
	struct user_task task = {
		.pid		= p->pid,
		.weight		= p->scx.weight,
		.runtime	= p->se.sum_exec_runtime,
	};

	return !bpf_ringbuf_output(&reports, &task, sizeof(task), 0);
}

static void kick_idle_cpu(const struct task_struct *p)
{
	s32 cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);

	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
}

void BPF_STRUCT_OPS(userland_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (is_loader(p)) {
		count(STAT_OWN);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, own_flags(enq_flags));
	} else if (is_urgent(p, enq_flags)) {
		count(STAT_KTHREAD);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, enq_flags);
	} else if (report(p)) {
		count(STAT_REPORTED);
		scx_bpf_dsq_insert_vtime(p, HOLD_DSQ, slice_ns, scx_bpf_now(), enq_flags);
	} else {
		count(STAT_OVERFLOW);
		scx_bpf_dsq_insert(p, RUN_DSQ, slice_ns, enq_flags);
		kick_idle_cpu(p);
	}
}

/*
 * The loader can be faster than the enqueue that it was told about, because the
 * task is reported just before it is in the queue.
 */
static bool is_on_its_way(const struct task_struct *p)
{
	return (p->scx.flags & SCX_TASK_QUEUED) && !p->scx.dsq && !scx_bpf_task_running(p);
}

static bool release_task(struct task_struct *p)
{
	struct bpf_iter_scx_dsq it;
	bool moved = false;

	if (!bpf_iter_scx_dsq_new(&it, HOLD_DSQ, 0))
		moved = scx_bpf_dsq_move(&it, p, RUN_DSQ, 0);
	bpf_iter_scx_dsq_destroy(&it);
	return moved;
}

/* If @p cannot run on @cpu, wake another CPU for it. */
static void kick_other_cpu(const struct task_struct *p, s32 cpu)
{
	s32 other;

	if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
		return;
	other = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	scx_bpf_kick_cpu(other >= 0 ? other : scx_bpf_task_cpu(p), 0);
}

/* Put back a decision that came too early, and have this CPU dispatch again. */
static void try_again(s32 pid, s32 cpu)
{
	count(STAT_EARLY);
	if (!bpf_map_push_elem(&decisions, &pid, 0))
		scx_bpf_kick_cpu(cpu, 0);
}

static bool carry_out(s32 pid, s32 cpu)
{
	struct task_struct *p = bpf_task_from_pid(pid);
	bool early = false, moved = false;

	if (p) {
		moved = release_task(p);
		if (moved)
			kick_other_cpu(p, cpu);
		else
			early = is_on_its_way(p);
		bpf_task_release(p);
	}
	if (early)
		try_again(pid, cpu);
	else
		count(moved ? STAT_DECIDED : STAT_STALE);
	return !early;
}

/* Carry out decisions until one brings a task for @cpu. */
static bool take_decided(s32 cpu)
{
	s32 pid;

	bpf_repeat(MAX_TAKEN) {
		if (bpf_map_pop_elem(&decisions, &pid))
			return false;
		if (!carry_out(pid, cpu))
			return false;
		if (scx_bpf_dsq_move_to_local(RUN_DSQ, 0))
			return true;
	}
	/* perhaps there are more */
	scx_bpf_kick_cpu(cpu, 0);
	return false;
}

static void call_loader(void)
{
	struct user_task nobody = {};

	count(STAT_CALLS);
	if (!__sync_fetch_and_add(&calls, 1))
		bpf_ringbuf_output(&reports, &nobody, sizeof(nobody), 0);
}

/* Has the first task in HOLD_DSQ been waiting for too long? */
static bool is_lagging(void)
{
	u64 limit = patience_ms * NSEC_PER_MSEC, now = scx_bpf_now();
	struct task_struct *p;
	bool lags = false;

	bpf_for_each(scx_dsq, p, HOLD_DSQ, 0) {
		lags = time_delta(now, p->scx.dsq_vtime) > limit;
		break;
	}
	return lags;
}

void BPF_STRUCT_OPS(userland_dispatch, s32 cpu, struct task_struct *prev)
{
	if (scx_bpf_dsq_nr_queued(HOLD_DSQ) > 0 && is_lagging() &&
	    scx_bpf_dsq_move_to_local(HOLD_DSQ, 0)) {
		count(STAT_RESCUED);
		return;
	}
	if (scx_bpf_dsq_move_to_local(RUN_DSQ, 0) || take_decided(cpu))
		return;
	if (scx_bpf_dsq_nr_queued(HOLD_DSQ) > 0) {
		call_loader();
	} else if (prev && (prev->scx.flags & SCX_TASK_QUEUED)) {
		count(STAT_KEPT);
		scx_bpf_task_set_slice(prev, slice_ns);
	}
}

static void kick_idle_cpus(u32 nr)
{
	const struct cpumask *online = scx_bpf_get_online_cpumask();
	s32 cpu;

	bpf_repeat(nr) {
		cpu = scx_bpf_pick_idle_cpu(online, 0);
		if (cpu < 0)
			break;
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
	}
	scx_bpf_put_cpumask(online);
}

/* Run by the loader after it has made decisions: wake CPUs to carry them out. */
SEC("syscall")
int userland_decided(u32 *nr)
{
	bpf_rcu_read_lock();
	kick_idle_cpus(*nr);
	bpf_rcu_read_unlock();
	return 0;
}

/*
 * CPUs that have gone idle while they wait for the loader's decision come back by
 * themselves if that takes too long.
 */
static int on_rescue_timer(void *map, u32 *key, struct rescuer *rescuer)
{
	s32 waiting = scx_bpf_dsq_nr_queued(HOLD_DSQ);

	bpf_rcu_read_lock();
	if (waiting > 0 && is_lagging())
		kick_idle_cpus(waiting);
	bpf_rcu_read_unlock();
	bpf_timer_start(&rescuer->timer, patience_ms * NSEC_PER_MSEC / 4, 0);
	return 0;
}

static int start_rescue_timer(void)
{
	struct rescuer *rescuer;
	u32 key = 0;

	rescuer = bpf_map_lookup_elem(&rescuers, &key);
	if (!rescuer)
		return -ENOENT;
	return bpf_timer_init(&rescuer->timer, &rescuers, CLOCK_MONOTONIC) ?:
	       bpf_timer_set_callback(&rescuer->timer, on_rescue_timer) ?:
	       bpf_timer_start(&rescuer->timer, patience_ms * NSEC_PER_MSEC / 4, 0);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(userland_init)
{
	if (!loader_tgid) {
		scx_bpf_error("needs its loader");
		return -EINVAL;
	}
	return scx_bpf_create_dsq(HOLD_DSQ, NUMA_NO_NODE) ?:
	       scx_bpf_create_dsq(RUN_DSQ, NUMA_NO_NODE) ?: start_rescue_timer();
}

void BPF_STRUCT_OPS(userland_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(userland_ops,
	       .select_cpu	= (void *)userland_select_cpu,
	       .enqueue		= (void *)userland_enqueue,
	       .dispatch	= (void *)userland_dispatch,
	       .init		= (void *)userland_init,
	       .exit		= (void *)userland_exit,
	       /* a task whose slice has ended waits for a decision like others */
	       .flags		= SCX_OPS_ENQ_LAST,
	       .name		= "userland");
