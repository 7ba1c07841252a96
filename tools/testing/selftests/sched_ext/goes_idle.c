// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "goes_idle.bpf.skel.h"

#define OFTEN	5

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
	struct bpf_map *map;

	need_cpus(2);
	SCHED_LOAD(trip.skel);
	trip.skel->bss->watched_cpu = cpu;
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	crew_pin(trip.crew, cpu);
	trip.skel->bss->watched = trip.crew->mate[0].pid;
	map = bpf_object__find_map_by_name(trip.skel->obj, ops);
	ASSERT_TRUE(map, "no table %s", ops);
	trip.link = sched_attach(map);
	scx_expect_enabled(ops);
	return trip;
}

static void trip_end(struct trip *trip)
{
	sched_detach(trip->link);
	crew_progress(trip->crew);
	crew_stop(trip->crew);
}

SCX_TEST(goes_last, "a CPU that is kicked while it puts its last task away looks again")
{
	struct trip trip = trip_start("goes_last", job_spin);

	ASSERT_SOON(trip.skel->bss->nr_last > OFTEN);
	crew_progress(trip.crew);
	trip_end(&trip);
}

SCX_TEST(goes_slice, "a last task that gets a slice while it is put away goes on")
{
	struct trip trip = trip_start("goes_slice", job_spin);

	ASSERT_SOON(trip.skel->bss->nr_given > OFTEN);
	crew_progress(trip.crew);
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
	EXPECT_GE(trip.skel->bss->nr_found, OFTEN);
	sched_detach(trip.link);
	crew_stop(trip.crew);
	crew_stop(napper);
}
