// SPDX-License-Identifier: GPL-2.0
/*
 * Keep work on few CPUs.
 *
 * A CPU that has just been busy has warm caches and a high clock; one that was
 * idle for a while has neither. Therefore the CPUs in use form the primary nest,
 * and wake-ups search it first: the previous CPU, then the others. Where that
 * fails they search the reserve nest, a limited number of CPUs that were in
 * use not long ago, and then all others. A CPU found in the reserve moves to
 * the primary nest; one found outside both enters the reserve, and moves on
 * if it is needed again. A task that finds its previous CPU busy several times
 * in a row is impatient: the CPU that it gets outside joins the primary nest
 * at once.
 *
 * A CPU of the primary nest that stays idle for a while is sent back to the
 * reserve, or out of both nests if that is full. When no CPU is idle, tasks
 * wait in one queue ordered by weighted virtual time, for any CPU.
 *
 * This is good for loads with fewer busy tasks than CPUs that come and go
 * often. It gains nothing on a busy machine, packs tasks onto SMT siblings
 * unless told to find idle cores first, does not know about NUMA nodes beyond
 * what the kernel's search does, and its queue is shared by all CPUs.
 */
#include <scx/common.bpf.h>
#include "counters.bpf.h"
#include "scx_nest.h"
#include "vtime.bpf.h"

char _license[] SEC("license") = "GPL";

/* Set by the loader; under bpftool these defaults hold. */
const volatile u64 slice_ns = SCX_SLICE_DFL;
const volatile u64 cool_ns = 2000000;
const volatile u32 reserve_max = 5;
const volatile u32 patience = 2;
const volatile bool whole_cores;

#define SHARED_DSQ	0
#define MAX_CPUS	1024

DEFINE_COUNTERS(NR_NEST_STATS)

UEI_DEFINE(uei);

private(NESTS) struct bpf_cpumask __kptr *primary_nest;
private(NESTS) struct bpf_cpumask __kptr *reserve_nest;

static u64 vtime_now;

/* Sizes of the nests, for the loader. */
u32 nr_primary, nr_reserve;

struct cpu_ctx {
	struct bpf_timer timer;
	u64 idle_since;		/* zero while busy */
	u32 armed;		/* the timer is on its way */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, struct cpu_ctx);
	__uint(max_entries, MAX_CPUS);
} cpu_ctxs SEC(".maps");

struct task_ctx {
	u32 missed;		/* times in a row that its CPU was busy */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} task_ctxs SEC(".maps");

static struct cpu_ctx *cpu_ctx(s32 cpu)
{
	u32 key = cpu;

	return bpf_map_lookup_elem(&cpu_ctxs, &key);
}

static void join_primary(s32 cpu, struct bpf_cpumask *primary, struct bpf_cpumask *reserve)
{
	if (!bpf_cpumask_test_and_set_cpu(cpu, primary)) {
		count(NEST_STAT_PROMOTED);
		__sync_fetch_and_add(&nr_primary, 1);
	}
	if (bpf_cpumask_test_and_clear_cpu(cpu, reserve))
		__sync_fetch_and_sub(&nr_reserve, 1);
}

/* CPUs that race for the last places may exceed the limit by a few. */
static void join_reserve(s32 cpu, struct bpf_cpumask *reserve)
{
	if (nr_reserve < reserve_max && !bpf_cpumask_test_and_set_cpu(cpu, reserve))
		__sync_fetch_and_add(&nr_reserve, 1);
}

static void leave_nests(s32 cpu, struct bpf_cpumask *primary, struct bpf_cpumask *reserve)
{
	if (bpf_cpumask_test_and_clear_cpu(cpu, primary))
		__sync_fetch_and_sub(&nr_primary, 1);
	if (bpf_cpumask_test_and_clear_cpu(cpu, reserve))
		__sync_fetch_and_sub(&nr_reserve, 1);
}

/* Claim an idle CPU of @mask for @p. */
static s32 claim_in(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
		    const struct cpumask *mask)
{
	s32 cpu = -1;

	if (whole_cores)
		cpu = scx_bpf_select_cpu_and(p, prev_cpu, wake_flags, mask, SCX_PICK_IDLE_CORE);
	if (cpu < 0)
		cpu = scx_bpf_select_cpu_and(p, prev_cpu, wake_flags, mask, 0);
	return cpu;
}

static bool claim_prev(struct task_struct *p, s32 prev_cpu, const struct cpumask *primary)
{
	return bpf_cpumask_test_cpu(prev_cpu, primary) &&
	       bpf_cpumask_test_cpu(prev_cpu, p->cpus_ptr) &&
	       scx_bpf_test_and_clear_cpu_idle(prev_cpu);
}

/* Claim a CPU that is not in the primary nest, and update the nests. */
static s32 claim_outside(struct task_struct *p, s32 prev_cpu, u64 wake_flags, bool impatient,
			 struct bpf_cpumask *primary, struct bpf_cpumask *reserve)
{
	s32 cpu = claim_in(p, prev_cpu, wake_flags, cast_mask(reserve));
	bool reserved = cpu >= 0;

	if (!reserved)
		cpu = claim_in(p, prev_cpu, wake_flags, p->cpus_ptr);
	if (cpu < 0)
		return cpu;

	if (reserved || impatient)
		join_primary(cpu, primary, reserve);
	else
		join_reserve(cpu, reserve);
	count(impatient ? NEST_STAT_IMPATIENT :
	      reserved ? NEST_STAT_RESERVE : NEST_STAT_OUTSIDE);
	return cpu;
}

static s32 claim_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags, bool impatient)
{
	struct bpf_cpumask *primary = primary_nest, *reserve = reserve_nest;
	s32 cpu;

	if (!primary || !reserve)
		return -ENOENT;
	if (claim_prev(p, prev_cpu, cast_mask(primary))) {
		count(NEST_STAT_PREV);
		return prev_cpu;
	}
	cpu = impatient ? -1 : claim_in(p, prev_cpu, wake_flags, cast_mask(primary));
	if (cpu >= 0) {
		count(NEST_STAT_PRIMARY);
		return cpu;
	}
	return claim_outside(p, prev_cpu, wake_flags, impatient, primary, reserve);
}

/* Note whether @p found its CPU busy again; true if it is impatient now. */
static bool lost_patience(struct task_ctx *tctx, s32 prev_cpu)
{
	struct cpu_ctx *cctx = cpu_ctx(prev_cpu);

	bool busy = cctx && !READ_ONCE(cctx->idle_since);

	if (busy && ++tctx->missed < patience)
		return false;
	tctx->missed = 0;
	return busy;
}

s32 BPF_STRUCT_OPS(nest_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct task_ctx *tctx = bpf_task_storage_get(&task_ctxs, p, NULL, 0);
	bool impatient = tctx && lost_patience(tctx, prev_cpu);
	s32 cpu = claim_cpu(p, prev_cpu, wake_flags, impatient);

	if (cpu < 0)
		return prev_cpu;
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, 0);
	return cpu;
}

void BPF_STRUCT_OPS(nest_enqueue, struct task_struct *p, u64 enq_flags)
{
	count(NEST_STAT_QUEUED);
	scx_bpf_dsq_insert_vtime(p, SHARED_DSQ, slice_ns,
				 vtime_claim(p, vtime_now, slice_ns), enq_flags);
	wake_idle_cpu(p->cpus_ptr);
}

void BPF_STRUCT_OPS(nest_dispatch, s32 cpu, struct task_struct *prev)
{
	if (vtime_keep(prev, cpu, SHARED_DSQ, vtime_now, slice_ns, false))
		count(NEST_STAT_KEPT);
	else
		scx_bpf_dsq_move_to_local(SHARED_DSQ, 0);
}

void BPF_STRUCT_OPS(nest_running, struct task_struct *p)
{
	vtime_advance(&vtime_now, p->scx.dsq_vtime);
}

void BPF_STRUCT_OPS(nest_stopping, struct task_struct *p, bool runnable)
{
	scx_bpf_task_set_dsq_vtime(p, vtime_after_run(p, p->scx.dsq_vtime, slice_ns));
}

/* Send a CPU of the primary nest back to the reserve. */
static void cool_down(s32 cpu)
{
	struct bpf_cpumask *primary = primary_nest, *reserve = reserve_nest;

	if (!primary || !reserve || !bpf_cpumask_test_and_clear_cpu(cpu, primary))
		return;
	__sync_fetch_and_sub(&nr_primary, 1);
	count(NEST_STAT_COOLED);
	join_reserve(cpu, reserve);
}

/*
 * The CPU may have been busy in between, which restarts its idle time. It is
 * cheaper to start the timer again than to stop it each time. The op that sets up
 * this function may sleep, so the function has to take the RCU lock itself.
 */
static int idle_expired(void *map, u32 *cpu, struct cpu_ctx *cctx)
{
	u64 since, idle;

	__sync_lock_test_and_set(&cctx->armed, 0);
	since = READ_ONCE(cctx->idle_since);
	if (!since)
		return 0;
	idle = time_delta(bpf_ktime_get_ns(), since);
	if (idle >= cool_ns) {
		bpf_rcu_read_lock();
		cool_down(*cpu);
		bpf_rcu_read_unlock();
	} else if (!__sync_lock_test_and_set(&cctx->armed, 1)) {
		bpf_timer_start(&cctx->timer, cool_ns - idle, 0);
	}
	return 0;
}

void BPF_STRUCT_OPS(nest_update_idle, s32 cpu, bool idle)
{
	struct cpu_ctx *cctx = cpu_ctx(cpu);

	if (!cctx)
		return;
	__sync_lock_test_and_set(&cctx->idle_since, idle ? bpf_ktime_get_ns() : 0);
	if (idle && !__sync_lock_test_and_set(&cctx->armed, 1))
		bpf_timer_start(&cctx->timer, cool_ns, 0);
}

/* A CPU that comes online is found like any other outside the nests. */
void BPF_STRUCT_OPS(nest_cpu_online, s32 cpu)
{
}

void BPF_STRUCT_OPS(nest_cpu_offline, s32 cpu)
{
	struct bpf_cpumask *primary = primary_nest, *reserve = reserve_nest;
	struct cpu_ctx *cctx = cpu_ctx(cpu);

	if (cctx)
		cctx->idle_since = 0;
	if (primary && reserve)
		leave_nests(cpu, primary, reserve);
}

s32 BPF_STRUCT_OPS(nest_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	if (!bpf_task_storage_get(&task_ctxs, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE))
		return -ENOMEM;
	return 0;
}

/* A task new to the scheduler starts level with the others. */
void BPF_STRUCT_OPS(nest_enable, struct task_struct *p)
{
	scx_bpf_task_set_dsq_vtime(p, vtime_now);
}

static s32 init_timers(void)
{
	s32 cpu;

	bpf_for(cpu, 0, scx_bpf_nr_cpu_ids()) {
		struct cpu_ctx *cctx = cpu_ctx(cpu);

		if (!cctx) {
			scx_bpf_error("CPU %d is beyond the %d that are supported", cpu, MAX_CPUS);
			return -E2BIG;
		}
		bpf_timer_init(&cctx->timer, &cpu_ctxs, CLOCK_MONOTONIC);
		bpf_timer_set_callback(&cctx->timer, idle_expired);
	}
	return 0;
}

/* Create empty nests. */
static s32 init_nests(void)
{
	struct bpf_cpumask *mask, *old;

	mask = bpf_cpumask_create();
	if (!mask)
		return -ENOMEM;
	old = bpf_kptr_xchg(&primary_nest, mask);
	if (old)
		bpf_cpumask_release(old);

	mask = bpf_cpumask_create();
	if (!mask)
		return -ENOMEM;
	old = bpf_kptr_xchg(&reserve_nest, mask);
	if (old)
		bpf_cpumask_release(old);
	return 0;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(nest_init)
{
	s32 ret = init_nests();

	if (!ret)
		ret = init_timers();
	if (!ret)
		ret = scx_bpf_create_dsq(SHARED_DSQ, NUMA_NO_NODE);
	return ret;
}

void BPF_STRUCT_OPS(nest_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(nest_ops,
	       .select_cpu	= (void *)nest_select_cpu,
	       .enqueue		= (void *)nest_enqueue,
	       .dispatch	= (void *)nest_dispatch,
	       .running		= (void *)nest_running,
	       .stopping	= (void *)nest_stopping,
	       .update_idle	= (void *)nest_update_idle,
	       .cpu_online	= (void *)nest_cpu_online,
	       .cpu_offline	= (void *)nest_cpu_offline,
	       .init_task	= (void *)nest_init_task,
	       .enable		= (void *)nest_enable,
	       .init		= (void *)nest_init,
	       .exit		= (void *)nest_exit,
	       .flags		= SCX_OPS_KEEP_BUILTIN_IDLE,
	       .timeout_ms	= 10000,
	       .name		= "nest");
