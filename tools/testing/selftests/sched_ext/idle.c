// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "idle.bpf.skel.h"

SCX_TEST(idle, "ops.update_idle() is called for changes only, after the masks have changed")
{
	struct idle *skel = SCHED_OPEN(idle);
	struct crew *crew = crew_start(3, job_nap);
	struct bpf_link *link;
	int i;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.idle);
	for (i = 0; i < 50; i++) {
		prog_run(skel->progs.idle_kick_all, NULL, 0);
		usleep(2000);
	}
	crew_progress(crew);
	ASSERT_SOON(skel->bss->nr_idle > 50 && skel->bss->nr_busy > 50);
	EXPECT_EQ(skel->bss->bad_mask, 0);
	EXPECT_EQ(skel->bss->bad_repeated, 0);
	scx_expect_enabled("idle");
	sched_detach(link);
	crew_stop(crew);
}
