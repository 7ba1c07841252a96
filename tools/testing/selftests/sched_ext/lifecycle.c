// SPDX-License-Identifier: GPL-2.0
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "scx_test.h"
#include "lifecycle.h"
#include "lifecycle.bpf.skel.h"

static struct lifecycle *lifecycle_start(struct bpf_link **link)
{
	struct lifecycle *skel = SCHED_OPEN(lifecycle);

	SCHED_LOAD(skel);
	*link = sched_attach(skel->maps.lifecycle);
	scx_expect_enabled("lifecycle");
	return skel;
}

static bool life_read(struct lifecycle *skel, pid_t pid, struct life *life)
{
	int fd = bpf_map__fd(skel->maps.lives);
	u64 key, *prev = NULL;

	while (!bpf_map_get_next_key(fd, prev, &key)) {
		if (!bpf_map_lookup_elem(fd, &key, life) && life->pid == pid)
			return true;
		prev = &key;
	}
	return false;
}

static void expect_paired(struct lifecycle *skel)
{
	struct lifecycle__bss *seen = skel->bss;
	u64 key;
	int i;

	for (i = 0; i < NR_BAD; i++)
		EXPECT_TRUE(!seen->bad[i], "kind %d: %llu times", i,
			    (unsigned long long)seen->bad[i]);
	EXPECT_EQ(seen->nr_exit, seen->nr_init);
	EXPECT_EQ(seen->nr_disable, seen->nr_enable);
	EXPECT_NE(bpf_map_get_next_key(bpf_map__fd(skel->maps.lives), NULL,
				       &key), 0);
}

SCX_TEST(lifecycle_load, "loading and unloading pairs init/exit, enable/disable")
{
	struct crew *crew = crew_start(4, job_mixed);
	struct census *census = census_take();
	struct bpf_link *link;
	struct lifecycle *skel = lifecycle_start(&link);

	EXPECT_GE(skel->bss->nr_init, 10);
	EXPECT_GT(skel->bss->nr_enable, crew->nr);
	crew_progress(crew);
	sched_detach(link);
	expect_paired(skel);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}

SCX_TEST(lifecycle_fork, "children get init_task in fork and exit_task in death")
{
	struct bpf_link *link;
	struct lifecycle *skel = lifecycle_start(&link);
	u64 forked = skel->bss->nr_init_fork;
	struct life life;
	pid_t pids[20];
	int i, status;

	for (i = 0; i < 20; i++) {
		pids[i] = fork();
		ASSERT_GE(pids[i], 0);
		if (!pids[i]) {
			pause();
			_exit(0);
		}
		EXPECT_TRUE(life_read(skel, pids[i], &life),
			    "no init_task for pid %d", pids[i]);
	}
	for (i = 0; i < 20; i++) {
		kill(pids[i], SIGKILL);
		EXPECT_EQ(waitpid(pids[i], &status, 0), pids[i]);
		EXPECT_TRUE(WIFSIGNALED(status), "status %d", status);
	}
	EXPECT_GE(skel->bss->nr_init_fork, forked + 20);
	for (i = 0; i < 20; i++)
		EXPECT_SOON(!life_read(skel, pids[i], &life));
	sched_detach(link);
	expect_paired(skel);
}

SCX_TEST(lifecycle_policy, "a policy change disables, a change back enables")
{
	struct crew *crew = crew_start(1, job_nap);
	pid_t pid = crew->mate[0].pid;
	struct bpf_link *link;
	struct lifecycle *skel = lifecycle_start(&link);
	struct life life;

	ASSERT_TRUE(life_read(skel, pid, &life), "pid %d unknown", pid);
	EXPECT_EQ(life.nr_enable, 1);
	EXPECT_EQ(life.weight, 100);

	ASSERT_TRUE(task_set_policy(pid, SCHED_FIFO, 1), "errno %d", errno);
	EXPECT_EQ(task_ext_enabled(pid), 0);
	life_read(skel, pid, &life);
	EXPECT_EQ(life.enabled, 0);
	EXPECT_EQ(life.nr_disable, 1);
	crew_progress(crew);

	ASSERT_TRUE(task_set_policy(pid, SCHED_OTHER, 0), "errno %d", errno);
	EXPECT_EQ(task_ext_enabled(pid), 1);
	life_read(skel, pid, &life);
	EXPECT_EQ(life.enabled, 1);
	EXPECT_EQ(life.nr_enable, 2);
	crew_progress(crew);

	ASSERT_EQ(setpriority(PRIO_PROCESS, pid, 19), 0);
	life_read(skel, pid, &life);
	EXPECT_LT(life.weight, 100);
	EXPECT_EQ(life.nr_enable, 2);
	crew_progress(crew);
	sched_detach(link);
	expect_paired(skel);
	crew_stop(crew);
}

static void job_wait_fork(struct mate *self)
{
	job_wait(self);
	job_fork(self);
}

/* The parent is killed while its fork is in ops.init_task(). */
SCX_TEST(lifecycle_cancel, "a fork that fails late gets exit_task(cancelled)")
{
	struct bpf_link *link;
	struct lifecycle *skel = lifecycle_start(&link);
	struct crew *crew = crew_start(1, job_wait_fork);

	skel->bss->hold_child_of = crew->mate[0].pid;
	crew_wake(crew, 0);
	ASSERT_SOON(skel->bss->nr_held);
	EXPECT_EQ(kill(crew->mate[0].pid, SIGKILL), 0);
	skel->bss->release = true;
	crew_stop(crew);
	EXPECT_EQ(skel->bss->nr_held, 1);
	EXPECT_EQ(skel->bss->nr_cancelled, 1);
	sched_detach(link);
	expect_paired(skel);
}

SCX_TEST(lifecycle_fork_refused, "init_task's errno is what fork returns")
{
	struct bpf_link *link;
	struct lifecycle *skel = lifecycle_start(&link);
	pid_t pid;

	skel->bss->refuse_child_of = getpid();
	skel->bss->refuse_with = -EDQUOT;
	pid = fork();
	if (!pid)
		_exit(0);
	EXPECT_EQ(pid, -1);
	EXPECT_EQ(errno, EDQUOT);
	EXPECT_EQ(skel->bss->nr_refused, 1);
	scx_expect_enabled("lifecycle");

	skel->bss->refuse_with = 0;
	pid = fork();
	if (!pid)
		_exit(0);
	EXPECT_GT(pid, 0);
	EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	sched_detach(link);
	expect_paired(skel);
}

static void *thread_body(void *arg)
{
	usleep(1);
	return arg;
}

static void job_threads(struct mate *self)
{
	pthread_t threads[4];
	int i, nr = 0;

	for (i = 0; i < 4; i++)
		nr += !pthread_create(&threads[nr], NULL, thread_body, NULL);
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	self->count += nr;
}

SCX_TEST(storm, "storms of fork, exec, exit and threads lose no task")
{
	static const job_fn jobs[] = { job_fork, job_exec, job_threads };
	struct census *census = census_take();
	struct bpf_link *link;
	struct lifecycle *skel = lifecycle_start(&link);
	struct crew *crews[ARRAY_SIZE(jobs)];
	u64 before = skel->bss->nr_init_fork;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		crews[i] = crew_start(2, jobs[i]);
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		ASSERT_SOON(crews[i]->mate[0].count > 5 &&
			    crews[i]->mate[1].count > 5);
	scx_expect_enabled("lifecycle");
	EXPECT_GT(skel->bss->nr_init_fork, before + 30);
	sched_detach(link);
	expect_paired(skel);
	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		crew_progress(crews[i]);
		crew_stop(crews[i]);
	}
	census_check(census);
}

SCX_TEST(storm_load, "loading and unloading in the middle of a storm")
{
	struct crew *forks = crew_start(3, job_fork);
	struct crew *threads = crew_start(2, job_threads);
	struct census *census = census_take();
	struct lifecycle *skel = SCHED_OPEN(lifecycle);
	int i;

	SCHED_LOAD(skel);
	for (i = 0; i < 3; i++) {
		struct bpf_link *link = sched_attach(skel->maps.lifecycle);

		scx_expect_enabled("lifecycle");
		crew_progress(forks);
		crew_progress(threads);
		sched_detach(link);
		expect_paired(skel);
	}
	crew_progress(forks);
	census_check(census);
	crew_stop(forks);
	crew_stop(threads);
}
