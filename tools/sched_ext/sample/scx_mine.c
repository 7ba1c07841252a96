// SPDX-License-Identifier: GPL-2.0
/* Loads scx_mine.bpf.c. The rest is in loader.h. */
#include "loader.h"
#include "scx_mine.bpf.skel.h"

DEFINE_LOADER_CALLS(scx_mine, mine_ops)

static void print_stats(void)
{
	static const char * const names[] = { "queued" };

	loader_print_sums(skel->maps.stats, names, 1);
}

static const struct loader loader = {
	LOADER_CALLS,
	.stats = print_stats,
	.about = "One queue for all CPUs, in order of arrival.\n",
};

int main(int argc, char **argv)
{
	return loader_main(&loader, argc, argv);
}
