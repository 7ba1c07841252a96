// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "cpuperf.bpf.skel.h"

static unsigned int cpuperf_target(struct cpuperf *skel)
{
	EXPECT_EQ(prog_run(skel->progs.cpuperf_read, NULL, 0), 0);
	return skel->bss->target;
}

static void init_sets(unsigned int perf, unsigned int want)
{
	struct cpuperf *skel = SCHED_OPEN(cpuperf);
	struct bpf_link *link;

	skel->rodata->init_perf = perf;
	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.cpuperf_init_only);
	scx_expect_enabled("cpuperf_init_only");
	EXPECT_EQ(cpuperf_target(skel), want);
	sched_detach(link);
	cpuperf__destroy(skel);
}

SCX_TEST(cpuperf_init, "a target set by ops.init() is kept, and the next scheduler starts anew")
{
	init_sets(300, 300);
	init_sets(0, 1024);
}

SCX_TEST(cpu_rq_warning, "scx_bpf_cpu_rq() is deprecated, and the log says so once")
{
	struct cpuperf *skel = SCHED_OPEN(cpuperf);
	struct bpf_link *link;
	struct kmsg *log;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.cpuperf_init_only);
	log = kmsg_mark();
	cpuperf_target(skel);
	EXPECT_TRUE(kmsg_has(log, "scx_bpf_cpu_rq() is deprecated"), "not said");
	log = kmsg_mark();
	cpuperf_target(skel);
	EXPECT_TRUE(!kmsg_has(log, "scx_bpf_cpu_rq() is deprecated"), "said twice");
	sched_detach(link);
}

SCX_TEST(cpuperf_other, "a target for another CPU than the locked one is an error")
{
	struct cpuperf *skel = SCHED_OPEN(cpuperf);
	struct crew *crew = crew_start(3, job_mixed);

	need_cpus(2);
	SCHED_LOAD(skel);
	sched_attach(skel->maps.cpuperf_other);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(skel), "cpuperf_set");
	EXPECT_HAS(EXIT_MSG(skel), "locked");
	crew_progress(crew);
	crew_stop(crew);
}
