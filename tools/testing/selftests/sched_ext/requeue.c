// SPDX-License-Identifier: GPL-2.0
/* scx_bpf_dsq_reenq() and scx_bpf_reenqueue_local() from anywhere. */
#include "scx_test.h"
#include "requeue.bpf.skel.h"

#define LOCAL_ON(cpu)	(0xc000000000000000ULL | (cpu))
#define DSQ_GLOBAL	0x8000000000000001ULL

#define CROWD	400
/* Kernel threads of CPU 0 that wait there, too */
#define SLACK	50

struct requeue_scene {
	struct requeue *skel;
	struct bpf_link *link;
	struct crew *crew;
};

/* Several tasks share CPU 0, so that some wait on its local DSQ at any time. */
static struct requeue_scene requeue_start(void)
{
	struct requeue_scene scene = {
		.skel = SCHED_OPEN(requeue),
		.crew = crew_start(4, job_spin),
	};

	SCHED_LOAD(scene.skel);
	crew_pin(scene.crew, 0);
	scene.link = sched_attach(scene.skel->maps.requeue);
	crew_progress(scene.crew);
	EXPECT_EQ(scene.skel->bss->nr_reenq, 0);
	return scene;
}

static void requeue_end(struct requeue_scene *scene)
{
	crew_progress(scene->crew);
	scx_expect_enabled("requeue");
	sched_detach(scene->link);
	crew_stop(scene->crew);
}

static void ask(struct requeue_scene *scene, unsigned long long dsq,
		unsigned long long flags)
{
	scene->skel->bss->asked_dsq = dsq;
	scene->skel->bss->asked_flags = flags;
	prog_run(scene->skel->progs.requeue_asked, NULL, 0);
}

SCX_TEST(requeue_cpu, "tasks on another CPU's local DSQ are enqueued again")
{
	struct requeue_scene scene = requeue_start();

	task_pin(getpid(), nr_cpus_online() - 1);
	ask(&scene, LOCAL_ON(0), 0);
	EXPECT_SOON(scene.skel->bss->nr_reenq >= 3);
	EXPECT_LE(scene.skel->bss->nr_reenq, 8);
	crew_progress(scene.crew);
	ask(&scene, LOCAL_ON(0), 1);
	EXPECT_SOON(scene.skel->bss->nr_reenq >= 6);
	requeue_end(&scene);
}

SCX_TEST(requeue_here, "tasks on this CPU's local DSQ are enqueued again")
{
	struct requeue_scene scene = requeue_start();

	task_pin(getpid(), 0);
	EXPECT_EQ(scene.skel->bss->nr_reenq, 0);
	prog_run(scene.skel->progs.requeue_here, NULL, 0);
	EXPECT_SOON(scene.skel->bss->nr_reenq >= 3);
	requeue_end(&scene);
}

SCX_TEST(requeue_without_end, "a scheduler that re-enqueues without end is removed")
{
	struct requeue_scene scene = requeue_start();

	scene.skel->bss->without_end = true;
	ask(&scene, LOCAL_ON(0), 0);
	ASSERT_EXIT(scene.skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(scene.skel), "in a row");
	crew_progress(scene.crew);
	bpf_link__destroy(scene.link);
	crew_stop(scene.crew);
}

/* Far more requests than tasks have turns, but none of them caused by another. */
SCX_TEST(requeue_often, "frequent re-enqueueing of waiting tasks is no error")
{
	struct requeue_scene scene = requeue_start();
	int i;

	task_pin(getpid(), nr_cpus_online() - 1);
	scene.skel->bss->long_slices = true;
	EXPECT_SOON(scene.skel->bss->nr_enqueued > 50);
	for (i = 0; i < 2000; i++)
		ask(&scene, LOCAL_ON(0), 0);
	EXPECT_SOON(scene.skel->bss->nr_reenq >= 3000);
	scene.skel->bss->long_slices = false;
	requeue_end(&scene);
}

SCX_TEST(requeue_crowd, "a crowd on a local DSQ is enqueued again with interrupts in between")
{
	struct requeue *skel = SCHED_OPEN(requeue);
	struct bpf_link *link;

	SCHED_LOAD(skel);
	link = bpf_program__attach(skel->progs.requeue_tick);
	ASSERT_TRUE(link, "errno %d", errno);
	task_pin(getpid(), nr_cpus_online() - 1);
	crowd_gather(CROWD, 0);
	link = sched_attach(skel->maps.requeue);
	crowd_release();
	EXPECT_SOON(skel->bss->nr_enqueued > CROWD);

	skel->bss->slow = true;
	skel->bss->asked_dsq = LOCAL_ON(0);
	prog_run(skel->progs.requeue_asked, NULL, 0);
	/* Some of the crowd may not have been there yet. */
	EXPECT_SOON(skel->bss->nr_reenq >= CROWD * 3 / 4);
	test_note("at most %llu of %llu without a tick", skel->bss->longest_row,
		  skel->bss->nr_reenq);
	EXPECT_LT(skel->bss->longest_row, CROWD / 2);
	EXPECT_LE(skel->bss->nr_reenq, CROWD + SLACK);
	scx_expect_enabled("requeue");
	sched_detach(link);
}

#define IDLE_CPU	1
#define IDLE_SECONDS	2
/* Far more than what wakes up there, and far less than a CPU that never sleeps does */
#define DISPATCHES	500

SCX_TEST(requeue_sleeps, "a CPU sleeps although its dispatch asks for tasks that are not there")
{
	struct requeue *skel = SCHED_OPEN(requeue);
	struct bpf_link *link;

	need_cpus(2);
	task_pin(getpid(), 0);
	SCHED_LOAD(skel);
	skel->bss->ask_always = true;
	skel->data->idle_cpu = IDLE_CPU;
	link = sched_attach(skel->maps.requeue);
	skel->bss->nr_dispatch = 0;
	sleep(IDLE_SECONDS);
	test_note("ops.dispatch() was called %llu times", skel->bss->nr_dispatch);
	EXPECT_LT(skel->bss->nr_dispatch, DISPATCHES);
	sched_detach(link);
}

static void requeue_fault(unsigned long long dsq, unsigned long long flags,
			  unsigned long long named)
{
	struct requeue_scene scene = requeue_start();

	ask(&scene, dsq, flags);
	ASSERT_EXIT(scene.skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_NAMES(scene.skel, named);
	crew_progress(scene.crew);
	bpf_link__destroy(scene.link);
	crew_stop(scene.crew);
}

SCX_TEST(requeue_bad_cpu, "the local DSQ of a CPU that does not exist cannot be re-enqueued")
{
	requeue_fault(LOCAL_ON(4321), 0, 4321);
}

SCX_TEST(requeue_global, "the global DSQ cannot be re-enqueued")
{
	requeue_fault(DSQ_GLOBAL, 0, DSQ_GLOBAL);
}

SCX_TEST(requeue_bad_dsq, "a user DSQ that does not exist cannot be re-enqueued")
{
	requeue_fault(0xabc, 0, 0xabc);
}

SCX_TEST(requeue_bad_flags, "unknown flags are refused")
{
	requeue_fault(LOCAL_ON(0), 0x40, 0x40);
}
