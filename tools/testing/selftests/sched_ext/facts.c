// SPDX-License-Identifier: GPL-2.0
#include <sys/stat.h>
#include "scx_test.h"
#include "facts.bpf.skel.h"

static int nr_nodes(void)
{
	char path[64];
	struct stat st;
	int nr = 0;

	do
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d", nr++);
	while (!stat(path, &st));
	return nr - 1;
}

/*
 * On machines whose CPUs have different clocks, the kernel holds the time of a CPU that
 * gets its tick too late, as an emulated one may. A time that nobody reads anew moves only
 * if there is a tick between two readings.
 */
#define READINGS	100
#define READINGS_MOVED	12

SCX_TEST(facts, "clock, CPUs, nodes, the running task and the locked rq are right")
{
	struct facts *skel = SCHED_OPEN(facts);
	struct crew *crew = crew_start(6, job_mixed), *busy = crew_start(3, job_spin);
	struct bpf_link *link;
	int i;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.facts);
	crew_progress(crew);
	ASSERT_SOON(skel->bss->nr_asked > 100 && skel->bss->nr_running_asked > 20);
	for (i = 0; i < READINGS; i++) {
		prog_run(skel->progs.facts_unlocked, NULL, 0);
		usleep(1000);
	}
	EXPECT_GE(skel->bss->nr_moved, READINGS_MOVED);
	EXPECT_EQ(skel->bss->bad_clock, 0);
	EXPECT_EQ(skel->bss->bad_cached, 0);
	EXPECT_EQ(skel->bss->bad_locked_rq, 0);
	EXPECT_EQ(skel->bss->bad_running, 0);
	EXPECT_EQ(skel->bss->bad_curr, 0);
	EXPECT_EQ(skel->bss->bad_selected, 0);
	EXPECT_GE(skel->bss->nr_cpus, nr_cpus_online());
	EXPECT_GE(skel->bss->nr_nodes, nr_nodes());
	EXPECT_EQ(skel->bss->first_node, 0);
	EXPECT_GT(skel->bss->cap, 0);
	EXPECT_LE(skel->bss->cap, 1024);
	EXPECT_GT(skel->bss->cur, 0);
	EXPECT_LE(skel->bss->cur, 1024);
	scx_expect_enabled("facts");
	sched_detach(link);
	crew_stop(busy);
	crew_stop(crew);
}
