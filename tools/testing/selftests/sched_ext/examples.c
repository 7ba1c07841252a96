// SPDX-License-Identifier: GPL-2.0
/*
 * The example schedulers of tools/sched_ext, run as a person would run them: started,
 * put under load, watched, stopped with Ctrl-C.
 */
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include "scx_test.h"

/* Some counter in the last line of statistics is not 0. */
static bool counts_something(struct running *run)
{
	const char *at = run->text;

	while ((at = strchr(at, '='))) {
		if (strtoull(++at, NULL, 0) > 0)
			return true;
	}
	return false;
}

/*
 * A task that has long had a CPU for itself, and kept yielding it, is not charged for
 * that when others arrive.
 */
static void early_bird(struct crew *early)
{
	u64 from = early->mate[0].count;

	crew_freeze(early, false);
	EXPECT_SOON(early->mate[0].count - from > 2000);
}

static void example_run(const struct example *ex)
{
	struct crew *crew = crew_start(6, job_mixed), *busy = crew_start(3, job_spin);
	struct crew *early = crew_start(1, job_yield);
	struct census *census = census_take();
	struct running run;
	bool up;

	/* Loading is not tested here, and takes long beside busy tasks. */
	crews_rest(true);
	run = example_start(ex);
	up = EXPECT_SOON(example_loaded(ex));
	if (up)
		early_bird(early);
	crews_rest(false);
	if (!up)
		goto out;
	crew_progress(crew);
	crew_progress(busy);
	crew_progress(early);
	EXPECT_SOON(example_printed(&run, "\n") && counts_something(&run));
	crew_progress(busy);
	EXPECT_TRUE(example_loaded(ex), "it is gone");
out:
	example_stop(&run);
	EXPECT_TRUE(example_printed(&run, REASON_UNREG), "it printed:\n%s", run.text);
	scx_expect_gone();
	crew_progress(crew);
	crew_progress(busy);
	census_check(census);
	crew_stop(early);
	crew_stop(busy);
	crew_stop(crew);
	close(run.out);
}

/* CPU time of one half of a crew in us */
static long long half_time(struct crew *crew, bool second)
{
	int half = crew->nr / 2, i;
	long long sum = 0;

	for (i = 0; i < half; i++)
		sum += mate_time(&crew->mate[second * half + i]);
	return sum / 1000;
}

/* The time that the second half gets, in per cent of that of the first. */
static long ratio_seen(struct crew *crew, int ms)
{
	long long first = half_time(crew, false), second = half_time(crew, true);

	usleep(ms * 1000);
	first = half_time(crew, false) - first;
	second = half_time(crew, true) - second;
	printf("# %lld and %lld us\n", first, second);
	return first ? second * 100 / first : -1;
}

/*
 * The halves of a crew compete. Before that, the first half has the CPUs for itself
 * for longer than they share them, which must not count against it.
 */
static void share_run(const struct example *ex, struct crew *crew, int least, int most)
{
	struct running run;
	int i;

	crews_rest(true);
	run = example_start(ex);
	if (EXPECT_SOON(example_loaded(ex))) {
		long ratio = 0;

		for (i = 0; i < crew->nr; i++) {
			if (i == crew->nr / 2)
				usleep(2500000);
			ASSERT_EQ(kill(crew->mate[i].pid, SIGCONT), 0);
		}
		/* Time that the host takes is charged to the task that runs just then. */
		for (i = 0; i < 3; i++) {
			ratio = ratio_seen(crew, 2000);
			if (ratio >= least && ratio <= most)
				break;
		}
		EXPECT_GE(ratio, least);
		EXPECT_LE(ratio, most);
	}
	example_stop(&run);
	close(run.out);
}

SCX_TEST(example_flatcg_share, "scx_flatcg: cgroups share a CPU by their weights")
{
	static const struct example ex = { "scx_flatcg", "flatcg" };
	struct crew *crew = crew_start(2, job_spin);

	need_cpus(2);
	cgroup_need();
	cgroup_make(CGROUP_A);
	cgroup_make(CGROUP_B);
	ASSERT_TRUE(file_write(CGROUP_B "/cpu.weight", "300"), "errno %d", errno);
	ASSERT_EQ(cgroup_move(CGROUP_A, crew->mate[0].pid), 0);
	ASSERT_EQ(cgroup_move(CGROUP_B, crew->mate[1].pid), 0);
	crew_pin(crew, 1);
	share_run(&ex, crew, 200, 450);
	crew_stop(crew);
	EXPECT_SOON(!rmdir(CGROUP_A));
	EXPECT_SOON(!rmdir(CGROUP_B));
}

static long long own_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Runs for less than a slice at a time, and wakes up on an idle CPU each time. */
static void job_graze(struct mate *self)
{
	long long until = own_time() + 12000000;

	while (own_time() < until)
		self->count++;
	usleep(1000);
}

SCX_TEST(example_flatcg_idle, "scx_flatcg: time on an idle CPU does not count against a cgroup")
{
	static const struct example ex = { "scx_flatcg", "flatcg" };
	struct crew *grazer = crew_start(1, job_graze), *spinner = crew_start(1, job_spin);
	long long before, start;
	struct running run;

	need_cpus(2);
	cgroup_need();
	cgroup_make(CGROUP_A);
	cgroup_make(CGROUP_B);
	ASSERT_EQ(cgroup_move(CGROUP_A, grazer->mate[0].pid), 0);
	ASSERT_EQ(cgroup_move(CGROUP_B, spinner->mate[0].pid), 0);
	crew_pin(grazer, 1);
	crew_pin(spinner, 1);

	crews_rest(true);
	run = example_start(&ex);
	if (EXPECT_SOON(example_loaded(&ex))) {
		crew_freeze(grazer, false);
		start = crew_time(grazer);
		EXPECT_SOON(crew_time(grazer) - start > 3000000000LL);
		before = crew_time(grazer);
		start = crew_time(spinner);
		crew_freeze(spinner, false);
		EXPECT_SOON(crew_time(spinner) - start > 700000000LL);
		printf("# %lld ms beside 700\n", (crew_time(grazer) - before) / 1000000);
		EXPECT_GT(crew_time(grazer) - before, 200000000LL);
	}
	example_stop(&run);
	close(run.out);
	crew_stop(spinner);
	crew_stop(grazer);
	EXPECT_SOON(!rmdir(CGROUP_A));
	EXPECT_SOON(!rmdir(CGROUP_B));
}

SCX_TEST(example_qmap_share, "scx_qmap: levels share the CPUs by how often they are served")
{
	static const struct example ex = { "scx_qmap", "qmap" };
	int half = nr_cpus_online(), i;
	struct crew *crew = crew_start(2 * half, job_spin);

	for (i = 0; i < half; i++)
		ASSERT_EQ(setpriority(PRIO_PROCESS, crew->mate[half + i].pid, -15), 0);
	share_run(&ex, crew, 250, 1000);
	crew_stop(crew);
}

SCX_TEST(example_simple_share, "scx_simple: tasks share a CPU by their weights")
{
	static const struct example ex = { "scx_simple", "simple" };
	struct crew *crew = crew_start(2, job_spin);

	need_cpus(2);
	ASSERT_EQ(setpriority(PRIO_PROCESS, crew->mate[1].pid, -5), 0);
	crew_pin(crew, 1);
	share_run(&ex, crew, 220, 450);
	crew_stop(crew);
}

/* How often a task has lost its CPU without going to sleep */
static unsigned long long switches(pid_t pid)
{
	static const char name[] = "\nnonvoluntary_ctxt_switches:";
	char path[32], text[4096], *at;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	ASSERT_TRUE(file_read(path, text, sizeof(text)), "%s: errno %d", path, errno);
	at = strstr(text, name);
	ASSERT_TRUE(at, "%s has no line about switches", path);
	return strtoull(at + strlen(name), NULL, 10);
}

SCX_TEST(example_central_yield, "scx_central: sched_yield() gives the central CPU away, too")
{
	static const struct example ex = { "scx_central", "central" };
	struct crew *crew = crew_start(2, job_yield);
	struct running run;

	crew_pin(crew, 0);
	crews_rest(true);
	run = example_start(&ex);
	if (EXPECT_SOON(example_loaded(&ex))) {
		u64 rounds = crew->mate[0].count, before = switches(crew->mate[0].pid);

		crews_rest(false);
		EXPECT_SOON(crew->mate[0].count - rounds > 2000);
		rounds = crew->mate[0].count - rounds;
		EXPECT_GT(switches(crew->mate[0].pid) - before, rounds / 4);
	}
	crews_rest(false);
	example_stop(&run);
	close(run.out);
	crew_stop(crew);
}

#define EXAMPLE(id, program, ops, ...)					\
SCX_TEST(example_##id, program " under load, as a person would run it")	\
{									\
	static const struct example ex = { program, ops, { __VA_ARGS__ } };	\
									\
	example_run(&ex);						\
}

EXAMPLE(simple, "scx_simple", "simple")
EXAMPLE(simple_fifo, "scx_simple", "simple", "-f")
EXAMPLE(qmap, "scx_qmap", "qmap")
EXAMPLE(qmap_batch, "scx_qmap", "qmap", "-b", "8", "-P")
EXAMPLE(central, "scx_central", "central")
EXAMPLE(pair, "scx_pair", "pair", "-S", "1")
EXAMPLE(userland, "scx_userland", "userland")
EXAMPLE(numa, "scx_numa", "numa")
EXAMPLE(nest, "scx_nest", "nest")
EXAMPLE(flatcg, "scx_flatcg", "flatcg")
EXAMPLE(sdt, "scx_sdt", "sdt")
