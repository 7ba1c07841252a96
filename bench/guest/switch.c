// SPDX-License-Identifier: GPL-2.0
/* Two tasks that take turns. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "guest.h"

#define ROUNDS	4000
#define REPS	5

/* What the two share; each value has a cache line of its own. */
struct shared {
	u32 turn;
	char padding[60];
	u64 yields;
};

static struct shared *shared;
static int there[2], back[2];
static pid_t partner;
static int partner_cpu;		/* -1: any */

static void place(int cpu)
{
	if (partner_cpu >= 0)
		pin(cpu);
}

static void close_pipes(void)
{
	close(there[0]);
	close(there[1]);
	close(back[0]);
	close(back[1]);
}

static void echo(void *arg)
{
	char c;

	place(partner_cpu);
	close(there[1]);
	while (read(there[0], &c, 1) == 1)
		if (write(back[1], &c, 1) != 1)
			die("echo: write to the pipe");
}

static void pipe_begin(int cpu)
{
	partner_cpu = cpu;
	if (pipe(there) || pipe(back))
		die("pipe");
	place(0);
	partner = spawn(echo, NULL);
}

static void pipe_one_begin(void)
{
	pipe_begin(0);
}

static void set_policy(int policy)
{
	struct sched_param param = {};

	if (sched_setscheduler(0, policy, &param))
		die("sched_setscheduler: policy %d", policy);
}

/*
 * EEVDF lets the reader have the CPU before the writer has gone to sleep, so that
 * most round trips have one wakeup in place of two. Not with this policy.
 */
static void pipe_batch_begin(void)
{
	set_policy(SCHED_BATCH);
	pipe_begin(0);
}

static void pipe_two_begin(void)
{
	pipe_begin(1);
}

static void round_trip(void)
{
	char c = 0;

	if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
		die("pipe: round trip");
}

static u64 pipe_run(void)
{
	int i;

	measure_begin();
	for (i = 0; i < ROUNDS; i++)
		round_trip();
	measure_end();
	return ROUNDS;
}

static void pipe_end(void)
{
	close_pipes();
	reap(partner);
}

/*
 * Two tasks tend to stay where they were first put, whether that is one CPU or
 * two. So each repetition has a pair of its own.
 */
static u64 pipe_any_run(void)
{
	pipe_begin(-1);
	round_trip();
	pipe_run();
	pipe_end();
	return ROUNDS;
}

static void pipe_batch_end(void)
{
	pipe_end();
	set_policy(SCHED_OTHER);
}

static void yield_for_ever(void *arg)
{
	pin(0);
	for (;;) {
		sched_yield();
		shared->yields++;
	}
}

static void yield_begin(void)
{
	shared = shared_memory(sizeof(*shared));
	pin(0);
	partner = spawn(yield_for_ever, NULL);
}

/* Whoever runs, yields: the partner's count as well. */
static u64 yield_run(void)
{
	u64 before = shared->yields;
	int i;

	measure_begin();
	for (i = 0; i < ROUNDS; i++)
		sched_yield();
	measure_end();
	return ROUNDS + shared->yields - before;
}

static void partner_end(void)
{
	end_task(partner);
	munmap(shared, sizeof(*shared));
}

static void hand_over(u32 to)
{
	__atomic_store_n(&shared->turn, to, __ATOMIC_RELEASE);
	if (syscall(SYS_futex, &shared->turn, FUTEX_WAKE, 1, NULL, NULL, 0) < 0)
		die("futex: wake %u", to);
}

static void await(u32 me)
{
	u32 turn;

	while ((turn = __atomic_load_n(&shared->turn, __ATOMIC_ACQUIRE)) != me)
		if (syscall(SYS_futex, &shared->turn, FUTEX_WAIT, turn, NULL, NULL, 0) &&
		    errno != EAGAIN)
			die("futex: wait for %u", me);
}

static void answer_for_ever(void *arg)
{
	pin(0);
	for (;;) {
		await(1);
		hand_over(0);
	}
}

static void futex_begin(void)
{
	shared = shared_memory(sizeof(*shared));
	pin(0);
	partner = spawn(answer_for_ever, NULL);
}

static u64 futex_run(void)
{
	int i;

	measure_begin();
	for (i = 0; i < ROUNDS; i++) {
		hand_over(1);
		await(0);
	}
	measure_end();
	return ROUNDS;
}

const struct workload switch_workloads[] = {
	{ "pipe", REPS, pipe_one_begin, pipe_run, pipe_end },
	{ "batch", REPS, pipe_batch_begin, pipe_run, pipe_batch_end },
	{ "pipe2", REPS, pipe_two_begin, pipe_run, pipe_end },
	{ "pipe4", MAX_REPS, nothing, pipe_any_run, nothing },
	{ "yield", REPS, yield_begin, yield_run, partner_end },
	{ "futex", REPS, futex_begin, futex_run, partner_end },
};

const size_t nr_switch_workloads = ARRAY_SIZE(switch_workloads);
