// SPDX-License-Identifier: GPL-2.0
/* Loader of scx_pair. */
#include <ctype.h>
#include "loader.h"
#include "scx_pair.bpf.skel.h"

DEFINE_LOADER_CALLS(scx_pair, pair_ops)

/* In the order of enum stat_idx in scx_pair.bpf.c. */
static const char * const stat_names[] = {
	"queued", "kthread", "taken", "kept", "batches", "drains", "forced_idle", "mixed",
	"evicted",
};

static u64 batch_us = 20000, stride;

static void option(int opt, const char *arg)
{
	switch (opt) {
	case 's':
		batch_us = loader_number(opt, arg, 500, 10000000);
		break;
	case 'S':
		stride = loader_number(opt, arg, 1, 1024);
		break;
	}
}

/* CPUs are paired across @stride: 2 makes the pairs 0 and 2, 1 and 3, 4 and 6, ... */
static int partner_at_stride(int cpu, int nr_cpus)
{
	int other = cpu / stride % 2 ? cpu - (int)stride : cpu + (int)stride;

	return other < nr_cpus ? other : cpu;
}

/* The next number in a list such as "0-3,8"; *end is the end of the current range. */
static bool next_range(const char **list, int *begin, int *end)
{
	char *rest;

	if (!isdigit(**list))
		return false;
	*begin = strtol(*list, &rest, 10);
	*end = *rest == '-' ? strtol(rest + 1, &rest, 10) : *begin;
	*list = *rest == ',' ? rest + 1 : rest;
	return true;
}

/* In a core with more than two threads, every two consecutive ones are a pair. */
static int partner_in_list(const char *list, int cpu)
{
	int begin, end, other, pos = 0, last = cpu;

	while (next_range(&list, &begin, &end)) {
		for (other = begin; other <= end; other++, pos++) {
			if (pos % 2 && last == cpu)
				return other;
			if (pos % 2 && other == cpu)
				return last;
			last = other;
		}
	}
	return cpu;
}

static int sibling(int cpu)
{
	char path[96], list[256] = "";
	FILE *file;

	snprintf(path, sizeof(path),
		 "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
	file = fopen(path, "r");
	if (!file)
		return cpu;
	if (!fgets(list, sizeof(list), file))
		list[0] = '\0';
	fclose(file);
	return partner_in_list(list, cpu);
}

static void configure(void)
{
	int cpu, other, nr_pairs = 0, nr_cpus = libbpf_num_possible_cpus();
	s32 *partner_of = (s32 *)skel->rodata->partner_of;

	SCX_BUG_ON(nr_cpus < 0 || nr_cpus > (int)ARRAY_SIZE(skel->rodata->partner_of),
		   "%d CPUs are more than supported", nr_cpus);
	for (cpu = 0; cpu < nr_cpus; cpu++) {
		other = stride ? partner_at_stride(cpu, nr_cpus) : sibling(cpu);
		partner_of[cpu] = other;
		nr_pairs += cpu < other;
	}
	if (!nr_pairs)
		fprintf(stderr, "no CPUs to pair%s\n", stride ? "" : ", try -S 1");
	skel->rodata->paired = true;
	skel->rodata->batch_ns = batch_us * 1000;
}

static void stats(void)
{
	loader_print_sums(skel->maps.stats, stat_names, ARRAY_SIZE(stat_names));
}

static const struct loader loader = {
	LOADER_CALLS,
	.about =
"Let two CPUs at a time run only tasks of the same cgroup (of the CPU controller).\n",
	.options =
"  -s USEC  batch, how long a pair of CPUs stays with a cgroup [20000]\n"
"  -S NR    pair CPUs whose numbers are so far apart [the threads of a core]\n",
	.columns =
"A line of statistics counts since the start: tasks put in the queue of their\n"
"cgroup (queued), kernel threads sent straight to their CPU (kthread), tasks taken\n"
"from a queue (taken), left running within a batch (kept), batches begun (batches),\n"
"times a CPU made its partner let go of its task because the batch is over\n"
"(drains), times it got nothing because its partner runs another cgroup\n"
"(forced_idle), times a task was put beside one of another cgroup (mixed), and of\n"
"these how many were taken off again at once (evicted). These two go up at the very\n"
"end, when the kernel takes the tasks back and keeps no pairs.\n",
	.letters	= "s:S:",
	.option		= option,
	.configure	= configure,
	.stats		= stats,
};

int main(int argc, char **argv)
{
	return loader_main(&loader, argc, argv);
}
