// SPDX-License-Identifier: GPL-2.0
/* The flags of an insertion reach another CPU, all 64 bits of them. */
#include <sched.h>
#include "scx_test.h"
#include "remote.bpf.skel.h"

#define WAKEUPS 10

static void may_use_both(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	CPU_SET(cpu, &set);
	ASSERT_EQ(sched_setaffinity(pid, sizeof(set), &set), 0);
}

static void remote_run(u32 way)
{
	struct remote *skel = SCHED_OPEN(remote);
	struct crew *hog, *guest;
	int cpu = nr_cpus_online() - 1, i;
	struct bpf_link *link;

	need_cpus(2);
	skel->rodata->way = way;
	SCHED_LOAD(skel);
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	hog = crew_start(1, job_spin);
	crew_pin(hog, cpu);
	guest = crew_start(1, job_wait);
	may_use_both(guest->mate[0].pid, cpu);
	ASSERT_SOON(crew_blocked(guest));
	skel->bss->target = cpu;
	skel->bss->hog = hog->mate[0].pid;
	skel->bss->guest = guest->mate[0].pid;
	link = sched_attach(skel->maps.remote_ops);
	for (i = 1; i <= WAKEUPS; i++) {
		crew_wake(guest, 0);
		ASSERT_SOON(guest->mate[0].count == i && crew_blocked(guest));
	}
	EXPECT_EQ(skel->bss->nr_sent, WAKEUPS);
	EXPECT_GE(skel->bss->nr_here, WAKEUPS);
	EXPECT_EQ(skel->bss->nr_elsewhere, 0);
	scx_expect_enabled("remote_ops");
	sched_detach(link);
	crew_progress(hog);
	crew_stop(guest);
	crew_stop(hog);
}

SCX_TEST(remote_enqueue, "PREEMPT from enqueue takes effect on another CPU")
{
	remote_run(0);
}

SCX_TEST(remote_dispatch, "PREEMPT from dispatch takes effect on another CPU")
{
	remote_run(1);
}

SCX_TEST(remote_move, "PREEMPT of a move from a queue takes effect on another CPU")
{
	remote_run(2);
}
