// SPDX-License-Identifier: GPL-2.0
/* Events that reach a CPU while it looks for work without its lock. */
#include <sched.h>
#include <sys/prctl.h>
#include "scx_test.h"
#include "balance.h"
#include "balance.bpf.skel.h"

#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE		62
#define PR_SCHED_CORE_CREATE	1
#endif

enum { KICK_PREEMPT = 2, KICK_WAIT = 4 };

#define SECOND_NS 1000000000LL

struct scene {
	struct balance *skel;
	struct balance__bss *seen;
	struct bpf_link *link;
	struct crew *hog, *guest, *waiting;
	int cpu;
};

/* The hog has the last CPU; tasks that wait for another one can be moved about. */
static struct scene scene_start(void)
{
	struct scene s = { .skel = SCHED_OPEN(balance) };

	need_cpus(3);
	s.cpu = nr_cpus_online() - 1;
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	s.hog = crew_start(1, job_spin);
	s.guest = crew_start(1, job_wait);
	s.waiting = crew_start(3, job_spin);
	ASSERT_SOON(crew_blocked(s.guest));
	crew_pin(s.hog, s.cpu);
	crew_pin(s.guest, s.cpu);
	crew_pin(s.waiting, 1);
	SCHED_LOAD(s.skel);
	s.seen = s.skel->bss;
	s.seen->the_cpu = s.cpu;
	s.seen->kick_target = s.cpu;
	s.seen->kick_flags = KICK_PREEMPT;
	s.seen->hog = s.hog->mate[0].pid;
	s.seen->guest = s.guest->mate[0].pid;
	s.link = sched_attach(s.skel->maps.balance);
	return s;
}

static void scene_end(struct scene *s)
{
	scx_expect_enabled("balance");
	sched_detach(s->link);
	crew_progress(s->hog);
	crew_stop(s->hog);
	crew_stop(s->guest);
	crew_stop(s->waiting);
}

static void kick(struct scene *s)
{
	prog_run(s->skel->progs.balance_kick, NULL, 0);
}

SCX_TEST(balance_preempt, "PREEMPT takes effect although ops.dispatch() gives a new slice")
{
	struct scene s = scene_start();
	long long from, ran;

	s.seen->met = false;
	s.seen->wait_for_guest = true;
	kick(&s);
	crew_wake(s.guest, 0);
	ASSERT_SOON(s.seen->met && !s.seen->wait_for_guest);
	from = mate_time(&s.hog->mate[0]);
	EXPECT_SOON(s.guest->mate[0].count == 1);
	ran = mate_time(&s.hog->mate[0]) - from;
	test_note("the hog ran for %lld ms before the guest", ran / 1000000);
	EXPECT_TRUE(!s.seen->missed, "the guest came too late");
	EXPECT_LT(ran, SECOND_NS);
	scene_end(&s);
}

SCX_TEST(balance_kick, "KICK_PREEMPT takes effect although ops.dispatch() gives a new slice")
{
	struct scene s = scene_start();

	s.seen->wait_for_kick = true;
	kick(&s);
	while (!*(volatile bool *)&s.seen->waiting)
		sched_yield();
	kick(&s);
	ASSERT_SOON(!s.seen->wait_for_kick);
	EXPECT_SOON(s.seen->hog_ran_on);
	test_note("the hog ran for %lld us before ops.dispatch() was asked again",
		  (long long)s.seen->hog_ran_on / 1000);
	EXPECT_TRUE(!s.seen->missed, "the kick came too late");
	EXPECT_LT(s.seen->hog_ran_on, SECOND_NS);
	scene_end(&s);
}

static struct balance *dispatch_once(bool cookies, u64 kick_flags, int seconds)
{
	struct balance *skel = SCHED_OPEN(balance);
	struct crew *crew = crew_start(2 * nr_cpus_online(), job_mixed);
	struct bpf_link *link;
	int i;

	for (i = 0; cookies && i < crew->nr; i++)
		if (prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, crew->mate[i].pid, 0, 0))
			test_skip("no core scheduling here: errno %d", errno);
	SCHED_LOAD(skel);
	skel->data->nr_cpus = nr_cpus_online();
	skel->bss->bounce_kick = kick_flags;
	link = sched_attach(skel->maps.once);
	sleep(seconds);
	test_note("%llu calls, %llu of them for another CPU, %llu while there was one",
		  (unsigned long long)skel->bss->nr_dispatch,
		  (unsigned long long)skel->bss->nr_foreign,
		  (unsigned long long)skel->bss->nr_again);
	crew_progress(crew);
	scx_expect_enabled("once");
	sched_detach(link);
	crew_stop(crew);
	return skel;
}

SCX_TEST(dispatch_once, "ops.dispatch() runs once at a time for each CPU")
{
	struct balance *skel = dispatch_once(false, 0, 4);

	EXPECT_GT(skel->bss->nr_dispatch, 100);
	EXPECT_EQ(skel->bss->nr_again, 0);
}

SCX_TEST(dispatch_once_core, "the same with core scheduling, where CPUs ask for siblings")
{
	struct balance *skel = dispatch_once(true, 0, 8);

	EXPECT_GT(skel->bss->nr_foreign, 0);
	EXPECT_EQ(skel->bss->nr_again, 0);
}

/*
 * A real-time task that arrives while a CPU looks for work makes the core start
 * over. The callback that waits for kicked CPUs must not be queued by then: whoever
 * locks the runqueue next, to wake up another real-time task, would run it.
 */
SCX_TEST(kick_wait_rt, "CPUs wait for kicked CPUs while RT tasks come and go")
{
	struct crew *rt = crew_start(2 * nr_cpus_online(), job_nap);
	struct balance *skel;
	int i;

	need_cpus(2);
	for (i = 0; i < rt->nr; i++)
		ASSERT_TRUE(task_set_policy(rt->mate[i].pid, SCHED_FIFO, 1 + i % 9),
			    "errno %d", errno);
	skel = dispatch_once(false, KICK_WAIT, 10);
	EXPECT_GT(skel->bss->nr_dispatch, 100);
	crew_progress(rt);
	crew_stop(rt);
}
