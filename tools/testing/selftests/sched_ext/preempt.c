// SPDX-License-Identifier: GPL-2.0
#include <sched.h>
#include "scx_test.h"
#include "preempt.h"
#include "preempt.bpf.skel.h"

enum { KICK_IDLE = 1, KICK_PREEMPT = 2, KICK_WAIT = 4 };

struct fight {
	struct preempt *skel;
	struct bpf_link *link;
	struct crew *hog;
	int cpu;
};

/* The hog sits on the last CPU; the test itself stays away from it. */
static struct fight fight_start(void)
{
	struct fight fight = {
		.skel = SCHED_OPEN(preempt),
		.cpu = nr_cpus_online() - 1,
	};

	need_cpus(2);
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	fight.hog = crew_start(1, job_spin);
	crew_pin(fight.hog, fight.cpu);
	SCHED_LOAD(fight.skel);
	fight.skel->bss->hog = fight.hog->mate[0].pid;
	fight.link = sched_attach(fight.skel->maps.preempt);
	scx_expect_enabled("preempt");
	return fight;
}

static void fight_end(struct fight *fight)
{
	scx_expect_enabled("preempt");
	crew_progress(fight->hog);
	sched_detach(fight->link);
	crew_progress(fight->hog);
	crew_stop(fight->hog);
}

SCX_TEST(preempt_enqueue, "insertion with PREEMPT takes the CPU from a hog")
{
	struct fight fight = fight_start();
	struct preempt__bss *seen = fight.skel->bss;
	struct crew *guest = crew_start(1, job_wait);
	int i;

	ASSERT_SOON(crew_blocked(guest));
	crew_pin(guest, fight.cpu);
	seen->guest = guest->mate[0].pid;
	for (i = 1; i <= 10; i++) {
		crew_wake(guest, 0);
		EXPECT_SOON(guest->mate[0].count == i && crew_blocked(guest));
	}
	EXPECT_GE(seen->nr_guest_preempt, 10);
	EXPECT_GT(seen->nr_hog_put, 0);
	fight_end(&fight);
	crew_stop(guest);
}

static void kick(struct preempt *skel, int cpu, int flags)
{
	skel->bss->kick_target = cpu;
	skel->bss->kick_flags = flags;
	prog_run(skel->progs.preempt_kick, NULL, 0);
}

SCX_TEST(preempt_kick, "KICK_PREEMPT ends a slice that would never end")
{
	struct fight fight = fight_start();
	struct preempt__bss *seen = fight.skel->bss;
	u64 dispatched;
	int i;

	for (i = 0; i < 10; i++) {
		u64 put = seen->nr_hog_put;

		dispatched = seen->nr_dispatch[fight.cpu];
		kick(fight.skel, fight.cpu, KICK_PREEMPT);
		EXPECT_SOON(seen->nr_dispatch[fight.cpu] > dispatched ||
			    seen->nr_hog_put > put);
	}
	fight_end(&fight);
}

SCX_TEST(preempt_kick_wait, "KICK_WAIT returns when the other CPU has switched")
{
	struct fight fight = fight_start();
	struct preempt__bss *seen = fight.skel->bss;
	int i;

	for (i = 0; i < 10; i++) {
		kick(fight.skel, fight.cpu, KICK_PREEMPT | KICK_WAIT);
		kick(fight.skel, 0, KICK_WAIT);
	}
	EXPECT_SOON(seen->nr_dispatch[fight.cpu] > 0 || seen->nr_hog_put > 0);
	fight_end(&fight);
}

/* Rescheduling interrupts that kicks of the hog's CPU cause */
static long long kick_interrupts(struct fight *fight, int nr)
{
	long long before = nr_interrupts("RES", fight->cpu);
	int i;

	for (i = 0; i < nr; i++) {
		kick(fight->skel, fight->cpu, KICK_PREEMPT | KICK_WAIT);
		usleep(1000);
	}
	return nr_interrupts("RES", fight->cpu) - before;
}

SCX_TEST(kick_higher, "a CPU that runs a higher class is not kicked")
{
	struct fight fight = fight_start();
	pid_t hog = fight.hog->mate[0].pid;
	long long ext, rt;

	ext = kick_interrupts(&fight, 60);
	ASSERT_TRUE(task_set_policy(hog, SCHED_FIFO, 10), "errno %d", errno);
	rt = kick_interrupts(&fight, 60);
	ASSERT_TRUE(task_set_policy(hog, SCHED_OTHER, 0), "errno %d", errno);
	test_note("interrupts: %lld under an ext task, %lld under an RT task", ext, rt);
	EXPECT_GT(ext, 15);
	EXPECT_LT(rt, ext / 4);
	fight_end(&fight);
}

/* How often an idle CPU calls ops.dispatch() while it is kicked, or is not */
static u64 idle_dispatches(struct preempt *skel, int cpu, bool kicked)
{
	u64 before = skel->bss->nr_dispatch[cpu];
	int i;

	for (i = 0; i < 100; i++) {
		if (kicked)
			kick(skel, cpu, KICK_IDLE);
		usleep(5000);
	}
	return skel->bss->nr_dispatch[cpu] - before;
}

SCX_TEST(kick_idle, "KICK_IDLE makes an idle CPU look for work")
{
	struct preempt *skel = SCHED_OPEN(preempt);
	int cpu = nr_cpus_online() - 1, tries;
	u64 with, without;
	struct bpf_link *link;

	need_cpus(2);
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.preempt);
	/* A CPU that the host does not run answers many kicks at once. */
	for (tries = 0; tries < 5; tries++) {
		without = idle_dispatches(skel, cpu, false);
		with = idle_dispatches(skel, cpu, true);
		test_note("%llu without, %llu with", (unsigned long long)without,
			  (unsigned long long)with);
		if (with >= without + 20)
			break;
	}
	EXPECT_GE(with, without + 20);
	sched_detach(link);
}

/*
 * Every CPU kicks its neighbour from each tick and each dispatch. A CPU that waits
 * for one which the host does not run spins until the host's time slice is over, so
 * a few rounds of that take long enough.
 */
static void kick_storm(u64 flags, u64 nr_rounds)
{
	struct preempt *skel = SCHED_OPEN(preempt);
	struct crew *crew = crew_start(2 * nr_cpus_online(), job_spin);
	struct crew *yielders = crew_start(nr_cpus_online(), job_yield);
	struct bpf_link *link;
	int i;

	need_cpus(2);
	SCHED_LOAD(skel);
	skel->bss->storm_flags = flags;
	link = sched_attach(skel->maps.preempt);
	skel->bss->storm = true;
	for (i = 0; i < nr_cpus_online() && i < CPUS_MAX; i++)
		EXPECT_SOON(skel->bss->nr_kicks[i] > nr_rounds);
	crew_progress(crew);
	crew_progress(yielders);
	skel->bss->storm = false;
	scx_expect_enabled("preempt");
	sched_detach(link);
	crew_progress(crew);
	crew_stop(crew);
	crew_stop(yielders);
}

SCX_TEST(kick_storm, "CPUs that kick and preempt each other in a ring do not hang")
{
	kick_storm(KICK_PREEMPT, 50);
}

SCX_TEST(kick_wait_ring, "CPUs that wait for each other in a ring do not hang")
{
	kick_storm(KICK_WAIT, 20);
}

SCX_TEST(kick_wait_preempt_ring, "the same, with preemption")
{
	kick_storm(KICK_WAIT | KICK_PREEMPT, 20);
}

/* ops.enqueue() is called while ops.cpu_release() goes on. */
SCX_TEST(cpu_release_blame, "an error is blamed on the callback that made it, not on an outer one")
{
	struct preempt *skel = SCHED_OPEN(preempt);
	struct crew *crew = crew_start(4, job_spin);
	struct crew *rt = crew_start(1, job_nap);
	struct bpf_link *link;

	crew_pin(crew, 0);
	crew_pin(rt, 0);
	ASSERT_TRUE(task_set_policy(rt->mate[0].pid, SCHED_FIFO, 5), "errno %d", errno);
	SCHED_LOAD(skel);
	skel->bss->astray = true;
	link = sched_attach(skel->maps.release);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_NAMES(skel, NO_DSQ);
	EXPECT_HAS(EXIT_MSG(skel), "from ops.enqueue()");
	EXPECT_TRUE(!strstr(EXIT_MSG(skel), "cpu_release"), "\"%s\"", EXIT_MSG(skel));
	bpf_link__destroy(link);
	crew_stop(crew);
	crew_stop(rt);
}

SCX_TEST(cpu_release, "cpu_release is called for a higher class, and can take the queue back")
{
	struct preempt *skel = SCHED_OPEN(preempt);
	struct crew *crew = crew_start(4, job_spin);
	struct crew *rt = crew_start(1, job_nap);
	struct preempt__bss *seen;
	struct bpf_link *link;

	crew_pin(crew, 0);
	crew_pin(rt, 0);
	ASSERT_TRUE(task_set_policy(rt->mate[0].pid, SCHED_FIFO, 5),
		    "errno %d", errno);
	SCHED_LOAD(skel);
	seen = skel->bss;
	seen->rt_pid = rt->mate[0].pid;
	link = sched_attach(skel->maps.release);
	ASSERT_SOON(seen->nr_release_rt > 5);
	ASSERT_SOON(seen->nr_reenq > 10);
	EXPECT_GT(seen->nr_acquire, 0);
	EXPECT_GE(seen->most_taken, 3);
	scx_expect_enabled("release");
	sched_detach(link);
	EXPECT_LE(seen->nr_acquire, seen->nr_release);
	crew_progress(crew);
	crew_progress(rt);
	crew_stop(crew);
	crew_stop(rt);
}

/* More tasks than the kernel takes back in one go */
#define CROWD	100
/* Of these, ops.cpu_release() gets so many before it goes on. */
#define TAKEN_AT_ONCE	32

SCX_TEST(cpu_release_crowd, "cpu_release learns how many tasks a long queue had, and gets all")
{
	struct preempt *skel = SCHED_OPEN(preempt);
	struct crew *rt = crew_start(1, job_nap);
	struct bpf_link *link;

	crew_pin(rt, 0);
	ASSERT_TRUE(task_set_policy(rt->mate[0].pid, SCHED_FIFO, 5), "errno %d", errno);
	SCHED_LOAD(skel);
	skel->bss->rt_pid = rt->mate[0].pid;
	task_pin(getpid(), nr_cpus_online() - 1);
	crowd_gather(CROWD, 0);
	link = sched_attach(skel->maps.release);
	crowd_release();
	ASSERT_SOON(skel->bss->most_taken >= CROWD - 1);
	ASSERT_SOON(skel->bss->nr_reenq > 3 * CROWD);
	test_note("%llu tasks after %llu releases", skel->bss->nr_reenq,
		  skel->bss->nr_release);
	/* Others wake up on all CPUs, and a release may find an empty queue. */
	EXPECT_GT(skel->bss->nr_reenq, TAKEN_AT_ONCE * skel->bss->nr_release_rt);
	scx_expect_enabled("release");
	sched_detach(link);
	crew_progress(rt);
	crew_stop(rt);
}
