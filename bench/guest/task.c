// SPDX-License-Identifier: GPL-2.0
/* Processes, and what they share. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "guest.h"

/* The calling task runs on @cpu only. */
void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("cannot run on CPU %d", cpu);
}

/* CPUs of the machine. */
int nr_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

/* A process that runs @fn and ends; it does not outlive its parent. */
pid_t spawn(void (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fn(arg);
	_exit(EXIT_SUCCESS);
}

/* Wait until @pid has ended by itself. */
void reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		die("waiting for process %d", (int)pid);
	errno = 0;
	if (status)
		die("process %d ended with status %#x", (int)pid, status);
}

/* End @pid, which would go on for ever. */
void end_task(pid_t pid)
{
	if (kill(pid, SIGKILL) || waitpid(pid, NULL, 0) != pid)
		die("ending process %d", (int)pid);
}

/* Zeroed memory that processes started later share. */
void *shared_memory(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (mem == MAP_FAILED)
		die("%zu bytes of shared memory", size);
	return mem;
}

/* Write @value to a file of proc or sys. */
void set_number(const char *path, u64 value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || dprintf(fd, "%lu\n", value) < 0)
		die("%s: writing %lu", path, value);
	close(fd);
}

/* Two instructions per round. */
void compute(u64 rounds)
{
	asm volatile("1: dec %0\n\tjnz 1b" : "+r" (rounds) : : "cc");
}

/* Sleep for @ns nanoseconds. */
void sleep_ns(u64 ns)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	if (nanosleep(&ts, NULL))
		die("sleeping %lu ns", ns);
}
