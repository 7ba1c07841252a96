// SPDX-License-Identifier: GPL-2.0
/*
 * Loader of scx_userland, which also contains its policy.
 *
 * While the loader works, no other task gets a decision. Therefore all memory is
 * allocated beforehand and locked, and the loader waits for nothing but reports.
 * The line of statistics is the exception: its reader should not be slow.
 */
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "loader.h"
#include "scx_userland.h"
#include "scx_userland.bpf.skel.h"

DEFINE_LOADER_CALLS(scx_userland, userland_ops)

/* In the order of enum stat_idx in scx_userland.bpf.c. */
static const char * const stat_names[] = {
	"local", "own", "kthread", "reported", "overflow", "decided", "early", "stale",
	"rescued", "calls", "kept",
};

/* Tasks whose pids have the same low bits share an entry, and lose its contents. */
#define NR_HISTORIES	65536
#define NR_WAITING	65536

/* What is remembered of a task. */
struct history {
	s32 pid;
	u64 runtime;
	u64 vtime;
};

/* A task in the heap of those that wait for a decision. */
struct waiting {
	u64 vtime;
	s32 pid;
};

static struct history histories[NR_HISTORIES];
static struct waiting heap[NR_WAITING];
static u32 nr_waiting;

/* Virtual time of the last task that had its turn. */
static u64 vtime_now;

/* Calls for a decision that could not be answered yet. */
static u32 pending;

static u64 slice_us = 20000, patience_ms = 1000;
static u64 nr_decisions, nr_full;
static u32 nr_cpus;
static struct ring_buffer *reports;

static void option(int opt, const char *arg)
{
	switch (opt) {
	case 's':
		slice_us = loader_number(opt, arg, 1, 10000000);
		break;
	case 'w':
		patience_ms = loader_number(opt, arg, 1, 10000);
		break;
	}
}

static void configure(void)
{
	skel->rodata->loader_tgid = getpid();
	skel->rodata->slice_ns = slice_us * 1000;
	skel->rodata->patience_ms = patience_ms;
}

static bool earlier(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static void swap_waiting(u32 i, u32 j)
{
	struct waiting tmp = heap[i];

	heap[i] = heap[j];
	heap[j] = tmp;
}

static void heap_push(s32 pid, u64 vtime)
{
	u32 i = nr_waiting++, parent;

	heap[i] = (struct waiting){ .vtime = vtime, .pid = pid };
	for (; i; i = parent) {
		parent = (i - 1) / 2;
		if (!earlier(heap[i].vtime, heap[parent].vtime))
			break;
		swap_waiting(i, parent);
	}
}

static struct waiting heap_pop(void)
{
	struct waiting first = heap[0];
	u32 i = 0, child;

	heap[0] = heap[--nr_waiting];
	while ((child = 2 * i + 1) < nr_waiting) {
		if (child + 1 < nr_waiting &&
		    earlier(heap[child + 1].vtime, heap[child].vtime))
			child++;
		if (!earlier(heap[child].vtime, heap[i].vtime))
			break;
		swap_waiting(i, child);
		i = child;
	}
	return first;
}

/* Bring a task's history up to date. */
static u64 account(const struct user_task *task)
{
	struct history *hist = &histories[(u32)task->pid % NR_HISTORIES];
	u64 floor = vtime_now - slice_us * 1000;

	/* a new task, or a pid that was reused */
	if (hist->pid != task->pid || task->runtime < hist->runtime)
		*hist = (struct history){ task->pid, task->runtime, vtime_now };

	hist->vtime += (task->runtime - hist->runtime) * 100 / task->weight;
	hist->runtime = task->runtime;
	/* a task that slept may claim no more than a slice */
	if (earlier(hist->vtime, floor))
		hist->vtime = floor;
	return hist->vtime;
}

static void decide(s32 pid)
{
	/* if this fails, the task runs when its patience is at an end */
	if (bpf_map_update_elem(bpf_map__fd(skel->maps.decisions), NULL, &pid, BPF_ANY))
		nr_full++;
	else
		nr_decisions++;
}

static int on_report(void *ctx, void *data, size_t size)
{
	const struct user_task *task = data;

	if (task->pid && nr_waiting < NR_WAITING)
		heap_push(task->pid, account(task));
	else if (task->pid)
		decide(task->pid);
	return 0;
}

/* Have idle CPUs carry out @nr decisions. */
static void announce(u32 nr)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &nr, .ctx_size_in = sizeof(nr));

	bpf_prog_test_run_opts(bpf_program__fd(skel->progs.userland_decided), &opts);
}

/* Make as many decisions as CPUs have asked for, if so many tasks wait. */
static void answer_calls(void)
{
	u32 nr = 0;

	pending += __atomic_exchange_n(&skel->bss->calls, 0, __ATOMIC_SEQ_CST);
	if (pending > nr_cpus)
		pending = nr_cpus;
	while (pending && nr_waiting) {
		struct waiting next = heap_pop();

		if (earlier(vtime_now, next.vtime))
			vtime_now = next.vtime;
		decide(next.pid);
		pending--;
		nr++;
	}
	if (nr)
		announce(nr);
}

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static void serve(void)
{
	u64 now, end = now_ms() + 1000;

	while (!loader_stop && (now = now_ms()) < end) {
		ring_buffer__poll(reports, end - now);
		answer_calls();
		if (loader_exited())
			break;
	}
}

static void prepare(void)
{
	ring_buffer__free(reports);
	reports = ring_buffer__new(bpf_map__fd(skel->maps.reports), on_report, NULL, NULL);
	SCX_BUG_ON(!reports, "cannot open the ring of reports");
	nr_cpus = libbpf_num_possible_cpus();
	nr_waiting = 0;
	pending = 0;
	SCX_BUG_ON(mlockall(MCL_CURRENT | MCL_FUTURE), "cannot lock memory");
}

static void stats(void)
{
	loader_print_sums(skel->maps.stats, stat_names, ARRAY_SIZE(stat_names));
	printf(" waiting=%u decisions=%llu full=%llu", nr_waiting,
	       (unsigned long long)nr_decisions, (unsigned long long)nr_full);
}

static const struct loader loader = {
	LOADER_CALLS,
	.about =
"Let this program decide, in user space, which task runs next: the one with the\n"
"least weighted virtual time.\n",
	.options =
"  -s USEC  slice, how long a task may run at a time [20000]\n"
"  -w MSEC  run tasks without a decision when they have waited so long [1000]\n",
	.columns =
"A line of statistics counts since the start: tasks sent straight to an idle CPU\n"
"(local), threads of this program (own) and per-CPU kernel threads (kthread)\n"
"scheduled in the kernel, tasks reported to this program (reported) or not because\n"
"too many reports were waiting (overflow), decisions carried out (decided), put\n"
"back because they came before the task was there (early), or dropped because it\n"
"had left (stale), tasks run without a decision (rescued), times a CPU called for a\n"
"decision (calls), tasks left running as nobody waited (kept), decisions made here\n"
"(decisions) or that the kernel had no room for (full). Not a count: the number of\n"
"tasks that wait here (waiting).\n",
	.letters	= "s:w:",
	.option		= option,
	.configure	= configure,
	.loaded		= prepare,
	.serve		= serve,
	.stats		= stats,
};

int main(int argc, char **argv)
{
	return loader_main(&loader, argc, argv);
}
