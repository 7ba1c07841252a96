// SPDX-License-Identifier: GPL-2.0
/*
 * One queue for the whole machine.
 *
 * A task that wakes up while a CPU is idle goes straight to that CPU. All
 * others wait in one queue from which every CPU takes the next task. By
 * default the queue is ordered by virtual time: running makes a task's
 * virtual time advance, more slowly the more weight it has, and the task that
 * is furthest behind goes first. Tasks that compete for the same CPUs thus get
 * time in proportion to their weight. In FIFO mode, the queue is in order of arrival.
 *
 * This does well on machines where all CPUs share their last level cache and
 * shows what a scheduler consists of. A queue this size is contended on big
 * machines, and FIFO mode lets a crowd of busy tasks delay the others.
 */
#include <scx/common.bpf.h>
#include "counters.bpf.h"

char _license[] SEC("license") = "GPL";

/* Set by the loader; under bpftool these defaults hold. */
const volatile bool fifo_sched;
const volatile u64 slice_ns = SCX_SLICE_DFL;

#define SHARED_DSQ	0

/* How many waiting tasks to compare before the kernel is left to find one. */
#define MAX_COMPARED	32

/* Counters, one line of the loader's output; keep in step with scx_simple.c. */
enum stat_idx {
	STAT_LOCAL,		/* sent straight to an idle CPU */
	STAT_GLOBAL,		/* put on the shared queue */
	STAT_EXPIRED,		/* taken off it with the slice used up */
	STAT_KEPT,		/* given another slice without leaving it */
	NR_SIMPLE_STATS,
};

DEFINE_COUNTERS(NR_SIMPLE_STATS)

UEI_DEFINE(uei);

/* The furthest virtual time of any task when it started to run. */
static u64 vtime_now;

s32 BPF_STRUCT_OPS(simple_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;
	s32 cpu;

	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
	if (is_idle) {
		count(STAT_LOCAL);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, 0);
	}
	return cpu;
}

/*
 * A task that slept keeps its virtual time, which would let it run until it
 * has caught up with everybody else. Allow it one slice of that.
 */
static u64 capped_vtime(const struct task_struct *p)
{
	u64 floor = vtime_now - slice_ns;

	return vtime_before(p->scx.dsq_vtime, floor) ? floor : p->scx.dsq_vtime;
}

void BPF_STRUCT_OPS(simple_enqueue, struct task_struct *p, u64 enq_flags)
{
	count(STAT_GLOBAL);

	if (fifo_sched)
		scx_bpf_dsq_insert(p, SHARED_DSQ, slice_ns, enq_flags);
	else
		scx_bpf_dsq_insert_vtime(p, SHARED_DSQ, slice_ns, capped_vtime(p), enq_flags);
}

/* Virtual time of @p plus what it has used of its slice. */
static u64 charged_vtime(const struct task_struct *p, u64 vtime)
{
	u64 left = p->scx.slice, used = left < slice_ns ? slice_ns - left : 0;

	return vtime + scale_by_task_weight_inverse(p, used);
}

/* Does @prev, at @vtime, go before a task that waits? */
static bool goes_before(struct task_struct *prev, u64 vtime, const struct task_struct *p)
{
	if (fifo_sched || !vtime_before(vtime, p->scx.dsq_vtime))
		return false;
	scx_bpf_task_set_dsq_vtime(prev, vtime);
	return true;
}

static bool goes_before_all(struct task_struct *prev, s32 cpu, u64 vtime)
{
	struct task_struct *p;
	int seen = 0;

	bpf_for_each(scx_dsq, p, SHARED_DSQ, 0) {
		if (++seen > MAX_COMPARED)
			return false;
		if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
			return goes_before(prev, vtime, p);
	}
	return true;
}

/*
 * A task whose slice has ended is not in the queue yet when the CPU looks for
 * the next one. Without a comparison with those who wait, others would always go
 * first, and no weight could give a task more than every other slice. Time for
 * which nobody waits is free.
 *
 * Usually the task only has to be compared with the first one in the queue, and a
 * peek costs less than an iterator.
 */
static __noinline bool goes_on(struct task_struct *prev __arg_trusted, s32 cpu)
{
	u64 vtime = charged_vtime(prev, capped_vtime(prev));
	struct task_struct *p = NULL;

	if (bpf_ksym_exists(scx_bpf_dsq_peek))
		p = scx_bpf_dsq_peek(SHARED_DSQ);
	if (p && bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
		return goes_before(prev, vtime, p);
	return goes_before_all(prev, cpu, vtime);
}

void BPF_STRUCT_OPS(simple_dispatch, s32 cpu, struct task_struct *prev)
{
	if (prev && (prev->scx.flags & SCX_TASK_QUEUED) && goes_on(prev, cpu)) {
		count(STAT_KEPT);
		scx_bpf_task_set_slice(prev, slice_ns);
		return;
	}
	scx_bpf_dsq_move_to_local(SHARED_DSQ, 0);
}

/*
 * CPUs race for vtime_now without a lock. At worst it lags a little for a moment,
 * which only moves the floor for tasks that wake up just then. For the same reason
 * the update can wait until the task stops; ops.running() would be one more
 * callback in every switch.
 */
static void advance(const struct task_struct *p)
{
	if (vtime_before(vtime_now, p->scx.dsq_vtime))
		vtime_now = p->scx.dsq_vtime;
}

/*
 * Charge what has been used of the slice. sched_yield() gives up the rest of the
 * slice, and the task is charged for all of it.
 */
void BPF_STRUCT_OPS(simple_stopping, struct task_struct *p, bool runnable)
{
	if (runnable && !p->scx.slice)
		count(STAT_EXPIRED);

	if (fifo_sched)
		return;
	advance(p);
	scx_bpf_task_set_dsq_vtime(p, charged_vtime(p, p->scx.dsq_vtime));
}

/* A task new to the scheduler starts level with the others. */
void BPF_STRUCT_OPS(simple_enable, struct task_struct *p)
{
	scx_bpf_task_set_dsq_vtime(p, vtime_now);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(simple_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, NUMA_NO_NODE);
}

void BPF_STRUCT_OPS(simple_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(simple_ops,
	       .select_cpu	= (void *)simple_select_cpu,
	       .enqueue		= (void *)simple_enqueue,
	       .dispatch	= (void *)simple_dispatch,
	       .stopping	= (void *)simple_stopping,
	       .enable		= (void *)simple_enable,
	       .init		= (void *)simple_init,
	       .exit		= (void *)simple_exit,
	       .name		= "simple");
