// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "attach.h"
#include "attach.bpf.skel.h"

static struct bpf_link *attach_prog(struct bpf_program *prog)
{
	struct bpf_link *link = bpf_program__attach(prog);

	ASSERT_TRUE(link, "%s: errno %d", bpf_program__name(prog), errno);
	return link;
}

SCX_TEST(attach_fentry, "programs attach to the entry of functions of the class")
{
	struct crew *crew = crew_start(3, job_spin);
	struct attach *skel = SCHED_OPEN(attach);
	struct bpf_link *link;

	SCHED_LOAD(skel);
	attach_prog(skel->progs.fentry_reg);
	attach_prog(skel->progs.fentry_unreg);
	attach_prog(skel->progs.fentry_tick);
	link = sched_attach(skel->maps.attach);
	EXPECT_EQ(skel->bss->nr_reg, 1);
	EXPECT_EQ(skel->bss->nr_unreg, 0);
	ASSERT_SOON(skel->bss->nr_tick > 10);
	crew_progress(crew);
	sched_detach(link);
	EXPECT_EQ(skel->bss->nr_unreg, 1);
	crew_stop(crew);
}

/* Functions on which today's tools have probes */
static const char * const probed[] = {
	"scx_bpf_dispatch", "scx_bpf_dispatch_vtime",
	"scx_bpf_dispatch_from_dsq", "scx_bpf_dispatch_vtime_from_dsq",
	"scx_bpf_dispatch_from_dsq_set_slice", "scx_bpf_dispatch_from_dsq_set_vtime",
	"scx_bpf_dsq_insert", "scx_bpf_dsq_insert_vtime", "scx_bpf_dsq_insert___v2",
	"__scx_bpf_dsq_insert_vtime", "scx_bpf_dsq_move", "scx_bpf_dsq_move_vtime",
	"scx_bpf_dsq_move_set_slice", "scx_bpf_dsq_move_set_vtime",
	"scx_bpf_cpuperf_set",
};

SCX_TEST(attach_kprobe, "probes can be set on functions of the class")
{
	struct crew *crew = crew_start(3, job_mixed);
	struct attach *skel = SCHED_OPEN(attach);
	struct bpf_link *link;
	size_t i;

	SCHED_LOAD(skel);
	attach_prog(skel->progs.kprobe_reg);
	attach_prog(skel->progs.kprobe_unreg);
	attach_prog(skel->progs.kprobe_insert);
	for (i = 0; i < ARRAY_SIZE(probed); i++)
		EXPECT_TRUE(bpf_program__attach_kprobe(skel->progs.kprobe_name, false,
						       probed[i]),
			    "%s: errno %d", probed[i], errno);
	link = sched_attach(skel->maps.attach);
	EXPECT_EQ(skel->bss->nr_probed_reg, 1);
	ASSERT_SOON(skel->bss->nr_probed_insert > 10);
	ASSERT_SOON(skel->bss->nr_probed_name > 10);
	crew_progress(crew);
	sched_detach(link);
	EXPECT_EQ(skel->bss->nr_probed_unreg, 1);
	crew_stop(crew);
}

SCX_TEST(attach_tracepoint, "programs attach to tracepoints of the class")
{
	struct attach *skel = SCHED_OPEN(attach);
	struct bpf_link *link;

	SCHED_LOAD(skel);
	attach_prog(skel->progs.tp_event);
	link = sched_attach(skel->maps.attach);
	/* Loading goes through bypass mode, which is an event. */
	EXPECT_GT(skel->bss->nr_events, 0);
	sched_detach(link);
}

SCX_TEST(attach_filled, "a scheduler whose loader fills its constants runs")
{
	struct crew *crew = crew_start(3, job_mixed);
	struct attach *skel = SCHED_OPEN(attach);
	u64 global = 0, slice = 0;
	struct bpf_link *link;

	ASSERT_TRUE(__COMPAT_read_enum("scx_dsq_id_flags", "SCX_DSQ_GLOBAL", &global) &&
		    __COMPAT_read_enum("scx_public_consts", "SCX_SLICE_DFL", &slice),
		    "not in the kernel's BTF");
	skel->rodata->var_dsq_global = global;
	skel->rodata->var_slice_dfl = slice;
	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.attach_vars);
	crew_progress(crew);
	scx_expect_enabled("attach_vars");
	sched_detach(link);
	crew_stop(crew);
}

#define HINT "were the constants of scx's headers, such as SCX_DSQ_LOCAL, filled in by the loader?"

static void unfilled(bool move)
{
	struct crew *crew = crew_start(3, job_mixed);
	struct census *census = census_take();
	struct attach *skel = SCHED_OPEN(attach);

	SCHED_LOAD(skel);
	sched_attach(move ? skel->maps.attach_vars_move : skel->maps.attach_vars);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(skel), "DSQ 0x0");
	EXPECT_HAS(EXIT_MSG(skel), HINT);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}

SCX_TEST(attach_unfilled, "the error for a scheduler with unset constants says so")
{
	unfilled(false);
}

SCX_TEST(attach_unfilled_move, "the error says so when such a scheduler takes from a DSQ, too")
{
	unfilled(true);
}

SCX_TEST(attach_globals, "variables that debuggers read have the right values")
{
	struct attach *skel = SCHED_OPEN(attach);
	struct globals *g;
	struct bpf_link *link;

	SCHED_LOAD(skel);
	prog_run(skel->progs.look_idle, NULL, 0);
	link = sched_attach(skel->maps.attach_globals);
	prog_run(skel->progs.look_running, NULL, 0);
	EXPECT_EQ(skel->bss->running.enable_seq, scx_attr_num("enable_seq"));
	EXPECT_EQ(skel->bss->running.nr_rejected, scx_attr_num("nr_rejected"));
	sched_detach(link);

	g = &skel->bss->idle;
	EXPECT_TRUE(!g->loaded && !g->enabled && !g->switched_all && !g->switching_all,
		    "not idle");
	EXPECT_STR(g->state_name, "disabled");
	EXPECT_EQ(g->bypass_depth, 0);

	g = &skel->bss->in_init_task;
	EXPECT_TRUE(g->taken && g->loaded, "not loaded");
	EXPECT_STR(g->state_name, "enabling");
	EXPECT_EQ(g->enabled, true);
	EXPECT_EQ(g->switched_all, false);
	EXPECT_EQ(g->bypass_depth, 1);
	EXPECT_EQ(g->own_depth, 1);
	EXPECT_EQ(g->aborting, false);

	g = &skel->bss->running;
	EXPECT_STR(g->name, "attach_globals");
	EXPECT_STR(g->state_name, "enabled");
	EXPECT_EQ(g->enabled, true);
	EXPECT_EQ(g->switched_all, true);
	EXPECT_EQ(g->switching_all, true);
	EXPECT_EQ(g->bypass_depth, 0);
	EXPECT_EQ(g->own_depth, 0);
	EXPECT_EQ(g->aborting, false);

	g = &skel->bss->in_exit;
	EXPECT_TRUE(g->taken, "ops.exit() has not looked");
	EXPECT_STR(g->state_name, "disabling");
	EXPECT_EQ(g->switching_all, false);
	EXPECT_EQ(g->aborting, true);
}
