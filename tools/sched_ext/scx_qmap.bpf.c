// SPDX-License-Identifier: GPL-2.0
/*
 * Five levels of queues, made of BPF maps.
 *
 * The weight of a task picks its level, and each level is a map of type QUEUE
 * in which tasks wait in order of arrival. A CPU that needs work goes round
 * the levels and serves 1, 2, 4, 8 and 16 tasks of them, the heaviest tasks
 * most often. The tasks that it takes go through a shared dispatch queue, so that
 * a task which may not run on this CPU waits there for a CPU where it may.
 *
 * A map holds numbers, not tasks, and nothing can be taken out of the middle
 * of a QUEUE. An entry therefore is a pid with a ticket, the task remembers
 * the ticket it waits with, and an entry whose ticket has become void is
 * skipped when its turn comes.
 *
 * This shows how to keep tasks in BPF's own data structures, and uses most of
 * the ops on the way; options make it misbehave, to show how the kernel reacts.
 * It knows nothing of caches, all CPUs contend for the same five maps, and the
 * shares of the levels are coarse. A CPU with nothing to do also takes tasks that
 * are tied to other CPUs; these then run in order of arrival, whatever their
 * weights. Use another scheduler for real work.
 */
#include <scx/common.bpf.h>
#include "counters.bpf.h"

char _license[] SEC("license") = "GPL";

#define NR_LEVELS	5
#define QUEUE_LEN	4096
#define MAX_CPUS	8192
#define KTHREADD_PID	2

/* How many tasks of the shared queue to search for boosted ones. */
#define MAX_SEARCHED	128

/* How many boosted tasks may go first before others get a chance. */
#define MAX_BOOSTS	8

/* Tickets count up per level and have the level in the low bits. */
#define TICKET_SHIFT	3
#define TICKET_LEVEL(t)	((t) & ((1 << TICKET_SHIFT) - 1))
#define TICKET_NR(t)	((t) >> TICKET_SHIFT)

enum qmap_dsq {
	SHARED_DSQ,		/* taken from a level, about to run */
	BOOST_DSQ,		/* the same, for tasks that go first */
};

/* Set by the loader; under bpftool these defaults hold. */
const volatile u64 slice_ns = SCX_SLICE_DFL;
const volatile u32 batch = 1;
const volatile bool boost;
const volatile u64 error_after, loop_after;
const volatile u64 stall_user_nth, stall_kernel_nth;
const volatile s32 disallow_tgid;

/* Least weight of each level, that is, of nice 9, 2, -3 and -11 from level 1 on. */
static const u32 least_weight[NR_LEVELS] = { 0, 12, 60, 160, 950 };

/* Counters, one line of the loader's output; keep in step with scx_qmap.c. */
enum stat_idx {
	STAT_LOCAL,		/* sent straight to a CPU */
	STAT_ENQUEUED,		/* handed to enqueue() */
	STAT_DISPATCHED,	/* taken from a level */
	STAT_KEPT,		/* gone on running, being next in its level */
	STAT_LAST,		/* gone on running, being alone */
	STAT_DEQUEUED,		/* left a level without having run */
	STAT_VOID,		/* entries skipped */
	STAT_OVERFLOW,		/* level was full */
	STAT_REENQUEUED,	/* taken back from a CPU that was lost */
	STAT_BOOSTED,		/* moved to the front */
	STAT_CORE_SCHED,	/* comparisons for core scheduling */
	STAT_QUIESCENT,		/* tasks that stopped being runnable */
	STAT_HOTPLUG,		/* CPUs come and gone */
	STAT_LEVEL,		/* put on a level, one counter each */
	NR_QMAP_STATS = STAT_LEVEL + NR_LEVELS,
};

DEFINE_COUNTERS(NR_QMAP_STATS)

/* An entry of a level. */
struct waiting {
	u64 ticket;
	s32 pid;
	u32 unused;
};

struct level {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, QUEUE_LEN);
	__type(value, struct waiting);
};

struct level level0 SEC(".maps"), level1 SEC(".maps"), level2 SEC(".maps"),
	     level3 SEC(".maps"), level4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, NR_LEVELS);
	__type(key, u32);
	__array(values, struct level);
} levels SEC(".maps") = {
	.values = { &level0, &level1, &level2, &level3, &level4 },
};

struct task_ctx {
	u64 ticket;		/* the task waits with this one; 0 if it does not wait */
	u64 last_ticket;	/* its place in the order of core scheduling */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} task_ctxs SEC(".maps");

/* The position of a CPU in its round; used under the lock of its run queue. */
struct cpu_ctx {
	u32 level;
	u32 left;		/* tasks still to be served from this level */
	u32 boosts;		/* boosted tasks served in a row */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_CPUS);
	__type(key, u32);
	__type(value, struct cpu_ctx);
} cpu_ctxs SEC(".maps");

UEI_DEFINE(uei);

/* The newest ticket of each level, and the one that was served last. */
static u64 newest[NR_LEVELS], served[NR_LEVELS];

/* For the options that misbehave at intervals. */
static u64 nr_enqueued, nr_dispatched, nr_user, nr_kernel;

static struct task_ctx *task_ctx(struct task_struct *p)
{
	return bpf_task_storage_get(&task_ctxs, p, NULL, 0);
}

static u32 level_of(const struct task_struct *p)
{
	u32 level;

	for (level = NR_LEVELS - 1; level; level--)
		if (p->scx.weight >= least_weight[level])
			break;
	return level;
}

/* Give a task that need not wait a place at the head of its level. */
static void skip_queue(struct task_struct *p, struct task_ctx *tctx)
{
	u32 level = level_of(p);
	u64 *head = ARRAY_ELEM_PTR(served, level, NR_LEVELS);

	if (head)
		tctx->last_ticket = READ_ONCE(*head) << TICKET_SHIFT | level;
}

s32 BPF_STRUCT_OPS(qmap_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct task_ctx *tctx = task_ctx(p);
	bool is_idle = false;
	s32 cpu;

	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
	if (is_idle && tctx) {
		count(STAT_LOCAL);
		skip_queue(p, tctx);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, 0);
	}
	return cpu;
}

/* Is this event the @nth one, the 2 * @nth one, ... of those counted in @nr? */
static bool every_nth(u64 *nr, u64 nth)
{
	return nth && !((__sync_fetch_and_add(nr, 1) + 1) % nth);
}

/* Is it @p's turn to be forgotten? The watchdog is supposed to find it. */
static bool forget(const struct task_struct *p)
{
	if (p->flags & PF_KTHREAD)
		return every_nth(&nr_kernel, stall_kernel_nth);
	return every_nth(&nr_user, stall_user_nth);
}

static bool push(struct task_struct *p, struct task_ctx *tctx)
{
	u32 level = level_of(p);
	u64 *last = ARRAY_ELEM_PTR(newest, level, NR_LEVELS);
	void *queue = bpf_map_lookup_elem(&levels, &level);
	struct waiting entry = { .pid = p->pid };

	if (!last || !queue)
		return false;
	entry.ticket = (__sync_fetch_and_add(last, 1) + 1) << TICKET_SHIFT | level;
	tctx->last_ticket = entry.ticket;
	/* before the entry can be found */
	WRITE_ONCE(tctx->ticket, entry.ticket);
	if (bpf_map_push_elem(queue, &entry, 0)) {
		WRITE_ONCE(tctx->ticket, 0);
		return false;
	}
	count(STAT_LEVEL + level);
	return true;
}

static void kick_idle_cpu(const struct task_struct *p)
{
	s32 cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);

	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
}

/*
 * A kernel thread bound to a CPU works for that CPU and should not wait when
 * it wakes up. If it goes on for longer than a slice it queues like others.
 */
static bool is_urgent(const struct task_struct *p, u64 enq_flags)
{
	return (p->flags & PF_KTHREAD) && p->nr_cpus_allowed == 1 &&
	       (enq_flags & SCX_ENQ_WAKEUP);
}

static void wait_in_level(struct task_struct *p, struct task_ctx *tctx, u64 enq_flags)
{
	if (forget(p))
		return;
	if (!push(p, tctx)) {
		count(STAT_OVERFLOW);
		scx_bpf_dsq_insert(p, SHARED_DSQ, slice_ns, enq_flags);
	}
	kick_idle_cpu(p);
}

void BPF_STRUCT_OPS(qmap_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct task_ctx *tctx = task_ctx(p);

	if (!tctx) {
		scx_bpf_error("%s[%d] has no context", p->comm, p->pid);
		return;
	}

	count(STAT_ENQUEUED);
	if (enq_flags & SCX_ENQ_REENQ)
		count(STAT_REENQUEUED);
	if (every_nth(&nr_enqueued, error_after))
		scx_bpf_error("ending after %llu enqueues", error_after);

	if (enq_flags & SCX_ENQ_LAST)
		count(STAT_LAST);
	else if (is_urgent(p, enq_flags))
		count(STAT_LOCAL);
	else
		return wait_in_level(p, tctx, enq_flags);

	skip_queue(p, tctx);
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, enq_flags);
}

void BPF_STRUCT_OPS(qmap_dequeue, struct task_struct *p, u64 deq_flags)
{
	struct task_ctx *tctx = task_ctx(p);

	count(STAT_DEQUEUED);
	if (tctx)
		WRITE_ONCE(tctx->ticket, 0);
}

static bool pop(u32 level, struct waiting *entry)
{
	void *queue = bpf_map_lookup_elem(&levels, &level);

	return queue && !bpf_map_pop_elem(queue, entry);
}

enum turn {
	TURN_NOBODY,		/* all levels are empty */
	TURN_PREV,		/* the task that has been running goes on */
	TURN_WAITING,		/* one that has been waiting */
};

/*
 * Whose turn is it? The task that has been running is not in its level yet and
 * counts as the last one there. Otherwise a task alone in its level could never be
 * served twice in a row, and its weight would have no effect.
 */
static enum turn next_turn(struct cpu_ctx *cctx, u32 prev_level, struct waiting *entry)
{
	int i;

	/* the level where the round stands may be visited again at the end */
	bpf_for(i, 0, NR_LEVELS + 1) {
		if (!cctx->left) {
			cctx->level = (cctx->level + 1) % NR_LEVELS;
			cctx->left = 1 << cctx->level;
		}
		cctx->left--;
		if (pop(cctx->level, entry))
			return TURN_WAITING;
		if (cctx->level == prev_level)
			return TURN_PREV;
		cctx->left = 0;
	}
	return TURN_NOBODY;
}

/* Wake a CPU for @p, which may not run on the one that has dispatched it. */
static void kick_other_cpu(const struct task_struct *p)
{
	s32 cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);

	/*
	 * If no CPU is idle, one may become idle now, having seen @p neither in
	 * its level nor in the shared queue. Therefore do not use SCX_KICK_IDLE.
	 */
	scx_bpf_kick_cpu(cpu >= 0 ? cpu : scx_bpf_task_cpu(p), 0);
}

/*
 * The ticket is given up after the insertion, which is about this stay of the task
 * in the queue. If the task has left and come back in between, with a new ticket,
 * the insertion would be about the new stay and has to be cancelled.
 */
static bool insert(struct task_struct *p, u64 ticket, s32 cpu)
{
	u64 *head = ARRAY_ELEM_PTR(served, TICKET_LEVEL(ticket), NR_LEVELS);
	struct task_ctx *tctx = task_ctx(p);

	if (!head || !tctx || READ_ONCE(tctx->ticket) != ticket)
		return false;
	scx_bpf_dsq_insert(p, SHARED_DSQ, slice_ns, 0);
	if (__sync_val_compare_and_swap(&tctx->ticket, ticket, 0) != ticket) {
		scx_bpf_dispatch_cancel();
		return false;
	}
	/* CPUs race for this; the order of core scheduling need not be exact */
	WRITE_ONCE(*head, TICKET_NR(ticket));
	if (!bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
		kick_other_cpu(p);
	return true;
}

static bool dispatch_entry(const struct waiting *entry, s32 cpu)
{
	struct task_struct *p = bpf_task_from_pid(entry->pid);
	bool done = false;

	if (p) {
		done = insert(p, entry->ticket, cpu);
		bpf_task_release(p);
	}
	count(done ? STAT_DISPATCHED : STAT_VOID);
	if (done && loop_after)
		__sync_fetch_and_add(&nr_dispatched, 1);
	return done;
}

/* Take up to a batch of tasks from the levels; true if @prev is to go on. */
static bool refill(s32 cpu, struct cpu_ctx *cctx, struct task_struct *prev)
{
	bool runnable = prev && (prev->scx.flags & SCX_TASK_QUEUED);
	u32 prev_level = runnable ? level_of(prev) : NR_LEVELS, nr = 0;
	struct waiting entry;
	enum turn turn;

	/* void entries do not count, so many entries may have to be skipped */
	bpf_repeat(NR_LEVELS * QUEUE_LEN) {
		if (nr >= batch || !scx_bpf_dispatch_nr_slots())
			break;
		turn = next_turn(cctx, prev_level, &entry);
		if (turn != TURN_WAITING)
			return turn == TURN_PREV && !nr;
		if (dispatch_entry(&entry, cpu))
			nr++;
	}
	return false;
}

/* Find tasks in the shared queue that are to go first. */
static void find_boosted(void)
{
	struct task_struct *p;
	int seen = 0;

	bpf_for_each(scx_dsq, p, SHARED_DSQ, 0) {
		if (++seen > MAX_SEARCHED)
			break;
		if (p->scx.weight > 100 &&
		    scx_bpf_dsq_move(BPF_FOR_EACH_ITER, p, BOOST_DSQ, 0))
			count(STAT_BOOSTED);
	}
}

/* Take a task that has left its level, now or earlier. */
static bool take(struct cpu_ctx *cctx)
{
	if (boost)
		find_boosted();
	if (cctx->boosts < MAX_BOOSTS && scx_bpf_dsq_move_to_local(BOOST_DSQ, 0)) {
		cctx->boosts++;
		return true;
	}
	cctx->boosts = 0;
	return scx_bpf_dsq_move_to_local(SHARED_DSQ, 0) ||
	       scx_bpf_dsq_move_to_local(BOOST_DSQ, 0);
}

/* Dispatch a sleeping task. The kernel finds nothing to run and asks again. */
static void dispatch_nothing(void)
{
	struct task_struct *p = bpf_task_from_pid(KTHREADD_PID);

	if (p) {
		scx_bpf_dsq_insert(p, SHARED_DSQ, slice_ns, 0);
		bpf_task_release(p);
	}
}

void BPF_STRUCT_OPS(qmap_dispatch, s32 cpu, struct task_struct *prev)
{
	struct cpu_ctx *cctx = bpf_map_lookup_elem(&cpu_ctxs, &cpu);

	if (loop_after && READ_ONCE(nr_dispatched) >= loop_after)
		return dispatch_nothing();
	if (!cctx) {
		scx_bpf_error("CPU %d is beyond the %d supported", cpu, MAX_CPUS);
		return;
	}

	if (take(cctx))
		return;
	if (refill(cpu, cctx, prev) && prev) {
		count(STAT_KEPT);
		scx_bpf_task_set_slice(prev, slice_ns);
		return;
	}
	take(cctx);
}

/*
 * How many rounds of the levels come before @p's turn, in units in which the top
 * level takes one for each task? Less than zero if @p has been served.
 */
static s64 rounds_ahead(struct task_struct *p)
{
	struct task_ctx *tctx = task_ctx(p);
	u64 ticket = tctx ? tctx->last_ticket : 0;
	u32 level = TICKET_LEVEL(ticket);
	u64 *head = ARRAY_ELEM_PTR(served, level, NR_LEVELS);

	return head ? (s64)(TICKET_NR(ticket) - READ_ONCE(*head)) << (NR_LEVELS - 1 - level) : 0;
}

bool BPF_STRUCT_OPS(qmap_core_sched_before, struct task_struct *a, struct task_struct *b)
{
	count(STAT_CORE_SCHED);
	return rounds_ahead(a) < rounds_ahead(b);
}

/*
 * A task of a higher class has taken the CPU. The tasks dispatched there would wait
 * for as long as it runs, so give them to other CPUs.
 */
void BPF_STRUCT_OPS(qmap_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	scx_bpf_reenqueue_local();
}

void BPF_STRUCT_OPS(qmap_quiescent, struct task_struct *p, u64 deq_flags)
{
	count(STAT_QUIESCENT);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(qmap_init_task, struct task_struct *p,
			     struct scx_init_task_args *args)
{
	/* a new thread of the process inherits SCHED_NORMAL, so it need not be refused */
	if (disallow_tgid && p->tgid == disallow_tgid && !args->fork)
		p->scx.disallow = true;

	return bpf_task_storage_get(&task_ctxs, p, NULL,
				    BPF_LOCAL_STORAGE_GET_F_CREATE) ? 0 : -ENOMEM;
}

/*
 * A QUEUE can only be read by emptying it. That does no harm when the scheduler is
 * about to end, because the kernel then takes all tasks back.
 */
static void dump_level(u32 level, bool whole)
{
	struct waiting entry = {};
	void *queue = bpf_map_lookup_elem(&levels, &level);

	if (!queue)
		return;
	if (!whole) {
		if (!bpf_map_peek_elem(queue, &entry))
			scx_bpf_dump("level %u: first %d\n", level, entry.pid);
		return;
	}
	scx_bpf_dump("level %u:", level);
	bpf_repeat(QUEUE_LEN) {
		if (bpf_map_pop_elem(queue, &entry))
			break;
		scx_bpf_dump(" %d", entry.pid);
	}
	scx_bpf_dump("\n");
}

void BPF_STRUCT_OPS(qmap_dump, struct scx_dump_ctx *dctx)
{
	int level;

	bpf_for(level, 0, NR_LEVELS)
		dump_level(level, dctx->kind >= SCX_EXIT_ERROR);
	scx_bpf_dump("shared: %d, boosted: %d\n", scx_bpf_dsq_nr_queued(SHARED_DSQ),
		     scx_bpf_dsq_nr_queued(BOOST_DSQ));
}

void BPF_STRUCT_OPS(qmap_dump_cpu, struct scx_dump_ctx *dctx, s32 cpu, bool idle)
{
	struct cpu_ctx *cctx = bpf_map_lookup_elem(&cpu_ctxs, &cpu);

	if (cctx && !idle)
		scx_bpf_dump("round: %u left in level %u, boosts %u", cctx->left, cctx->level,
			     cctx->boosts);
}

void BPF_STRUCT_OPS(qmap_dump_task, struct scx_dump_ctx *dctx, struct task_struct *p)
{
	struct task_ctx *tctx = task_ctx(p);

	if (tctx)
		scx_bpf_dump("level %llu, ticket %llu%s", TICKET_LEVEL(tctx->last_ticket),
			     TICKET_NR(tctx->last_ticket), tctx->ticket ? ", waiting" : "");
}

/* No task waits for one CPU in particular, so these ops only have to exist. */
void BPF_STRUCT_OPS(qmap_cpu_online, s32 cpu)
{
	count(STAT_HOTPLUG);
}

void BPF_STRUCT_OPS(qmap_cpu_offline, s32 cpu)
{
	count(STAT_HOTPLUG);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(qmap_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, NUMA_NO_NODE) ?:
	       scx_bpf_create_dsq(BOOST_DSQ, NUMA_NO_NODE);
}

void BPF_STRUCT_OPS(qmap_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(qmap_ops,
	       .select_cpu		= (void *)qmap_select_cpu,
	       .enqueue			= (void *)qmap_enqueue,
	       .dequeue			= (void *)qmap_dequeue,
	       .dispatch		= (void *)qmap_dispatch,
	       .quiescent		= (void *)qmap_quiescent,
	       .core_sched_before	= (void *)qmap_core_sched_before,
	       .cpu_release		= (void *)qmap_cpu_release,
	       .init_task		= (void *)qmap_init_task,
	       .dump			= (void *)qmap_dump,
	       .dump_cpu		= (void *)qmap_dump_cpu,
	       .dump_task		= (void *)qmap_dump_task,
	       .cpu_online		= (void *)qmap_cpu_online,
	       .cpu_offline		= (void *)qmap_cpu_offline,
	       .init			= (void *)qmap_init,
	       .exit			= (void *)qmap_exit,
	       .flags			= SCX_OPS_ENQ_LAST,
	       .timeout_ms		= 15000,
	       .name			= "qmap");
