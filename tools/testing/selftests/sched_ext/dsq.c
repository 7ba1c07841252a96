// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include "scx_test.h"
#include "dsq.h"
#include "dsq.bpf.skel.h"

#define NR 5

struct held {
	struct dsq *skel;
	struct bpf_link *link;
	struct crew *crew;
};

static void watch(struct dsq *skel, pid_t pid, struct watch watch)
{
	ASSERT_EQ(bpf_map__update_elem(skel->maps.watched, &pid, sizeof(pid),
				       &watch, sizeof(watch), 0), 0);
}

static int queued(struct dsq *skel, u64 dsq)
{
	skel->bss->asked_dsq = dsq;
	return prog_run(skel->progs.dsq_nr, NULL, 0);
}

/* Five sleepers are woken one after the other and gather in the queue. */
static struct held held_gather(const struct watch *how)
{
	struct held held = {
		.skel = SCHED_OPEN(dsq),
		.crew = crew_start(NR, job_wait),
	};
	int i;

	ASSERT_SOON(crew_blocked(held.crew));
	crew_pin(held.crew, 0);
	SCHED_LOAD(held.skel);
	held.link = sched_attach(held.skel->maps.dsq);
	scx_expect_enabled("dsq");
	for (i = 0; i < NR; i++) {
		watch(held.skel, held.crew->mate[i].pid, how[i]);
		crew_wake(held.crew, i);
		ASSERT_SOON(queued(held.skel, HELD_DSQ) == i + 1);
	}
	for (i = 0; i < NR; i++)
		EXPECT_EQ(held.crew->mate[i].count, 0);
	return held;
}

static void expect_order(struct held *held, const char *what, const int *seen,
			 const int *want)
{
	int i;

	for (i = 0; i < NR; i++)
		EXPECT_TRUE(seen[i] == held->crew->mate[want[i]].pid,
			    "%s place %d: expected pid %d, seen %d", what, i,
			    held->crew->mate[want[i]].pid, seen[i]);
}

static void expect_listed(struct held *held, const int *want)
{
	prog_run(held->skel->progs.dsq_list, NULL, 0);
	ASSERT_EQ(held->skel->bss->nr_listed, NR);
	expect_order(held, "iterator", held->skel->bss->listed, want);
}

static void held_release(struct held *held, const int *want)
{
	int i;

	held->skel->bss->gate = true;
	prog_run(held->skel->progs.dsq_kick_all, NULL, 0);
	ASSERT_SOON(held->skel->bss->nr_ran == NR);
	expect_order(held, "run", held->skel->bss->ran, want);
	EXPECT_SOON(queued(held->skel, HELD_DSQ) == 0);
	for (i = 0; i < NR; i++)
		EXPECT_SOON(held->crew->mate[i].count == 1);
	sched_detach(held->link);
	crew_stop(held->crew);
}

SCX_TEST(dsq_fifo, "a FIFO queue keeps the order of insertion")
{
	static const struct watch how[NR];
	static const int want[NR] = { 0, 1, 2, 3, 4 };
	struct held held = held_gather(how);

	expect_listed(&held, want);
	held_release(&held, want);
}

SCX_TEST(dsq_head, "SCX_ENQ_HEAD inserts at the front")
{
	static const struct watch how[NR] = {
		[1] = { .at_head = 1 }, [3] = { .at_head = 1 },
	};
	static const int want[NR] = { 3, 1, 0, 2, 4 };
	struct held held = held_gather(how);

	expect_listed(&held, want);
	held_release(&held, want);
}

static pid_t peek(struct dsq *skel, u64 dsq)
{
	skel->bss->asked_dsq = dsq;
	return prog_run(skel->progs.dsq_peek, NULL, 0);
}

SCX_TEST(dsq_reenq, "all tasks of a queue go through ops.enqueue() once more")
{
	static const struct watch how[NR];
	static const int before[NR] = { 0, 1, 2, 3, 4 };
	static const int after[NR] = { 4, 3, 2, 1, 0 };
	struct held held = held_gather(how);

	expect_listed(&held, before);
	held.skel->bss->asked_dsq = HELD_DSQ;
	prog_run(held.skel->progs.dsq_reenq, NULL, 0);
	EXPECT_SOON(held.skel->bss->nr_reenq == NR);
	EXPECT_SOON(queued(held.skel, HELD_DSQ) == NR);
	expect_listed(&held, after);
	EXPECT_EQ(held.skel->bss->nr_reenq, NR);
	held_release(&held, after);
}

#define ROUNDS	12
#define QUIET_CPU	1
#define QUIET_US	200000

/*
 * Without this, the CPU would idle until something else wakes up there. That may
 * happen in any round, but hardly in most of them.
 */
SCX_TEST(dsq_reenq_idle, "an idle CPU looks at the tasks that are enqueued again")
{
	static const struct watch how[NR];
	int i, at_once = 0;

	need_cpus(3);
	task_pin(getpid(), 0);
	for (i = 0; i < ROUNDS; i++) {
		struct held held = held_gather(how);

		crew_pin(held.crew, QUIET_CPU);
		EXPECT_SOON(queued(held.skel, HELD_DSQ) == NR);
		task_pin(held.skel->bss->helper, 0);
		usleep(QUIET_US);
		held.skel->data->first_cpu = QUIET_CPU;
		held.skel->bss->asked_dsq = HELD_DSQ;
		held.skel->bss->gate = true;
		prog_run(held.skel->progs.dsq_reenq, NULL, 0);
		EXPECT_SOON(held.skel->bss->nr_ran == NR);
		at_once += held.skel->bss->first == FIRST_WATCHED;
		sched_detach(held.link);
		crew_stop(held.crew);
	}
	test_note("at once in %d of %d rounds", at_once, ROUNDS);
	EXPECT_GT(at_once, ROUNDS * 2 / 3);
}

#define ASKED_OFTEN	400

SCX_TEST(dsq_reenq_often, "many requests for re-enqueueing while no task runs are no error")
{
	static const struct watch how[NR];
	static const int after[NR] = { 0, 1, 2, 3, 4 };
	struct held held = held_gather(how);
	int i;

	held.skel->bss->asked_dsq = HELD_DSQ;
	for (i = 1; i <= ASKED_OFTEN; i++) {
		prog_run(held.skel->progs.dsq_reenq, NULL, 0);
		ASSERT_SOON(held.skel->bss->nr_reenq == i * NR);
	}
	scx_expect_enabled("dsq");
	EXPECT_SOON(queued(held.skel, HELD_DSQ) == NR);
	held_release(&held, after);
}

SCX_TEST(dsq_reenq_without_end, "a chain of requests for re-enqueueing is an error")
{
	static const struct watch how[NR];
	struct held held = held_gather(how);
	int i;

	held.skel->bss->without_end = true;
	held.skel->bss->asked_dsq = HELD_DSQ;
	prog_run(held.skel->progs.dsq_reenq, NULL, 0);
	ASSERT_EXIT(held.skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(held.skel), "in a row");
	for (i = 0; i < NR; i++)
		EXPECT_SOON(held.crew->mate[i].count == 1);
	bpf_link__destroy(held.link);
	crew_stop(held.crew);
}

#define VTIME(t) { .by_vtime = 1, .vtime = t }

SCX_TEST(dsq_vtime, "vtime orders a queue, tasks with equal vtime keep their order")
{
	static const struct watch how[NR] = {
		VTIME(50), VTIME(10), VTIME(40), VTIME(10), VTIME(20),
	};
	static const int want[NR] = { 1, 3, 4, 2, 0 };
	struct held held = held_gather(how);

	expect_listed(&held, want);
	EXPECT_EQ(held.skel->bss->listed_vtime[0], 10);
	EXPECT_EQ(held.skel->bss->listed_vtime[4], 50);
	held_release(&held, want);
}

SCX_TEST(dsq_peek, "peeking shows the first task, in either order, or none")
{
	static const struct watch how[NR] = {
		VTIME(50), VTIME(10), VTIME(40), VTIME(10), VTIME(20),
	};
	static const int want[NR] = { 1, 3, 4, 2, 0 };
	struct held held = held_gather(how);

	EXPECT_EQ(peek(held.skel, HELD_DSQ), held.crew->mate[1].pid);
	EXPECT_EQ(prog_run(held.skel->progs.dsq_create_only, NULL, 0), 0);
	EXPECT_EQ(peek(held.skel, OTHER_DSQ), 0);
	held.skel->bss->gate = true;
	prog_run(held.skel->progs.dsq_kick_all, NULL, 0);
	ASSERT_SOON(held.skel->bss->nr_ran == NR);
	expect_order(&held, "run", held.skel->bss->ran, want);
	EXPECT_SOON(peek(held.skel, HELD_DSQ) == 0);
	scx_expect_enabled("dsq");
	sched_detach(held.link);
	crew_stop(held.crew);
}

SCX_TEST(dsq_peek_bad, "peeking into a queue that does not exist is an error")
{
	struct dsq *skel = SCHED_OPEN(dsq);
	struct crew *crew = crew_start(2, job_mixed);
	struct bpf_link *link;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.dsq);
	EXPECT_EQ(peek(skel, OTHER_DSQ), 0);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_NAMES(skel, OTHER_DSQ);
	bpf_link__destroy(link);
	crew_progress(crew);
	crew_stop(crew);
}

SCX_TEST(dsq_vtime_wrap, "the comparison of vtime allows for wrapping around")
{
	static const struct watch how[NR] = {
		VTIME(7), VTIME(-20ULL), VTIME(3), VTIME(-5ULL), VTIME(0),
	};
	static const int want[NR] = { 1, 3, 4, 2, 0 };
	struct held held = held_gather(how);

	expect_listed(&held, want);
	held_release(&held, want);
}

SCX_TEST(dsq_iter_rev, "the iterator also walks backwards, and is empty with bad flags")
{
	static const struct watch how[NR];
	static const int want[NR] = { 0, 1, 2, 3, 4 };
	static const int reverse[NR] = { 4, 3, 2, 1, 0 };
	struct held held = held_gather(how);

	held.skel->bss->list_flags = 1 << 16;
	expect_listed(&held, reverse);
	held.skel->bss->list_flags = 1 << 20;
	prog_run(held.skel->progs.dsq_list, NULL, 0);
	EXPECT_EQ(held.skel->bss->nr_listed, 0);
	scx_expect_enabled("dsq");
	held_release(&held, want);
}

SCX_TEST(dsq_move, "dsq_move takes a task from the middle to the other end")
{
	static const struct watch how[NR];
	static const int to_tail[NR] = { 0, 1, 3, 4, 2 };
	static const int to_head[NR] = { 4, 0, 1, 3, 2 };
	struct held held = held_gather(how);
	struct dsq *skel = held.skel;

	skel->bss->move_pid = held.crew->mate[2].pid;
	skel->bss->move_slice = 123456789;
	EXPECT_EQ(prog_run(skel->progs.dsq_move_one, NULL, 0), 1);
	EXPECT_EQ(skel->bss->seen_slice, 123456789);
	expect_listed(&held, to_tail);

	skel->bss->move_pid = held.crew->mate[4].pid;
	skel->bss->move_slice = 0;
	skel->bss->move_head = true;
	EXPECT_EQ(prog_run(skel->progs.dsq_move_one, NULL, 0), 1);
	EXPECT_EQ(skel->bss->seen_slice, 20000000);
	expect_listed(&held, to_head);
	held_release(&held, to_head);
}

SCX_TEST(dsq_move_vtime, "dsq_move_vtime with a new vtime reorders a queue")
{
	static const struct watch how[NR] = {
		VTIME(10), VTIME(20), VTIME(30), VTIME(40), VTIME(50),
	};
	static const int want[NR] = { 1, 2, 3, 0, 4 };
	struct held held = held_gather(how);
	struct dsq *skel = held.skel;

	skel->bss->move_pid = held.crew->mate[0].pid;
	skel->bss->move_vtime = 45;
	EXPECT_EQ(prog_run(skel->progs.dsq_move_one, NULL, 0), 1);
	expect_listed(&held, want);
	EXPECT_EQ(skel->bss->listed_vtime[3], 45);
	held_release(&held, want);
}

SCX_TEST(dsq_dequeue, "a task killed or moved while queued leaves the queue")
{
	static const struct watch how[NR];
	struct held held = held_gather(how);
	struct dsq *skel = held.skel;
	struct crew *crew = held.crew;

	ASSERT_TRUE(task_set_policy(crew->mate[1].pid, 1 /* FIFO */, 1),
		    "errno %d", errno);
	EXPECT_SOON(crew->mate[1].count == 1);
	EXPECT_EQ(queued(skel, HELD_DSQ), NR - 1);
	/* ops.quiescent() still sees where it was. */
	EXPECT_EQ(skel->bss->quiescent_on, HELD_DSQ);
	sched_detach(held.link);
	crew_wake(crew, 0);
	EXPECT_SOON(crew->mate[0].count == 2);
	crew_stop(crew);
}

SCX_TEST(dsq_create, "creating and destroying queues, and what is refused")
{
	static const struct watch how[NR];
	static const int want[NR] = { 0, 1, 2, 3, 4 };
	struct held held = held_gather(how);
	struct dsq *skel = held.skel;

	EXPECT_EQ(skel->bss->create_again, -EEXIST);
	EXPECT_EQ(skel->bss->create_builtin, -EINVAL);
	EXPECT_EQ(skel->bss->create_node, -EINVAL);
	EXPECT_EQ(prog_run(skel->progs.dsq_create_destroy, NULL, 0), -ENOENT);
	EXPECT_EQ(skel->bss->created, 0);
	EXPECT_EQ(skel->bss->destroyed_nr, 0);
	EXPECT_EQ(queued(skel, 0x8000000000000001ULL), -ENOENT);
	EXPECT_EQ(prog_run(skel->progs.dsq_create_only, NULL, 0), 0);
	EXPECT_EQ(prog_run(skel->progs.dsq_create_only, NULL, 0), -EEXIST);
	scx_expect_enabled("dsq");
	held_release(&held, want);
	EXPECT_EQ(prog_run(skel->progs.dsq_create_only, NULL, 0), -ENODEV);
	EXPECT_EQ(queued(skel, OTHER_DSQ), -ENODEV);
}
