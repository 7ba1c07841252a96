// SPDX-License-Identifier: GPL-2.0
/*
 * How long it takes to put a scheduler in charge and to remove it, and for how
 * long that keeps a task from running: on each CPU one wants to run every
 * 100 us and notes by how much it is late.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "crowd.h"
#include "guest.h"
#include "probe.h"

#define PERIOD_NS	100000
#define MAX_CPUS	64
#define TIMES		3
#define CALM_NS		20000000
#define REST_NS		2000000		/* between looks at whether to watch */

/* The latest each was since somebody set it to zero, in a cache line of its own. */
struct watch {
	u64 late;
	char padding[56];
};

static struct watch *watches;
static volatile bool *watching;

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void watch_cpu(void *arg)
{
	struct watch *watch = &watches[(long)arg];

	pin((long)arg);
	for (;;) {
		u64 at = now_ns() + (*watching ? PERIOD_NS : REST_NS), late;
		struct timespec ts = { at / 1000000000, at % 1000000000 };

		if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL))
			die("sleeping until %lu", at);
		late = now_ns() - at;
		if (late > watch->late)
			watch->late = late;
	}
}

static void start_watches(void)
{
	long cpu;

	watches = shared_memory(MAX_CPUS * sizeof(*watches));
	watching = shared_memory(sizeof(*watching));
	for (cpu = 0; cpu < nr_cpus(); cpu++)
		spawn(watch_cpu, (void *)cpu);
}

/* The latest since the last call; those that are late now come first. */
static u64 latest(void)
{
	u64 max = 0;
	int cpu;

	sleep_ns(10 * PERIOD_NS);
	for (cpu = 0; cpu < nr_cpus(); cpu++) {
		if (watches[cpu].late > max)
			max = watches[cpu].late;
		watches[cpu].late = 0;
	}
	return max;
}

static u64 latest_when_calm(void)
{
	*watching = true;
	sleep_ns(2 * REST_NS);
	latest();
	sleep_ns(CALM_NS);
	return latest();
}

static void enable_once(const char *op, u32 tasks)
{
	struct probe probe = { .ops = &op, .nr = !!op, .flags = KEEP_IDLE };
	struct probe_bpf *skel = probe_load(&probe);
	u64 calm = latest_when_calm(), on, off, on_late, off_late;
	struct bpf_link *link;

	on = instructions();
	link = probe_attach(skel);
	on = instructions() - on;
	on_late = latest();
	sleep_ns(CALM_NS);
	latest();
	/* One that has left on its own would be removed in no time. */
	if (!state_is("enabled")) {
		errno = 0;
		die("enable: the scheduler with ops '%s' did not stay", op ?: "none");
	}
	off = instructions();
	probe_detach(link);
	off = instructions() - off;
	off_late = latest();
	*watching = false;
	probe_free(skel);
	report("{\"enable\": %lu, \"disable\": %lu, \"enable_late\": %lu, \"disable_late\": %lu, "
	       "\"calm_late\": %lu, \"tasks\": %u, \"ops\": \"%s\"}",
	       on, off, on_late, off_late, calm, tasks, op ?: "none");
}

/* enable N: with N tasks that wait for something. */
void curve_enable(int argc, char **argv)
{
	u32 nr = atoi(argv[0]);
	int i;

	start_watches();
	crowd_allow(nr);
	crowd_add(nr, false);
	sleep_ns(CALM_NS);
	for (i = 0; i < TIMES; i++)
		enable_once(NULL, nr);
	for (i = 0; i < TIMES; i++)
		enable_once("all", nr);
	power_off();
}
