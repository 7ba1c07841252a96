// SPDX-License-Identifier: GPL-2.0
/* Idle CPUs by NUMA node; shows more on a machine with several nodes. */
#include "scx_test.h"
#include "node.bpf.skel.h"

static struct node *node_start(struct bpf_link **link)
{
	struct node *skel = SCHED_OPEN(node);

	SCHED_LOAD(skel);
	*link = sched_attach(skel->maps.node);
	return skel;
}

SCX_TEST(node, "an idle CPU is found in the node that was asked for")
{
	struct crew *crew = crew_start(6, job_mixed);
	struct census *census = census_take();
	struct bpf_link *link;
	struct node *skel = node_start(&link);

	crew_progress(crew);
	ASSERT_SOON(skel->bss->nr_in_node > 100);
	EXPECT_EQ(skel->bss->bad_node, 0);
	EXPECT_EQ(skel->bss->bad_mask, 0);
	EXPECT_EQ(skel->bss->none_node, -ENOENT);
	scx_expect_enabled("node");
	sched_detach(link);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}

SCX_TEST(node_wrong, "a node that does not exist is an error")
{
	struct bpf_link *link;
	struct node *skel = node_start(&link);

	prog_run(skel->progs.node_wrong, NULL, 0);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_EQ(skel->bss->wrong_node, -EINVAL);
	EXPECT_NAMES(skel, 4321);
	bpf_link__destroy(link);
}

SCX_TEST(node_blind, "functions without a node are an error with masks per node")
{
	struct bpf_link *link;
	struct node *skel = node_start(&link);

	prog_run(skel->progs.node_blind, NULL, 0);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_EQ(skel->bss->wrong_node, -EBUSY);
	EXPECT_HAS(EXIT_MSG(skel), "scx_bpf_pick_idle_cpu");
	bpf_link__destroy(link);
}
