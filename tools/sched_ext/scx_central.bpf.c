// SPDX-License-Identifier: GPL-2.0
/*
 * One CPU decides for all.
 *
 * Tasks wait in one queue. A CPU without work asks for some; the central CPU
 * looks through the queue in order of arrival and puts a task that fits on
 * that CPU's local queue. The other CPUs run what they get with an infinite
 * slice, so a nohz_full CPU can stop its tick. In place of the tick, a timer on
 * the central CPU looks for tasks that have run for a slice while others wait,
 * and preempts them. The central CPU runs tasks, too, with a finite slice.
 *
 * This suits machines where most CPUs should be disturbed as little as
 * possible, such as those that run virtual machines. The central CPU limits how
 * many decisions can be made, and none are made while it is busy with a task of
 * a real-time class.
 */
#include <scx/common.bpf.h>
#include "counters.bpf.h"

char _license[] SEC("license") = "GPL";

#define WAIT_DSQ	0
#define MAX_CPUS	8192

/* How many waiting tasks to look at for one CPU. */
#define MAX_SEARCHED	4096

/* Limits of the timer's period, which is otherwise a quarter of a slice. */
#define MIN_PAUSE_NS	(500 * 1000ULL)
#define MAX_PAUSE_NS	(5 * 1000 * 1000ULL)

/* A task does not go on for less than this of its slice. */
#define MIN_LEFT_NS	(100 * 1000ULL)

/* Set by the loader; under bpftool these defaults hold. */
const volatile s32 central_cpu;
const volatile u64 slice_ns = SCX_SLICE_DFL;

/* Counters, one line of the loader's output; keep in step with scx_central.c. */
enum stat_idx {
	STAT_TOTAL,		/* enqueued */
	STAT_LOCAL,		/* kernel threads sent straight to their CPU */
	STAT_QUEUED,		/* put in the queue */
	STAT_DISPATCH,		/* rounds of the central CPU */
	STAT_ASKED,		/* times another CPU asked for work */
	STAT_HANDED,		/* tasks given to another CPU */
	STAT_OWN,		/* tasks the central CPU took for itself */
	STAT_KEPT,		/* tasks left running */
	STAT_MISMATCH,		/* waiting tasks that did not fit a CPU */
	STAT_LOST,		/* tasks that left while being moved */
	STAT_TIMER,		/* the timer went off */
	STAT_ASTRAY,		/* the same, on another CPU */
	STAT_PREEMPTED,		/* CPUs that it preempted */
	NR_CENTRAL_STATS,
};

DEFINE_COUNTERS(NR_CENTRAL_STATS)

struct cpu_ctx {
	u64 started;		/* when its task started, 0 if it runs none */
	u64 asks;		/* it wants a task from the central CPU */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_CPUS);
	__type(key, u32);
	__type(value, struct cpu_ctx);
} cpu_ctxs SEC(".maps");

struct pacer {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct pacer);
} pacers SEC(".maps");

UEI_DEFINE(uei);

/* The timer runs, so slices may be infinite. */
bool paced;

/* Flags to start the timer with. Not static, or the compiler makes it a byte. */
u64 timer_flags;

/* Set while the scheduler is loaded. */
bool ready;

/* How many CPUs are asking. */
s64 nr_asking;

/*
 * The value from which loops count. It is never written, but the verifier does
 * not know that, so it checks a loop once instead of once for each number.
 */
u32 zero;

static struct cpu_ctx *cpu_ctx(s32 cpu)
{
	return bpf_map_lookup_elem(&cpu_ctxs, &cpu);
}

/*
 * Have the central CPU look at the queue. If that ends the slice of a task there,
 * the task then gets the rest of it.
 */
static void call_central(void)
{
	scx_bpf_kick_cpu(central_cpu, SCX_KICK_PREEMPT);
}

/* Wake tasks on the central CPU, where this disturbs no other CPU. */
s32 BPF_STRUCT_OPS(central_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return bpf_cpumask_test_cpu(central_cpu, p->cpus_ptr) ? central_cpu : prev_cpu;
}

/* Kernel threads of one CPU, when they wake up. */
static bool is_urgent(const struct task_struct *p, u64 enq_flags)
{
	return (p->flags & PF_KTHREAD) && p->nr_cpus_allowed == 1 &&
	       (enq_flags & SCX_ENQ_WAKEUP);
}

void BPF_STRUCT_OPS(central_enqueue, struct task_struct *p, u64 enq_flags)
{
	count(STAT_TOTAL);
	if (is_urgent(p, enq_flags)) {
		count(STAT_LOCAL);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, enq_flags | SCX_ENQ_PREEMPT);
		return;
	}

	count(STAT_QUEUED);
	scx_bpf_dsq_insert(p, WAIT_DSQ, slice_ns, enq_flags);
	/* If no CPU asks, all are busy and the timer will make room. */
	if (!paced || READ_ONCE(nr_asking) > 0)
		call_central();
	else
		scx_bpf_kick_cpu(central_cpu, SCX_KICK_IDLE);
}

/* On other CPUs, only the timer limits how long a task runs. */
static u64 slice_on(s32 cpu)
{
	return paced && cpu != central_cpu ? SCX_SLICE_INF : slice_ns;
}

/* Move the first waiting task that may run on @cpu there. */
static bool hand_task(s32 cpu)
{
	struct task_struct *p;
	u32 seen = zero;

	bpf_for_each(scx_dsq, p, WAIT_DSQ, 0) {
		if (++seen > MAX_SEARCHED)
			break;
		if (is_migration_disabled(p) || !bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) {
			count(STAT_MISMATCH);
			continue;
		}
		scx_bpf_dsq_move_set_slice(BPF_FOR_EACH_ITER, slice_on(cpu));
		if (scx_bpf_dsq_move(BPF_FOR_EACH_ITER, p, SCX_DSQ_LOCAL_ON | cpu, 0))
			return true;
		count(STAT_LOST);
	}
	return false;
}

static void ask(struct cpu_ctx *cctx)
{
	if (!__sync_val_compare_and_swap(&cctx->asks, 0, 1))
		__sync_fetch_and_add(&nr_asking, 1);
}

static bool take_request(struct cpu_ctx *cctx)
{
	if (!__sync_val_compare_and_swap(&cctx->asks, 1, 0))
		return false;
	__sync_fetch_and_add(&nr_asking, -1);
	return true;
}

/* The request goes first: once it has the task, the CPU may ask for more. */
static void serve(s32 cpu)
{
	struct cpu_ctx *cctx = cpu_ctx(cpu);

	if (cpu == central_cpu || !cctx || !take_request(cctx))
		return;
	if (hand_task(cpu)) {
		count(STAT_HANDED);
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
	} else {
		ask(cctx);
	}
}

static void serve_all(void)
{
	s32 cpu;

	bpf_for(cpu, 0, scx_bpf_nr_cpu_ids()) {
		if (READ_ONCE(nr_asking) <= 0 || scx_bpf_dsq_nr_queued(WAIT_DSQ) <= 0)
			break;
		serve(cpu);
	}
}

/* What @cctx's task has left of a slice. */
static u64 slice_left(const struct cpu_ctx *cctx)
{
	u64 used = time_delta(scx_bpf_now(), cctx->started);

	return cctx->started && used < slice_ns ? slice_ns - used : 0;
}

static void go_on(struct task_struct *prev, u64 slice)
{
	count(STAT_KEPT);
	scx_bpf_task_set_slice(prev, slice);
}

static void dispatch_central(struct cpu_ctx *cctx, struct task_struct *prev)
{
	u64 left = prev ? slice_left(cctx) : 0;

	count(STAT_DISPATCH);
	serve_all();
	if (left > MIN_LEFT_NS)
		go_on(prev, left);
	else if (hand_task(central_cpu))
		count(STAT_OWN);
	else if (prev)
		go_on(prev, slice_ns);
}

void BPF_STRUCT_OPS(central_dispatch, s32 cpu, struct task_struct *prev)
{
	struct cpu_ctx *cctx = cpu_ctx(cpu);

	if (!cctx) {
		scx_bpf_error("CPU %d is beyond the %d supported", cpu, MAX_CPUS);
		return;
	}
	if (prev && !(prev->scx.flags & SCX_TASK_QUEUED))
		prev = NULL;

	if (cpu == central_cpu) {
		dispatch_central(cctx, prev);
	} else if (prev && scx_bpf_dsq_nr_queued(WAIT_DSQ) <= 0) {
		go_on(prev, slice_on(cpu));
	} else {
		count(STAT_ASKED);
		ask(cctx);
		call_central();
	}
}

void BPF_STRUCT_OPS(central_running, struct task_struct *p)
{
	struct cpu_ctx *cctx = cpu_ctx(scx_bpf_task_cpu(p));

	if (cctx)
		WRITE_ONCE(cctx->started, scx_bpf_now() ?: 1);
}

void BPF_STRUCT_OPS(central_stopping, struct task_struct *p, bool runnable)
{
	struct cpu_ctx *cctx = cpu_ctx(scx_bpf_task_cpu(p));

	if (cctx)
		WRITE_ONCE(cctx->started, 0);
}

/*
 * On the central CPU, the elapsed time says how much of a slice is left, because
 * call_central() ends slices as well. A task that yields has no slice left.
 */
bool BPF_STRUCT_OPS(central_yield, struct task_struct *from, struct task_struct *to)
{
	s32 cpu = scx_bpf_task_cpu(from);
	struct cpu_ctx *cctx = cpu_ctx(cpu);

	if (to)
		return false;
	if (cctx && cpu == central_cpu)
		WRITE_ONCE(cctx->started, 0);
	return scx_bpf_task_set_slice(from, 0);
}

/* Has @cpu's task used up its slice while another task could run there? */
static bool overdue(s32 cpu, u64 now)
{
	struct cpu_ctx *cctx = cpu_ctx(cpu);
	u64 started = cctx ? READ_ONCE(cctx->started) : 0;

	if (!started || cpu == central_cpu || time_before(now, started + slice_ns))
		return false;
	return scx_bpf_dsq_nr_queued(WAIT_DSQ) > 0 ||
	       scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL_ON | cpu) > 0;
}

static void preempt_overdue(void)
{
	u64 now = scx_bpf_now();
	s32 cpu;

	bpf_for(cpu, 0, scx_bpf_nr_cpu_ids()) {
		if (!overdue(cpu, now))
			continue;
		count(STAT_PREEMPTED);
		scx_bpf_kick_cpu(cpu, SCX_KICK_PREEMPT);
	}
}

static u64 pause_ns(void)
{
	u64 pause = slice_ns / 4;

	if (pause < MIN_PAUSE_NS)
		return MIN_PAUSE_NS;
	return pause > MAX_PAUSE_NS ? MAX_PAUSE_NS : pause;
}

static int on_timer(void *map, u32 *key, struct pacer *pacer)
{
	if (READ_ONCE(ready)) {
		count(STAT_TIMER);
		if (bpf_get_smp_processor_id() != central_cpu)
			count(STAT_ASTRAY);
		preempt_overdue();
		/*
		 * A task becomes visible in the queue a moment after its
		 * enqueue(), which may have run just before a CPU asked.
		 */
		if (READ_ONCE(nr_asking) > 0 && scx_bpf_dsq_nr_queued(WAIT_DSQ) > 0)
			call_central();
	}
	bpf_timer_start(&pacer->timer, pause_ns(), timer_flags);
	return 0;
}

/*
 * A timer is tied to the CPU that starts it. The loader runs this program on the
 * central CPU, because init() may be called on any CPU. Returns 0 or an error.
 */
SEC("syscall")
int central_start_timer(void *ctx)
{
	struct pacer *pacer;
	u32 key = 0;
	int err;

	pacer = bpf_map_lookup_elem(&pacers, &key);
	if (!pacer)
		return -ENOENT;
	err = bpf_timer_init(&pacer->timer, &pacers, CLOCK_MONOTONIC) ?:
	      bpf_timer_set_callback(&pacer->timer, on_timer);
	if (err)
		return err;

	timer_flags = BPF_F_TIMER_CPU_PIN;
	err = bpf_timer_start(&pacer->timer, pause_ns(), timer_flags);
	if (err == -EINVAL) {
		timer_flags = 0;
		err = bpf_timer_start(&pacer->timer, pause_ns(), timer_flags);
	}
	paced = !err;
	return err;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(central_init)
{
	int err = scx_bpf_create_dsq(WAIT_DSQ, NUMA_NO_NODE);

	WRITE_ONCE(ready, !err);
	return err;
}

void BPF_STRUCT_OPS(central_exit, struct scx_exit_info *ei)
{
	WRITE_ONCE(ready, false);
	UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(central_ops,
	       .select_cpu	= (void *)central_select_cpu,
	       .enqueue		= (void *)central_enqueue,
	       .dispatch	= (void *)central_dispatch,
	       .running		= (void *)central_running,
	       .stopping	= (void *)central_stopping,
	       .yield		= (void *)central_yield,
	       .init		= (void *)central_init,
	       .exit		= (void *)central_exit,
	       /* the central CPU also places a task that is alone on its CPU */
	       .flags		= SCX_OPS_ENQ_LAST,
	       .name		= "central");
