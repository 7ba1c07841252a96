// SPDX-License-Identifier: GPL-2.0
/* Some tasks must not wait for the end of an infinite slice. */
#include <sys/mman.h>
#include <sys/wait.h>
#include "scx_test.h"
#include "urgent.bpf.skel.h"

#define VICTIMS_MAX	100
#define VICTIM_BYTES	(32 << 20)

/* A process whose exit takes a while. It ends when the pipe is closed. */
static pid_t victim_start(int cpu, int *end)
{
	int fds[2];
	pid_t pid;
	char byte;

	ASSERT_EQ(pipe(fds), 0);
	fflush(stdout);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		close(fds[1]);
		task_pin(0, cpu);
		mmap(NULL, VICTIM_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		(void)!read(fds[0], &byte, 1);
		_exit(0);
	}
	close(fds[0]);
	*end = fds[1];
	return pid;
}

static void one_victim(struct urgent *skel, int cpu)
{
	int end;
	pid_t pid = victim_start(cpu, &end);

	skel->bss->victim = pid;
	close(end);
	ASSERT_SOON(waitpid(pid, NULL, WNOHANG) == pid);
}

static void urgent_run(bool shown)
{
	struct urgent *skel = SCHED_OPEN(urgent);
	struct crew *hog = crew_start(1, job_spin);
	int cpu = nr_cpus_online() - 1, i;
	struct bpf_link *link;

	need_cpus(2);
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	crew_pin(hog, cpu);
	SCHED_LOAD(skel);
	skel->bss->hog = hog->mate[0].pid;
	link = sched_attach(shown ? skel->maps.urgent_shown : skel->maps.urgent_unasked);
	for (i = 0; i < VICTIMS_MAX && skel->bss->nr_endless < 3; i++)
		one_victim(skel, cpu);
	test_note("%d exits, %llu endless slices before them", i,
		  (unsigned long long)skel->bss->nr_endless);
	EXPECT_GE(skel->bss->nr_endless, 3);
	if (shown)
		EXPECT_GT(skel->bss->nr_shown, 0);
	else
		EXPECT_EQ(skel->bss->nr_shown, 0);
	scx_expect_enabled(shown ? "urgent_shown" : "urgent_unasked");
	crew_progress(hog);
	sched_detach(link);
	crew_stop(hog);
}

SCX_TEST(urgent_unasked, "an exiting task does not wait for an infinite slice")
{
	urgent_run(false);
}

SCX_TEST(urgent_shown, "an exiting task inserted with PREEMPT does not wait for an infinite slice")
{
	urgent_run(true);
}
