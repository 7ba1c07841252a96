// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "report.bpf.skel.h"

/* ops.init() has succeeded, see enum scx_exit_flags. */
#define EFLAG_INITIALIZED	1

SCX_TEST(report, "the exit report names the CPU, and events are traced as they happen")
{
	struct report *skel = SCHED_OPEN(report);
	struct crew *crew = crew_start(4, job_mixed);
	struct bpf_link *link, *trace;
	struct kmsg *log = kmsg_mark();

	bpf_program__set_autoload(skel->progs.test_exit, false);
	SCHED_LOAD(skel);
	trace = bpf_program__attach(skel->progs.report_event);
	ASSERT_TRUE(trace, "cannot trace: errno %d", errno);
	link = sched_attach(skel->maps.report);
	EXPECT_TRUE(kmsg_has(log, "SCX_OPS_HAS_CGROUP_WEIGHT is deprecated"), "not said");
	EXPECT_EQ(skel->bss->nr_bypass, 1);
	crew_progress(crew);
	skel->bss->fail_now = true;
	ASSERT_EXIT(skel, EXIT_KIND_ERROR_BPF, 0, REASON_ERROR_BPF);
	EXPECT_GE(skel->data->failed_on, 0);
	EXPECT_EQ(skel->data->exit_cpu, skel->data->failed_on);
	EXPECT_EQ(skel->bss->exit_flags & EFLAG_INITIALIZED, EFLAG_INITIALIZED);
	EXPECT_GT(skel->bss->nr_events, 2);
	EXPECT_GT(skel->bss->nr_delta, 0);
	bpf_link__destroy(link);
	bpf_link__destroy(trace);
	crew_progress(crew);
	crew_stop(crew);
}
