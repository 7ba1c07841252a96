// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded into a test of the base that sleeps for as long as its next steps
 * take on real hardware: on an emulated CPU they take many times as long. The
 * test itself stays as it is. vm/upstream-slow says for which tests, and why.
 *
 * STRETCH=FACTOR in the environment makes sleep() that many times longer.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

unsigned int sleep(unsigned int seconds)
{
	const char *factor = getenv("STRETCH");
	unsigned int stretch = factor && atoi(factor) > 1 ? atoi(factor) : 1;
	struct timespec left = { .tv_sec = (time_t)seconds * stretch };

	if (!nanosleep(&left, &left))
		return 0;
	return (left.tv_sec + stretch - 1) / stretch;
}
