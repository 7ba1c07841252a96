// SPDX-License-Identifier: GPL-2.0
/* Tasks with different cookies share cores, and all make progress. */
#include <sys/prctl.h>
#include "scx_test.h"
#include "core_sched.bpf.skel.h"

#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE		62
#define PR_SCHED_CORE_CREATE	1
#endif

/* A new cookie for every mate; without SMT the kernel refuses. */
static void give_cookies(struct crew *crew)
{
	int i;

	for (i = 0; i < crew->nr; i++)
		if (prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE,
			  crew->mate[i].pid, 0, 0))
			test_skip("no core scheduling here: errno %d", errno);
}

static struct core_sched *core_run(const char *ops)
{
	struct core_sched *skel = SCHED_OPEN(core_sched);
	struct crew *crew = crew_start(2 * nr_cpus_online(), job_mixed);
	struct census *census = census_take();
	struct bpf_link *link;

	give_cookies(crew);
	SCHED_LOAD(skel);
	link = sched_attach(bpf_object__find_map_by_name(skel->obj, ops));
	crew_progress(crew);
	crew_progress(crew);
	scx_expect_enabled(ops);
	sched_detach(link);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
	return skel;
}

SCX_TEST(core_sched, "core scheduling in the kernel's order")
{
	core_run("core_plain");
}

SCX_TEST(core_sched_before, "core scheduling in the scheduler's order")
{
	struct core_sched *skel = core_run("core_before_op");

	EXPECT_GT(skel->bss->nr_before, 0);
}
