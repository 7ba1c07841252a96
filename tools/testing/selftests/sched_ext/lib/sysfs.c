// SPDX-License-Identifier: GPL-2.0
/* What the kernel reports about itself and its tasks through files. */
#include <fcntl.h>
#include <sched.h>
#include <ctype.h>
#include <sys/mount.h>
#include "scx_test.h"

bool file_read(const char *path, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	buf[0] = '\0';
	if (fd < 0)
		return false;
	while (len < size - 1 && (got = read(fd, buf + len, size - 1 - len)) > 0)
		len += got;
	close(fd);
	buf[len] = '\0';
	while (len && isspace((unsigned char)buf[len - 1]))
		buf[--len] = '\0';
	return true;
}

bool file_write(const char *path, const char *text)
{
	ssize_t put;
	int saved, fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	put = write(fd, text, strlen(text));
	saved = errno;
	close(fd);
	errno = saved;
	return put == (ssize_t)strlen(text);
}

/* Contents of an attribute below SCX_SYSFS, "" if there is none. */
const char *scx_attr(const char *name)
{
	static char buf[4][4096];
	static int turn;
	char path[256];

	turn = (turn + 1) % 4;
	snprintf(path, sizeof(path), SCX_SYSFS "%s", name);
	file_read(path, buf[turn], sizeof(buf[turn]));
	return buf[turn];
}

long long scx_attr_num(const char *name)
{
	const char *text = scx_attr(name);

	ASSERT_TRUE(*text, "attribute %s is missing or empty", name);
	return strtoll(text, NULL, 0);
}

/* A counter from root/events, -1 if the kernel has none of this name. */
long long scx_event(const char *name)
{
	const char *line = scx_attr("root/events");
	size_t len = strlen(name);

	while (line && *line) {
		if (!strncmp(line, name, len) && line[len] == ' ')
			return strtoll(line + len, NULL, 0);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return -1;
}

bool scx_state_is(const char *state)
{
	return !strcmp(scx_attr("state"), state);
}

void scx_expect_enabled(const char *name)
{
	EXPECT_STR(scx_attr("state"), "enabled");
	EXPECT_STR(scx_attr("root/ops"), name);
}

/* The scheduler is gone, and everything that belongs to it. */
void scx_expect_gone(void)
{
	EXPECT_SOON(scx_state_is("disabled"));
	EXPECT_STR(scx_attr("state"), "disabled");
	EXPECT_EQ(scx_attr_num("switch_all"), 0);
	EXPECT_NE(access(SCX_SYSFS "root", F_OK), 0);
	EXPECT_EQ(task_ext_enabled(getpid()), 0);
}

/* ext.enabled of /proc/TID/sched: 1 on SCX, 0 not, -1 no such task or line */
int task_ext_enabled(pid_t tid)
{
	char path[64], *line;
	static char buf[16384];

	snprintf(path, sizeof(path), "/proc/%d/sched", tid);
	if (!file_read(path, buf, sizeof(buf)))
		return -1;
	line = strstr(buf, "\next.enabled");
	line = line ? strchr(line, ':') : NULL;
	return line ? atoi(line + 1) : -1;
}

bool task_set_policy(pid_t tid, int policy, int prio)
{
	struct sched_param param = { .sched_priority = prio };

	return !sched_setscheduler(tid, policy, &param);
}

bool task_pin(pid_t tid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(tid, sizeof(set), &set);
}

/*
 * A test that gives a real-time policy to busy tasks must outrank them itself:
 * otherwise it would wait behind one on its CPU, unable to take the policy back.
 */
void self_urgent(bool on)
{
	ASSERT_TRUE(task_set_policy(0, on ? SCHED_FIFO : SCHED_OTHER,
				    on ? 50 : 0), "errno %d", errno);
}

/* Interrupts that a CPU has taken so far, from a row such as "LOC". */
long long nr_interrupts(const char *row, int cpu)
{
	char buf[8192], want[16], *at;
	int i;

	ASSERT_TRUE(file_read("/proc/interrupts", buf, sizeof(buf)), "errno %d", errno);
	snprintf(want, sizeof(want), "%s:", row);
	at = strstr(buf, want);
	if (!at)
		test_skip("/proc/interrupts has no row %s", row);
	at += strlen(want);
	for (i = 0; i < cpu; i++)
		strtoll(at, &at, 10);
	return strtoll(at, NULL, 10);
}

int nr_cpus_online(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

void need_cpus(int nr)
{
	if (nr_cpus_online() < nr)
		test_skip("needs %d CPUs, %d online", nr, nr_cpus_online());
}

void need_file(const char *path)
{
	if (access(path, F_OK))
		test_skip("needs %s", path);
}

/* A mount that only this test sees and that ends with it */
void mount_private(const char *type, const char *dir)
{
	ASSERT_EQ(unshare(CLONE_NEWNS), 0);
	ASSERT_EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	if (mount(type, dir, type, 0, NULL))
		test_skip("cannot mount %s on %s: errno %d", type, dir, errno);
}
