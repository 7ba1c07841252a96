// SPDX-License-Identifier: GPL-2.0
/* Errors in ops that are only called after special events. */
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "scx_test.h"
#include "ending_rare.h"
#include "ending_rare.bpf.skel.h"

#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE		62
#define PR_SCHED_CORE_CREATE	1
#endif

struct rare_scene {
	struct ending_rare *skel;
	struct crew *crew;
	struct crew *threaded;
	struct census *census;
};

static void *thread_body(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void job_threaded(struct mate *self)
{
	static pthread_t thread;

	if (!thread)
		pthread_create(&thread, NULL, thread_body, NULL);
	job_nap(self);
}

static struct rare_scene rare_open(void)
{
	struct rare_scene scene = {
		.skel = SCHED_OPEN(ending_rare),
		.crew = crew_start(4, job_mixed),
		.threaded = crew_start(1, job_threaded),
	};

	/* ops.exit() is one of those that raise an error. */
	bpf_program__set_autoload(scene.skel->progs.test_exit, false);
	SCHED_LOAD(scene.skel);
	ASSERT_SOON(scene.threaded->mate[0].count);
	scene.census = census_take();
	return scene;
}

static void rare_close(struct rare_scene *scene)
{
	crew_progress(scene->crew);
	census_check(scene->census);
	crew_stop(scene->threaded);
	crew_stop(scene->crew);
	ending_rare__destroy(scene->skel);
}

/* Something that provoke() does calls the op, more than once if need be. */
static void rare_error(struct rare_scene *scene, int op,
		       void (*provoke)(struct rare_scene *scene))
{
	struct user_exit_info *uei = &scene->skel->data->uei;
	struct bpf_link *link;
	char want[32];
	int i;

	memset(uei, 0, sizeof(*uei));
	scene->skel->bss->end_in = op;
	scene->skel->bss->nr_prepared = 0;
	link = sched_attach(scene->skel->maps.ending_rare);
	for (i = 0; i < 200 && !exit_seen(uei); i++) {
		provoke(scene);
		usleep(5000);
	}
	ASSERT_EXIT(scene->skel, EXIT_KIND_ERROR_BPF, 0, REASON_ERROR_BPF);
	snprintf(want, sizeof(want), "error in rare op %d", op);
	EXPECT_STR(EXIT_MSG(scene->skel), want);
	EXPECT_GT(scene->skel->bss->nr_called[op], 0);
	EXPECT_EQ(bpf_link__destroy(link), 0);
	crew_progress(scene->crew);
}

static void to_fifo_and_back(struct rare_scene *scene)
{
	pid_t pid = scene->crew->mate[0].pid;

	self_urgent(true);
	task_set_policy(pid, SCHED_FIFO, 1);
	usleep(1000);
	task_set_policy(pid, SCHED_OTHER, 0);
	self_urgent(false);
}

static void sysrq_dump(struct rare_scene *scene)
{
	file_write("/proc/sysrq-trigger", "D");
}

static void cpu_goes_and_comes(struct rare_scene *scene)
{
	int cpu = cpu_hotpluggable();

	cpu_set_online(cpu, false);
	cpu_set_online(cpu, true);
}

static void cgroup_cycle(struct rare_scene *scene)
{
	cgroup_make(CGROUP_A);
	file_write(CGROUP_A "/cpu.weight", "77");
	file_write(CGROUP_A "/cpu.max", "50000 100000");
	cgroup_move(CGROUP_A, scene->threaded->mate[0].pid);
	cgroup_move(CGROUP_MNT, scene->threaded->mate[0].pid);
	EXPECT_SOON(!rmdir(CGROUP_A));
}

static void new_cookies(struct rare_scene *scene)
{
	int i;

	for (i = 0; i < scene->crew->nr; i++)
		if (prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE,
			  scene->crew->mate[i].pid, 0, 0))
			test_skip("no core scheduling here: errno %d", errno);
}

SCX_TEST(error_in_cpu, "scx_bpf_error() from the ops about a CPU")
{
	struct rare_scene scene = rare_open();

	rare_error(&scene, RARE_CPU_RELEASE, to_fifo_and_back);
	rare_error(&scene, RARE_CPU_ACQUIRE, to_fifo_and_back);
	rare_error(&scene, RARE_CPU_OFFLINE, cpu_goes_and_comes);
	rare_error(&scene, RARE_CPU_ONLINE, cpu_goes_and_comes);
	rare_close(&scene);
}

SCX_TEST(error_in_dump, "scx_bpf_error() from the ops that add to a dump")
{
	struct rare_scene scene = rare_open();

	rare_error(&scene, RARE_DUMP, sysrq_dump);
	rare_error(&scene, RARE_DUMP_CPU, sysrq_dump);
	rare_error(&scene, RARE_DUMP_TASK, sysrq_dump);
	rare_close(&scene);
}

SCX_TEST(error_in_cgroup, "scx_bpf_error() from the ops about cgroups")
{
	struct rare_scene scene;
	int op;

	cgroup_need();
	scene = rare_open();
	for (op = RARE_CGROUP_INIT; op <= RARE_CGROUP_EXIT; op++)
		rare_error(&scene, op, cgroup_cycle);
	rare_close(&scene);
}

SCX_TEST(error_in_core_sched_before, "scx_bpf_error() from core_sched_before")
{
	struct rare_scene scene = rare_open();

	rare_error(&scene, RARE_CORE_SCHED_BEFORE, new_cookies);
	rare_close(&scene);
}

SCX_TEST(error_in_exit, "scx_bpf_error() from exit comes too late")
{
	struct rare_scene scene = rare_open();
	struct bpf_link *link;

	scene.skel->bss->end_in = RARE_EXIT;
	link = sched_attach(scene.skel->maps.ending_rare);
	scx_expect_enabled("ending_rare");
	sched_detach(link);
	EXPECT_EQ(scene.skel->bss->nr_called[RARE_EXIT], 1);
	ASSERT_EXIT(scene.skel, EXIT_KIND_UNREG, 0, REASON_UNREG);
	rare_close(&scene);
}
