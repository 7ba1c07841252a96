// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "events.h"
#include "events.bpf.skel.h"

static const char * const names[] = {
	"SCX_EV_SELECT_CPU_FALLBACK", "SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE",
	"SCX_EV_DISPATCH_KEEP_LAST", "SCX_EV_ENQ_SKIP_EXITING",
	"SCX_EV_ENQ_SKIP_MIGRATION_DISABLED", "SCX_EV_REFILL_SLICE_DFL",
	"SCX_EV_BYPASS_DURATION", "SCX_EV_BYPASS_DISPATCH",
	"SCX_EV_BYPASS_ACTIVATE", "SCX_EV_REENQ_IMMED",
	"SCX_EV_REENQ_AFFINITY",
};

/* Busy for much longer than a slice, until it has been counted */
static bool kept_last(void)
{
	struct mate self = {};

	while (self.count < 300000) {
		job_spin(&self);
		if (self.count % 1000 == 0 &&
		    scx_event("SCX_EV_DISPATCH_KEEP_LAST") > 0)
			return true;
	}
	return false;
}

SCX_TEST(events, "every counter has a line, and counts")
{
	struct events *skel = SCHED_OPEN(events);
	struct crew *crew = crew_start(4, job_mixed);
	struct bpf_link *link;
	size_t i;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.events_ops);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_TRUE(scx_event(names[i]) >= 0, "no line %s", names[i]);
	EXPECT_EQ(scx_event("SCX_EV_BYPASS_ACTIVATE"), 1);
	EXPECT_GT(scx_event("SCX_EV_BYPASS_DURATION"), 0);
	crew_progress(crew);
	/* the forkers' children exit all the time */
	EXPECT_SOON(scx_event("SCX_EV_ENQ_SKIP_EXITING") > 0);
	EXPECT_SOON(scx_event("SCX_EV_REFILL_SLICE_DFL") > 0);
	/* and a task that nobody waits for keeps its CPU */
	crews_rest(true);
	EXPECT_TRUE(kept_last(), "DISPATCH_KEEP_LAST has not counted");
	crews_rest(false);
	sched_detach(link);
	link = sched_attach(skel->maps.events_ops);
	EXPECT_EQ(scx_event("SCX_EV_BYPASS_ACTIVATE"), 1);
	sched_detach(link);
	crew_stop(crew);
}

SCX_TEST(events_kfunc, "scx_bpf_events() reads what sysfs shows")
{
	struct events *skel = SCHED_OPEN(events);
	struct crew *crew = crew_start(4, job_mixed);
	struct bpf_link *link;
	long long before, after;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.events_ops);
	EXPECT_SOON(scx_event("SCX_EV_REFILL_SLICE_DFL") > 0);
	before = scx_event("SCX_EV_REFILL_SLICE_DFL");
	prog_run(skel->progs.events_read, NULL, 0);
	after = scx_event("SCX_EV_REFILL_SLICE_DFL");
	EXPECT_GE(skel->bss->seen.refill_slice_dfl, before);
	EXPECT_LE(skel->bss->seen.refill_slice_dfl, after);
	EXPECT_EQ(skel->bss->seen.bypass_activate, 1);
	EXPECT_GT(skel->bss->seen.bypass_duration, 0);
	sched_detach(link);
	prog_run(skel->progs.events_read, NULL, 0);
	EXPECT_EQ(skel->bss->seen.bypass_activate, 0);
	crew_stop(crew);
}
