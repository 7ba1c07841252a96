// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "slice.h"
#include "slice.bpf.skel.h"

struct cut {
	struct slice *skel;
	struct bpf_link *link;
	struct crew *crew;
};

static struct cut cut_start(const char *ops, int how, job_fn job)
{
	struct cut cut = {
		.skel = SCHED_OPEN(slice),
		.crew = crew_start(1, job),
	};
	struct bpf_map *map;

	cut.skel->rodata->how = how;
	SCHED_LOAD(cut.skel);
	cut.skel->bss->watched = cut.crew->mate[0].pid;
	map = bpf_object__find_map_by_name(cut.skel->obj, ops);
	ASSERT_TRUE(map, "no table %s", ops);
	cut.link = sched_attach(map);
	scx_expect_enabled(ops);
	return cut;
}

static void cut_end(struct cut *cut)
{
	crew_progress(cut->crew);
	sched_detach(cut->link);
	crew_progress(cut->crew);
	crew_stop(cut->crew);
}

SCX_TEST(keep_last, "a task alone on its CPU keeps it without being enqueued again")
{
	struct cut cut = cut_start("slice_plain", SLICE_PLAIN, job_spin);
	struct slice__bss *seen = cut.skel->bss;
	long long kept = scx_event("SCX_EV_DISPATCH_KEEP_LAST");

	ASSERT_GE(kept, 0);
	ASSERT_SOON(scx_event("SCX_EV_DISPATCH_KEEP_LAST") > kept + 5);
	EXPECT_EQ(seen->nr_last, 0);
	EXPECT_EQ(seen->nr_bad_slice, 0);
	cut_end(&cut);
}

SCX_TEST(enq_last, "with ENQ_LAST, a task alone on its CPU is enqueued instead")
{
	struct cut cut = cut_start("slice_last", SLICE_PLAIN, job_spin);
	struct slice__bss *seen = cut.skel->bss;
	/* Bypass mode, in which the flag has no effect, has ended by now. */
	long long kept = scx_event("SCX_EV_DISPATCH_KEEP_LAST");

	ASSERT_SOON(seen->nr_last_watched > 5);
	EXPECT_GE(seen->nr_last, seen->nr_last_watched);
	EXPECT_EQ(scx_event("SCX_EV_DISPATCH_KEEP_LAST"), kept);
	cut_end(&cut);
}

SCX_TEST(slice_zero, "inserting with slice 0 keeps the rest of the slice, but at least 1")
{
	struct cut cut = cut_start("slice_plain", SLICE_ZERO, job_nap);
	struct slice__bss *seen = cut.skel->bss;

	ASSERT_SOON(seen->nr_running > 5);
	EXPECT_EQ(seen->slice_inserted, 1);
	EXPECT_EQ(seen->nr_bad_slice, 0);
	cut_end(&cut);
}

SCX_TEST(slice_inf, "an infinite slice is never used up")
{
	struct cut cut = cut_start("slice_plain", SLICE_INF, job_spin);
	struct slice__bss *seen = cut.skel->bss;

	/* the task starts to run with the slice from loading */
	task_pin(cut.crew->mate[0].pid, nr_cpus_online() - 1);
	ASSERT_SOON(seen->nr_tick_inf > 5);
	EXPECT_EQ(seen->slice_inserted, -1LL);
	cut_end(&cut);
}

SCX_TEST(yield, "sched_yield gives up the slice")
{
	struct cut cut = cut_start("slice_plain", SLICE_LONG, job_yield);
	struct slice__bss *seen = cut.skel->bss;
	struct crew *rivals;

	/* with a rival on the same CPU, a yield puts and enqueues the task */
	rivals = crew_start(1, job_yield);
	crew_pin(rivals, 0);
	crew_pin(cut.crew, 0);
	ASSERT_SOON(seen->nr_enqueue_zero > 20);
	EXPECT_SOON(rivals->mate[0].count);
	crew_progress(rivals);
	cut_end(&cut);
	crew_stop(rivals);
}

SCX_TEST(yield_op, "with a yield op, the scheduler decides")
{
	struct cut cut = cut_start("slice_yielding", SLICE_LONG, job_yield);
	struct slice__bss *seen = cut.skel->bss;
	u64 put;

	ASSERT_SOON(seen->nr_yield > 100);
	EXPECT_EQ(seen->nr_yield_to, 0);
	put = seen->nr_enqueue_zero;
	ASSERT_SOON(seen->nr_yield > 1000);
	EXPECT_LE(seen->nr_enqueue_zero - put, 100);
	cut_end(&cut);
}
