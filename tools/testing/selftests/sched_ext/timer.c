// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "timer.bpf.skel.h"

static struct timer *timer_fire(int action, struct bpf_link **link)
{
	struct timer *skel = SCHED_OPEN(timer);

	skel->rodata->action = action;
	SCHED_LOAD(skel);
	*link = sched_attach(action == 3 ? skel->maps.timer_insert :
					   skel->maps.timer_ops);
	ASSERT_SOON(skel->bss->nr_set);
	usleep(10000);
	EXPECT_EQ(prog_run(skel->progs.timer_start, NULL, 0), 0);
	ASSERT_SOON(skel->bss->nr_fired);
	return skel;
}

SCX_TEST(timer_allowed, "a timer may kick")
{
	struct crew *crew = crew_start(2, job_mixed);
	struct bpf_link *link;

	timer_fire(0, &link);
	crew_progress(crew);
	scx_expect_enabled("timer_ops");
	sched_detach(link);
	crew_stop(crew);
}

static void timer_error(int action, const char *kfunc)
{
	struct crew *crew = crew_start(3, job_mixed);
	struct census *census = census_take();
	struct bpf_link *link;
	struct timer *skel = timer_fire(action, &link);

	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(skel), kfunc);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}

SCX_TEST(timer_move, "move_to_local from a timer is caught at run time")
{
	timer_error(1, "scx_bpf_dsq_move_to_local");
}

SCX_TEST(timer_cancel, "dispatch_cancel from a timer is caught at run time")
{
	timer_error(2, "scx_bpf_dispatch_cancel");
}

SCX_TEST(timer_insert, "insertion from a timer is caught at run time")
{
	timer_error(3, "scx_bpf_dsq_insert");
}
