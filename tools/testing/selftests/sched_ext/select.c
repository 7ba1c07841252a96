// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "select.bpf.skel.h"

#define WAKEUPS 30

/* One sleeper is woken again and again while the machine is idle. */
static struct select__bss *wake_sleeper(struct select *skel, struct bpf_map *ops,
					struct bpf_link **link)
{
	struct crew *crew = crew_start(1, job_wait);
	int i;

	need_cpus(2);
	ASSERT_SOON(crew_blocked(crew));
	SCHED_LOAD(skel);
	skel->bss->watched = crew->mate[0].pid;
	skel->bss->watched_parent = getpid();
	*link = sched_attach(ops);
	scx_expect_enabled(bpf_map__name(ops));
	for (i = 1; i <= WAKEUPS; i++) {
		crew_wake(crew, 0);
		ASSERT_SOON(crew->mate[0].count == i && crew_blocked(crew));
		usleep(2000);
	}
	scx_expect_enabled(bpf_map__name(ops));
	return skel->bss;
}

SCX_TEST(select_default, "the default selection claims idle CPUs and skips enqueue")
{
	struct select *skel = SCHED_OPEN(select);
	struct bpf_link *link;
	struct select__bss *seen;

	seen = wake_sleeper(skel, skel->maps.select_default, &link);
	EXPECT_GE(seen->nr_runnable, WAKEUPS);
	EXPECT_LT(seen->nr_enqueue, WAKEUPS);
	sched_detach(link);
}

SCX_TEST(select_direct, "a task placed by select_cpu never reaches enqueue")
{
	struct select *skel = SCHED_OPEN(select);
	struct bpf_link *link;
	struct select__bss *seen;

	seen = wake_sleeper(skel, skel->maps.select_direct, &link);
	EXPECT_GE(seen->nr_direct, WAKEUPS);
	EXPECT_EQ(seen->nr_enqueue, 0);
	sched_detach(link);
}

SCX_TEST(select_user, "select_cpu may place into a user queue")
{
	struct select *skel = SCHED_OPEN(select);
	struct bpf_link *link;
	struct select__bss *seen;

	seen = wake_sleeper(skel, skel->maps.select_user, &link);
	EXPECT_GE(seen->nr_direct, WAKEUPS);
	EXPECT_EQ(seen->nr_enqueue, 0);
	sched_detach(link);
}

static void from_enqueue(struct select *skel, struct bpf_map *ops)
{
	struct bpf_link *link;
	struct select__bss *seen = wake_sleeper(skel, ops, &link);

	EXPECT_GE(seen->nr_select, WAKEUPS);
	EXPECT_GT(seen->nr_idle, 0);
	EXPECT_EQ(seen->nr_idle + seen->nr_busy, seen->nr_select);
	EXPECT_EQ(seen->nr_bad_cpu, 0);
	sched_detach(link);
}

SCX_TEST(enq_select, "select_cpu_dfl works from enqueue")
{
	struct select *skel = SCHED_OPEN(select);

	from_enqueue(skel, skel->maps.enq_select);
}

SCX_TEST(enq_select_and, "select_cpu_and works from enqueue")
{
	struct select *skel = SCHED_OPEN(select);

	from_enqueue(skel, skel->maps.enq_select_and);
}

SCX_TEST(select_outside, "a SYSCALL program may select and pick CPUs")
{
	struct select *skel = SCHED_OPEN(select);
	struct crew *crew = crew_start(1, job_wait);
	int cpus = nr_cpus_online();
	struct bpf_link *link;
	long long cpu;

	need_cpus(2);
	SCHED_LOAD(skel);
	skel->bss->asked_pid = crew->mate[0].pid;
	EXPECT_EQ(prog_run(skel->progs.select_outside, NULL, 0), -ENODEV);
	link = sched_attach(skel->maps.select_default);
	cpu = prog_run(skel->progs.select_outside, NULL, 0);
	EXPECT_TRUE(cpu >= 0 && cpu < cpus, "CPU %lld of %d", cpu, cpus);
	prog_run(skel->progs.select_pick, NULL, 0);
	EXPECT_TRUE(skel->bss->picked == -EBUSY ||
		    (skel->bss->picked >= 0 && skel->bss->picked < cpus),
		    "picked %d", skel->bss->picked);
	EXPECT_TRUE(skel->bss->picked_any >= 0 && skel->bss->picked_any < cpus,
		    "picked %d", skel->bss->picked_any);
	scx_expect_enabled("select_default");
	sched_detach(link);
	crew_stop(crew);
}
