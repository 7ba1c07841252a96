// SPDX-License-Identifier: GPL-2.0
#include <sched.h>
#include <sys/wait.h>
#include "scx_test.h"
#include "partial.bpf.skel.h"

static void set_policy(pid_t pid, int policy, int prio, int want_ext)
{
	ASSERT_TRUE(task_set_policy(pid, policy, prio), "policy %d: errno %d",
		    policy, errno);
	EXPECT_EQ(sched_getscheduler(pid), policy);
	EXPECT_EQ(task_ext_enabled(pid), want_ext);
}

SCX_TEST(partial, "SWITCH_PARTIAL takes SCHED_EXT tasks and no others")
{
	struct partial *skel = SCHED_OPEN(partial);
	struct crew *crew = crew_start(3, job_nap);
	struct census *census = census_take();
	struct bpf_link *link;

	set_policy(crew->mate[0].pid, SCHED_EXT, 0, 0);
	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.partial);
	scx_expect_enabled("partial");
	EXPECT_EQ(scx_attr_num("switch_all"), 0);
	EXPECT_EQ(task_ext_enabled(crew->mate[0].pid), 1);
	EXPECT_EQ(task_ext_enabled(crew->mate[1].pid), 0);
	EXPECT_EQ(task_ext_enabled(getpid()), 0);
	EXPECT_EQ(skel->bss->nr_enable, 1);
	crew_progress(crew);

	set_policy(crew->mate[1].pid, SCHED_EXT, 0, 1);
	EXPECT_EQ(skel->bss->nr_enable, 2);
	crew_progress(crew);
	sched_detach(link);

	EXPECT_EQ(skel->bss->nr_enable_other, 0);
	EXPECT_EQ(sched_getscheduler(crew->mate[1].pid), SCHED_EXT);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}

SCX_TEST(partial_classes, "a task goes through all policies and back")
{
	struct partial *skel = SCHED_OPEN(partial);
	struct crew *crew = crew_start(2, job_mixed);
	pid_t pid = crew->mate[1].pid;
	struct bpf_link *link;
	int i;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.partial);
	for (i = 0; i < 10; i++) {
		set_policy(pid, SCHED_EXT, 0, 1);
		set_policy(pid, SCHED_RR, 2, 0);
		set_policy(pid, SCHED_EXT, 0, 1);
		set_policy(pid, SCHED_OTHER, 0, 0);
		set_policy(pid, SCHED_FIFO, 1, 0);
		set_policy(pid, SCHED_BATCH, 0, 0);
		set_policy(pid, SCHED_IDLE, 0, 0);
	}
	set_policy(pid, SCHED_EXT, 0, 1);
	crew_progress(crew);
	EXPECT_EQ(skel->bss->nr_enable, 21);
	EXPECT_EQ(task_set_policy(pid, SCHED_EXT, 1), false);
	EXPECT_EQ(errno, EINVAL);
	sched_detach(link);
	crew_progress(crew);
	crew_stop(crew);
}

SCX_TEST(partial_inherit, "children of a SCHED_EXT task start in the class")
{
	struct partial *skel = SCHED_OPEN(partial);
	struct bpf_link *link;
	struct crew *crew;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.partial);
	set_policy(getpid(), SCHED_EXT, 0, 1);
	crew = crew_start(3, job_mixed);
	EXPECT_EQ(task_ext_enabled(crew->mate[0].pid), 1);
	EXPECT_EQ(task_ext_enabled(crew->mate[2].pid), 1);
	crew_progress(crew);
	set_policy(getpid(), SCHED_OTHER, 0, 0);
	EXPECT_EQ(task_ext_enabled(crew->mate[0].pid), 1);
	sched_detach(link);
	crew_progress(crew);
	crew_stop(crew);
}

SCX_TEST(full_policies, "without SWITCH_PARTIAL every normal policy is taken")
{
	struct partial *skel = SCHED_OPEN(partial);
	struct crew *crew = crew_start(1, job_nap);
	pid_t pid = crew->mate[0].pid;
	struct bpf_link *link;

	skel->struct_ops.partial->flags = 0;
	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.partial);
	EXPECT_EQ(scx_attr_num("switch_all"), 1);
	set_policy(pid, SCHED_EXT, 0, 1);
	set_policy(pid, SCHED_BATCH, 0, 1);
	set_policy(pid, SCHED_IDLE, 0, 1);
	set_policy(pid, SCHED_FIFO, 1, 0);
	set_policy(pid, SCHED_OTHER, 0, 1);
	crew_progress(crew);
	sched_detach(link);
	crew_stop(crew);
}

SCX_TEST(disallow, "a disallowed task is refused with -EACCES")
{
	struct partial *skel = SCHED_OPEN(partial);
	struct crew *crew = crew_start(2, job_nap);
	pid_t pid = crew->mate[0].pid;
	struct bpf_link *link;

	set_policy(pid, SCHED_EXT, 0, 0);
	SCHED_LOAD(skel);
	skel->bss->unwanted = pid;
	link = sched_attach(skel->maps.partial);
	scx_expect_enabled("partial");
	EXPECT_EQ(scx_attr_num("nr_rejected"), 1);
	EXPECT_EQ(sched_getscheduler(pid), SCHED_OTHER);
	EXPECT_EQ(task_ext_enabled(pid), 0);
	EXPECT_EQ(task_set_policy(pid, SCHED_EXT, 0), false);
	EXPECT_EQ(errno, EACCES);
	set_policy(pid, SCHED_BATCH, 0, 0);
	set_policy(crew->mate[1].pid, SCHED_EXT, 0, 1);
	crew_progress(crew);
	sched_detach(link);

	set_policy(pid, SCHED_EXT, 0, 0);
	skel->bss->unwanted = 0;
	link = sched_attach(skel->maps.partial);
	EXPECT_EQ(scx_attr_num("nr_rejected"), 0);
	EXPECT_EQ(task_ext_enabled(pid), 1);
	crew_progress(crew);
	sched_detach(link);
	crew_stop(crew);
}

SCX_TEST(disallow_fork, "disallowing a SCHED_EXT child in fork is an error")
{
	struct partial *skel = SCHED_OPEN(partial);
	struct crew *crew = crew_start(2, job_nap);
	pid_t pid;

	SCHED_LOAD(skel);
	sched_attach(skel->maps.partial);
	set_policy(getpid(), SCHED_EXT, 0, 1);
	skel->bss->unwanted_child_of = getpid();
	pid = fork();
	if (!pid)
		_exit(0);
	if (pid > 0)
		EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(skel), "disallow");
	crew_progress(crew);
	crew_stop(crew);
}
