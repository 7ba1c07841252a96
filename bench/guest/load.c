// SPDX-License-Identifier: GPL-2.0
/* Many tasks at once. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "guest.h"

#define FORKS		300

/* As `perf bench sched messaging -g 1 -l 100`. */
#define PAIRS		20
#define MESSAGES	100
#define MESSAGE_SIZE	100

#define MIX_TASKS	200
#define MIX_CYCLES	20
#define MIX_COMPUTE	1000

#define LOAD_TASKS	4
#define SAMPLES		400
#define PERIOD_NS	1000000

static int sockets[PAIRS][2], ready[2], start[2];
static pid_t tasks[MIX_TASKS];
static u64 *samples;

/* A new image, not just a copy: that is what a shell does all day. */
static void run_true(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		execl("/init", "init", "true", NULL);
		_exit(EXIT_FAILURE);
	}
	reap(pid);
}

static u64 fork_run(void)
{
	int i;

	measure_begin();
	for (i = 0; i < FORKS; i++)
		run_true();
	measure_end();
	return FORKS;
}

/* Say that one is ready, and wait until all are. */
static void meet(void)
{
	char c = 0;

	if (write(ready[1], &c, 1) != 1 || read(start[0], &c, 1))
		die("meeting the other tasks");
}

static void send_all(void *arg)
{
	char message[MESSAGE_SIZE] = {};
	int i, j;

	close(start[1]);
	meet();
	for (i = 0; i < MESSAGES; i++)
		for (j = 0; j < PAIRS; j++)
			if (write(sockets[j][1], message, sizeof(message)) != sizeof(message))
				die("sending to receiver %d", j);
}

static void receive_all(void *arg)
{
	int i, fd = sockets[(long)arg][0];
	size_t have;
	ssize_t got;
	char message[MESSAGE_SIZE];

	close(start[1]);
	meet();
	for (i = 0; i < MESSAGES * PAIRS; i++) {
		for (have = 0; have < sizeof(message); have += got) {
			got = read(fd, message + have, sizeof(message) - have);
			if (got <= 0)
				die("receiver %ld: message %d", (long)arg, i);
		}
	}
}

static void open_sockets(void)
{
	int i;

	if (pipe(ready) || pipe(start))
		die("pipe");
	for (i = 0; i < PAIRS; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets[i]))
			die("socketpair %d", i);
}

static void close_sockets(void)
{
	int i;

	for (i = 0; i < PAIRS; i++) {
		close(sockets[i][0]);
		close(sockets[i][1]);
	}
	close(ready[0]);
	close(ready[1]);
	close(start[0]);
}

/* All tasks are there before the clock starts, and wait for the pipe to close. */
static void let_go(int nr)
{
	char c;

	while (nr--)
		if (read(ready[0], &c, 1) != 1)
			die("waiting for %d tasks to be ready", nr + 1);
	measure_begin();
	close(start[1]);
}

static void reap_all(int nr)
{
	while (nr--)
		reap(tasks[nr]);
}

static u64 messaging_run(void)
{
	long i;

	open_sockets();
	for (i = 0; i < PAIRS; i++) {
		tasks[2 * i] = spawn(receive_all, (void *)i);
		tasks[2 * i + 1] = spawn(send_all, NULL);
	}
	let_go(2 * PAIRS);
	reap_all(2 * PAIRS);
	measure_end();
	close_sockets();
	return PAIRS * PAIRS * MESSAGES;
}

/* Sleeps of 50 to 500 us that differ from task to task and time to time. */
static void mix_task(void *arg)
{
	u64 seed = (u64)arg + 1;
	int i;

	close(start[1]);
	meet();
	for (i = 0; i < MIX_CYCLES; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		compute(MIX_COMPUTE);
		sleep_ns(50000 + (seed >> 33) % 450000);
	}
}

static u64 mix_run(void)
{
	long i;

	if (pipe(ready) || pipe(start))
		die("pipe");
	for (i = 0; i < MIX_TASKS; i++)
		tasks[i] = spawn(mix_task, (void *)i);
	let_go(MIX_TASKS);
	reap_all(MIX_TASKS);
	measure_end();
	close(ready[0]);
	close(ready[1]);
	close(start[0]);
	return MIX_TASKS * MIX_CYCLES;
}

/* Four of these want half as much again as a CPU has. */
static void load_task(void *arg)
{
	for (;;) {
		compute(150000);
		sleep_ns(500000);
	}
}

static void latency_begin(void)
{
	int i;

	samples = calloc(SAMPLES, sizeof(*samples));
	if (!samples)
		die("no memory for %d samples", SAMPLES);
	pin(0);
	for (i = 0; i < LOAD_TASKS; i++)
		tasks[i] = spawn(load_task, NULL);
}

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static u64 one_latency(void)
{
	u64 at = now_ns() + PERIOD_NS;
	struct timespec ts = { at / 1000000000, at % 1000000000 };

	if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL))
		die("sleeping until %lu", at);
	return now_ns() - at;
}

static u64 latency_run(void)
{
	int i;

	measure_begin();
	for (i = 0; i < SAMPLES; i++)
		samples[i] = one_latency();
	measure_end();
	return SAMPLES;
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void latency_end(void)
{
	static const int permille[] = { 500, 900, 990, 999 };
	size_t i;

	for (i = 0; i < LOAD_TASKS; i++)
		end_task(tasks[i]);
	qsort(samples, SAMPLES, sizeof(*samples), compare);
	printf("\n@@{\"latency\": {");
	for (i = 0; i < ARRAY_SIZE(permille); i++)
		printf("\"%d\": %lu, ", permille[i],
		       samples[SAMPLES * permille[i] / 1000]);
	printf("\"1000\": %lu}}\n", samples[SAMPLES - 1]);
	free(samples);
}

const struct workload load_workloads[] = {
	{ "fork", 3, nothing, fork_run, nothing },
	{ "messaging", MAX_REPS, nothing, messaging_run, nothing },
	{ "mix", MAX_REPS, nothing, mix_run, nothing },
	{ "latency", 1, latency_begin, latency_run, latency_end },
};

const size_t nr_load_workloads = ARRAY_SIZE(load_workloads);
