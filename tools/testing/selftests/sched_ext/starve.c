// SPDX-License-Identifier: GPL-2.0
/*
 * Two tasks that wake each other synchronously never let their CPU go idle and
 * never use up a slice. A third one that waits for the same CPU still gets it,
 * whatever queue it waits on.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include "scx_test.h"
#include "starve.bpf.skel.h"

struct pair {
	pid_t pid[2];
	volatile u64 *trips;
};

static void __noreturn partner(int in, int out, volatile u64 *trips)
{
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(in, &c, 1) == 1) {
		++*trips;
		if (write(out, &c, 1) != 1)
			break;
	}
	_exit(1);
}

static pid_t partner_start(int in, int out, volatile u64 *trips)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		partner(in, out, trips);
	return pid;
}

/* They begin on @cpu and may use a second one, if there is one. */
static void pair_place(struct pair *pair, int cpu)
{
	u64 trips = *pair->trips;
	cpu_set_t both;
	int i;

	for (i = 0; i < 2; i++)
		ASSERT_TRUE(task_pin(pair->pid[i], cpu), "errno %d", errno);
	ASSERT_SOON(*pair->trips > trips + 100);

	CPU_ZERO(&both);
	CPU_SET(cpu, &both);
	CPU_SET(cpu ? cpu - 1 : 0, &both);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(sched_setaffinity(pair->pid[i], sizeof(both), &both), 0);
}

static struct pair pair_start(void)
{
	struct pair pair;
	int there[2], back[2];

	pair.trips = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(pair.trips != MAP_FAILED, "errno %d", errno);
	ASSERT_EQ(pipe(there), 0);
	ASSERT_EQ(pipe(back), 0);
	pair.pid[0] = partner_start(there[0], back[1], pair.trips);
	pair.pid[1] = partner_start(back[0], there[1], pair.trips);
	ASSERT_EQ(write(there[1], "x", 1), 1);
	return pair;
}

/*
 * A slice is 20 ms, and three tasks can come before the third one. A wait that is far
 * longer is not due to a slow machine.
 */
#define WAIT_MAX_NS	3000000000ULL
/* That the two stay together on the CPU is likely, not certain. */
#define ROUNDS		6

static void third_gets_on(const char *ops)
{
	struct starve *skel = SCHED_OPEN(starve);
	int cpu = nr_cpus_online() - 1;
	struct crew *third = crew_start(1, job_nap);
	struct pair pair = pair_start();
	struct bpf_link *link;
	u64 trips, waits;
	int round;

	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	SCHED_LOAD(skel);
	skel->bss->third = third->mate[0].pid;
	link = sched_attach(bpf_object__find_map_by_name(skel->obj, ops));
	crew_pin(third, cpu);
	trips = *pair.trips;
	for (round = 0; round < ROUNDS; round++) {
		pair_place(&pair, cpu);
		waits = skel->bss->nr_waits;
		sleep(2);
		EXPECT_GT(skel->bss->nr_waits, waits + 2);
	}

	EXPECT_EQ(skel->data->uei.kind, 0);
	EXPECT_LT(skel->bss->longest_wait, WAIT_MAX_NS);
	EXPECT_GT(*pair.trips, trips);
	test_note("%llu trips, third ran %llu times and waited for %llu us at most",
		  (unsigned long long)(*pair.trips - trips),
		  (unsigned long long)skel->bss->nr_waits,
		  (unsigned long long)skel->bss->longest_wait / 1000);
	scx_expect_enabled(ops);
	sched_detach(link);
	crew_stop(third);
}

SCX_TEST(starve_builtin, "two tasks that wake each other let a third run, without any policy")
{
	third_gets_on("starve_builtin");
}

SCX_TEST(starve_fifo, "the same with one queue in FIFO order")
{
	third_gets_on("starve_fifo");
}

SCX_TEST(starve_vtime, "the same with one queue in vtime order")
{
	third_gets_on("starve_vtime");
}
