// SPDX-License-Identifier: GPL-2.0
/* The moment in which an exit is claimed, and the time until it is performed. */
#include "scx_test.h"
#include "claimed.bpf.skel.h"

SCX_TEST(claimed_move, "after an exit was claimed, no task is taken from a queue")
{
	struct claimed *skel = SCHED_OPEN(claimed);
	struct crew *crew = crew_start(8 + 2 * nr_cpus_online(), job_spin);
	struct census *census = census_take();

	bpf_program__set_autoload(skel->progs.claimed_nmi, false);
	SCHED_LOAD(skel);
	sched_attach(skel->maps.claimed);
	crew_progress(crew);
	skel->bss->end_now = true;
	ASSERT_EXIT(skel, EXIT_KIND_ERROR_BPF, 0, REASON_ERROR_BPF);
	EXPECT_EQ(skel->bss->aside_before, 1);
	EXPECT_EQ(skel->bss->moved_before, 1);
	EXPECT_EQ(skel->bss->aside_after, 0);
	EXPECT_EQ(skel->bss->moved_after, 0);
	EXPECT_GT(skel->data->left_after, 0);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}

SCX_TEST(claimed_nmi, "an NMI can end the scheduler")
{
	struct claimed *skel = SCHED_OPEN(claimed);
	struct crew *crew = crew_start(4, job_mixed);
	struct census *census = census_take();
	struct bpf_link *trace;

	need_cpus(2);
	need_file("/proc/sysrq-trigger");
	if (libbpf_find_vmlinux_btf_id("nmi_handler", BPF_TRACE_RAW_TP) <= 0)
		test_skip("no tracepoint in NMIs");
	SCHED_LOAD(skel);
	trace = bpf_program__attach(skel->progs.claimed_nmi);
	ASSERT_TRUE(trace, "cannot trace: errno %d", errno);
	sched_attach(skel->maps.claimed);
	crew_progress(crew);
	skel->bss->end_in_nmi = true;
	/* Backtraces of all CPUs: the others are asked by NMI. */
	ASSERT_TRUE(file_write("/proc/sysrq-trigger", "l"), "errno %d", errno);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR_BPF, 0, REASON_ERROR_BPF);
	EXPECT_HAS(EXIT_MSG(skel), "from an NMI");
	EXPECT_GE(skel->data->nmi_cpu, 0);
	bpf_link__destroy(trace);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}
