// SPDX-License-Identifier: GPL-2.0
/* Assertions: what failed, where, and with which values. */
#include <stdarg.h>
#include <time.h>
#include "scx_test.h"

static int failures;

int check_failures(void)
{
	return failures;
}

static void say(const char *prefix, const char *fmt, va_list args)
{
	char text[4096];

	vsnprintf(text, sizeof(text), fmt, args);
	ksft_print_msg("%s%s\n", prefix, text);
}

void check_failed(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	char where[256];
	va_list args;

	failures++;
	snprintf(where, sizeof(where), "%s:%d: ", base ? base + 1 : file, line);
	va_start(args, fmt);
	say(where, fmt, args);
	va_end(args);
}

void check_end(void)
{
	fflush(stdout);
	_exit(KSFT_FAIL);
}

void test_skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("SKIP: ", fmt, args);
	va_end(args);
	fflush(stdout);
	_exit(failures ? KSFT_FAIL : KSFT_SKIP);
}

void test_note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("", fmt, args);
	va_end(args);
}

bool check_str(const char *file, int line, const char *what, const char *seen,
	       const char *want, bool whole)
{
	bool ok;

	if (!seen)
		seen = "(null)";
	ok = whole ? !strcmp(seen, want) : !!strstr(seen, want);
	if (!ok)
		check_failed(file, line, "%s: expected %s\"%s\", seen \"%s\"",
			     what, whole ? "" : "to contain ", want, seen);
	return ok;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Sleep between two looks of WAIT_UNTIL(). Returns false when it is time to give up. */
bool wait_step(struct waiting *wait)
{
	long long now = now_ms();

	if (!wait->steps++)
		wait->since = now;
	if (wait->steps > WAIT_MAX_MS / 10 || now - wait->since > 2 * WAIT_MAX_MS)
		return false;
	usleep(10000);
	return true;
}
