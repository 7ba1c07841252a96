// SPDX-License-Identifier: GPL-2.0
/*
 * What a call of each op costs: the same work is done under a scheduler with
 * the op and under one without, and the difference is divided by the number of
 * calls, which a third scheduler counts.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "guest.h"
#include "probe.h"

#define ROUNDS		2000
#define REMOVAL		50000000	/* in rounds of compute() */
#define CGROUPS		"/tmp/cgroups"

#define NOISY		9		/* times, where much else is going on */

/* SCX_OPS_SWITCH_PARTIAL: a task can come and go. */
#define PARTIAL		8

static int there[2], back[2];
static pid_t held;

static void echo(void *arg)
{
	char c;

	close(there[1]);
	while (read(there[0], &c, 1) == 1)
		if (write(back[1], &c, 1) != 1)
			die("echo: write to the pipe");
}

static void ping_with(void (*fn)(void *arg))
{
	char c = 0;
	pid_t pid;
	int i;

	if (pipe(there) || pipe(back))
		die("pipe");
	pid = spawn(fn, NULL);
	for (i = 0; i < ROUNDS; i++)
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			die("pipe: round %d", i);
	close(there[0]);
	close(there[1]);
	reap(pid);
	close(back[0]);
	close(back[1]);
}

static void ping(void)
{
	ping_with(echo);
}

/* Free to go to a CPU that is not online: ops.select_cpu() is asked. */
static void ping_free(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	if (sched_setaffinity(0, sizeof(all), &all))
		die("allowing all CPUs");
	ping();
	pin(0);
}

static void yield_all(void *arg)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		sched_yield();
}

static void yield(void)
{
	pid_t pid = spawn(yield_all, NULL);

	yield_all(NULL);
	reap(pid);
}

/* Alone on its CPU, but the kernel looks for another task each time. */
static void yield_alone(void)
{
	yield_all(NULL);
}

static void echo_elsewhere(void *arg)
{
	pin(1);
	echo(NULL);
}

/* One of two CPUs is always idle. */
static void ping_across(void)
{
	ping_with(echo_elsewhere);
}

/* Long enough for some hundred ticks. */
static void compute_long(void)
{
	compute(250000000);
}

static void renice(void)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		if (setpriority(PRIO_PROCESS, 0, i & 1))
			die("setpriority");
}

static void repin(pid_t pid)
{
	cpu_set_t sets[2];
	int i;

	CPU_ZERO(&sets[0]);
	CPU_SET(0, &sets[0]);
	memset(&sets[1], 0xff, sizeof(sets[1]));
	for (i = 0; i < ROUNDS; i++)
		if (sched_setaffinity(pid, sizeof(sets[0]), &sets[i & 1]))
			die("sched_setaffinity");
}

static void repin_self(void)
{
	repin(0);
	pin(0);
}

static void repin_held(void)
{
	repin(held);
}

static void echo_rt(void *arg)
{
	struct sched_param param = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		die("becoming a FIFO task");
	echo(NULL);
}

/* A task of a higher class takes the CPU, and leaves it again. */
static void preempt(void)
{
	ping_with(echo_rt);
}

/* The cheapest new task there is. */
static void fork_many(void)
{
	pid_t pid;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		pid = vfork();
		if (!pid)
			_exit(EXIT_SUCCESS);
		reap(pid);
	}
}

static void change_policy(void)
{
	struct sched_param param = { 0 };
	int i;

	for (i = 0; i < ROUNDS; i++)
		if (sched_setscheduler(0, i & 1 ? SCHED_OTHER : SCHED_EXT, &param))
			die("changing the policy");
}

/* The kernel removes a cgroup some time later. */
static void make_cgroups(void)
{
	int i;

	for (i = 0; i < ROUNDS / 5; i++)
		if (mkdir(CGROUPS "/new", 0755) || rmdir(CGROUPS "/new"))
			die("a cgroup in %s", CGROUPS);
	compute(REMOVAL);
}

static void move_between_cgroups(void)
{
	int i;

	for (i = 0; i < ROUNDS / 20; i++) {
		set_number(CGROUPS "/a/cgroup.procs", 0);
		set_number(CGROUPS "/b/cgroup.procs", 0);
	}
	set_number(CGROUPS "/cgroup.procs", 0);
}

static void weigh_cgroup(void)
{
	int i;

	for (i = 0; i < ROUNDS / 4; i++)
		set_number(CGROUPS "/a/cpu.weight", 100 + (i & 1));
}

/**
 * struct op - an op and work that makes the kernel call it
 * @name: the op
 * @work: the work
 * @with: another op that the scheduler needs to have
 * @flags: of sched_ext_ops
 * @holds: ops.enqueue() is to keep a task
 * @cpus: it takes that many, 1 if zero
 * @times: how often the difference is taken, once if zero
 */
struct op {
	const char *name;
	void (*work)(void);
	const char *with;
	u64 flags;
	bool holds;
	int cpus;
	int times;
};

static const struct op ops[] = {
	{ .name = "select_cpu", .work = ping_free },
	{ .name = "enqueue", .work = ping },
	{ .name = "dequeue", .work = repin_held, .with = "enqueue", .holds = true },
	{ .name = "dispatch", .work = yield_alone },
	{ .name = "tick", .work = compute_long, .times = NOISY },
	{ .name = "runnable", .work = ping },
	{ .name = "running", .work = ping },
	{ .name = "stopping", .work = ping },
	{ .name = "quiescent", .work = ping },
	{ .name = "yield", .work = yield },
	{ .name = "set_weight", .work = renice },
	{ .name = "set_cpumask", .work = repin_self },
	{ .name = "update_idle", .work = ping_across, .flags = KEEP_IDLE, .cpus = 2 },
	{ .name = "cpu_acquire", .work = preempt },
	{ .name = "cpu_release", .work = preempt },
	{ .name = "init_task", .work = fork_many, .times = NOISY },
	{ .name = "exit_task", .work = fork_many, .times = NOISY },
	{ .name = "enable", .work = change_policy, .flags = PARTIAL },
	{ .name = "disable", .work = change_policy, .flags = PARTIAL },
	{ .name = "cgroup_init", .work = make_cgroups, .times = NOISY },
	{ .name = "cgroup_exit", .work = make_cgroups, .times = NOISY },
	{ .name = "cgroup_prep_move", .work = move_between_cgroups },
	{ .name = "cgroup_move", .work = move_between_cgroups },
	{ .name = "cgroup_set_weight", .work = weigh_cgroup },
};

static void be_held(void *arg)
{
	pin(0);
	for (;;)
		sched_yield();
}

static void add(struct probe *probe, const char **names, const char *name)
{
	if (name)
		names[probe->nr++] = name;
}

/* Do the work under the scheduler: its instructions, or the calls of the op. */
static u64 under(const struct op *op, bool present, bool counting)
{
	const char *names[2];
	struct probe probe = {
		.ops = names, .counting = counting, .flags = op->flags,
		.held_pid = op->holds ? held : 0,
	};
	struct probe_bpf *skel;
	struct bpf_link *link;
	u64 before, calls;

	add(&probe, names, op->with);
	add(&probe, names, present ? op->name : NULL);
	skel = probe_load(&probe);
	link = probe_attach(skel);
	op->work();
	calls = probe_calls(skel);
	before = instructions();
	op->work();
	before = instructions() - before;
	calls = probe_calls(skel) - calls;
	probe_detach(link);
	probe_free(skel);
	return counting ? calls : before;
}

/* Calls of the other op that the scheduler has do not count. */
static u64 count_calls(const struct op *op)
{
	u64 calls = under(op, true, true);

	return op->with ? calls - under(op, false, true) : calls;
}

static void measure_op(const struct op *op)
{
	u64 without, with, calls;
	int i;

	if (op->holds)
		held = spawn(be_held, NULL);
	calls = count_calls(op);
	for (i = 0; i < (op->times ?: 1); i++) {
		without = under(op, false, false);
		with = under(op, true, false);
		report("{\"op\": \"%s\", \"without\": %lu, \"with\": %lu, \"calls\": %lu}",
		       op->name, without, with, calls);
	}
	if (op->holds)
		end_task(held);
}

static void mount_cgroups(void)
{
	int fd;

	mkdir(CGROUPS, 0755);
	if (mount("cgroup2", CGROUPS, "cgroup2", 0, NULL))
		die("mounting %s", CGROUPS);
	fd = open(CGROUPS "/cgroup.subtree_control", O_WRONLY);
	if (fd < 0 || write(fd, "+cpu", 4) != 4)
		die("%s: the controller cpu", CGROUPS);
	close(fd);
	if (mkdir(CGROUPS "/a", 0755) || mkdir(CGROUPS "/b", 0755))
		die("cgroups in %s", CGROUPS);
}

/* Two CPUs interfere with each other: they are only used where it takes two. */
static bool wanted(const struct op *op, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc && strcmp(argv[i], op->name); i++)
		;
	return (!argc || i < argc) && nr_cpus() == (op->cpus ?: 1);
}

/* ops [NAME...]: all that take as many CPUs as there are, or only these. */
void curve_ops(int argc, char **argv)
{
	size_t i;

	mount_cgroups();
	pin(0);
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		if (wanted(&ops[i], argc, argv))
			measure_op(&ops[i]);
}
