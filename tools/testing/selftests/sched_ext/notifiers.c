// SPDX-License-Identifier: GPL-2.0
#include <sched.h>
#include <sys/resource.h>
#include "scx_test.h"
#include "notifiers.h"
#include "notifiers.bpf.skel.h"

static void shake(struct crew *crew, int round)
{
	pid_t pid = crew->mate[round % crew->nr].pid;

	task_pin(pid, round % nr_cpus_online());
	setpriority(PRIO_PROCESS, pid, round % 15);
	if (round % 3)
		return;
	task_set_policy(pid, SCHED_FIFO, 1);
	task_set_policy(pid, round % 2 ? SCHED_OTHER : SCHED_IDLE, 0);
}

SCX_TEST(notifiers, "state notifiers come strictly in pairs under every change")
{
	struct notifiers *skel = SCHED_OPEN(notifiers);
	struct crew *crew = crew_start(8, job_mixed);
	struct notifiers__bss *seen;
	struct bpf_link *link;
	int i;

	SCHED_LOAD(skel);
	seen = skel->bss;
	link = sched_attach(skel->maps.notifiers);
	self_urgent(true);
	for (i = 0; i < 300; i++) {
		shake(crew, i);
		if (i % 10 == 0)
			usleep(2000);
	}
	self_urgent(false);
	crew_progress(crew);
	scx_expect_enabled("notifiers");
	sched_detach(link);
	for (i = 0; i < NR_EVENTS; i++) {
		EXPECT_GT(seen->nr_seen[i], 0);
		EXPECT_TRUE(!seen->nr_bad[i], "event %d: %llu of %llu", i,
			    (unsigned long long)seen->nr_bad[i],
			    (unsigned long long)seen->nr_seen[i]);
	}
	EXPECT_TRUE(!seen->first_bad_pid, "pid %d, event %u in state %u",
		    seen->first_bad_pid, seen->first_bad_event,
		    seen->first_bad_state);
	EXPECT_EQ(seen->nr_seen[AT_RUNNING], seen->nr_seen[AT_STOPPING]);
	EXPECT_EQ(seen->nr_seen[AT_RUNNABLE], seen->nr_seen[AT_QUIESCENT]);
	EXPECT_EQ(seen->nr_seen[AT_ENABLE], seen->nr_seen[AT_DISABLE]);
	crew_progress(crew);
	crew_stop(crew);
}
