// SPDX-License-Identifier: GPL-2.0
/* ops.dequeue(): each time that the BPF scheduler owns a task ends once. */
#include <sys/resource.h>
#include "scx_test.h"
#include "custody.bpf.skel.h"

SCX_TEST(custody, "a held task is dequeued once per change, and not by a dispatch")
{
	struct custody *skel = SCHED_OPEN(custody);
	struct custody__bss *seen = skel->bss;
	struct crew *crew = crew_start(1, job_spin);
	pid_t pid = crew->mate[0].pid;
	struct bpf_link *link;
	u64 count;
	int i;

	need_cpus(2);
	SCHED_LOAD(skel);
	seen->held = pid;
	link = sched_attach(skel->maps.custody_ops);
	EXPECT_SOON(seen->nr_held == 1);
	for (i = 1; i <= 10; i++) {
		ASSERT_EQ(setpriority(PRIO_PROCESS, pid, i % 2), 0);
		EXPECT_EQ(seen->nr_change, i);
		EXPECT_EQ(seen->nr_held, i + 1);
	}
	ASSERT_TRUE(task_pin(pid, 1), "errno %d", errno);
	EXPECT_EQ(seen->nr_change, seen->nr_held - 1);
	EXPECT_EQ(seen->nr_other, 0);

	count = crew->mate[0].count;
	for (i = 1; i <= 5; i++) {
		u64 held = seen->nr_held;

		prog_run(skel->progs.custody_let_go, NULL, 0);
		EXPECT_SOON(seen->nr_held > held);
	}
	EXPECT_GT(crew->mate[0].count, count);
	EXPECT_EQ(seen->nr_held, 1 + seen->nr_change + seen->nr_released);
	EXPECT_EQ(seen->nr_other, 0);
	sched_detach(link);
	crew_progress(crew);
	crew_stop(crew);
}
