// SPDX-License-Identifier: GPL-2.0
/* The tick of a nohz_full CPU stops for an infinite slice, and for no other. */
#include "scx_test.h"
#include "nohz.bpf.skel.h"

static long long ticks_in_a_second(int cpu)
{
	long long before = nr_interrupts("LOC", cpu);

	usleep(1000000);
	return nr_interrupts("LOC", cpu) - before;
}

/* The last CPU, if it is one of those whose tick may stop. */
static int nohz_cpu(void)
{
	int cpu = nr_cpus_online() - 1;
	char mask[64], last[16];

	if (!file_read("/sys/devices/system/cpu/nohz_full", mask, sizeof(mask)))
		test_skip("the kernel has no NO_HZ_FULL");
	snprintf(last, sizeof(last), "-%d", cpu);
	if (!strstr(mask, last))
		test_skip("CPU %d is not nohz_full", cpu);
	return cpu;
}

/* A SIGSTOP that is followed too soon by SIGCONT has no effect, so wait in between. */
static void stop_and_go(struct crew *busy)
{
	crew_freeze(busy, true);
	ASSERT_SOON(task_run_state(busy->mate[0].pid) == 'T');
	usleep(100000);
	crew_freeze(busy, false);
}

SCX_TEST(nohz, "only an infinite slice stops the tick")
{
	int cpu = nohz_cpu();
	struct nohz *skel = SCHED_OPEN(nohz);
	struct crew *busy = crew_start(1, job_spin);
	long long finite, infinite, again;
	struct bpf_link *link;

	SCHED_LOAD(skel);
	ASSERT_EQ(task_pin(getpid(), 0), true);
	crew_pin(busy, cpu);
	skel->bss->watched = busy->mate[0].pid;
	link = sched_attach(skel->maps.nohz);

	finite = ticks_in_a_second(cpu);
	skel->bss->infinite = true;
	stop_and_go(busy);
	ASSERT_SOON(skel->bss->nr_infinite);
	usleep(100000);
	infinite = ticks_in_a_second(cpu);

	/* The CPU goes from idle to a task with a finite slice. */
	skel->bss->infinite = false;
	stop_and_go(busy);
	again = ticks_in_a_second(cpu);

	test_note("ticks in a second: %lld finite, %lld infinite, %lld finite",
		  finite, infinite, again);
	EXPECT_GT(finite, 10);
	EXPECT_LT(infinite * 4, finite);
	EXPECT_LT(infinite * 4, again);
	scx_expect_enabled("nohz");
	sched_detach(link);
	crew_progress(busy);
	crew_stop(busy);
}

SCX_TEST(nohz_kept, "a task that is kept with a finite slice has the tick again")
{
	int cpu = nohz_cpu();
	struct nohz *skel = SCHED_OPEN(nohz);
	struct crew *busy = crew_start(1, job_spin);
	long long infinite, kept;
	struct bpf_link *link;

	SCHED_LOAD(skel);
	ASSERT_EQ(task_pin(getpid(), 0), true);
	crew_pin(busy, cpu);
	skel->bss->watched = busy->mate[0].pid;
	skel->bss->infinite = true;
	link = sched_attach(skel->maps.nohz_keep);
	stop_and_go(busy);
	ASSERT_SOON(skel->bss->nr_infinite);
	usleep(100000);
	infinite = ticks_in_a_second(cpu);

	/* The task does not leave the CPU, only its slice changes. */
	skel->bss->infinite = false;
	skel->bss->kick_target = cpu;
	prog_run(skel->progs.nohz_kick, NULL, 0);
	ASSERT_SOON(skel->bss->nr_kept);
	kept = ticks_in_a_second(cpu);

	test_note("ticks in a second: %lld infinite, %lld kept; kept %llu times",
		  infinite, kept, (unsigned long long)skel->bss->nr_kept);
	EXPECT_GT(kept, 10);
	EXPECT_LT(infinite * 4, kept);
	EXPECT_GT(skel->bss->nr_kept, 5);
	scx_expect_enabled("nohz_keep");
	sched_detach(link);
	crew_stop(busy);
}

#define SENT_AGAIN	60

/* Beyond the first few times, the guest comes back with the next tick only. */
SCX_TEST(nohz_immed, "a task that is to run at once waits for the tick, which does not stop")
{
	int cpu = nohz_cpu();
	struct nohz *skel = SCHED_OPEN(nohz);
	struct crew *busy = crew_start(1, job_spin);
	struct crew *guest = crew_start(1, job_wait);
	struct bpf_link *link;

	SCHED_LOAD(skel);
	ASSERT_EQ(task_pin(getpid(), 0), true);
	crew_pin(busy, cpu);
	skel->bss->kick_target = cpu;
	skel->bss->watched = busy->mate[0].pid;
	skel->bss->guest = guest->mate[0].pid;
	link = sched_attach(skel->maps.nohz_immed);
	stop_and_go(busy);
	usleep(100000);

	crew_wake(guest, 0);
	EXPECT_SOON(skel->bss->nr_back == SENT_AGAIN);
	scx_expect_enabled("nohz_immed");
	sched_detach(link);
	crew_progress(busy);
	crew_stop(guest);
	crew_stop(busy);
}
