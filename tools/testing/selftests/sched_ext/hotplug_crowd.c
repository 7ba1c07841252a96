// SPDX-License-Identifier: GPL-2.0
/* A CPU goes offline while a great many tasks wait there. */
#include "scx_test.h"
#include "hotplug_crowd.bpf.skel.h"

#define CROWD	400

SCX_TEST(hotplug_crowd, "a CPU that goes offline takes its tasks back with interrupts in between")
{
	struct hotplug_crowd *skel = SCHED_OPEN(hotplug_crowd);
	int cpu = cpu_hotpluggable();
	struct bpf_link *link;

	SCHED_LOAD(skel);
	skel->bss->crowd_tgid = getpid();
	skel->data->crowd_cpu = cpu;
	crowd_gather(CROWD, -1);
	link = sched_attach(skel->maps.hotplug_crowd);
	crowd_release();
	EXPECT_SOON(skel->bss->nr_held == CROWD);

	cpu_set_online(cpu, false);
	EXPECT_EQ(skel->bss->nr_taken, CROWD);
	test_note("at most %llu of %llu without a tick", skel->bss->longest_row,
		  skel->bss->nr_taken);
	EXPECT_LT(skel->bss->longest_row, CROWD / 2);
	cpu_set_online(cpu, true);
	sched_detach(link);
	scx_expect_gone();
}
