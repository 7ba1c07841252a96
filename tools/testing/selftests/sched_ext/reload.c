// SPDX-License-Identifier: GPL-2.0
/* Repeated loading: no task is lost and nothing is left over. */
#include "scx_test.h"
#include "reload.bpf.skel.h"

struct rounds {
	struct reload *skel;
	struct crew *crew;
};

static int cycles(int dfl)
{
	const char *text = getenv("SCX_CYCLES");

	return text && atoi(text) > 0 ? atoi(text) : dfl;
}

static struct rounds rounds_open(void)
{
	struct rounds rounds = {
		.skel = SCHED_OPEN(reload),
		.crew = crew_start(6, job_mixed),
	};

	SCHED_LOAD(rounds.skel);
	return rounds;
}

static void uei_clear(struct reload *skel)
{
	memset(&skel->data->uei, 0, sizeof(skel->data->uei));
}

static void round_reload(void *arg)
{
	struct rounds *rounds = arg;
	struct bpf_link *link;

	uei_clear(rounds->skel);
	link = sched_attach(rounds->skel->maps.reload);
	scx_expect_enabled("reload");
	sched_detach(link);
	EXPECT_EQ(rounds->skel->data->uei.kind, EXIT_KIND_UNREG);
}

SCX_TEST(reload, "20 loads (or SCX_CYCLES) under load leak nothing")
{
	struct census *census = census_take();
	struct rounds rounds = rounds_open();

	slab_must_not_grow("reload", cycles(20), round_reload, &rounds,
			   rounds.crew);
	crew_progress(rounds.crew);
	EXPECT_EQ(rounds.skel->bss->nr_exit_task, rounds.skel->bss->nr_init_task);
	crew_stop(rounds.crew);
	census_check(census);
}

static void round_error(void *arg)
{
	struct rounds *rounds = arg;
	struct user_exit_info *uei = &rounds->skel->data->uei;
	struct bpf_link *link;

	uei_clear(rounds->skel);
	rounds->skel->bss->raise_error = true;
	link = sched_attach(rounds->skel->maps.reload);
	ASSERT_SOON(exit_seen(uei));
	EXPECT_EQ(uei->kind, EXIT_KIND_ERROR_BPF);
	EXPECT_SOON(scx_state_is("disabled"));
	EXPECT_EQ(bpf_link__destroy(link), 0);
	rounds->skel->bss->raise_error = false;
}

SCX_TEST(reload_error, "20 ends by error leak nothing")
{
	struct rounds rounds = rounds_open();

	slab_must_not_grow("errors", cycles(20), round_error, &rounds,
			   rounds.crew);
	crew_progress(rounds.crew);
	EXPECT_EQ(rounds.skel->bss->nr_exit_task, rounds.skel->bss->nr_init_task);
	crew_stop(rounds.crew);
}

static void round_init_fails(void *arg)
{
	struct rounds *rounds = arg;
	struct user_exit_info *uei = &rounds->skel->data->uei;
	struct bpf_link *link;

	uei_clear(rounds->skel);
	rounds->skel->bss->fail_at = rounds->skel->bss->nr_init_task + 30;
	link = sched_attach(rounds->skel->maps.reload);
	ASSERT_SOON(exit_seen(uei));
	EXPECT_EQ(uei->kind, EXIT_KIND_ERROR);
	EXPECT_SOON(scx_state_is("disabled"));
	EXPECT_EQ(bpf_link__destroy(link), 0);
	rounds->skel->bss->fail_at = 0;
}

SCX_TEST(reload_init_fails, "20 loads that fail halfway leak nothing")
{
	struct rounds rounds = rounds_open();

	slab_must_not_grow("failed loads", cycles(20), round_init_fails,
			   &rounds, rounds.crew);
	crew_progress(rounds.crew);
	EXPECT_EQ(rounds.skel->bss->nr_exit_task, rounds.skel->bss->nr_init_task);
	crew_stop(rounds.crew);
}
