// SPDX-License-Identifier: GPL-2.0
/* Loader of scx_sdt. */
#include <linux/types.h>
#include "loader.h"
#include "scx_sdt.h"
#include "scx_sdt.bpf.skel.h"

DEFINE_LOADER_CALLS(scx_sdt, sdt_ops)

static const char * const stat_names[] = {
	[SDT_STAT_SELECT]	= "select",
	[SDT_STAT_LOCAL]	= "local",
	[SDT_STAT_ENQUEUE]	= "enqueue",
	[SDT_STAT_RUN]		= "run",
	[SDT_STAT_EXPIRED]	= "expired",
	[SDT_STAT_KEPT]		= "kept",
};

static u64 slice_us = 20000;

static void option(int opt, const char *arg)
{
	if (opt == 's')
		slice_us = loader_number(opt, arg, 1, 10000000);
}

static void configure(void)
{
	skel->rodata->slice_ns = slice_us * 1000;
}

/* Add up the entries in use of a page; returns their number. */
static u32 add_entries(const struct sdt_page *page, u64 *sums)
{
	u32 i, j, used = 0;

	for (i = 0; i < SDT_PER_PAGE; i++) {
		if (!page->entries[i].pid)
			continue;
		used++;
		for (j = 0; j < NR_SDT_STATS; j++)
			sums[j] += page->entries[i].stats[j];
	}
	return used;
}

static void stats(void)
{
	const struct sdt_pool *pool = &skel->arena->pool;
	const struct sdt_page *page;
	u64 sums[NR_SDT_STATS];
	u32 i, used = 0;

	for (i = 0; i < NR_SDT_STATS; i++)
		sums[i] = pool->gone[i];
	for (page = pool->pages; page; page = page->next)
		used += add_entries(page, sums);

	printf("live=%llu found=%u lost=%llu pages=%llu", (unsigned long long)pool->live, used,
	       (unsigned long long)pool->lost, (unsigned long long)pool->nr_pages);
	for (i = 0; i < NR_SDT_STATS; i++)
		printf(" %s=%llu", stat_names[i], (unsigned long long)sums[i]);
}

static const struct loader loader = {
	LOADER_CALLS,
	.about =
"Schedule all normal tasks from one queue and count for each of them, in memory\n"
"that the scheduler and this program share.\n",
	.options =
"  -s USEC  slice, how long a task may run at a time [20000]\n",
	.columns =
"A line of statistics begins with the entries in use (live) and what this\n"
"program found when it went through all of them (found), tasks that ended\n"
"without an entry (lost), and the pages of memory taken (pages). Then come\n"
"sums over all tasks since the start, including those that have ended: times\n"
"that a CPU was looked for (select), that an idle one was found and the task\n"
"sent there (local), that it was put on the queue (enqueue), put on a CPU (run),\n"
"taken off because the slice was used up (expired), or left there for another\n"
"slice because nobody with a better claim was waiting (kept).\n",
	.letters	= "s:",
	.option		= option,
	.configure	= configure,
	.stats		= stats,
};

int main(int argc, char **argv)
{
	return loader_main(&loader, argc, argv);
}
