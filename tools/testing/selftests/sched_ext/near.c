// SPDX-License-Identifier: GPL-2.0
/*
 * The default choice goes from near to far. CPUs of the machine can be disturbed
 * between reading the masks and the choice, so a few rounds may be inconclusive;
 * a choice that ignores distances is wrong in most.
 */
#include <sched.h>
#include "scx_test.h"
#include "near.h"
#include "near.bpf.skel.h"

#define ROUNDS	40

struct near_scene {
	struct near *skel;
	struct bpf_link *link;
	struct crew *sleeper;
	int cpus;
};

/* The first CPU of the last-level cache, which stands for the cache */
static int llc_of(int cpu)
{
	char path[96], buf[128];
	int index, llc = -1;

	for (index = 0; index < 8; index++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%d/cache/index%d/shared_cpu_list", cpu, index);
		if (file_read(path, buf, sizeof(buf)))
			llc = atoi(buf);
	}
	return llc;
}

static int node_of(int cpu)
{
	char path[64];
	int node;

	for (node = 0; node < 64; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/node%d", cpu, node);
		if (!access(path, F_OK))
			return node;
	}
	return 0;
}

static bool several(int *of, int cpus)
{
	int cpu;

	for (cpu = 1; cpu < cpus; cpu++)
		if (of[cpu] != of[0])
			return true;
	return false;
}

static void may_use_all(pid_t pid)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	ASSERT_EQ(sched_setaffinity(pid, sizeof(all), &all), 0);
}

static struct near_scene scene_start(bool need_nodes)
{
	struct near_scene s = { .skel = SCHED_OPEN(near), .cpus = nr_cpus_online() };
	int cpu;

	need_cpus(4);
	SCHED_LOAD(s.skel);
	for (cpu = 0; cpu < s.cpus && cpu < MAX_CPUS; cpu++) {
		s.skel->bss->llc_of[cpu] = llc_of(cpu);
		s.skel->bss->node_of[cpu] = node_of(cpu);
	}
	if (s.skel->bss->llc_of[0] < 0 || !several(s.skel->bss->llc_of, s.cpus))
		test_skip("all CPUs share their last-level cache");
	if (need_nodes && !several(s.skel->bss->node_of, s.cpus))
		test_skip("there is one NUMA node");
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	s.sleeper = crew_start(1, job_wait);
	may_use_all(s.sleeper->mate[0].pid);
	ASSERT_SOON(crew_blocked(s.sleeper));
	s.skel->bss->asked_pid = s.sleeper->mate[0].pid;
	s.link = sched_attach(s.skel->maps.near_ops);
	return s;
}

static void scene_end(struct near_scene *s)
{
	scx_expect_enabled("near_ops");
	sched_detach(s->link);
	crew_stop(s->sleeper);
}

/* Make all CPUs idle that can be, then make those busy that are nearer than @how. */
static void prepare(struct near_scene *s, int prev, u32 how)
{
	int i;

	s->skel->bss->prev_cpu = prev;
	s->skel->bss->take_below = how;
	for (i = 0; i < 20; i++) {
		prog_run(s->skel->progs.near_give_back, NULL, 0);
		if (s->skel->bss->nr_idle >= s->cpus - 1)
			break;
		usleep(2000);
	}
	prog_run(s->skel->progs.near_take, NULL, 0);
	prog_run(s->skel->progs.near_choose, NULL, 0);
}

static u32 nearest(const bool *had)
{
	u32 how;

	for (how = NEAR_SAME; how < NEAR_NONE && !had[how]; how++)
		;
	return how;
}

/* With idle CPUs at this distance and farther away, one at this distance is chosen. */
static void expect_choice(struct near_scene *s, u32 how)
{
	int i, told = 0, right = 0;

	for (i = 0; i < ROUNDS; i++) {
		prepare(s, 1 + i * 11 % (s->cpus - 1), how);
		if (nearest(s->skel->bss->had) != how)
			continue;
		told++;
		right += s->skel->bss->how_near == how;
	}
	test_note("distance %u: right in %d of %d rounds", how, right, told);
	EXPECT_GE(told, ROUNDS / 4);
	EXPECT_GE(right, told - told / 5);
}

SCX_TEST(near_llc, "the default choice stays in the last-level cache, and leaves it if it has to")
{
	struct near_scene s = scene_start(false);

	expect_choice(&s, NEAR_SAME);
	expect_choice(&s, NEAR_LLC);
	expect_choice(&s, several(s.skel->bss->node_of, s.cpus) ? NEAR_FAR : NEAR_NODE);
	scene_end(&s);
}

/* Is there a node with more than one last-level cache? */
static void need_node_of_llcs(struct near_scene *s)
{
	int cpu;

	for (cpu = 1; cpu < s->cpus; cpu++)
		if (s->skel->bss->node_of[cpu] == s->skel->bss->node_of[0] &&
		    s->skel->bss->llc_of[cpu] != s->skel->bss->llc_of[0])
			return;
	test_skip("each NUMA node has one last-level cache");
}

SCX_TEST(near_node, "outside of the last-level cache, the default choice stays in the NUMA node")
{
	struct near_scene s = scene_start(true);

	need_node_of_llcs(&s);
	expect_choice(&s, NEAR_LLC);
	expect_choice(&s, NEAR_NODE);
	expect_choice(&s, NEAR_FAR);
	scene_end(&s);
}

/* The CPU that is chosen if the waker, on CPU 0, is about to sleep */
static void expect_sync(struct near_scene *s, int prev, bool prev_is_busy, int want)
{
	int i, told = 0, right = 0;

	for (i = 0; i < ROUNDS; i++) {
		prepare(s, prev, prev_is_busy ? NEAR_LLC : NEAR_SAME);
		if (s->skel->bss->had[NEAR_SAME] == prev_is_busy)
			continue;
		told++;
		right += s->skel->bss->chosen == want;
	}
	test_note("CPU %d%s: CPU %d in %d of %d rounds", prev, prev_is_busy ? " is busy" : "",
		  want, right, told);
	EXPECT_GE(told, ROUNDS / 4);
	EXPECT_GE(right, told - told / 5);
}

/* The same with real wakeups: writing to a pipe is a synchronous one. */
static void expect_woken_on(struct near_scene *s, int prev, int want)
{
	struct mate *mate = &s->sleeper->mate[0];
	int i, told = 0, right = 0;

	s->skel->bss->watched = mate->pid;
	for (i = 0; i < ROUNDS; i++) {
		u64 before = mate->count;

		crew_pin(s->sleeper, prev);
		crew_wake(s->sleeper, 0);
		ASSERT_SOON(mate->count > before && crew_blocked(s->sleeper));
		may_use_all(mate->pid);
		usleep(2000);
		crew_wake(s->sleeper, 0);
		ASSERT_SOON(mate->count > before + 1 && crew_blocked(s->sleeper));
		if (!s->skel->bss->prev_was_idle)
			continue;
		told++;
		right += s->skel->data->ran_on == want;
	}
	test_note("from CPU %d to CPU %d in %d of %d rounds", prev, want, right, told);
	EXPECT_GE(told, ROUNDS / 4);
	EXPECT_GE(right, told - told / 4);
}

SCX_TEST(near_sync, "a synchronous wakeup prefers the previous CPU if it shares a cache")
{
	struct near_scene s = scene_start(false);
	int *llc_of = s.skel->bss->llc_of, near = s.cpus - 1, far = s.cpus - 1;

	while (near && llc_of[near] != llc_of[0])
		near--;
	ASSERT_TRUE(near, "CPU 0 shares a cache with no other");
	ASSERT_TRUE(llc_of[far] != llc_of[0], "CPU %d shares a cache with CPU 0", far);
	s.skel->bss->sync = true;
	s.skel->links.near_waking = bpf_program__attach(s.skel->progs.near_waking);
	ASSERT_TRUE(s.skel->links.near_waking, "errno %d", errno);
	expect_sync(&s, near, false, near);
	expect_sync(&s, near, true, 0);
	expect_sync(&s, far, false, 0);
	expect_woken_on(&s, near, near);
	expect_woken_on(&s, far, 0);
	scene_end(&s);
}
