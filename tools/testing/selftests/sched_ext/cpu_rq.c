// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "cpu_rq.bpf.skel.h"

SCX_TEST(cpu_rq_store, "a slice can be ended through scx_bpf_cpu_rq()")
{
	struct crew *crew = crew_start(3, job_spin);
	struct cpu_rq *skel = SCHED_OPEN(cpu_rq);
	struct bpf_link *link;

	/* All of them want the CPU whose slices end. */
	crew_pin(crew, 0);
	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.cpu_rq);
	crew_progress(crew);
	ASSERT_SOON(skel->bss->nr_stored > 10);
	scx_expect_enabled("cpu_rq");
	sched_detach(link);
	crew_stop(crew);
}

SCX_TEST(cpu_rq_null, "a store to the task of a CPU that does not exist does nothing")
{
	struct crew *crew = crew_start(3, job_spin);
	struct cpu_rq *skel = SCHED_OPEN(cpu_rq);

	SCHED_LOAD(skel);
	skel->bss->cpu = -1;
	sched_attach(skel->maps.cpu_rq);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(skel), "invalid CPU -1 from scx_bpf_cpu_rq");
	EXPECT_GT(skel->bss->nr_stored, 0);
	crew_progress(crew);
	crew_stop(crew);
}
