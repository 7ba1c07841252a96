// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the sched_ext tests and reports in KTAP.
 *
 *   runner		run all tests
 *   runner -l		list the names
 *   runner -t NAME	run one test
 *   runner -q		without the notes of libbpf
 *
 * Exit status: 0 passed, 1 failed, 4 skipped.
 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include "scx_test.h"

#define TEST_SECONDS 240

static struct scx_test *tests, **tests_end = &tests;
static bool quiet;

void test_register(struct scx_test *test)
{
	*tests_end = test;
	tests_end = &test->next;
}

/* A verifier log is printed this way, too; each of its lines becomes a comment. */
static int print_libbpf(enum libbpf_print_level level, const char *fmt,
			va_list args)
{
	static char text[1 << 16];
	char *line, *rest = text;

	if (quiet || level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(text, sizeof(text), fmt, args);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			ksft_print_msg("%s\n", line);
	return 0;
}

static int test_seconds(void)
{
	const char *text = getenv("SCX_TEST_SECONDS");

	return text && atoi(text) > 0 ? atoi(text) : TEST_SECONDS;
}

/* In a session of its own, so that no process that it forked can outlive it. */
static pid_t test_fork(struct scx_test *test)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	setpgid(0, 0);
	test->run();
	fflush(stdout);
	_exit(check_failures() ? KSFT_FAIL : KSFT_PASS);
}

static int test_wait(pid_t pid)
{
	time_t end = time(NULL) + test_seconds();
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (time(NULL) >= end) {
			ksft_print_msg("not finished after %d s\n",
				       test_seconds());
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return KSFT_FAIL;
		}
		usleep(20000);
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	ksft_print_msg("ended by signal %d\n", WTERMSIG(status));
	return KSFT_FAIL;
}

/* A test must leave the machine as it found it: nothing loaded. */
static int test_perform(struct scx_test *test)
{
	int result;
	pid_t pid;

	if (!scx_state_is("disabled")) {
		ksft_print_msg("%s: state is \"%s\" before the test\n",
			       test->name, scx_attr("state"));
		return KSFT_FAIL;
	}
	pid = test_fork(test);
	if (pid < 0)
		return KSFT_FAIL;
	result = test_wait(pid);
	kill(-pid, SIGKILL);
	if (WAIT_UNTIL(scx_state_is("disabled")))
		return result;
	ksft_print_msg("%s: state is \"%s\" after the test\n", test->name,
		       scx_attr("state"));
	return KSFT_FAIL;
}

static int run_one(struct scx_test *test)
{
	int result = test_perform(test);

	ksft_test_result_report(result, "%s\n", test->name);
	return result;
}

static struct scx_test *find(const char *name)
{
	struct scx_test *test;

	for (test = tests; test; test = test->next)
		if (!strcmp(test->name, name))
			return test;
	fprintf(stderr, "runner: no test \"%s\" (-l lists them)\n", name);
	exit(KSFT_FAIL);
}

static void list(void)
{
	struct scx_test *test;

	for (test = tests; test; test = test->next)
		puts(test->name);
}

static void run_all(void)
{
	struct scx_test *test;
	int nr = 0;

	for (test = tests; test; test = test->next)
		nr++;
	ksft_print_header();
	ksft_set_plan(nr);
	for (test = tests; test; test = test->next)
		run_one(test);
	ksft_finished();
}

int main(int argc, char **argv)
{
	const char *only = NULL;
	int opt;

	while ((opt = getopt(argc, argv, "lqt:")) != -1) {
		if (opt == 'l') {
			list();
			return 0;
		}
		if (opt == '?') {
			fprintf(stderr, "usage: runner [-l] [-q] [-t NAME]\n");
			return KSFT_FAIL;
		}
		if (opt == 't')
			only = optarg;
		else
			quiet = true;
	}
	libbpf_set_print(print_libbpf);
	if (only) {
		struct scx_test *test = find(only);

		ksft_print_header();
		ksft_set_plan(1);
		return run_one(test);
	}
	run_all();
}
