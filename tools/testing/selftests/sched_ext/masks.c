// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "masks.bpf.skel.h"

static int nr_idle(struct masks *skel)
{
	int cpu, nr = 0;

	prog_run(skel->progs.masks_read, NULL, 0);
	for (cpu = 0; cpu < nr_cpus_online(); cpu++)
		nr += skel->bss->is_idle[cpu];
	return nr;
}

/* Twice, since a scheduler leaves the masks filled. */
SCX_TEST(masks, "at first no CPU counts as idle, idle CPUs report after loading")
{
	int i;

	need_cpus(2);
	for (i = 0; i < 2; i++) {
		struct masks *skel = SCHED_OPEN(masks);
		struct bpf_link *link;

		SCHED_LOAD(skel);
		link = sched_attach(skel->maps.masks);
		EXPECT_EQ(skel->data->idle_at_init, 0);
		EXPECT_EQ(skel->data->cores_at_init, 0);
		/* The CPU of the test is busy. */
		EXPECT_SOON(nr_idle(skel) == nr_cpus_online() - 1);
		sched_detach(link);
		masks__destroy(skel);
	}
}

static bool all_told(struct masks *skel)
{
	int cpu;

	for (cpu = 0; cpu < nr_cpus_online(); cpu++)
		if (!skel->bss->nr_told[cpu])
			return false;
	return true;
}

/* Loading ends in bypass mode, where a CPU that goes idle is not reported. */
SCX_TEST(masks_told, "the first report to ops.update_idle() about a CPU is that it is idle")
{
	struct masks *skel = SCHED_OPEN(masks);
	struct bpf_link *link;

	need_cpus(2);
	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.told);
	EXPECT_SOON(all_told(skel));
	EXPECT_EQ(skel->bss->nr_first_busy, 0);
	sched_detach(link);
}
