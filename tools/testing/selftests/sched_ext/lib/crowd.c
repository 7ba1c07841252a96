// SPDX-License-Identifier: GPL-2.0
/*
 * Many threads of this process that become runnable at once. They cost less than a
 * crew, so there can be thousands, and they end with the test.
 */
#include <pthread.h>
#include <sched.h>
#include "scx_test.h"

#define CROWD_STACK	16384

static int gate[2];
static u32 nr_waiting;

/* Asleep until the gate's other end is closed. */
static void *crowd_one(void *unused)
{
	char none;

	__sync_fetch_and_add(&nr_waiting, 1);
	if (read(gate[0], &none, 1) < 0)
		return NULL;
	for (;;)
		;
}

/* So many threads, on this CPU (or on any, if it is negative), that wait. */
void crowd_gather(int nr, int cpu)
{
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t set;
	int i;

	ASSERT_EQ(pipe(gate), 0);
	ASSERT_EQ(pthread_attr_init(&attr), 0);
	ASSERT_EQ(pthread_attr_setstacksize(&attr, CROWD_STACK), 0);
	if (cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		ASSERT_EQ(pthread_attr_setaffinity_np(&attr, sizeof(set), &set), 0);
	}
	for (i = 0; i < nr; i++)
		ASSERT_EQ(pthread_create(&thread, &attr, crowd_one, NULL), 0);
	ASSERT_SOON(nr_waiting == nr);
}

/* From now on all of them want to run. */
void crowd_release(void)
{
	close(gate[1]);
}
