// SPDX-License-Identifier: GPL-2.0
#include <sched.h>
#include "scx_test.h"
#include "dispatch.h"
#include "dispatch.bpf.skel.h"

struct stage {
	struct dispatch *skel;
	struct bpf_link *link;
	struct crew *crew;
	struct census *census;
};

static struct stage stage_open(int dest)
{
	struct stage stage = {
		.skel = SCHED_OPEN(dispatch),
		.crew = crew_start(8, job_mixed),
		.census = census_take(),
	};

	stage.skel->rodata->dest = dest;
	SCHED_LOAD(stage.skel);
	stage.link = sched_attach(stage.skel->maps.dispatch_ops);
	return stage;
}

/* Enough tasks are dispatched, all make progress, nothing is counted as wrong. */
static void stage_watch(struct stage *stage)
{
	struct dispatch__bss *seen = stage->skel->bss;
	int i;

	ASSERT_SOON(seen->nr_dispatched > 100);
	crew_progress(stage->crew);
	crew_progress(stage->crew);
	scx_expect_enabled("dispatch_ops");
	for (i = 0; i < NR_BAD; i++)
		EXPECT_TRUE(!seen->bad[i], "kind %d: %llu of %llu", i,
			    (unsigned long long)seen->bad[i],
			    (unsigned long long)seen->nr_dispatched);
	EXPECT_GE(seen->nr_queued, seen->nr_dispatched);
}

static void stage_close(struct stage *stage)
{
	sched_detach(stage->link);
	crew_progress(stage->crew);
	census_check(stage->census);
	crew_stop(stage->crew);
}

static void dispatch_to(int dest)
{
	struct stage stage = stage_open(dest);

	stage_watch(&stage);
	stage_close(&stage);
}

SCX_TEST(dispatch_local, "from dispatch to the local queue")
{
	dispatch_to(TO_LOCAL);
}

SCX_TEST(dispatch_global, "from dispatch to the global queue")
{
	dispatch_to(TO_GLOBAL);
}

SCX_TEST(dispatch_user, "from dispatch to a user queue and on to the CPU")
{
	dispatch_to(TO_USER);
}

SCX_TEST(dispatch_local_on, "LOCAL_ON takes tasks to other CPUs, and they run there")
{
	struct stage stage = stage_open(TO_LOCAL_ON);

	need_cpus(2);
	stage_watch(&stage);
	EXPECT_GT(stage.skel->bss->nr_remote, 5);
	EXPECT_GT(stage.skel->bss->nr_arrived, 20);
	stage_close(&stage);
}

SCX_TEST(dispatch_twice, "a second, stale entry for a task is dropped silently")
{
	dispatch_to(TO_TWICE);
}

SCX_TEST(dispatch_cancel, "a cancelled entry frees its slot and does nothing")
{
	dispatch_to(TO_CANCEL);
}

SCX_TEST(fault_overflow, "more entries than the dispatch buffer holds")
{
	struct stage stage = stage_open(TO_OVERFLOW);

	ASSERT_EXIT(stage.skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(stage.skel), "dispatch");
	crew_progress(stage.crew);
	census_check(stage.census);
	crew_stop(stage.crew);
}

/* Tasks are queued, moved, and change policy and CPUs all at once. */
SCX_TEST(dispatch_races, "property changes race with dispatch and no task is lost")
{
	struct stage stage = stage_open(TO_USER);
	int i, cpus = nr_cpus_online();

	self_urgent(true);
	for (i = 0; i < 200; i++) {
		pid_t pid = stage.crew->mate[i % stage.crew->nr].pid;

		task_pin(pid, i % cpus);
		task_set_policy(pid, i & 1 ? SCHED_BATCH : SCHED_OTHER, 0);
		if (i % 5 == 0) {
			task_set_policy(pid, SCHED_FIFO, 1);
			task_set_policy(pid, SCHED_OTHER, 0);
		}
		if (i % 7 == 0)
			usleep(1000);
	}
	self_urgent(false);
	scx_expect_enabled("dispatch_ops");
	crew_progress(stage.crew);
	stage_close(&stage);
}
