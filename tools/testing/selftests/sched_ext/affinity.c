// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "affinity.h"
#include "affinity.bpf.skel.h"

static void expect_mask(struct affinity *skel, pid_t pid, int cpu)
{
	struct place place = { .first = -1 };

	bpf_map__lookup_elem(skel->maps.places, &pid, sizeof(pid), &place,
			     sizeof(place), 0);
	EXPECT_EQ(place.first, cpu);
	EXPECT_EQ(place.weight, 1);
}

static void affinity_run(struct affinity *skel, struct bpf_map *ops)
{
	struct crew *crew = crew_start(6, job_mixed);
	struct census *census = census_take();
	int cpus = nr_cpus_online(), i;
	struct bpf_link *link;

	need_cpus(2);
	SCHED_LOAD(skel);
	link = sched_attach(ops);
	for (i = 0; i < 100; i++) {
		pid_t pid = crew->mate[i % crew->nr].pid;

		ASSERT_TRUE(task_pin(pid, i % cpus), "errno %d", errno);
		expect_mask(skel, pid, i % cpus);
		if (i % 10 == 0)
			usleep(2000);
	}
	crew_progress(crew);
	scx_expect_enabled(bpf_map__name(ops));
	ASSERT_SOON(skel->bss->nr_checked > 50);
	EXPECT_EQ(skel->bss->nr_misplaced, 0);
	EXPECT_GE(skel->bss->nr_set, 100);
	sched_detach(link);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}

SCX_TEST(affinity, "tasks run only where they may while their masks change")
{
	struct affinity *skel = SCHED_OPEN(affinity);

	affinity_run(skel, skel->maps.affinity);
}

SCX_TEST(affinity_default, "the same without an enqueue of our own")
{
	struct affinity *skel = SCHED_OPEN(affinity);

	affinity_run(skel, skel->maps.affinity_dfl);
}
