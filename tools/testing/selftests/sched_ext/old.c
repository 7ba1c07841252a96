// SPDX-License-Identifier: GPL-2.0
/* Schedulers that were compiled for 6.12 still work. */
#include "scx_test.h"
#include "old.bpf.skel.h"

SCX_TEST(old, "a program with the types and names of 6.12 schedules tasks")
{
	struct old *skel = old__open();
	struct crew *crew = crew_start(8, job_mixed);
	struct census *census = census_take();
	struct bpf_link *link;

	ASSERT_TRUE(skel, "cannot open: errno %d", errno);
	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.old);
	scx_expect_enabled("old");
	crew_progress(crew);
	crew_progress(crew);
	EXPECT_SOON(skel->bss->nr_fifo && skel->bss->nr_vtime &&
		    skel->bss->nr_consumed && skel->bss->nr_slots &&
		    skel->bss->nr_stopping);
	/* The crew may leave no CPU idle while it works. */
	crews_rest(true);
	EXPECT_SOON(skel->bss->nr_idle);
	crews_rest(false);
	scx_expect_enabled("old");
	sched_detach(link);
	EXPECT_EQ(skel->bss->exit_kind, EXIT_KIND_UNREG);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}
