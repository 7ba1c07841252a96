// SPDX-License-Identifier: GPL-2.0
#include <sched.h>
#include <sys/resource.h>
#include "scx_test.h"
#include "maximal.h"
#include "maximal.bpf.skel.h"

static bool all_called(struct maximal *skel)
{
	int i;

	for (i = 0; i < NR_OPS; i++)
		if (!skel->bss->nr_called[i])
			return false;
	return true;
}

SCX_TEST(maximal, "a scheduler with every op, each of which gets called")
{
	struct maximal *skel = SCHED_OPEN(maximal);
	struct crew *crew = crew_start(8, job_mixed);
	struct census *census = census_take();
	struct bpf_link *link;
	int i;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.maximal);
	scx_expect_enabled("maximal");
	self_urgent(true);
	for (i = 0; i < 2000 && !all_called(skel); i++) {
		pid_t pid = crew->mate[i % crew->nr].pid;

		task_pin(pid, i % nr_cpus_online());
		setpriority(PRIO_PROCESS, pid, i % 10);
		task_set_policy(pid, SCHED_FIFO, 1);
		usleep(1000);
		task_set_policy(pid, SCHED_OTHER, 0);
	}
	self_urgent(false);
	crew_progress(crew);
	scx_expect_enabled("maximal");
	for (i = 0; i < NR_OPS; i++)
		EXPECT_TRUE(skel->bss->nr_called[i], "op %d never called", i);
	sched_detach(link);
	EXPECT_EQ(skel->bss->nr_called[OP_EXIT_TASK],
		  skel->bss->nr_called[OP_INIT_TASK]);
	EXPECT_EQ(skel->bss->nr_called[OP_DISABLE],
		  skel->bss->nr_called[OP_ENABLE]);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}
