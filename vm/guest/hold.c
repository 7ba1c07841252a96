// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded into a test of the base whose children sleep for a second, and which
 * expects them to live until it has done something else. How long that takes
 * depends on the machine. The test itself is not changed: in a child, sleep()
 * lasts until the parent begins to wait for children, however long that takes.
 * vm/upstream-held says for which tests, and why.
 *
 * The write end of the pipe is open in the parent and in those children that have
 * not reached their sleep() yet; when the last one is closed, all readers go on.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t parent;
static int gate[2] = { -1, -1 };

static void close_gate(void)
{
	if (gate[0] < 0)
		return;
	close(gate[0]);
	close(gate[1]);
}

static void new_gate(void)
{
	if (pipe2(gate, O_CLOEXEC))
		gate[0] = gate[1] = -1;
}

__attribute__((constructor)) static void start(void)
{
	parent = getpid();
	new_gate();
}

unsigned int sleep(unsigned int seconds)
{
	struct timespec left = { .tv_sec = seconds };
	char none;

	if (getpid() == parent || gate[0] < 0)
		return nanosleep(&left, &left) ? left.tv_sec + 1 : 0;
	close(gate[1]);
	while (read(gate[0], &none, 1) > 0)
		;
	return 0;
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	if (getpid() == parent) {
		close_gate();
		new_gate();
	}
	return wait4(pid, status, options, NULL);
}
