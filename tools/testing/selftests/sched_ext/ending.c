// SPDX-License-Identifier: GPL-2.0
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "scx_test.h"
#include "ending.h"
#include "ending.bpf.skel.h"

static struct ending *ending_open(int op, bool by_exit, long long code)
{
	struct ending *skel = SCHED_OPEN(ending);

	skel->rodata->end_in = op;
	skel->rodata->end_by_exit = by_exit;
	skel->rodata->end_code = code;
	SCHED_LOAD(skel);
	return skel;
}

/* One round of everything that makes the kernel call an op. */
static void provoke(struct crew *crew, int round)
{
	pid_t pid = crew->mate[round % crew->nr].pid, child;

	self_urgent(true);
	task_set_policy(pid, SCHED_FIFO, 1);
	task_set_policy(pid, SCHED_OTHER, 0);
	self_urgent(false);
	setpriority(PRIO_PROCESS, pid, round % 10);
	task_pin(pid, round % nr_cpus_online());
	sched_yield();
	child = fork();
	if (!child)
		_exit(0);
	if (child > 0)
		waitpid(child, NULL, 0);
	usleep(5000);
}

static void error_in(int op)
{
	struct crew *crew = crew_start(5, job_mixed);
	struct ending *skel = ending_open(op, false, 0);
	struct census *census = census_take();
	char want[32];
	int round;

	skel->bss->kept_pid = crew->mate[1].pid;
	sched_attach(skel->maps.ending);
	for (round = 0; round < 1000 && !exit_seen(&skel->data->uei); round++)
		provoke(crew, round);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR_BPF, 0, REASON_ERROR_BPF);
	snprintf(want, sizeof(want), "error in op %d", op);
	EXPECT_STR(EXIT_MSG(skel), want);
	EXPECT_GT(skel->bss->nr_called[op], 0);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
	ending__destroy(skel);
}

#define ERROR_TEST(op, OP)						\
	SCX_TEST(error_in_##op, "scx_bpf_error() from " #op)		\
	{								\
		error_in(END_##OP);					\
	}

ERROR_TEST(select_cpu, SELECT_CPU)
ERROR_TEST(enqueue, ENQUEUE)
ERROR_TEST(dequeue, DEQUEUE)
ERROR_TEST(dispatch, DISPATCH)
ERROR_TEST(tick, TICK)
ERROR_TEST(runnable, RUNNABLE)
ERROR_TEST(running, RUNNING)
ERROR_TEST(stopping, STOPPING)
ERROR_TEST(quiescent, QUIESCENT)
ERROR_TEST(yield, YIELD)
ERROR_TEST(set_weight, SET_WEIGHT)
ERROR_TEST(set_cpumask, SET_CPUMASK)
ERROR_TEST(update_idle, UPDATE_IDLE)
ERROR_TEST(init_task, INIT_TASK)
ERROR_TEST(exit_task, EXIT_TASK)
ERROR_TEST(enable, ENABLE)
ERROR_TEST(disable, DISABLE)
ERROR_TEST(init, INIT)

SCX_TEST(exit_code, "scx_bpf_exit() ends without error and carries its code")
{
	static const int ops[] = { END_ENQUEUE, END_DISPATCH, END_INIT_TASK };
	static const long long codes[] = { 0, 42, -7LL };
	struct crew *crew = crew_start(4, job_mixed);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		struct ending *skel = ending_open(ops[i], true, codes[i]);
		char want[32];

		sched_attach(skel->maps.ending);
		ASSERT_EXIT(skel, EXIT_KIND_UNREG_BPF, codes[i],
			    REASON_UNREG_BPF);
		snprintf(want, sizeof(want), "exit in op %d", ops[i]);
		EXPECT_STR(EXIT_MSG(skel), want);
		ending__destroy(skel);
	}
	crew_progress(crew);
	crew_stop(crew);
}

SCX_TEST(exit_log, "the kernel log names the scheduler and the reason for its end")
{
	struct kmsg *log = kmsg_mark();
	struct ending *skel = ending_open(END_ENQUEUE, false, 0);
	struct crew *crew = crew_start(2, job_nap);

	sched_attach(skel->maps.ending);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR_BPF, 0, REASON_ERROR_BPF);
	EXPECT_TRUE(kmsg_has(log, "\"ending\""), "no line names ending");
	EXPECT_TRUE(kmsg_has(log, REASON_ERROR_BPF), "no line gives the reason");
	EXPECT_TRUE(kmsg_has(log, EXIT_MSG(skel)), "no line gives the message");
	crew_progress(crew);
	crew_stop(crew);
}

SCX_TEST(exit_detached_late, "closing the link of an ended scheduler does no harm")
{
	struct ending *skel = ending_open(END_ENQUEUE, false, 0);
	struct ending *next;
	struct crew *crew = crew_start(2, job_nap);
	struct bpf_link *dead, *alive;

	dead = sched_attach(skel->maps.ending);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR_BPF, 0, REASON_ERROR_BPF);
	next = ending_open(END_NOWHERE, false, 0);
	alive = sched_attach(next->maps.ending);
	scx_expect_enabled("ending");
	EXPECT_EQ(bpf_link__destroy(dead), 0);
	scx_expect_enabled("ending");
	crew_progress(crew);
	sched_detach(alive);
	EXPECT_STR(skel->data->uei.reason, REASON_ERROR_BPF);
	crew_stop(crew);
}
