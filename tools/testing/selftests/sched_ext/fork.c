// SPDX-License-Identifier: GPL-2.0
/* Forks concurrent with loading, cgroups and hotplug. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "scx_test.h"
#include "fork.bpf.skel.h"

#define CPU_MAX		CGROUP_A "/cpu.max"
/* A process that may hardly run copies a page table entry for each of these. */
#define BIG		(1UL << 30)
#define INTO_CGROUP	0x200000000ULL

struct clone3_args {
	u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size,
	    tls, set_tid, set_tid_size, cgroup;
};

/* What the processes of a test tell each other */
static volatile struct shared {
	int ready, go, begun, forked, child;
	int on, moved;
} *shared;

static struct fork *fork_load(void)
{
	struct fork *skel = SCHED_OPEN(fork);

	SCHED_LOAD(skel);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(shared != MAP_FAILED, "errno %d", errno);
	return skel;
}

static void await_go(void)
{
	while (!shared->go)
		usleep(1000);
}

static pid_t start(void (*fn)(void))
{
	pid_t pid = fork();

	if (!pid) {
		fn();
		_exit(0);
	}
	ASSERT_GT(pid, 0);
	return pid;
}

static void big_fork(u64 flags)
{
	struct clone3_args args = { .flags = flags, .exit_signal = SIGCHLD };
	char *mem = mmap(NULL, BIG, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (flags)
		args.cgroup = open(CGROUP_B, O_RDONLY | O_DIRECTORY);
	madvise(mem, BIG, MADV_NOHUGEPAGE);
	mem[0] = 1;
	if (madvise(mem, BIG, MADV_POPULATE_READ))
		return;
	shared->ready = 1;
	await_go();
	shared->begun = 1;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid) {
		shared->child = pid;
		shared->forked = 1;
	}
	pause();
}

static void job_big(void)
{
	big_fork(0);
}

static void job_big_into(void)
{
	big_fork(INTO_CGROUP);
}

/*
 * The fork may be throttled in an RCU section. If the host has kept its CPU from
 * running meanwhile, the cgroup is in debt for many periods, and RCU complains,
 * whatever the scheduler does.
 */
static void expect_stalls(bool expected)
{
	EXPECT_TRUE(file_write("/sys/module/rcupdate/parameters/rcu_cpu_stall_suppress",
			       expected ? "1" : "0"), "errno %d", errno);
}

/* Starts a fork that is going to take a while; returns its pid in the middle of it. */
static pid_t begin_big(void (*job)(void))
{
	pid_t pid;

	expect_stalls(true);
	cgroup_need();
	cgroup_make(CGROUP_A);
	cgroup_make(CGROUP_B);
	ASSERT_TRUE(file_write(CPU_MAX, "2000 1000000"), "errno %d", errno);
	pid = start(job);
	ASSERT_SOON(shared->ready);
	ASSERT_EQ(cgroup_move(CGROUP_A, pid), 0);
	shared->go = 1;
	ASSERT_SOON(shared->begun);
	usleep(100000);
	ASSERT_TRUE(!shared->forked, "has forked already");
	return pid;
}

static void end_big(pid_t pid)
{
	int status;

	EXPECT_TRUE(file_write(CPU_MAX, "max 100000"), "errno %d", errno);
	EXPECT_SOON(shared->forked);
	kill(shared->child, SIGKILL);
	kill(pid, SIGKILL);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	expect_stalls(false);
	EXPECT_SOON(!rmdir(CGROUP_A) || errno == ENOENT);
	EXPECT_SOON(!rmdir(CGROUP_B) || errno == ENOENT);
}

SCX_TEST(fork_throttled, "loading and other forks do not wait for a fork that takes long")
{
	struct fork *skel = fork_load();
	struct crew *crew = crew_start(2, job_fork);
	struct bpf_link *link;
	pid_t big;

	big = begin_big(job_big);
	link = sched_attach(skel->maps.fork_partial);
	/* If loading had waited until it is over, it were back by then. */
	sleep(3);
	EXPECT_EQ(shared->forked, 0);
	scx_expect_enabled("fork_partial");
	crew_progress(crew);
	sched_detach(link);
	EXPECT_EQ(shared->forked, 0);
	crew_progress(crew);
	end_big(big);
	crew_stop(crew);
}

SCX_TEST(fork_begun, "a task whose fork began before loading belongs to the class")
{
	struct fork *skel = fork_load();
	struct bpf_link *link;
	pid_t big;

	big = begin_big(job_big);
	link = sched_attach(skel->maps.fork_all);
	EXPECT_SOON(shared->forked);
	EXPECT_SOON(task_ext_enabled(shared->child) == 1);
	scx_expect_enabled("fork_all");
	end_big(big);
	sched_detach(link);
}

static int spare_cpu;

static void job_online(void)
{
	usleep(500000);
	shared->on = cpu_try_online(spare_cpu, true) ? 1 : -errno;
}

static void job_move(void)
{
	usleep(1000000);
	shared->moved = cgroup_move(CGROUP_B, getpid()) ? -1 : 1;
	pause();
}

/* A CPU that has never been up needs kernel threads; some machines have one. */
static int offline_cpu(void)
{
	char text[64];
	int cpu;

	if (file_read("/sys/devices/system/cpu/offline", text, sizeof(text)) &&
	    sscanf(text, "%d", &cpu) == 1)
		return cpu;
	cpu = cpu_hotpluggable();
	cpu_set_online(cpu, false);
	return cpu;
}

/*
 *	the big fork	has begun, and will want cgroup_mutex
 *	loading		must not wait for it
 *	CPU online	has cpu_hotplug_lock, waits for kthreadd, which forks
 *	moving		has cgroup_mutex, wants cpu_hotplug_lock
 */
SCX_TEST(fork_into_cgroup, "clone into a cgroup, loading, a CPU that comes, a move: no deadlock")
{
	struct fork *skel = fork_load();
	struct bpf_link *link;
	pid_t big, mover;

	spare_cpu = offline_cpu();
	big = begin_big(job_big_into);
	start(job_online);
	mover = start(job_move);
	link = sched_attach(skel->maps.fork_partial);
	EXPECT_SOON(shared->on);
	EXPECT_SOON(shared->moved);
	EXPECT_EQ(shared->on, 1);
	EXPECT_EQ(shared->moved, 1);
	kill(mover, SIGKILL);
	end_big(big);
	bpf_link__destroy(link);
	scx_expect_gone();
}

static void job_fork_killed(struct mate *self)
{
	job_wait(self);
	job_fork(self);
}

SCX_TEST(fork_cancelled, "exit_task of a fork that fails sees the cgroup of init_task")
{
	struct fork *skel = fork_load();
	unsigned long long cgid;
	struct bpf_link *link;
	struct crew *crew;

	cgroup_need();
	cgid = cgroup_make(CGROUP_A);
	crew = crew_start(1, job_fork_killed);
	ASSERT_EQ(cgroup_move(CGROUP_A, crew->mate[0].pid), 0);
	link = sched_attach(skel->maps.fork_all);
	skel->bss->hold_child_of = crew->mate[0].pid;
	crew_wake(crew, 0);
	ASSERT_SOON(skel->bss->nr_held);
	EXPECT_EQ(kill(crew->mate[0].pid, SIGKILL), 0);
	skel->bss->release = true;
	crew_stop(crew);
	EXPECT_EQ(skel->bss->nr_cancelled, 1);
	EXPECT_EQ(skel->bss->init_cgid, cgid);
	EXPECT_EQ(skel->bss->cancelled_cgid, cgid);
	sched_detach(link);
	EXPECT_SOON(!rmdir(CGROUP_A) || errno == ENOENT);
}
