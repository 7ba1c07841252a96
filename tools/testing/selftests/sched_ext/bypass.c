// SPDX-License-Identifier: GPL-2.0
/*
 * Bypass mode: its two parameters, balancing load between CPUs, the order of the
 * tasks that wait, and that many waiting tasks do not hold it up.
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include "scx_test.h"
#include "bypass.h"
#include "bypass.bpf.skel.h"

#define PARAM(name)	"/sys/module/sched_ext/parameters/" name

#define NR_BUSY		12

static void expect_range(const char *path, const char *const *good,
			 const char *const *bad)
{
	char buf[32];

	for (; *good; good++) {
		EXPECT_TRUE(file_write(path, *good), "%s refused: errno %d",
			    *good, errno);
		EXPECT_TRUE(file_read(path, buf, sizeof(buf)), "errno %d", errno);
		EXPECT_EQ(atoll(buf), atoll(*good));
	}
	for (; *bad; bad++)
		EXPECT_TRUE(!file_write(path, *bad) && errno == EINVAL,
			    "%s: errno %d", *bad, errno);
	EXPECT_TRUE(file_read(path, buf, sizeof(buf)), "errno %d", errno);
	EXPECT_EQ(atoll(buf), atoll(good[-1]));
}

SCX_TEST(bypass_params, "parameters of bypass mode accept the values in their range")
{
	static const char * const good_slice[] = { "100", "100000", "5000", NULL };
	static const char * const bad_slice[] = { "99", "100001", "-1", "x", NULL };
	static const char * const good_intv[] = { "0", "10000000", "500000", NULL };
	static const char * const bad_intv[] = { "10000001", "-1", "x", NULL };

	expect_range(PARAM("slice_bypass_us"), good_slice, bad_slice);
	expect_range(PARAM("bypass_lb_intv_us"), good_intv, bad_intv);
}

static void *detach_thread(void *link)
{
	sched_detach(link);
	return NULL;
}

static void job_wait_fork(struct mate *self)
{
	job_wait(self);
	job_fork(self);
}

/* CPU that a task is on, field 39 of its stat file. */
static int cpu_of(pid_t pid)
{
	char path[32], buf[1024], *at;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	ASSERT_TRUE(file_read(path, buf, sizeof(buf)), "errno %d", errno);
	at = strrchr(buf, ')');
	for (i = 2; at && i < 39; i++)
		at = strchr(at + 1, ' ');
	ASSERT_TRUE(at, "no field 39 in %s", buf);
	return atoi(at);
}

static int nr_on(struct crew *crew, int cpu)
{
	int i, nr = 0;

	for (i = 0; i < crew->nr; i++)
		nr += cpu_of(crew->mate[i].pid) == cpu;
	return nr;
}

static int nr_cpus_with(struct crew *crew)
{
	int cpu, nr = 0;

	for (cpu = 0; cpu < nr_cpus_online(); cpu++)
		nr += nr_on(crew, cpu) > 0;
	return nr;
}

static void crew_unpin(struct crew *crew)
{
	cpu_set_t all;
	int i, cpu;

	CPU_ZERO(&all);
	for (cpu = 0; cpu < nr_cpus_online(); cpu++)
		CPU_SET(cpu, &all);
	for (i = 0; i < crew->nr; i++)
		ASSERT_EQ(sched_setaffinity(crew->mate[i].pid, sizeof(all), &all), 0);
}

/*
 * All busy tasks are on one CPU. Removing the scheduler has to wait for a fork,
 * in bypass mode, and meanwhile the tasks move to the other CPUs. The fork is held
 * on the same CPU: otherwise the CPU of the fork would not be idle, and such a CPU
 * gets tasks only if the difference is large enough. The same holds for a CPU where
 * something else runs when the balancer looks, so not every CPU has to get a task.
 */
SCX_TEST(bypass_spread, "in bypass mode busy tasks do not stay on one CPU")
{
	struct bypass *skel = SCHED_OPEN(bypass);
	struct crew *busy = crew_start(NR_BUSY, job_spin);
	struct crew *forker = crew_start(1, job_wait_fork);
	struct census *census = census_take();
	struct bpf_link *link;
	pthread_t thread;

	need_cpus(3);
	SCHED_LOAD(skel);
	ASSERT_TRUE(file_write(PARAM("bypass_lb_intv_us"), "20000"), "errno %d", errno);
	ASSERT_TRUE(file_write(PARAM("slice_bypass_us"), "1000"), "errno %d", errno);
	link = sched_attach(skel->maps.bypass);
	crew_pin(busy, 1);
	crew_unpin(busy);
	crew_pin(forker, 1);
	EXPECT_EQ(nr_on(busy, 1), NR_BUSY);

	skel->bss->hold_child_of = forker->mate[0].pid;
	crew_wake(forker, 0);
	ASSERT_SOON(skel->bss->nr_held);
	ASSERT_EQ(pthread_create(&thread, NULL, detach_thread, link), 0);
	EXPECT_SOON(nr_on(busy, 1) <= NR_BUSY / 2);
	EXPECT_SOON(nr_cpus_with(busy) >= 3);
	EXPECT_TRUE(scx_state_is("disabling"), "it took longer than the fork was held");
	skel->bss->release = 1;
	pthread_join(thread, NULL);

	EXPECT_TRUE(file_write(PARAM("bypass_lb_intv_us"), "500000"), "errno %d", errno);
	EXPECT_TRUE(file_write(PARAM("slice_bypass_us"), "5000"), "errno %d", errno);
	scx_expect_gone();
	crew_progress(busy);
	census_check(census);
	crew_stop(forker);
	crew_stop(busy);
}

/*
 * Loading may hand over a running task without a call of ops.enqueue(). The hog
 * has its endless slice only if it came to its CPU through ops.enqueue().
 */
static void seat_hog(struct bypass *skel, struct crew *hog)
{
	crew_pin(hog, HOG_CPU);
	ASSERT_SOON(skel->bss->nr_seated);
	crew_progress(hog);
}

/* They arrive one after the other while the hog runs. */
static void queue_up(struct bypass *skel, struct crew *crew)
{
	int i;

	for (i = 0; i < NR_WAITING; i++)
		skel->bss->waiting[i] = crew->mate[i].pid;
	for (i = 0; i < NR_WAITING; i++) {
		crew_wake(crew, i);
		ASSERT_SOON(skel->bss->nr_waiting == i + 1);
	}
	ASSERT_EQ(skel->bss->nr_ran, 0);
}

/*
 * No task gets past the hog while the scheduler is in charge, so the order in
 * which the others run is that of bypass mode. The fork that holds bypass mode is
 * on a CPU of its own.
 */
static void check_order(u32 way)
{
	struct bypass *skel = SCHED_OPEN(bypass);
	struct crew *hog, *waiting, *forker;
	struct bpf_link *link;
	pthread_t thread;
	int i, at;

	need_cpus(3);
	skel->rodata->way = way;
	SCHED_LOAD(skel);
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	hog = crew_start(1, job_spin);
	waiting = crew_start(NR_WAITING, job_wait);
	forker = crew_start(1, job_wait_fork);
	crew_pin(hog, 0);
	crew_pin(waiting, HOG_CPU);
	crew_pin(forker, 2);
	ASSERT_SOON(crew_blocked(waiting) && crew_blocked(forker));
	ASSERT_TRUE(file_write(PARAM("bypass_lb_intv_us"), "0"), "errno %d", errno);
	skel->bss->hog = hog->mate[0].pid;
	link = sched_attach(skel->maps.order);
	seat_hog(skel, hog);
	queue_up(skel, waiting);

	skel->bss->hold_child_of = forker->mate[0].pid;
	crew_wake(forker, 0);
	ASSERT_SOON(skel->bss->nr_held);
	ASSERT_EQ(pthread_create(&thread, NULL, detach_thread, link), 0);
	EXPECT_SOON(skel->bss->nr_ran == NR_WAITING);
	EXPECT_TRUE(scx_state_is("disabling"), "it took longer than the fork was held");
	skel->bss->release = 1;
	pthread_join(thread, NULL);
	EXPECT_TRUE(file_write(PARAM("bypass_lb_intv_us"), "500000"), "errno %d", errno);

	for (i = 0; i < NR_WAITING; i++) {
		at = way == WAIT_LOCAL_HEAD ? NR_WAITING - 1 - i : i;
		EXPECT_EQ(skel->bss->ran[i], waiting->mate[at].pid);
	}
	crew_stop(forker);
	crew_stop(waiting);
	crew_stop(hog);
}

SCX_TEST(bypass_order_local, "tasks on a local queue keep their order in bypass mode")
{
	check_order(WAIT_LOCAL);
}

SCX_TEST(bypass_order_head, "tasks on a local queue keep an order other than that of arrival")
{
	check_order(WAIT_LOCAL_HEAD);
}

SCX_TEST(bypass_order_global, "tasks on the global queue run in order of arrival in bypass mode")
{
	check_order(WAIT_GLOBAL);
}

SCX_TEST(bypass_order_user, "tasks on a user queue run in order of arrival in bypass mode")
{
	check_order(WAIT_USER);
}

SCX_TEST(bypass_order_bpf, "tasks on no queue run in order of arrival in bypass mode")
{
	check_order(WAIT_BPF);
}

/*
 * A crowd of threads that all want the same CPU waits on the global queue. The other
 * CPUs, which cannot take any of them, search it whenever a task there goes to sleep.
 * The time of unloading must not depend on the time of these searches; otherwise it
 * would take minutes.
 */
#define CROWD_PER_CPU	250
#define CROWD_CHECKED	50
#define CROWD_CPU	1
#define CROWD_MAX_MS	20000

/* A kernel with lockdep needs several times as long for everything. */
static bool kernel_checks(void)
{
	return !access("/proc/lockdep", F_OK);
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

SCX_TEST(bypass_crowd, "a crowd on the global queue does not hold up unloading")
{
	struct bypass *skel = SCHED_OPEN(bypass);
	int cpu, cpus = nr_cpus_online();
	int nr = (kernel_checks() ? CROWD_CHECKED : CROWD_PER_CPU) * cpus;
	struct crew *nappers;
	struct bpf_link *link;
	long long began;

	need_cpus(3);
	SCHED_LOAD(skel);
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	crowd_gather(nr, CROWD_CPU);
	nappers = crew_start(cpus - 2, job_nap);
	for (cpu = 2; cpu < cpus; cpu++)
		ASSERT_TRUE(task_pin(nappers->mate[cpu - 2].pid, cpu), "errno %d", errno);

	link = sched_attach(skel->maps.crowd);
	crowd_release();
	sleep(3);
	began = now_ms();
	sched_detach(link);
	test_note("%d tasks, unloaded after %lld ms", nr, now_ms() - began);
	EXPECT_LT(now_ms() - began, CROWD_MAX_MS);
	scx_expect_gone();
	crew_stop(nappers);
}
