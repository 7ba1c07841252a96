// SPDX-License-Identifier: GPL-2.0
/* Loading and ending from outside: links, bpftool, signals, sysrq, sysfs. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "scx_test.h"
#include "control.bpf.skel.h"

static struct control *control_load(void)
{
	struct control *skel = SCHED_OPEN(control);

	SCHED_LOAD(skel);
	return skel;
}

SCX_TEST(busy, "a second scheduler is refused with -EBUSY and does no harm")
{
	struct control *skel = control_load();
	struct bpf_link *link = sched_attach(skel->maps.control);
	struct crew *crew = crew_start(3, job_mixed);
	long long seq = scx_attr_num("enable_seq");

	EXPECT_EQ(sched_attach_errno(skel->maps.control_two), EBUSY);
	EXPECT_EQ(sched_attach_errno(skel->maps.control), EBUSY);
	scx_expect_enabled("control");
	EXPECT_EQ(scx_attr_num("enable_seq"), seq);
	crew_progress(crew);
	sched_detach(link);
	link = sched_attach(skel->maps.control_two);
	scx_expect_enabled("control_two");
	sched_detach(link);
	crew_stop(crew);
}

static void expect_mode(const char *name, bool regular)
{
	struct stat st;
	char path[128];

	snprintf(path, sizeof(path), SCX_SYSFS "%s", name);
	if (EXPECT_TRUE(!stat(path, &st), "%s: errno %d", path, errno) &&
	    regular)
		EXPECT_EQ(st.st_mode & 0777, 0444);
}

SCX_TEST(sysfs, "the attributes exist, have the right contents, and refuse writes")
{
	static const char * const names[] = {
		"state", "switch_all", "nr_rejected", "hotplug_seq",
		"enable_seq", "root/ops", "root/events",
	};
	struct control *skel = control_load();
	long long seq = scx_attr_num("enable_seq");
	struct bpf_link *link;
	size_t i;

	scx_expect_gone();
	link = sched_attach(skel->maps.control);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		expect_mode(names[i], true);
	expect_mode("root", false);
	EXPECT_STR(scx_attr("root/ops"), "control");
	EXPECT_EQ(scx_attr_num("switch_all"), 1);
	EXPECT_EQ(scx_attr_num("enable_seq"), seq + 1);
	sched_detach(link);

	link = sched_attach(skel->maps.control_two);
	EXPECT_STR(scx_attr("root/ops"), "control_two");
	EXPECT_EQ(scx_attr_num("enable_seq"), seq + 2);
	sched_detach(link);
}

SCX_TEST(sysfs_open, "an attribute that is held open survives its scheduler")
{
	struct control *skel = control_load();
	struct bpf_link *link = sched_attach(skel->maps.control);
	char buf[256];
	int fd = open(SCX_SYSFS "root/ops", O_RDONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_GT(read(fd, buf, sizeof(buf)), 0);
	sched_detach(link);
	lseek(fd, 0, SEEK_SET);
	EXPECT_EQ(read(fd, buf, sizeof(buf)), -1);
	EXPECT_EQ(errno, ENODEV);
	close(fd);
	link = sched_attach(skel->maps.control_two);
	EXPECT_STR(scx_attr("root/ops"), "control_two");
	sched_detach(link);
}

SCX_TEST(killed, "a loader killed by SIGKILL takes its scheduler with it")
{
	struct control *skel = control_load();
	struct crew *crew = crew_start(4, job_mixed);
	struct census *census = census_take();
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		bpf_map__attach_struct_ops(skel->maps.control);
		for (;;)
			pause();
	}
	ASSERT_SOON(scx_state_is("enabled"));
	crew_progress(crew);
	ASSERT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EXIT(skel, EXIT_KIND_UNREG, 0, REASON_UNREG);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}

static void press_sysrq(const char *key)
{
	ASSERT_TRUE(file_write("/proc/sysrq-trigger", key), "errno %d", errno);
}

SCX_TEST(sysrq_reset, "sysrq-S ends the scheduler, and does nothing if there is none")
{
	struct control *skel = control_load();
	struct crew *crew = crew_start(4, job_mixed);
	struct census *census = census_take();

	need_file("/proc/sysrq-trigger");
	sched_attach(skel->maps.control);
	scx_expect_enabled("control");
	crew_progress(crew);
	press_sysrq("S");
	ASSERT_EXIT(skel, EXIT_KIND_SYSRQ, 0, REASON_SYSRQ);
	crew_progress(crew);
	press_sysrq("S");
	scx_expect_gone();
	census_check(census);
	crew_stop(crew);
}

SCX_TEST(link_pinned, "a pinned link outlives the process that made it")
{
	struct control *skel = control_load();
	char path[] = "/sys/fs/bpf/scx_link_test";
	struct crew *crew = crew_start(2, job_mixed);
	struct bpf_link *link = sched_attach(skel->maps.control);

	mount_private("bpf", "/sys/fs/bpf");
	ASSERT_EQ(bpf_link__pin(link, path), 0);
	close(bpf_link__fd(link));
	bpf_link__disconnect(link);
	bpf_link__destroy(link);
	usleep(100000);
	scx_expect_enabled("control");
	crew_progress(crew);
	EXPECT_EQ(unlink(path), 0);
	ASSERT_EXIT(skel, EXIT_KIND_UNREG, 0, REASON_UNREG);
	crew_progress(crew);
	crew_stop(crew);
}
