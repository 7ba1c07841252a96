// SPDX-License-Identifier: GPL-2.0
/* The kernel reads the format of a message, and has to stop at some point. */
#include "scx_test.h"
#include "text.h"
#include "text.bpf.skel.h"

/* The text is cut off at one kilobyte, so a little more is fine. */
#define LONG_BUT_FINE	1500

static struct text *exit_by_text(size_t len)
{
	struct text *skel = SCHED_OPEN(text);
	struct bpf_link *link;

	SCHED_LOAD(skel);
	memset(skel->bss->endless, 'x', len);
	link = sched_attach(skel->maps.text);
	scx_expect_enabled("text");
	prog_run(skel->progs.text_error, NULL, 0);
	ASSERT_SOON(exit_seen(&skel->data->uei));
	bpf_link__destroy(link);
	return skel;
}

SCX_TEST(text_long, "a message that is too long is cut off")
{
	struct text *skel = exit_by_text(LONG_BUT_FINE);

	ASSERT_EXIT(skel, EXIT_KIND_ERROR_BPF, 0, REASON_ERROR_BPF);
	EXPECT_HAS(EXIT_MSG(skel), "xxxxxxxx");
}

SCX_TEST(text_endless, "a format without an end is refused quickly")
{
	struct text *skel = exit_by_text(TEXT_SIZE - 1);

	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(skel), "cannot format");
	EXPECT_NAMES(skel, E2BIG);
}
