// SPDX-License-Identifier: GPL-2.0
#include <sched.h>
#include "scx_test.h"
#include "wakelist.bpf.skel.h"

#define WAKEUPS 50

/* Two CPUs, so that there is something to select. */
static void may_use(pid_t pid, int cpu, int other)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CPU_SET(other, &set);
	ASSERT_EQ(sched_setaffinity(pid, sizeof(set), &set), 0);
}

/* A sleeper on the last CPU, the test on the first one */
static struct crew *start_sleeper(struct wakelist *skel, int *cpu)
{
	struct crew *crew;

	need_cpus(3);
	*cpu = nr_cpus_online() - 1;
	SCHED_LOAD(skel);
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	crew = crew_start(1, job_wait);
	crew_pin(crew, *cpu);
	crew_wake(crew, 0);
	ASSERT_SOON(crew->mate[0].count && crew_blocked(crew));
	may_use(crew->mate[0].pid, *cpu, *cpu - 1);
	skel->bss->watched = crew->mate[0].pid;
	return crew;
}

static void wake_often(struct crew *crew)
{
	int i;

	for (i = 1; i <= WAKEUPS; i++) {
		u64 before = crew->mate[0].count;

		crew_wake(crew, 0);
		ASSERT_SOON(crew->mate[0].count > before && crew_blocked(crew));
		usleep(2000);
	}
}

SCX_TEST(wakelist_allowed, "ALLOW_QUEUED_WAKEUP: an idle CPU performs the wakeup itself")
{
	struct wakelist *skel = SCHED_OPEN(wakelist);
	struct wakelist__bss *seen;
	struct bpf_link *link;
	struct crew *crew;
	int cpu;

	crew = start_sleeper(skel, &cpu);
	seen = skel->bss;
	link = sched_attach(skel->maps.wakelist_allowed);
	wake_often(crew);
	test_note("%llu there, %llu by the waker", (unsigned long long)seen->nr_there,
		  (unsigned long long)seen->nr_by_waker);
	/* Not all of them, because something else may have been running there. */
	EXPECT_GE(seen->nr_there, WAKEUPS / 2);
	scx_expect_enabled("wakelist_allowed");
	sched_detach(link);
	crew_stop(crew);
}

SCX_TEST(wakelist_never, "without ALLOW_QUEUED_WAKEUP, the waker does, and calls select_cpu first")
{
	struct wakelist *skel = SCHED_OPEN(wakelist);
	struct wakelist__bss *seen;
	struct bpf_link *link;
	struct crew *crew;
	int cpu;

	crew = start_sleeper(skel, &cpu);
	seen = skel->bss;
	link = sched_attach(skel->maps.wakelist_never);
	wake_often(crew);
	EXPECT_GE(seen->nr_by_waker, WAKEUPS);
	EXPECT_EQ(seen->nr_there, 0);
	EXPECT_GE(seen->nr_selected, WAKEUPS);
	EXPECT_EQ(seen->nr_unselected, 0);
	scx_expect_enabled("wakelist_never");
	sched_detach(link);
	crew_stop(crew);
}

/* Wake the sleeper at all moments of its falling asleep, until select_cpu is skipped. */
static bool catch_unselected(struct wakelist *skel, struct crew *crew, int rounds)
{
	unsigned int seed = 1;
	int i;

	while (rounds-- && !skel->bss->nr_unselected) {
		crew_wake(crew, 0);
		seed = seed * 1103515245 + 12345;
		for (i = (seed >> 16) % 20000; i; i--)
			asm volatile("" ::: "memory");
	}
	return skel->bss->nr_unselected;
}

SCX_TEST(wakelist_early, "a task that is still being switched out is queued without select_cpu")
{
	struct wakelist *skel = SCHED_OPEN(wakelist);
	struct bpf_link *link;
	struct crew *crew;
	int cpu;

	crew = start_sleeper(skel, &cpu);
	link = sched_attach(skel->maps.wakelist_never);
	EXPECT_TRUE(!catch_unselected(skel, crew, 1000), "select_cpu was not asked");
	EXPECT_GT(skel->bss->nr_selected, 0);
	scx_expect_enabled("wakelist_never");
	sched_detach(link);
	skel->bss->nr_unselected = 0;
	link = sched_attach(skel->maps.wakelist_allowed);
	EXPECT_SOON(catch_unselected(skel, crew, 1000));
	test_note("%llu selected, %llu not", (unsigned long long)skel->bss->nr_selected,
		  (unsigned long long)skel->bss->nr_unselected);
	scx_expect_enabled("wakelist_allowed");
	sched_detach(link);
	crew_stop(crew);
}
