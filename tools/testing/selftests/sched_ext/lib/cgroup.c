// SPDX-License-Identifier: GPL-2.0
/* Creating cgroups and moving tasks between them. */
#include <sys/stat.h>
#include "scx_test.h"

/* Mount a cgroup2 hierarchy with the cpu controller, or skip the test. */
void cgroup_need(void)
{
	char text[1024];

	if (!file_read(CGROUP_MNT "/cgroup.controllers", text, sizeof(text)))
		mount_private("cgroup2", CGROUP_MNT);
	if (!file_read(CGROUP_MNT "/cgroup.controllers", text, sizeof(text)) ||
	    !strstr(text, "cpu"))
		test_skip("no cpu controller in " CGROUP_MNT ": \"%s\"", text);
	if (!file_write(CGROUP_MNT "/cgroup.subtree_control", "+cpu"))
		test_skip("cannot enable the cpu controller: errno %d", errno);
	rmdir(CGROUP_A);
	rmdir(CGROUP_B);
}

/* Returns the cgroup's id, which is that of its directory. */
unsigned long long cgroup_make(const char *path)
{
	struct stat st;

	ASSERT_TRUE(!mkdir(path, 0755), "%s: errno %d", path, errno);
	ASSERT_EQ(stat(path, &st), 0);
	return st.st_ino;
}

/* Returns 0 or the errno. */
int cgroup_move(const char *path, pid_t pid)
{
	char file[256], text[32];

	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	snprintf(text, sizeof(text), "%d", pid);
	return file_write(file, text) ? 0 : errno;
}
