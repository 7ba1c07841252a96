// SPDX-License-Identifier: GPL-2.0
/* Numbers that stand for one task and are never reused. */
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "scx_test.h"
#include "tid.bpf.skel.h"

#define TID_TO_TASK	0x100ULL

static struct tid *tid_start(unsigned long long flags, struct bpf_link **link)
{
	struct tid *skel = SCHED_OPEN(tid);

	skel->struct_ops.tid->flags |= flags;
	SCHED_LOAD(skel);
	*link = sched_attach(skel->maps.tid);
	return skel;
}

static unsigned long long tid_of(struct tid *skel, pid_t pid)
{
	skel->bss->asked_pid = pid;
	prog_run(skel->progs.tid_of_pid, NULL, 0);
	return skel->bss->found_tid;
}

static pid_t pid_of(struct tid *skel, unsigned long long tid)
{
	skel->bss->sought = tid;
	return prog_run(skel->progs.pid_of_tid, NULL, 0);
}

SCX_TEST(tid_find, "tasks are found by their numbers")
{
	struct crew *crew = crew_start(6, job_mixed);
	struct bpf_link *link;
	struct tid *skel = tid_start(TID_TO_TASK, &link);
	struct tid__bss *seen = skel->bss;
	int i;

	scx_expect_enabled("tid");
	for (i = 0; i < crew->nr; i++) {
		unsigned long long tid = tid_of(skel, crew->mate[i].pid);

		EXPECT_NE(tid, 0);
		EXPECT_EQ(pid_of(skel, tid), crew->mate[i].pid);
		EXPECT_EQ(pid_of(skel, tid + (1ULL << 32)), 0);
	}
	EXPECT_EQ(pid_of(skel, 0), 0);
	EXPECT_EQ(pid_of(skel, ~0ULL), 0);
	EXPECT_EQ(pid_of(skel, 0xffffffffULL), 0);
	crew_progress(crew);
	EXPECT_EQ(seen->nr_without, 0);
	EXPECT_EQ(seen->nr_not_found, 0);
	EXPECT_EQ(seen->nr_too_early, 0);
	sched_detach(link);
	EXPECT_EQ(tid_of(skel, crew->mate[0].pid), 0);
	crew_stop(crew);
}

/* More tasks than a chunk of the table has entries, most of them dead. */
SCX_TEST(tid_reuse, "the number of a dead task never finds a task")
{
	unsigned long long first, tid = 0;
	struct bpf_link *link;
	struct tid *skel = tid_start(TID_TO_TASK, &link);
	pid_t pid;
	int i;

	for (i = 0; i < 50; i++) {
		pid = fork();
		if (!pid) {
			pause();
			_exit(0);
		}
		ASSERT_GT(pid, 0);
		tid = tid_of(skel, pid);
		EXPECT_EQ(pid_of(skel, tid), pid);
		if (!i)
			first = tid;
		ASSERT_EQ(kill(pid, SIGKILL), 0);
		ASSERT_EQ(waitpid(pid, NULL, 0), pid);
		EXPECT_SOON(!pid_of(skel, tid));
		EXPECT_EQ(pid_of(skel, first), 0);
	}
	EXPECT_NE(tid, first);
	scx_expect_enabled("tid");
	sched_detach(link);
}

static int pipe_fds[2];

static void *exec_in_thread(void *arg)
{
	pid_t self = syscall(SYS_gettid);
	char byte;

	if (write(pipe_fds[1], &self, sizeof(self)) != sizeof(self) ||
	    read(pipe_fds[0], &byte, 1) != 1)
		_exit(1);
	execl("/bin/sleep", "sleep", "60", NULL);
	_exit(1);
}

static pid_t start_thread(pid_t *thread, int *go)
{
	int up[2], down[2];
	pthread_t handle;
	pid_t pid;

	ASSERT_EQ(pipe(up), 0);
	ASSERT_EQ(pipe(down), 0);
	pid = fork();
	if (!pid) {
		pipe_fds[0] = down[0];
		pipe_fds[1] = up[1];
		pthread_create(&handle, NULL, exec_in_thread, NULL);
		pthread_join(handle, NULL);
		_exit(1);
	}
	ASSERT_EQ(read(up[0], thread, sizeof(*thread)), sizeof(*thread));
	*go = down[1];
	return pid;
}

SCX_TEST(tid_exec, "a thread keeps its number when execve() changes its pid")
{
	unsigned long long leader_tid, thread_tid;
	struct bpf_link *link;
	struct tid *skel = tid_start(TID_TO_TASK, &link);
	pid_t leader, thread;
	int go;

	leader = start_thread(&thread, &go);
	leader_tid = tid_of(skel, leader);
	thread_tid = tid_of(skel, thread);
	EXPECT_NE(leader_tid, thread_tid);
	EXPECT_EQ(pid_of(skel, thread_tid), thread);
	ASSERT_EQ(write(go, "x", 1), 1);
	EXPECT_SOON(pid_of(skel, thread_tid) == leader);
	EXPECT_SOON(!pid_of(skel, leader_tid));
	EXPECT_EQ(tid_of(skel, leader), thread_tid);
	ASSERT_EQ(kill(leader, SIGKILL), 0);
	ASSERT_EQ(waitpid(leader, NULL, 0), leader);
	scx_expect_enabled("tid");
	sched_detach(link);
}

SCX_TEST(tid_refused, "without SCX_OPS_TID_TO_TASK there are no numbers")
{
	struct bpf_link *link;
	struct tid *skel = tid_start(0, &link);

	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(skel), "SCX_OPS_TID_TO_TASK");
	EXPECT_GT(skel->bss->nr_without, 0);
}
