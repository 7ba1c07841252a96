// SPDX-License-Identifier: GPL-2.0
/* Loader of scx_flatcg. */
#include "loader.h"
#include "scx_flatcg.h"
#include "scx_flatcg.bpf.skel.h"

DEFINE_LOADER_CALLS(scx_flatcg, flatcg_ops)

static const char * const stat_names[] = {
	[FLATCG_STAT_LOCAL]	= "local",
	[FLATCG_STAT_QUEUED]	= "queued",
	[FLATCG_STAT_FALLBACK]	= "fallback",
	[FLATCG_STAT_PICKED]	= "picked",
	[FLATCG_STAT_KEPT]	= "kept",
	[FLATCG_STAT_LATE]	= "late",
	[FLATCG_STAT_SEARCH]	= "search",
	[FLATCG_STAT_PARKED]	= "parked",
	[FLATCG_STAT_CHANGES]	= "changes",
	[FLATCG_STAT_RECALC]	= "recalc",
	[FLATCG_STAT_CACHED]	= "cached",
};

static bool fifo;
static u64 slice_us = 20000;

static void option(int opt, const char *arg)
{
	switch (opt) {
	case 'f':
		fifo = true;
		break;
	case 's':
		slice_us = loader_number(opt, arg, 1, 10000000);
		break;
	}
}

static void configure(void)
{
	skel->rodata->fifo_sched = fifo;
	skel->rodata->slice_ns = slice_us * 1000;
}

static void stats(void)
{
	loader_print_sums(skel->maps.stats, stat_names, ARRAY_SIZE(stat_names));
}

static const struct loader loader = {
	LOADER_CALLS,
	.about =
"Divide CPU time among cgroups by their weights, with the hierarchy flattened\n"
"into one share for each cgroup.\n",
	.options =
"  -f       order the tasks of a cgroup by arrival (FIFO) instead of virtual time\n"
"  -s USEC  slice, the length of a cgroup's turn on a CPU [20000]\n",
	.columns =
"A line of statistics counts since the start: tasks sent straight to an idle\n"
"CPU (local), put on the queue of their cgroup (queued) or on a common one\n"
"because the cgroup is gone (fallback); turns in which a cgroup gave a waiting\n"
"task (picked) or let the running one go on (kept); cgroups that were put\n"
"further back as they had run meanwhile (late), searches of all cgroups because\n"
"the first had no task for the CPU (search), cgroups that left the tree for lack\n"
"of waiting tasks (parked); changes of active weights in the hierarchy (changes),\n"
"shares worked out anew after that (recalc) and still right (cached).\n",
	.letters	= "fs:",
	.option		= option,
	.configure	= configure,
	.stats		= stats,
};

int main(int argc, char **argv)
{
	return loader_main(&loader, argc, argv);
}
