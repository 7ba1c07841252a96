// SPDX-License-Identifier: GPL-2.0
/*
 * One mistake per test. Afterwards the scheduler is removed, the message names the
 * offender, the machine goes on and no task is missing.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/wait.h>
#include "scx_test.h"
#include "fault.h"
#include "fault.bpf.skel.h"

struct scene {
	struct fault *skel;
	struct crew *load;
	struct crew *victims;
	struct census *census;
};

static struct scene scene_open(int fault)
{
	struct scene scene = {
		.skel = SCHED_OPEN(fault),
		.load = crew_start(3, job_mixed),
		.victims = crew_start(NR_VICTIMS, job_wait),
	};

	ASSERT_SOON(crew_blocked(scene.victims));
	scene.census = census_take();
	scene.skel->rodata->fault = fault;
	return scene;
}

static void scene_start(struct scene *scene)
{
	SCHED_LOAD(scene->skel);
	sched_attach(scene->skel->maps.faulty);
	scene->skel->bss->victim = scene->victims->mate[0].pid;
}

/* The callback that commits a fault, and is to be named. */
static const char *culprit(int fault)
{
	if (fault <= FAULT_SELECT_FOREIGN)
		return "from ops.select_cpu()";
	if (fault < FAULT_DISPATCH_BAD_DSQ || fault == FAULT_MIX_FIFO_FIRST ||
	    fault == FAULT_MIX_VTIME_FIRST)
		return "from ops.enqueue()";
	return "from ops.dispatch()";
}

/* The error is reported; the caller checks the rest of the message. */
static void scene_expect_error(struct scene *scene, long long kind,
			       const char *reason)
{
	ASSERT_EXIT(scene->skel, kind, 0, reason);
	EXPECT_TRUE(*EXIT_MSG(scene->skel), "empty message");
	if (kind == EXIT_KIND_ERROR)
		EXPECT_HAS(EXIT_MSG(scene->skel), culprit(scene->skel->rodata->fault));
}

static void scene_end(struct scene *scene)
{
	int i;

	for (i = 0; i < scene->victims->nr; i++) {
		unsigned long long from = scene->victims->mate[i].count;

		crew_wake(scene->victims, i);
		EXPECT_SOON(scene->victims->mate[i].count > from);
	}
	crew_progress(scene->load);
	census_check(scene->census);
	crew_stop(scene->victims);
	crew_stop(scene->load);
	fault__destroy(scene->skel);
}

/* The victim is woken until the fault has happened and was noticed. */
static void hit_victim(struct scene *scene)
{
	struct fault *skel = scene->skel;
	int i;

	scene_start(scene);
	for (i = 0; i < 1000 && !exit_seen(&skel->data->uei); i++) {
		crew_wake(scene->victims, 0);
		usleep(10000);
	}
	scene_expect_error(scene, EXIT_KIND_ERROR, REASON_ERROR);
	EXPECT_GT(skel->bss->nr_done, 0);
}

static bool names_victim(struct scene *scene)
{
	return msg_names(EXIT_MSG(scene->skel), scene->victims->mate[0].pid);
}

/* A mistake whose offender is a number known beforehand */
static void number_fault(int fault, int cpu_arg, unsigned long long number)
{
	struct scene scene = scene_open(fault);

	scene.skel->rodata->cpu_arg = cpu_arg;
	hit_victim(&scene);
	EXPECT_NAMES(scene.skel, number);
	scene_end(&scene);
}

/* A mistake whose offender is the task */
static void task_fault(int fault)
{
	struct scene scene = scene_open(fault);

	hit_victim(&scene);
	EXPECT_TRUE(names_victim(&scene), "pid %d not in \"%s\"",
		    scene.victims->mate[0].pid, EXIT_MSG(scene.skel));
	scene_end(&scene);
}

#define NUMBER_TEST(id, text, ...)					\
	SCX_TEST(fault_##id, text)					\
	{								\
		number_fault(__VA_ARGS__);				\
	}

#define TASK_TEST(id, text, fault)					\
	SCX_TEST(fault_##id, text)					\
	{								\
		task_fault(fault);					\
	}

NUMBER_TEST(bad_dsq, "insert into a queue that does not exist",
	    FAULT_BAD_DSQ, 0, NO_SUCH_DSQ)
NUMBER_TEST(select_bad_dsq, "insert into such a queue in select_cpu",
	    FAULT_SELECT_BAD_DSQ, 0, NO_SUCH_DSQ)
NUMBER_TEST(dispatch_bad_dsq, "insert into such a queue in dispatch",
	    FAULT_DISPATCH_BAD_DSQ, 0, NO_SUCH_DSQ)
NUMBER_TEST(bad_builtin, "insert into a built-in id that means nothing",
	    FAULT_BAD_BUILTIN, 0, NO_SUCH_BUILTIN)
NUMBER_TEST(dsq_invalid, "insert into SCX_DSQ_INVALID",
	    FAULT_DSQ_INVALID, 0, 1ULL << 63)
NUMBER_TEST(local_on_bad_cpu, "LOCAL_ON with a CPU that does not exist",
	    FAULT_LOCAL_ON_BAD_CPU, 12345, 12345)
NUMBER_TEST(select_bad_cpu, "select_cpu returns a CPU that does not exist",
	    FAULT_SELECT_BAD_CPU, 12345, 12345)
NUMBER_TEST(kick_bad_cpu, "kick a CPU that does not exist",
	    FAULT_KICK_BAD_CPU, 12345, 12345)
NUMBER_TEST(idle_bad_cpu, "claim an idle CPU that does not exist",
	    FAULT_IDLE_BAD_CPU, 12345, 12345)
NUMBER_TEST(nr_queued_bad_cpu, "length of the local queue of no CPU",
	    FAULT_NR_QUEUED_BAD_CPU, 12345, 12345)
NUMBER_TEST(cpuperf, "a performance target above the scale",
	    FAULT_CPUPERF, 0, 5000)
NUMBER_TEST(internal_flag, "insert with a flag that belongs to the kernel",
	    FAULT_INTERNAL_FLAG, 0, 1ULL << 57)
TASK_TEST(twice, "a task inserted twice in enqueue", FAULT_TWICE)
TASK_TEST(select_twice, "a task inserted twice in select_cpu",
	  FAULT_SELECT_TWICE)

SCX_TEST(fault_other_task, "enqueue inserts a task other than its own")
{
	struct scene scene = scene_open(FAULT_OTHER_TASK);

	hit_victim(&scene);
	EXPECT_TRUE(names_victim(&scene) || strstr(EXIT_MSG(scene.skel), "[1]"),
		    "no task named in \"%s\"", EXIT_MSG(scene.skel));
	scene_end(&scene);
}

SCX_TEST(fault_kick_flags, "kick with flags that exclude each other")
{
	struct scene scene = scene_open(FAULT_KICK_BAD_FLAGS);

	hit_victim(&scene);
	EXPECT_HAS(EXIT_MSG(scene.skel), "IDLE");
	scene_end(&scene);
}

SCX_TEST(fault_dump_outside, "scx_bpf_dump() outside the dump callbacks")
{
	struct scene scene = scene_open(FAULT_DUMP_OUTSIDE);

	hit_victim(&scene);
	EXPECT_HAS(EXIT_MSG(scene.skel), "dump");
	scene_end(&scene);
}

static void vtime_fault(int fault, unsigned long long dsq)
{
	struct scene scene = scene_open(fault);
	const char *msg;

	hit_victim(&scene);
	msg = EXIT_MSG(scene.skel);
	EXPECT_HAS(msg, "vtime");
	EXPECT_TRUE(msg_names(msg, dsq) || strstr(msg, "built"),
		    "no queue named in \"%s\"", msg);
	scene_end(&scene);
}

SCX_TEST(fault_vtime_local, "vtime insertion into a local queue")
{
	vtime_fault(FAULT_VTIME_LOCAL, 0x8000000000000002ULL);
}

SCX_TEST(fault_vtime_global, "vtime insertion into the global queue")
{
	vtime_fault(FAULT_VTIME_GLOBAL, 0x8000000000000001ULL);
}

/* More than one is left, or ops.select_cpu() would not be asked. */
static void keep_off(struct crew *crew, int cpu)
{
	cpu_set_t others;
	int i;

	CPU_ZERO(&others);
	for (i = 0; i < nr_cpus_online(); i++)
		if (i != cpu)
			CPU_SET(i, &others);
	for (i = 0; i < crew->nr; i++)
		ASSERT_EQ(sched_setaffinity(crew->mate[i].pid, sizeof(others), &others), 0);
}

static void foreign_fault(int fault)
{
	struct scene scene = scene_open(fault);

	need_cpus(3);
	keep_off(scene.victims, 1);
	scene.skel->rodata->cpu_arg = 1;
	hit_victim(&scene);
	EXPECT_TRUE(names_victim(&scene), "pid %d not in \"%s\"",
		    scene.victims->mate[0].pid, EXIT_MSG(scene.skel));
	EXPECT_NAMES(scene.skel, 1);
	scene_end(&scene);
}

SCX_TEST(fault_local_on_foreign, "LOCAL_ON a CPU where the task may not run")
{
	foreign_fault(FAULT_LOCAL_ON_FOREIGN);
}

SCX_TEST(fault_select_foreign, "select_cpu inserts into a CPU where the task may not run")
{
	foreign_fault(FAULT_SELECT_FOREIGN);
}

SCX_TEST(fault_dispatch_foreign, "dispatch inserts into a CPU where the task may not run")
{
	foreign_fault(FAULT_DISPATCH_FOREIGN);
}

/* Mistakes in dispatch that do not depend on the task */
static void dispatch_fault(int fault, const char *part)
{
	struct scene scene = scene_open(fault);

	scene_start(&scene);
	scene_expect_error(&scene, EXIT_KIND_ERROR, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(scene.skel), part);
	scene_end(&scene);
}

SCX_TEST(fault_move_bad_dsq, "move_to_local from a queue that does not exist")
{
	dispatch_fault(FAULT_MOVE_BAD_DSQ, "badd5b");
}

SCX_TEST(fault_move_builtin, "move_to_local from a built-in queue")
{
	dispatch_fault(FAULT_MOVE_BUILTIN, "8000000000000001");
}

SCX_TEST(fault_cancel_empty, "cancel with nothing in the dispatch buffer")
{
	dispatch_fault(FAULT_CANCEL_EMPTY, "dispatch");
}

/* Mistakes that need queued tasks: all victims are woken and stay queued. */
static void queue_victims(struct scene *scene)
{
	int i;

	scene_start(scene);
	for (i = 0; i < NR_VICTIMS; i++)
		scene->skel->bss->withheld[i] = scene->victims->mate[i].pid;
	for (i = 0; i < NR_VICTIMS; i++)
		crew_wake(scene->victims, i);
}

static void mix_fault(int fault)
{
	struct scene scene = scene_open(fault);

	queue_victims(&scene);
	scene_expect_error(&scene, EXIT_KIND_ERROR, REASON_ERROR);
	EXPECT_NAMES(scene.skel, MIXED_DSQ);
	scene_end(&scene);
}

SCX_TEST(fault_mix_fifo, "vtime insertion into a queue filled in FIFO order")
{
	mix_fault(FAULT_MIX_FIFO_FIRST);
}

SCX_TEST(fault_mix_vtime, "FIFO insertion into a queue filled by vtime")
{
	mix_fault(FAULT_MIX_VTIME_FIRST);
}

SCX_TEST(fault_destroy_busy, "destroying a queue that holds tasks")
{
	mix_fault(FAULT_DESTROY_BUSY);
}

/*
 * The first task may be on the queue, not there yet, or on its way into it.
 * Each case has its own message, and all of them name the queue.
 */
SCX_TEST(fault_destroy_race, "destroying a queue while tasks are inserted")
{
	struct scene scene = scene_open(FAULT_DESTROY_RACE);
	const char *msg;

	queue_victims(&scene);
	scene_expect_error(&scene, EXIT_KIND_ERROR, REASON_ERROR);
	msg = EXIT_MSG(scene.skel);
	EXPECT_TRUE(msg_names(msg, MIXED_DSQ), "the queue is not in \"%s\"",
		    msg);
	scene_end(&scene);
}

SCX_TEST(fault_stall, "a task that is never dispatched trips the watchdog")
{
	struct scene scene = scene_open(FAULT_STALL);
	const char *msg;
	bool named = false;
	double seconds = 0;
	const char *dot;
	int i;

	scene.skel->struct_ops.faulty->timeout_ms = 4000;
	queue_victims(&scene);
	scene_expect_error(&scene, EXIT_KIND_ERROR_STALL, REASON_ERROR_STALL);
	msg = EXIT_MSG(scene.skel);
	for (i = 0; i < scene.victims->nr; i++)
		named |= msg_names(msg, scene.victims->mate[i].pid);
	EXPECT_TRUE(named, "no victim's pid in \"%s\"", msg);
	EXPECT_HAS(msg, "runner");
	dot = strchr(msg, '.');
	while (dot && dot > msg && dot[-1] >= '0' && dot[-1] <= '9')
		dot--;
	if (dot)
		seconds = atof(dot);
	EXPECT_TRUE(seconds >= 4.0, "no time of four seconds or more in \"%s\"", msg);
	scene_end(&scene);
}
