// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "stranger.bpf.skel.h"

enum { DEED_ERROR = 1, DEED_EXIT, DEED_BAD_CPU };

static struct stranger *load(void)
{
	struct stranger *skel = SCHED_OPEN(stranger);

	SCHED_LOAD(skel);
	return skel;
}

static void wait_for_deed(struct stranger *skel, u32 deed)
{
	u64 before = skel->bss->nr_done;

	skel->bss->deed = deed;
	ASSERT_SOON(skel->bss->nr_done > before + 2);
	skel->bss->deed = 0;
}

SCX_TEST(stranger_timer, "a timer of an unloaded scheduler does not end the next one")
{
	struct crew *crew = crew_start(3, job_mixed);
	struct stranger *old = load(), *next = load();
	struct kmsg *log = kmsg_mark();
	struct bpf_link *link;
	u32 deed;

	link = sched_attach(old->maps.stranger);
	ASSERT_EQ(prog_run(old->progs.start_clock, NULL, 0), 0);
	sched_detach(link);

	link = sched_attach(next->maps.stranger);
	for (deed = DEED_ERROR; deed <= DEED_BAD_CPU; deed++)
		wait_for_deed(old, deed);
	crew_progress(crew);
	scx_expect_enabled("stranger");
	EXPECT_TRUE(kmsg_has(log, "not the scheduler's, cannot end it: a stranger's error"),
		    "not in the kernel log");
	sched_detach(link);
	EXPECT_EQ(next->data->uei.kind, EXIT_KIND_UNREG);
	crew_stop(crew);
}

SCX_TEST(stranger_program, "programs of other objects do not end a scheduler")
{
	struct crew *crew = crew_start(2, job_mixed);
	struct stranger *other = load(), *own = load();
	struct bpf_link *link;

	link = sched_attach(own->maps.stranger);
	other->bss->deed = DEED_ERROR;
	prog_run(other->progs.do_now, NULL, 0);
	other->bss->deed = DEED_BAD_CPU;
	prog_run(other->progs.do_now, NULL, 0);
	EXPECT_EQ(other->bss->nr_done, 2);
	ASSERT_TRUE(bpf_program__attach(other->progs.on_switch), "errno %d", errno);
	other->bss->traced_pid = crew->mate[0].pid;
	wait_for_deed(other, DEED_ERROR);
	crew_progress(crew);
	scx_expect_enabled("stranger");
	sched_detach(link);
	EXPECT_EQ(own->data->uei.kind, EXIT_KIND_UNREG);
	crew_stop(crew);
}

static void own_deed(u32 deed, bool by_timer, bool by_trace)
{
	struct crew *crew = crew_start(2, job_mixed);
	struct stranger *skel = load();

	sched_attach(skel->maps.stranger);
	skel->bss->deed = deed;
	if (by_timer) {
		ASSERT_EQ(prog_run(skel->progs.start_clock, NULL, 0), 0);
	} else if (by_trace) {
		skel->bss->traced_pid = crew->mate[0].pid;
		ASSERT_TRUE(bpf_program__attach(skel->progs.on_switch), "errno %d", errno);
	} else {
		prog_run(skel->progs.do_now, NULL, 0);
	}
	if (deed == DEED_EXIT)
		ASSERT_EXIT(skel, EXIT_KIND_UNREG_BPF, 42, REASON_UNREG_BPF);
	else if (deed == DEED_ERROR)
		ASSERT_EXIT(skel, EXIT_KIND_ERROR_BPF, 0, REASON_ERROR_BPF);
	else
		ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	skel->bss->deed = 0;
	crew_progress(crew);
	crew_stop(crew);
}

SCX_TEST(stranger_own_timer, "a scheduler's own timer ends it")
{
	own_deed(DEED_ERROR, true, false);
}

SCX_TEST(stranger_own_syscall, "a scheduler's own syscall program ends it")
{
	own_deed(DEED_EXIT, false, false);
}

SCX_TEST(stranger_own_tracing, "a scheduler's own tracing program ends it")
{
	own_deed(DEED_BAD_CPU, false, true);
}

SCX_TEST(stranger_own_asleep, "a callback that may sleep ends its scheduler")
{
	struct stranger *skel = load();

	skel->bss->deed = DEED_ERROR;
	sched_attach(skel->maps.stranger_asleep);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR_BPF, 0, REASON_ERROR_BPF);
}
