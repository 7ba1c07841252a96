// SPDX-License-Identifier: GPL-2.0
/* What the report blames: the CPU, or the watchdog that does not run. */
#include "scx_test.h"
#include "blame.bpf.skel.h"

#define WORKQUEUE_MASK	"/sys/devices/virtual/workqueue/cpumask"

struct scene {
	struct blame *skel;
	struct crew *busy, *victim;
	int cpu;
};

/* All CPUs are mentioned in a dump, and the last one is to blame. */
static struct scene scene_start(job_fn victim)
{
	struct scene scene = { .skel = SCHED_OPEN(blame), .cpu = nr_cpus_online() - 1 };
	int i;

	need_cpus(2);
	bpf_program__set_autoload(scene.skel->progs.test_exit, false);
	UEI_SET_SIZE(scene.skel, blame, uei);
	SCHED_LOAD(scene.skel);
	scene.busy = crew_start(scene.cpu + 1, job_spin);
	for (i = 0; i <= scene.cpu; i++)
		ASSERT_TRUE(task_pin(scene.busy->mate[i].pid, i), "errno %d", errno);
	scene.victim = crew_start(1, victim);
	crew_pin(scene.victim, scene.cpu);
	scene.skel->bss->victim = scene.victim->mate[0].pid;
	sched_attach(scene.skel->maps.blame);
	crew_progress(scene.busy);
	return scene;
}

static void scene_end(struct scene *scene)
{
	crew_progress(scene->busy);
	crew_stop(scene->victim);
	crew_stop(scene->busy);
}

/* The first CPU in the dump is the last of the machine. */
static void expect_first(struct scene *scene)
{
	const char *dump = scene->skel->data_uei_dump->uei_dump;
	const char *at = strstr(dump, "CPU states");
	char first[32];

	ASSERT_TRUE(at, "no CPU states in the dump");
	at = strstr(at, "\nCPU ");
	ASSERT_TRUE(at, "no CPU in the dump");
	snprintf(first, sizeof(first), "%.12s", at + 1);
	test_note("the dump begins with %s", first);
	EXPECT_EQ(atoi(at + 5), scene->cpu);
	EXPECT_HAS(at, "\nCPU 0 ");
	EXPECT_EQ(scene->skel->data->exit_cpu, scene->cpu);
}

SCX_TEST(blame_error, "the CPU where an error happens is the first in the dump")
{
	struct scene scene = scene_start(job_spin);

	scene.skel->bss->fail_at_tick = true;
	ASSERT_EXIT(scene.skel, EXIT_KIND_ERROR_BPF, 0, REASON_ERROR_BPF);
	EXPECT_EQ(scene.skel->data->failed_on, scene.cpu);
	expect_first(&scene);
	scene_end(&scene);
}

/* The watchdog runs on another CPU than the one where the task stalls. */
SCX_TEST(blame_stall, "the CPU where a task stalls is the first in the dump")
{
	char before[64], text[32];
	struct scene scene;

	need_file(WORKQUEUE_MASK);
	ASSERT_TRUE(file_read(WORKQUEUE_MASK, before, sizeof(before)), "errno %d", errno);
	ASSERT_TRUE(file_write(WORKQUEUE_MASK, "1"), "errno %d", errno);
	scene = scene_start(job_wait);
	ASSERT_SOON(crew_blocked(scene.victim));
	scene.skel->bss->withhold = true;
	crew_wake(scene.victim, 0);
	WAIT_UNTIL(exit_seen(&scene.skel->data->uei));
	EXPECT_TRUE(file_write(WORKQUEUE_MASK, before), "errno %d", errno);
	ASSERT_EXIT(scene.skel, EXIT_KIND_ERROR_STALL, 0, REASON_ERROR_STALL);
	EXPECT_EQ(scene.skel->bss->nr_withheld, 1);
	snprintf(text, sizeof(text), "[%d] on CPU %d ", scene.victim->mate[0].pid, scene.cpu);
	EXPECT_HAS(EXIT_MSG(scene.skel), text);
	expect_first(&scene);
	scene_end(&scene);
}

SCX_TEST(blame_watchdog, "ticks notice that the watchdog itself does not get to run")
{
	struct scene scene = scene_start(job_nap);

	scene.skel->bss->starve_workers = true;
	ASSERT_EXIT(scene.skel, EXIT_KIND_ERROR_STALL, 0, REASON_ERROR_STALL);
	EXPECT_GT(scene.skel->bss->nr_starved, 0);
	EXPECT_HAS(EXIT_MSG(scene.skel), "watchdog");
	EXPECT_HAS(EXIT_MSG(scene.skel), "check in");
	EXPECT_GE(scene.skel->data->exit_cpu, 0);
	scene_end(&scene);
}
