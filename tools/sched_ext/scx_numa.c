// SPDX-License-Identifier: GPL-2.0
/* Loader of scx_numa. */
#include <unistd.h>
#include "loader.h"
#include "scx_numa.h"
#include "scx_numa.bpf.skel.h"

DEFINE_LOADER_CALLS(scx_numa, numa_ops)

static const char * const stat_names[] = {
	[NUMA_STAT_LOCAL]	= "local",
	[NUMA_STAT_AWAY]	= "away",
	[NUMA_STAT_QUEUED]	= "queued",
	[NUMA_STAT_OWN]		= "own",
	[NUMA_STAT_CROWDED]	= "crowded",
	[NUMA_STAT_STOLEN]	= "stolen",
	[NUMA_STAT_KEPT]	= "kept",
	[NUMA_STAT_CALLED]	= "called",
	[NUMA_STAT_MOVED]	= "moved",
};

static bool fifo;
static u64 slice_us = 20000, wait_us = 5000, crowd = 4;

static void option(int opt, const char *arg)
{
	switch (opt) {
	case 'f':
		fifo = true;
		break;
	case 's':
		slice_us = loader_number(opt, arg, 1, 10000000);
		break;
	case 'w':
		wait_us = loader_number(opt, arg, 1, 10000000);
		break;
	case 'l':
		crowd = loader_number(opt, arg, 1, 1000000);
		break;
	}
}

static void configure(void)
{
	skel->rodata->fifo_sched = fifo;
	skel->rodata->slice_ns = slice_us * 1000;
	skel->rodata->wait_ns = wait_us * 1000;
	skel->rodata->crowd = crowd;
}

static bool has_cpus(u32 node)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/cpulist", node);
	return node == 0 || !access(path, F_OK);
}

static void print_node(u32 node)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(stat_names); i++)
		printf("%s%s%u=%llu", node || i ? " " : "", stat_names[i], node,
		       (unsigned long long)loader_sum(skel->maps.stats,
						      node * NR_NUMA_STATS + i));
}

static void stats(void)
{
	u32 node;

	for (node = 0; node < skel->bss->nr_nodes && node < MAX_NODES; node++)
		if (has_cpus(node))
			print_node(node);
}

static const struct loader loader = {
	LOADER_CALLS,
	.about =
"Schedule each NUMA node from a queue of its own and move work between nodes\n"
"only where it waits.\n",
	.options =
"  -f       order the queues by arrival (FIFO) instead of virtual time\n"
"  -s USEC  slice, how long a task may run at a time [20000]\n"
"  -w USEC  a CPU without work takes tasks that waited that long elsewhere [5000]\n"
"  -l N     a node gives work away if N tasks wait there, or N more than at the\n"
"           one that takes it [4]\n",
	.columns =
"A line of statistics counts since the start, for each node, whose number\n"
"follows the name: tasks that woke up and were sent straight to an idle CPU of\n"
"the node (local) or of another node (away), or were put on the node's queue\n"
"(queued); tasks taken from there by the node's CPUs (own), by those of a node\n"
"with a shorter queue (crowded), or of one without work because they had waited\n"
"long (stolen); tasks left on their CPU for another slice because nobody with a\n"
"better claim was waiting (kept); idle CPUs woken by the timer for a task that\n"
"waited (called); tasks that came from other nodes (moved).\n",
	.letters	= "fs:w:l:",
	.option		= option,
	.configure	= configure,
	.stats		= stats,
};

int main(int argc, char **argv)
{
	return loader_main(&loader, argc, argv);
}
