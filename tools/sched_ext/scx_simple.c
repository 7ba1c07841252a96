// SPDX-License-Identifier: GPL-2.0
/* Loader of scx_simple. */
#include "loader.h"
#include "scx_simple.bpf.skel.h"

DEFINE_LOADER_CALLS(scx_simple, simple_ops)

/* In the order of enum stat_idx in scx_simple.bpf.c. */
static const char * const stat_names[] = { "local", "global", "expired", "kept" };

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
"Schedule all normal tasks from one queue, ordered by weighted virtual time.\n",
	.options =
"  -f       order the queue by arrival (FIFO) instead of virtual time\n"
"  -s USEC  slice, how long a task may run at a time [20000]\n",
	.columns =
"A line of statistics counts since the start: tasks sent straight to an idle\n"
"CPU (local), put on the shared queue (global), taken off a CPU because the\n"
"slice was used up (expired), or left there for another slice because nobody\n"
"with a better claim was waiting (kept).\n",
	.letters	= "fs:",
	.option		= option,
	.configure	= configure,
	.stats		= stats,
};

int main(int argc, char **argv)
{
	return loader_main(&loader, argc, argv);
}
