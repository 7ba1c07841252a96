// SPDX-License-Identifier: GPL-2.0
/* Exiting and migration-disabled tasks, with and without their flags. */
#include <sys/wait.h>
#include "scx_test.h"
#include "skips.bpf.skel.h"

#define EV_EXITING	"SCX_EV_ENQ_SKIP_EXITING"
#define EV_MIGRATION	"SCX_EV_ENQ_SKIP_MIGRATION_DISABLED"

/* Runs the program with migration disabled in a process of its own. */
static pid_t stay(struct skips *skel)
{
	pid_t pid = fork();

	if (!pid) {
		task_pin(getpid(), 0);
		prog_run(skel->progs.skips_stay, NULL, 0);
		_exit(0);
	}
	ASSERT_GT(pid, 0);
	return pid;
}

static void skips_run(bool shown)
{
	struct skips *skel = SCHED_OPEN(skips);
	struct crew *busy = crew_start(2, job_spin), *forks = crew_start(4, job_fork);
	long long exiting, migration;
	struct bpf_link *link;
	pid_t pid;

	SCHED_LOAD(skel);
	crew_pin(busy, 0);
	crew_pin(forks, 0);
	link = sched_attach(shown ? skel->maps.skips_shown : skel->maps.skips_none);
	pid = stay(skel);
	skel->bss->pinned_pid = pid;
	ASSERT_SOON(skel->bss->nr_steps);
	if (shown) {
		EXPECT_SOON(skel->bss->nr_pinned > 2);
		EXPECT_SOON(skel->bss->nr_exiting);
	} else {
		EXPECT_SOON(scx_event(EV_MIGRATION) > 2);
		EXPECT_SOON(scx_event(EV_EXITING) > 0);
	}
	exiting = scx_event(EV_EXITING);
	migration = scx_event(EV_MIGRATION);
	skel->bss->release = 1;
	EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	if (shown) {
		EXPECT_EQ(exiting, 0);
		EXPECT_EQ(migration, 0);
	} else {
		EXPECT_EQ(skel->bss->nr_exiting, 0);
		EXPECT_EQ(skel->bss->nr_pinned, 0);
	}
	scx_expect_enabled(shown ? "skips_shown" : "skips_none");
	sched_detach(link);
	crew_progress(forks);
	crew_stop(forks);
	crew_stop(busy);
}

SCX_TEST(skips_none, "ops.enqueue() is not called for exiting and migration-disabled tasks")
{
	skips_run(false);
}

SCX_TEST(skips_shown, "their flags have exiting and migration-disabled tasks enqueued")
{
	skips_run(true);
}
