// SPDX-License-Identifier: GPL-2.0
/* scx_check tells whether a scheduler loads, and leaves the machine as it was. */
#include <fcntl.h>
#include "scx_test.h"
#include "checked.h"
#include "checked.bpf.skel.h"
#include "minimal.bpf.skel.h"

#define SEQ "enable_seq"

const char *checked_file(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(write(fd, bytes, size), size);
	close(fd);
	return path;
}

/* Check what @ex names; each of @parts has to be in the answer. */
void checked(const struct example *ex, int verdict, const char * const *parts)
{
	long long seq = scx_attr_num(SEQ);
	struct running run = example_start(ex);

	example_wait(&run, verdict);
	for (; *parts; parts++)
		EXPECT_TRUE(example_printed(&run, *parts), "no \"%s\" in:\n%s", *parts,
			    run.text);
	EXPECT_EQ(scx_attr_num(SEQ), seq);
	close(run.out);
	if (strstr(ex->args[0], ".bpf.o"))
		unlink(ex->args[0]);
}

SCX_TEST(checked_object, "scx_check: an object loads, beside a scheduler that stays")
{
	static const char * const parts[] = { "it loads: ", "no scheduler was attached", NULL };
	struct example ex = { "scx_check", NULL, { CHECKED_FILE(minimal) } };
	struct minimal *skel = SCHED_OPEN(minimal);
	struct bpf_link *link;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.minimal);
	checked(&ex, LOADS, parts);
	scx_expect_enabled("minimal");
	sched_detach(link);
}

SCX_TEST(checked_missing, "scx_check: an object that wants too much is told all of it")
{
	static const char * const parts[] = {
		"missing: kernel function scx_bpf_nothing_such()",
		"missing: scx_no_such_function to attach program checked_entry to",
		"missing: flag 0x10000000000 of ops.flags", "it does not load", NULL
	};
	struct example ex = { "scx_check", NULL, { CHECKED_FILE(checked) } };

	checked(&ex, LOADS_NOT, parts);
}

SCX_TEST(checked_program, "scx_check: a program is ended before it attaches its scheduler")
{
	static const char * const parts[] = { "it loads: ", "no scheduler was attached", NULL };
	struct example ex = { "scx_check", NULL, { "-t", "80", "scx_simple", "-f" } };
	char path[256];

	snprintf(path, sizeof(path), "%s/scx_simple", getenv("SCX_TOOLS") ?: "");
	ex.args[2] = path;
	checked(&ex, LOADS, parts);
	scx_expect_gone();
}

SCX_TEST(checked_unknown, "scx_check: what is no scheduler, or takes too long, gets no verdict")
{
	static const char * const late[] = { "after 1 s it had not tried to attach", NULL };
	static const char * const ended[] = { "its last words: going", NULL };
	static const char * const apart[] = { "after 2 s it had not tried to attach", NULL };
	static const char * const absent[] = { "No such file", NULL };
	static const char * const usage[] = { "no scheduler was named", NULL };
	static const struct example cases[] = {
		{ "scx_check", NULL, { "-t", "1", "sleep", "60" } },
		{ "scx_check", NULL, { "sh", "-c", "echo going; exit 3" } },
		{ "scx_check", NULL, { "/tmp/there/is/none" } },
		{ "scx_check", NULL, { "-v" } },
		{ "scx_check", NULL, { "-t", "2", "sh", "-c", "setsid sleep 600; true" } },
	};

	checked(&cases[0], NOT_KNOWN, late);
	checked(&cases[1], NOT_KNOWN, ended);
	checked(&cases[2], NOT_KNOWN, absent);
	checked(&cases[3], NOT_KNOWN, usage);
	checked(&cases[4], NOT_KNOWN, apart);
}
