// SPDX-License-Identifier: GPL-2.0
/* Additions after 6.18: the forms that today's schedulers look for first. */
#include "scx_test.h"
#include "newer.bpf.skel.h"

SCX_TEST(newer_names, "everything that compat headers look for exists and works")
{
	struct newer *skel = SCHED_OPEN(newer);
	struct crew *crew = crew_start(6, job_mixed);
	struct census *census = census_take();
	struct bpf_link *link;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.newer);
	EXPECT_EQ(skel->bss->nr_missing, 0);
	crew_progress(crew);
	EXPECT_SOON(skel->bss->nr_by_vtime && skel->bss->nr_selected &&
		    skel->bss->nr_moved);
	scx_expect_enabled("newer");
	sched_detach(link);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}

SCX_TEST(newer_set, "slice and vtime are set, or the call is refused if the task is not ours")
{
	struct newer *skel = SCHED_OPEN(newer);
	struct crew *crew = crew_start(1, job_wait);
	struct bpf_link *link;

	ASSERT_SOON(crew_blocked(crew));
	SCHED_LOAD(skel);
	skel->bss->asked_pid = crew->mate[0].pid;
	ASSERT_EQ(prog_run(skel->progs.newer_set, NULL, 0), 0);
	EXPECT_EQ(skel->bss->set_slice, 0);
	EXPECT_EQ(skel->bss->set_vtime, 0);
	EXPECT_NE(skel->bss->seen_vtime, 7654321);

	link = sched_attach(skel->maps.newer);
	ASSERT_EQ(prog_run(skel->progs.newer_set, NULL, 0), 0);
	EXPECT_EQ(skel->bss->set_slice, 1);
	EXPECT_EQ(skel->bss->set_vtime, 1);
	EXPECT_EQ(skel->bss->seen_slice, 1234567);
	EXPECT_EQ(skel->bss->seen_vtime, 7654321);
	crew_wake(crew, 0);
	EXPECT_SOON(crew->mate[0].count == 1);
	sched_detach(link);
	crew_stop(crew);
}

SCX_TEST(newer_insert_twice, "an insertion that is refused returns false")
{
	struct newer *skel = SCHED_OPEN(newer);
	struct crew *crew = crew_start(2, job_mixed);
	struct bpf_link *link;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.newer);
	crew_progress(crew);
	skel->bss->insert_twice = true;
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_GT(skel->bss->nr_refused, 0);
	EXPECT_EQ(skel->bss->nr_accepted, 0);
	EXPECT_HAS(EXIT_MSG(skel), "inserted twice");
	bpf_link__destroy(link);
	crew_progress(crew);
	crew_stop(crew);
}

SCX_TEST(newer_move_flags, "internal flags are refused when moving to the local DSQ")
{
	struct newer *skel = SCHED_OPEN(newer);
	struct crew *crew = crew_start(2, job_mixed);
	struct bpf_link *link;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.newer);
	crew_progress(crew);
	skel->bss->move_flags = 1ULL << 57;
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_NAMES(skel, 1ULL << 57);
	bpf_link__destroy(link);
	crew_progress(crew);
	crew_stop(crew);
}
