// SPDX-License-Identifier: GPL-2.0
/* Registering without a link, as bpftool does it. */
#include <fcntl.h>
#include "scx_test.h"
#include "plain.bpf.skel.h"

SCX_TEST(map_register, "a map without link is registered by update and ends by delete")
{
	struct plain *skel = SCHED_OPEN(plain);
	struct crew *crew = crew_start(2, job_mixed);
	struct bpf_link *link;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.plain);
	scx_expect_enabled("plain");
	crew_progress(crew);
	sched_detach(link);
	ASSERT_EXIT(skel, EXIT_KIND_UNREG, 0, REASON_UNREG);
	crew_progress(crew);
	crew_stop(crew);
}

/* A bpftool from the environment or the path */
static const char *find_bpftool(void)
{
	const char *tool = getenv("BPFTOOL");

	if (tool && !access(tool, X_OK))
		return tool;
	return system("command -v bpftool >/dev/null 2>&1") ? NULL : "bpftool";
}

static void bpftool(const char *tool, const char *args, char *out, size_t size)
{
	char command[1024];
	size_t len;
	FILE *pipe;

	snprintf(command, sizeof(command), "%s %s 2>&1", tool, args);
	pipe = popen(command, "r");
	ASSERT_TRUE(pipe, "errno %d", errno);
	len = fread(out, 1, size - 1, pipe);
	out[len] = '\0';
	EXPECT_TRUE(!pclose(pipe), "%s: %s", command, out);
}

static void write_object(const char *path)
{
	size_t size;
	const void *bytes = plain__elf_bytes(&size);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(write(fd, bytes, size), size);
	close(fd);
}

SCX_TEST(bpftool, "bpftool registers, lists and unregisters a scheduler")
{
	const char *tool = find_bpftool();
	char args[256], path[] = "/tmp/scx_plain.XXXXXX";
	static char out[65536];
	struct crew *crew;

	if (!tool)
		test_skip("needs bpftool in the path or named by $BPFTOOL");
	mount_private("bpf", "/sys/fs/bpf");
	close(mkstemp(path));
	write_object(path);
	crew = crew_start(3, job_mixed);
	snprintf(args, sizeof(args), "struct_ops register %s", path);
	bpftool(tool, args, out, sizeof(out));
	unlink(path);
	scx_expect_enabled("plain");
	bpftool(tool, "struct_ops list", out, sizeof(out));
	EXPECT_HAS(out, "plain");
	EXPECT_HAS(out, "sched_ext_ops");
	crew_progress(crew);
	bpftool(tool, "struct_ops unregister name plain", out, sizeof(out));
	scx_expect_gone();
	crew_progress(crew);
	crew_stop(crew);
}
