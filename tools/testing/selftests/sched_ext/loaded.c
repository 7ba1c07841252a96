// SPDX-License-Identifier: GPL-2.0
/* The state that a loader finds when attaching returns, and where ops.init() runs. */
#define _GNU_SOURCE
#include <sched.h>
#include "scx_test.h"
#include "loaded.h"
#include "loaded.bpf.skel.h"

static struct loaded *attach_load(void)
{
	struct loaded *skel = SCHED_OPEN(loaded);

	SCHED_LOAD(skel);
	return skel;
}

/* No waiting here: everything must be visible at once. */
static void attach_out(int where, long long code)
{
	struct loaded *skel = attach_load();
	struct bpf_link *link;

	skel->bss->where = where;
	skel->bss->with_code = code;
	link = sched_attach(skel->maps.loaded);
	EXPECT_TRUE(exit_seen(&skel->data->uei), "attached, %d: no exit yet", where);
	EXPECT_STR(scx_attr("state"), "disabled");
	EXPECT_GT(skel->bss->nr_asked, 0);
	ASSERT_EXIT(skel, code ? EXIT_KIND_UNREG_BPF : EXIT_KIND_ERROR_BPF, code,
		    code ? REASON_UNREG_BPF : REASON_ERROR_BPF);
	EXPECT_STR(EXIT_MSG(skel), "not now");
	bpf_link__destroy(link);
	loaded__destroy(skel);
}

SCX_TEST(attach_error, "after an error while loading, the scheduler is gone when attaching returns")
{
	struct crew *crew = crew_start(3, job_mixed);
	int where;

	for (where = ATTACH_INIT; where <= ATTACH_ENABLE; where++)
		attach_out(where, 0);
	crew_progress(crew);
	crew_stop(crew);
}

SCX_TEST(attach_exit, "after an exit without error while loading, the scheduler is gone, too")
{
	struct crew *crew = crew_start(3, job_mixed);
	int where;

	for (where = ATTACH_INIT; where <= ATTACH_ENABLE; where++)
		attach_out(where, 77);
	crew_progress(crew);
	crew_stop(crew);
}

SCX_TEST(attach_in, "without an exit, the scheduler is in charge when attaching returns")
{
	struct loaded *skel = attach_load();
	struct bpf_link *link;

	link = sched_attach(skel->maps.loaded);
	EXPECT_TRUE(!exit_seen(&skel->data->uei), "out for no reason");
	scx_expect_enabled("loaded");
	EXPECT_EQ(skel->bss->nr_asked, 0);
	sched_detach(link);
}

SCX_TEST(attach_cpu, "ops.init() is called where the loader may run")
{
	struct loaded *skel = attach_load();
	int cpu, nr = nr_cpus_online();
	struct bpf_link *link;
	cpu_set_t set;

	need_cpus(2);
	for (cpu = 0; cpu < nr; cpu++) {
		ASSERT_TRUE(task_pin(0, cpu), "errno %d", errno);
		link = sched_attach(skel->maps.loaded);
		EXPECT_EQ(skel->data->init_cpu, cpu);
		EXPECT_EQ(skel->bss->init_nr_cpus, 1);
		sched_detach(link);
	}

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	CPU_SET(nr - 1, &set);
	ASSERT_EQ(sched_setaffinity(0, sizeof(set), &set), 0);
	link = sched_attach(skel->maps.loaded);
	EXPECT_TRUE(skel->data->init_cpu == 0 || skel->data->init_cpu == nr - 1,
		    "called on CPU %d", skel->data->init_cpu);
	EXPECT_EQ(skel->bss->init_nr_cpus, 2);
	sched_detach(link);
}
