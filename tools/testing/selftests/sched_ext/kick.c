// SPDX-License-Identifier: GPL-2.0
/* What kicks cost, and waiting for many CPUs at once. */
#include "scx_test.h"
#include "kick.h"
#include "kick.bpf.skel.h"

enum { KICK_PREEMPT = 2, KICK_WAIT = 4 };

#define WAIT_ROUNDS	20
#define STORMS		10

struct scene {
	struct kick *skel;
	struct bpf_link *link;
	struct crew *hogs;
	int cpus;
};

/* A hog on each CPU but the first, where the test is. */
static struct scene scene_begin(void)
{
	struct scene s = { .skel = SCHED_OPEN(kick), .cpus = nr_cpus_online() };
	int i;

	need_cpus(2);
	if (s.cpus > KICK_CPUS_MAX)
		s.cpus = KICK_CPUS_MAX;
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	SCHED_LOAD(s.skel);
	s.hogs = crew_start(s.cpus - 1, job_spin);
	for (i = 1; i < s.cpus; i++)
		ASSERT_TRUE(task_pin(s.hogs->mate[i - 1].pid, i), "errno %d", errno);
	s.link = sched_attach(s.skel->maps.kick);
	crew_progress(s.hogs);
	return s;
}

static void scene_end(struct scene *s)
{
	scx_expect_enabled("kick");
	crew_progress(s->hogs);
	sched_detach(s->link);
	crew_stop(s->hogs);
}

SCX_TEST(kick_idle_busy, "KICK_IDLE does not interrupt a busy CPU")
{
	struct scene s = scene_begin();
	long long before = nr_interrupts("IWI", 0), nr;

	s.skel->bss->target = s.cpus - 1;
	prog_run(s.skel->progs.kick_idle_often, NULL, 0);
	nr = nr_interrupts("IWI", 0) - before;
	test_note("%lld interrupts for %d kicks", nr, KICK_IDLE_TIMES);
	EXPECT_LT(nr, KICK_IDLE_TIMES / 4);
	scene_end(&s);
}

SCX_TEST(kick_idle_locked, "KICK_IDLE of the CPU that a callback is about does not interrupt it")
{
	struct scene s = scene_begin();
	int cpu = s.cpus - 1;
	long long before = nr_interrupts("IWI", cpu), nr, kicks;

	s.skel->bss->tick_kicker = s.hogs->mate[cpu - 1].pid;
	ASSERT_SOON(s.skel->bss->nr_tick_kicks >= 200);
	kicks = s.skel->bss->nr_tick_kicks;
	nr = nr_interrupts("IWI", cpu) - before;
	test_note("%lld interrupts for %lld kicks", nr, kicks);
	EXPECT_LT(nr, kicks / 2);
	scene_end(&s);
}

/*
 * A CPU that happens to run a higher class is neither kicked nor waited for, so a
 * few may be missing.
 */
SCX_TEST(kick_wait_all, "KICK_WAIT of all CPUs returns when each has picked")
{
	struct scene s = scene_begin();
	int i, all = WAIT_ROUNDS * (s.cpus - 1);

	s.skel->bss->flags = KICK_PREEMPT | KICK_WAIT;
	for (i = 0; i < WAIT_ROUNDS; i++) {
		prog_run(s.skel->progs.kick_all_others, NULL, 0);
		prog_run(s.skel->progs.kick_count_late, NULL, 0);
	}
	test_note("%u of %d had not picked", s.skel->bss->nr_late, all);
	EXPECT_LE(s.skel->bss->nr_late, all / 10);
	scene_end(&s);
}

SCX_TEST(kick_wait_storm, "CPUs that all wait for all others do not hang")
{
	struct scene s = scene_begin();
	int cpu;

	s.skel->bss->flags = KICK_WAIT;
	s.skel->bss->storm = true;
	for (cpu = 1; cpu < s.cpus; cpu++)
		EXPECT_SOON(s.skel->bss->nr_storms[cpu] > STORMS);
	s.skel->bss->storm = false;
	scene_end(&s);
}
