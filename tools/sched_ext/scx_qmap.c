// SPDX-License-Identifier: GPL-2.0
/* Loader of scx_qmap. */
#include "loader.h"
#include "scx_qmap.bpf.skel.h"

DEFINE_LOADER_CALLS(scx_qmap, qmap_ops)

/* In the order of enum stat_idx in scx_qmap.bpf.c. */
static const char * const stat_names[] = {
	"local", "enqueued", "dispatched", "kept", "last", "dequeued", "void", "overflow",
	"reenqueued", "boosted", "core_sched", "quiescent", "hotplug",
	"level0", "level1", "level2", "level3", "level4",
};

/* Enough for any number that counts events. */
#define MAX_COUNT	1000000000

static u64 slice_us = 20000, batch = 1, error_after, loop_after, stall_user, stall_kernel;
static u64 disallow, dump_len;
static bool boost;

/* The variable that option @opt sets, with the range it allows. */
static u64 *number(int opt, u64 *min, u64 *max)
{
	*min = 1;
	*max = MAX_COUNT;
	switch (opt) {
	case 's':
		*max = 10000000;
		return &slice_us;
	case 'b':
		*max = 1024;
		return &batch;
	case 'e':
		return &error_after;
	case 'l':
		return &loop_after;
	case 'u':
		return &stall_user;
	case 'k':
		return &stall_kernel;
	case 'D':
		return &disallow;
	default:
		*max = 1 << 24;
		return &dump_len;
	}
}

static void option(int opt, const char *arg)
{
	u64 min, max, *val;

	if (opt == 'P') {
		boost = true;
		return;
	}
	val = number(opt, &min, &max);
	*val = loader_number(opt, arg, min, max);
}

static void configure(void)
{
	skel->rodata->slice_ns = slice_us * 1000;
	skel->rodata->batch = batch;
	skel->rodata->boost = boost;
	skel->rodata->error_after = error_after;
	skel->rodata->loop_after = loop_after;
	skel->rodata->stall_user_nth = stall_user;
	skel->rodata->stall_kernel_nth = stall_kernel;
	skel->rodata->disallow_tgid = disallow;
	skel->struct_ops.qmap_ops->dispatch_max_batch = batch;
	skel->struct_ops.qmap_ops->exit_dump_len = dump_len;
}

static void stats(void)
{
	loader_print_sums(skel->maps.stats, stat_names, ARRAY_SIZE(stat_names));
}

static const struct loader loader = {
	LOADER_CALLS,
	.about =
"Schedule tasks from five queues made of BPF maps. The weight of a task picks its\n"
"queue, a heavier one is served more often: 1, 2, 4, 8 or 16 times in a round.\n",
	.options =
"  -s USEC  slice, how long a task may run at a time [20000]\n"
"  -b NR    take so many tasks from the queues at a time [1]\n"
"  -P       of the tasks taken let those with a negative nice value go first\n"
"  -L LEN   size of the debug dump in bytes [the kernel's default]\n"
"  -D PID   with -p: do not let this process switch to SCHED_EXT\n"
" misbehaving, to see what the kernel does:\n"
"  -e NR    end with an error after so many enqueues\n"
"  -l NR    after so many dispatches dispatch only a task that sleeps\n"
"  -u NR    forget every so manyth user thread that is to wait in a queue\n"
"  -k NR    the same with kernel threads\n",
	.columns =
"A line of statistics counts since the start: tasks sent straight to a CPU that\n"
"was idle or for whose kernel thread it was (local), others (enqueued), tasks taken\n"
"from the queues (dispatched), left running because they were next in turn (kept)\n"
"or alone (last), tasks that left a queue without having run (dequeued), entries\n"
"they left behind (void), tasks that found their queue full (overflow), that were\n"
"taken back from a CPU when a higher class took it (reenqueued), that were moved\n"
"to the front by -P (boosted), comparisons made by core scheduling (core_sched),\n"
"tasks that slept, ended or changed (quiescent), CPUs that came or went (hotplug),\n"
"and how many tasks were put on each queue, the heaviest ones last (level0...).\n",
	.letters	= "s:b:PL:D:e:l:u:k:",
	.option		= option,
	.configure	= configure,
	.stats		= stats,
};

int main(int argc, char **argv)
{
	return loader_main(&loader, argc, argv);
}
