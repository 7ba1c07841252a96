// SPDX-License-Identifier: GPL-2.0
/* What a queue costs as it grows: queue.bpf.c and its tasks. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "crowd.h"
#include "guest.h"
#include "queue.skel.h"

#define WINDOW		20000000	/* instructions that are looked at */

static struct queue_bpf *skel;

static void load_queue(void)
{
	struct bpf_link *link;

	skel = queue_bpf__open();
	if (!skel)
		die("queue: open");
	SCX_ENUM_INIT(skel);
	if (queue_bpf__load(skel))
		die("queue: load");
	skel->bss->tested_tgid = getpid();
	link = bpf_map__attach_struct_ops(skel->maps.queue_ops);
	if (!link)
		die("queue: attach");
}

/* Every CPU looks at the queue: it has to schedule when this task leaves it. */
static void visit_all_cpus(void)
{
	int cpu;

	for (cpu = nr_cpus() - 1; cpu >= 0; cpu--)
		pin(cpu);
}

/* All tasks are in the queue now in use after as many turns as there are tasks. */
static void settle(u32 nr)
{
	u64 goal = skel->bss->taken + nr + 1000;

	while (skel->bss->taken < goal)
		sleep_ns(WINDOW / 10);
}

static void look(u32 nr)
{
	u64 taken = skel->bss->taken, taking = skel->bss->taking;
	u64 put = skel->bss->put, putting = skel->bss->putting;
	u64 before = instructions();

	sleep_ns(WINDOW);
	before = instructions() - before;
	taken = skel->bss->taken - taken;
	put = skel->bss->put - put;
	if (!taken || !put) {
		errno = 0;
		die("queue: nothing moves among %u tasks", nr);
	}
	report("{\"queue\": \"%s\", \"tasks\": %u, \"cpus\": %d, \"turns\": %lu, "
	       "\"turn\": %.1f, \"take\": %.1f, \"put\": %.1f}",
	       skel->bss->by_vtime ? "vtime" : "fifo", nr, nr_cpus(), taken,
	       (double)before / taken,
	       (double)(skel->bss->taking - taking) / taken - skel->bss->reading,
	       (double)(skel->bss->putting - putting) / put - skel->bss->reading);
}

static void look_at_both(u32 nr)
{
	int i;

	skel->bss->hold = false;
	visit_all_cpus();
	for (i = 0; i < 2; i++) {
		skel->bss->by_vtime = i;
		settle(nr);
		look(nr);
	}
}

/* queue N...: numbers of tasks, ascending. */
void curve_queue(int argc, char **argv)
{
	u32 have = 0, want;
	int i;

	crowd_allow(atoi(argv[argc - 1]));
	load_queue();
	for (i = 0; i < argc; i++) {
		want = atoi(argv[i]);
		skel->bss->hold = true;
		crowd_add(want - have, true);
		have = want;
		look_at_both(have);
	}
	power_off();
}
