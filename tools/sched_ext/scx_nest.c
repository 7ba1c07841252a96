// SPDX-License-Identifier: GPL-2.0
/* Loader of scx_nest. */
#include "loader.h"
#include "scx_nest.h"
#include "scx_nest.bpf.skel.h"

DEFINE_LOADER_CALLS(scx_nest, nest_ops)

static const char * const stat_names[] = {
	[NEST_STAT_PREV]	= "prev",
	[NEST_STAT_PRIMARY]	= "primary",
	[NEST_STAT_RESERVE]	= "reserve",
	[NEST_STAT_OUTSIDE]	= "outside",
	[NEST_STAT_IMPATIENT]	= "impatient",
	[NEST_STAT_QUEUED]	= "queued",
	[NEST_STAT_KEPT]	= "kept",
	[NEST_STAT_PROMOTED]	= "promoted",
	[NEST_STAT_COOLED]	= "cooled",
};

static bool whole_cores;
static u64 slice_us = 20000, cool_us = 2000, reserve_max = 5, patience = 2;

static void option(int opt, const char *arg)
{
	switch (opt) {
	case 's':
		slice_us = loader_number(opt, arg, 1, 10000000);
		break;
	case 'c':
		cool_us = loader_number(opt, arg, 1, 10000000);
		break;
	case 'm':
		reserve_max = loader_number(opt, arg, 0, 1024);
		break;
	case 'n':
		patience = loader_number(opt, arg, 1, 1000000);
		break;
	case 'I':
		whole_cores = true;
		break;
	}
}

static void configure(void)
{
	skel->rodata->slice_ns = slice_us * 1000;
	skel->rodata->cool_ns = cool_us * 1000;
	skel->rodata->reserve_max = reserve_max;
	skel->rodata->patience = patience;
	skel->rodata->whole_cores = whole_cores;
}

static void stats(void)
{
	printf("nest=%u/%u ", skel->bss->nr_primary, skel->bss->nr_reserve);
	loader_print_sums(skel->maps.stats, stat_names, ARRAY_SIZE(stat_names));
}

static const struct loader loader = {
	LOADER_CALLS,
	.about =
"Keep work on as few CPUs as it needs, which therefore stay warm.\n",
	.options =
"  -s USEC  slice, how long a task may run at a time [20000]\n"
"  -c USEC  a CPU that was idle that long leaves the primary nest [2000]\n"
"  -m N     CPUs that the reserve nest holds at most [5]\n"
"  -n N     a task that finds its CPU busy N times in a row is impatient [2]\n"
"  -I       look for cores that are idle as a whole first\n",
	.columns =
"A line of statistics begins with the numbers of CPUs in the primary and in the\n"
"reserve nest (nest). It then counts since the start: tasks that woke up and\n"
"were sent to their previous CPU (prev) or another (primary) of the primary\n"
"nest, to one of the reserve nest (reserve) or of neither (outside), or out of\n"
"the primary nest because they were impatient (impatient); tasks put on the\n"
"shared queue (queued) and left on their CPU for another slice because nobody\n"
"with a better claim was waiting (kept); CPUs that joined the primary nest\n"
"(promoted) and left it after being idle (cooled).\n",
	.letters	= "s:c:m:n:I",
	.option		= option,
	.configure	= configure,
	.stats		= stats,
};

int main(int argc, char **argv)
{
	return loader_main(&loader, argc, argv);
}
