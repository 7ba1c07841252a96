// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "granted.h"
#include "granted.bpf.skel.h"

SCX_TEST(granted, "an insertion without effect does not change slice and vtime")
{
	struct granted *skel = SCHED_OPEN(granted);
	struct crew *crew = crew_start(1, job_nap);
	struct granted__bss *seen = skel->bss;
	struct bpf_link *link;

	SCHED_LOAD(skel);
	seen->held = crew->mate[0].pid;
	link = sched_attach(skel->maps.granted);
	ASSERT_SOON(seen->nr_rounds > 10);
	EXPECT_EQ(seen->nr_cancelled_wrong, 0);
	EXPECT_EQ(seen->nr_slice_wrong, 0);
	EXPECT_EQ(seen->nr_vtime_wrong, 0);
	crew_progress(crew);
	scx_expect_enabled("granted");
	sched_detach(link);
	crew_stop(crew);
}
