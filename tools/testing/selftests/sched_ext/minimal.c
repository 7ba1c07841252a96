// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "minimal.bpf.skel.h"

SCX_TEST(minimal, "an ops table with nothing but a name schedules the machine")
{
	struct minimal *skel = SCHED_OPEN(minimal);
	struct crew *crew = crew_start(4, job_mixed);
	struct census *census = census_take();
	struct bpf_link *link;
	long long seq;
	int i;

	SCHED_LOAD(skel);
	seq = scx_attr_num("enable_seq");
	link = sched_attach(skel->maps.minimal);
	scx_expect_enabled("minimal");
	EXPECT_EQ(scx_attr_num("switch_all"), 1);
	EXPECT_EQ(scx_attr_num("nr_rejected"), 0);
	EXPECT_EQ(scx_attr_num("enable_seq"), seq + 1);
	for (i = 0; i < crew->nr; i++)
		EXPECT_EQ(task_ext_enabled(crew->mate[i].pid), 1);
	crew_progress(crew);
	sched_detach(link);

	crew_progress(crew);
	census_check(census);
	EXPECT_EQ(scx_attr_num("enable_seq"), seq + 1);
	crew_stop(crew);
}

SCX_TEST(minimal_exit, "detaching ends the scheduler with the right kind and reason")
{
	struct minimal *skel = SCHED_OPEN(minimal);
	struct bpf_link *link;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.minimal_exit);
	scx_expect_enabled("minimal_exit");
	EXPECT_EQ(skel->data->uei.kind, 0);
	sched_detach(link);
	ASSERT_EXIT(skel, EXIT_KIND_UNREG, 0, REASON_UNREG);
	EXPECT_STR(EXIT_MSG(skel), "");
}
