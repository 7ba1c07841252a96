// SPDX-License-Identifier: GPL-2.0
/* What a BPF scheduler gave to a task ends when the task leaves the class. */
#include <sched.h>
#include "scx_test.h"
#include "detour.bpf.skel.h"

#define SLICE_DFL	20000000ULL

struct detour_scene {
	struct detour *skel;
	struct crew *crew;
	pid_t pid;
};

static struct detour_scene detour_start(void)
{
	struct detour_scene scene = {
		.skel = SCHED_OPEN(detour),
		.crew = crew_start(1, job_nap),
	};

	SCHED_LOAD(scene.skel);
	scene.pid = scene.crew->mate[0].pid;
	scene.skel->bss->watched = scene.pid;
	return scene;
}

static void leave(struct detour_scene *scene)
{
	ASSERT_TRUE(task_set_policy(scene->pid, SCHED_FIFO, 1), "errno %d", errno);
}

/* The task comes back and has nothing left from its last stay. */
static void come_back(struct detour_scene *scene)
{
	struct detour__bss *seen = scene->skel->bss;
	u64 before = seen->nr_met;

	ASSERT_TRUE(task_set_policy(scene->pid, SCHED_OTHER, 0), "errno %d", errno);
	EXPECT_EQ(seen->nr_met, before + 1);
	EXPECT_EQ(seen->slice_met, SLICE_DFL);
	EXPECT_EQ(seen->vtime_met, 0);
	crew_progress(scene->crew);
}

SCX_TEST(detour, "a task that was real-time for a while has no old slice")
{
	struct detour_scene scene = detour_start();
	struct detour__bss *seen = scene.skel->bss;
	struct bpf_link *link = sched_attach(scene.skel->maps.detour_spoils);

	ASSERT_SOON(seen->nr_spoilt);
	leave(&scene);
	EXPECT_EQ(seen->nr_left, 1);
	come_back(&scene);
	sched_detach(link);
	crew_stop(scene.crew);
}

SCX_TEST(detour_reload, "a task that comes back under another scheduler has no old slice")
{
	struct detour_scene scene = detour_start();
	struct detour__bss *seen = scene.skel->bss;
	struct bpf_link *link = sched_attach(scene.skel->maps.detour_spoils);

	ASSERT_SOON(seen->nr_spoilt);
	leave(&scene);
	sched_detach(link);
	link = sched_attach(scene.skel->maps.detour_plain);
	come_back(&scene);
	sched_detach(link);
	crew_stop(scene.crew);
}

SCX_TEST(detour_refused, "a refused task keeps nothing that the scheduler gave it")
{
	struct detour_scene scene = detour_start();
	struct bpf_link *link;

	leave(&scene);
	bpf_link__destroy(bpf_map__attach_struct_ops(scene.skel->maps.detour_refuses));
	ASSERT_TRUE(exit_seen(&scene.skel->data->uei), "the task was taken");
	scx_expect_gone();
	link = sched_attach(scene.skel->maps.detour_plain);
	come_back(&scene);
	sched_detach(link);
	crew_stop(scene.crew);
}
