// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "goes_idle.bpf.skel.h"

#define OFTEN	20

struct trip {
	struct goes_idle *skel;
	struct bpf_link *link;
	struct crew *crew;
};

/* One task, on the last CPU. */
static struct trip trip_start(const char *ops, job_fn job)
{
	struct trip trip = {
		.skel = SCHED_OPEN(goes_idle),
		.crew = crew_start(1, job),
	};
	int cpu = nr_cpus_online() - 1;

	need_cpus(2);
	SCHED_LOAD(trip.skel);
	trip.skel->bss->watched_cpu = cpu;
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	crew_pin(trip.crew, cpu);
	trip.skel->bss->watched = trip.crew->mate[0].pid;
	trip.link = sched_attach(bpf_object__find_map_by_name(trip.skel->obj, ops));
	scx_expect_enabled(ops);
	return trip;
}

/* A busy host can hold up a few, and something else may wake the CPU up in time. */
static void trip_end(struct trip *trip)
{
	struct goes_idle__bss *seen = trip->skel->bss;

	ASSERT_SOON(seen->nr_back >= OFTEN);
	test_note("%llu of %llu times at once", (unsigned long long)seen->nr_prompt,
		  (unsigned long long)seen->nr_back);
	EXPECT_GT(4 * seen->nr_prompt, 3 * seen->nr_back);
	sched_detach(trip->link);
	crew_stop(trip->crew);
}

SCX_TEST(goes_last, "a CPU that is kicked while it puts its last task away looks again")
{
	struct trip trip = trip_start("goes_last", job_spin);

	trip_end(&trip);
}

SCX_TEST(goes_slice, "a last task that gets a slice while it is put away goes on")
{
	struct trip trip = trip_start("goes_slice", job_spin);

	trip_end(&trip);
}

/* The napper makes the CPU go idle again and again, with a task on the queue. */
SCX_TEST(goes_found, "a CPU that kicks itself while it goes idle looks for work")
{
	struct crew *napper = crew_start(1, job_nap);
	struct trip trip = trip_start("goes_found", job_wait);
	int i;

	crew_pin(napper, trip.skel->bss->watched_cpu);
	for (i = 1; i <= OFTEN; i++) {
		ASSERT_SOON(crew_blocked(trip.crew));
		crew_wake(trip.crew, 0);
		ASSERT_SOON(trip.crew->mate[0].count == i);
	}
	trip_end(&trip);
	crew_stop(napper);
}
