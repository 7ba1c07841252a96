// SPDX-License-Identifier: GPL-2.0
/* Counting instructions, and reporting the counts as lines of JSON. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "guest.h"

static u64 began, counted;

/* End the process with a message that names what failed. */
void die(const char *fmt, ...)
{
	int err = errno;
	va_list args;

	va_start(args, fmt);
	fprintf(stderr, "\n@@error ");
	vfprintf(stderr, fmt, args);
	if (err)
		fprintf(stderr, ": %s", strerror(err));
	fputc('\n', stderr);
	va_end(args);
	exit(EXIT_FAILURE);
}

/* A line that the host reads; the kernel may have left half a line. */
void report(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("\n@@");
	vprintf(fmt, args);
	putchar('\n');
	fflush(stdout);
	va_end(args);
}

/* Executed so far, by all CPUs together. */
u64 instructions(void)
{
	return __rdtsc();
}

/*
 * Long NOPs with a number in their displacement: the profiler sees them go by
 * and counts between the two. Nobody else has such a displacement.
 */
static void mark_begin(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80, 0xb1, 0xc0, 0x3a, 0x5e" ::: "memory");
}

static void mark_end(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80, 0xb2, 0xc0, 0x3a, 0x5e" ::: "memory");
}

/* From here on it counts. */
void measure_begin(void)
{
	mark_begin();
	began = instructions();
}

/* Up to here. */
void measure_end(void)
{
	counted = instructions() - began;
	mark_end();
}

/* Pairs of instructions and operations; the first was to warm caches. */
static void report_reps(const struct workload *w, const u64 (*reps)[2])
{
	u32 i;

	printf("\n@@{\"workload\": \"%s\", \"reps\": [", w->name);
	for (i = 0; i <= w->reps; i++)
		printf("%s[%lu, %lu]", i ? ", " : "", reps[i][0], reps[i][1]);
	printf("]}\n");
	fflush(stdout);
}

static void repeat(const struct workload *w)
{
	u64 reps[MAX_REPS + 1][2];
	u32 i;

	w->begin();
	for (i = 0; i <= w->reps; i++) {
		reps[i][1] = w->run();
		reps[i][0] = counted;
	}
	w->end();
	report_reps(w, reps);
}

static bool measure_one_of(const struct workload *w, size_t nr, const char *name)
{
	for (; nr; nr--, w++) {
		if (strcmp(w->name, name))
			continue;
		repeat(w);
		return true;
	}
	return false;
}

/* Measure the workload called @name; false if there is none. */
bool measure(const char *name)
{
	return measure_one_of(switch_workloads, nr_switch_workloads, name) ||
	       measure_one_of(load_workloads, nr_load_workloads, name);
}
