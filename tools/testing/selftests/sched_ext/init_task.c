// SPDX-License-Identifier: GPL-2.0
/* init_task fails while the scheduler is being loaded: everything is undone. */
#include "scx_test.h"
#include "init_task.bpf.skel.h"

/* FAIL_PID, or the FAIL_AT'th task, is refused with WITH. */
static void load_fails(pid_t fail_pid, long long fail_at, int with)
{
	struct init_task *skel = SCHED_OPEN(init_task);
	struct crew *crew = crew_start(3, job_mixed);
	struct census *census = census_take();
	char text[16];

	if (fail_pid < 0)
		fail_pid = crew->mate[crew->nr - 1].pid;
	skel->rodata->fail_with = with;
	skel->data->fail_at = fail_at;
	skel->bss->fail_pid = fail_pid;
	SCHED_LOAD(skel);
	sched_attach(skel->maps.init_task_ops);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	snprintf(text, sizeof(text), "%d", with);
	EXPECT_HAS(EXIT_MSG(skel), text);
	EXPECT_GT(skel->bss->failed_pid, 0);
	EXPECT_NAMES(skel, skel->bss->failed_pid);
	if (fail_at > 0)
		EXPECT_EQ(skel->bss->nr_init, fail_at);
	EXPECT_EQ(skel->bss->nr_exit, skel->bss->nr_init);
	EXPECT_EQ(skel->bss->nr_enable, 0);
	EXPECT_EQ(skel->bss->nr_disable, 0);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
	init_task__destroy(skel);
}

SCX_TEST(init_task_first, "init_task fails for the very first task")
{
	load_fails(0, 0, -ENOSPC);
}

SCX_TEST(init_task_middle, "init_task fails after a good many tasks")
{
	load_fails(0, 20, -EOVERFLOW);
}

SCX_TEST(init_task_last, "init_task fails for the youngest task")
{
	load_fails(-1, -1, -ENOMEM);
}

SCX_TEST(init_task_positive, "init_task returns a value that is no errno")
{
	load_fails(0, 3, 17);
}
