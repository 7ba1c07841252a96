// SPDX-License-Identifier: GPL-2.0
/*
 * Process 1. Follows /plan, a command per line:
 *
 *	load PROGRAM ARG...	start a scheduler and wait until it is in charge
 *	unload			stop it
 *	measure WORKLOAD	in a process of its own
 *	ops [NAME...]		the cost of a call of each op
 *	enable N		what loading and unloading costs; the last command
 *	queue N...		what a queue of N tasks costs; the last command
 *	symbols			the addresses of all BPF programs
 *
 * and switches the machine off.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "guest.h"
#include "probe.h"

#define STATE		"/sys/kernel/sched_ext/state"
#define SWITCH_ALL	"/sys/kernel/sched_ext/switch_all"
#define MAX_WORDS	32

static pid_t scheduler;

static void mount_all(void)
{
	static const char * const kinds[][2] = {
		{ "proc", "/proc" }, { "sysfs", "/sys" }, { "bpf", "/sys/fs/bpf" },
		{ "debugfs", "/sys/kernel/debug" }, { "tmpfs", "/tmp" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		mkdir(kinds[i][1], 0755);
		if (mount(kinds[i][0], kinds[i][1], kinds[i][0], 0, NULL))
			die("mounting %s", kinds[i][1]);
	}
}

/* Does this file of the kernel's about sched_ext begin so? */
static bool begins(const char *path, const char *wanted)
{
	char text[32] = {};
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die("%s", path);
	close(fd);
	return !strncmp(text, wanted, strlen(wanted));
}

/* Is this what the kernel says of sched_ext? */
bool state_is(const char *wanted)
{
	return begins(STATE, wanted);
}

/* Up to 20 s of the machine's time. */
static void await_state(const char *wanted, const char *who)
{
	int i;

	for (i = 0; i < 2000; i++) {
		if (state_is(wanted))
			return;
		if (scheduler && waitpid(scheduler, NULL, WNOHANG) == scheduler)
			break;
		sleep_ns(10000000);
	}
	errno = 0;
	die("%s: sched_ext did not become %s", who, wanted);
}

static void exec_quietly(void *arg)
{
	char **argv = arg;
	int fd = open("/tmp/out", O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		die("/tmp/out");
	execv(argv[0], argv);
	die("%s", argv[0]);
}

static void load(int argc, char **argv)
{
	scheduler = spawn(exec_quietly, argv);
	await_state("enabled", argv[0]);
	if (!begins(SWITCH_ALL, "1")) {
		errno = 0;
		die("%s leaves the normal tasks to EEVDF", argv[0]);
	}
}

/* Figures count only if the scheduler was there until now. */
static void unload(int argc, char **argv)
{
	if (!state_is("enabled")) {
		errno = 0;
		die("unload: the scheduler is gone already");
	}
	if (kill(scheduler, SIGINT) || waitpid(scheduler, NULL, 0) != scheduler)
		die("stopping the scheduler, process %d", (int)scheduler);
	scheduler = 0;
	await_state("disabled", "unload");
}

struct command {
	const char *name;
	void (*run)(int argc, char **argv);
	int argc, forks;
	char **argv;
};

static void measure_named(int argc, char **argv)
{
	if (!measure(argv[0])) {
		errno = 0;
		die("measure: no workload '%s'", argv[0]);
	}
}

static const struct command commands[] = {
	{ .name = "load", .run = load, .argc = 1 },
	{ .name = "unload", .run = unload },
	{ .name = "measure", .run = measure_named, .argc = 1, .forks = true },
	{ .name = "ops", .run = curve_ops, .forks = true },
	{ .name = "enable", .run = curve_enable, .argc = 1, .forks = true },
	{ .name = "queue", .run = curve_queue, .argc = 1, .forks = true },
	{ .name = "symbols", .run = list_programs, .forks = true },
};

static void run_in_child(void *arg)
{
	struct command *command = arg;

	command->run(command->argc, command->argv);
}

static void run_command(const struct command *known, int argc, char **argv)
{
	struct command command = *known;

	errno = 0;
	if (argc < command.argc)
		die("plan: '%s' needs an argument", command.name);
	command.argc = argc;
	command.argv = argv;
	if (command.forks)
		reap(spawn(run_in_child, &command));
	else
		command.run(argc, argv);
}

static void follow(char *line)
{
	char *words[MAX_WORDS + 1] = {}, *word, *state;
	int nr = 0;
	size_t i;

	for (word = strtok_r(line, " \n", &state); word && nr < MAX_WORDS;
	     word = strtok_r(NULL, " \n", &state))
		words[nr++] = word;
	if (!nr)
		return;
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(words[0], commands[i].name)) {
			run_command(&commands[i], nr - 1, words + 1);
			return;
		}
	errno = 0;
	die("plan: no command '%s'", words[0]);
}

/* All went well. Very many tasks go faster with the machine than one by one. */
void power_off(void)
{
	report("done");
	reboot(RB_POWER_OFF);
	die("switching the machine off");
}

static void follow_plan(void *arg)
{
	char line[512];
	FILE *plan = fopen("/plan", "r");

	if (!plan)
		die("/plan");
	while (fgets(line, sizeof(line), plan))
		follow(line);
	power_off();
}

/* What a scheduler said is of interest when something went wrong. */
static void show_output(void)
{
	char line[256];
	FILE *file = fopen("/tmp/out", "r");

	while (file && fgets(line, sizeof(line), file))
		printf("\n@@output %s", line);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc > 1 && !strcmp(argv[1], "true"))
		return EXIT_SUCCESS;
	if (argc > 1 && !strcmp(argv[1], "probe")) {
		probe_main(argc - 2, argv + 2);
		return EXIT_SUCCESS;
	}
	mount_all();
	pid = spawn(follow_plan, NULL);
	waitpid(pid, &status, 0);
	show_output();
	reboot(RB_POWER_OFF);
	return EXIT_FAILURE;
}
