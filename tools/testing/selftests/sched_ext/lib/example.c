// SPDX-License-Identifier: GPL-2.0
/*
 * Running the example schedulers of tools/sched_ext. SCX_TOOLS is the directory of
 * the programs.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include "scx_test.h"

static void become(const struct example *ex, const char *path, int out)
{
	const char *argv[EXAMPLE_ARGS + 2] = { path };
	int i;

	for (i = 0; i < EXAMPLE_ARGS && ex->args[i]; i++)
		argv[i + 1] = ex->args[i];
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execv(path, (char **)argv);
	_exit(127);
}

struct running example_start(const struct example *ex)
{
	const char *dir = getenv("SCX_TOOLS");
	struct running run = {};
	char path[256];
	int fds[2];

	if (!dir)
		test_skip("SCX_TOOLS does not say where the example schedulers are");
	snprintf(path, sizeof(path), "%s/%s", dir, ex->program);
	ASSERT_TRUE(!access(path, X_OK), "%s: errno %d", path, errno);
	ASSERT_EQ(pipe(fds), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	run.pid = fork();
	if (!run.pid)
		become(ex, path, fds[1]);
	close(fds[1]);
	run.out = fds[0];
	ASSERT_GT(run.pid, 0);
	return run;
}

/* Does the output so far contain @part? */
bool example_printed(struct running *run, const char *part)
{
	size_t room = sizeof(run->text) - 1 - run->len;
	ssize_t got = read(run->out, run->text + run->len, room);

	if (got > 0)
		run->len += got;
	run->text[run->len] = '\0';
	return strstr(run->text, part);
}

bool example_loaded(const struct example *ex)
{
	char buf[64];

	if (!file_read(SCX_SYSFS "root/ops", buf, sizeof(buf)))
		return false;
	buf[strcspn(buf, "\n")] = '\0';
	return !strcmp(buf, ex->ops) && scx_state_is("enabled");
}

/* Wait for its end, with this exit status. */
void example_wait(struct running *run, int want)
{
	int status = -1;

	EXPECT_SOON(waitpid(run->pid, &status, WNOHANG) == run->pid);
	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == want,
		    "exit status %#x", status);
}

void example_stop(struct running *run)
{
	EXPECT_EQ(kill(run->pid, SIGINT), 0);
	example_wait(run, 0);
}
