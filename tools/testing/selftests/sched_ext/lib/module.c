// SPDX-License-Identifier: GPL-2.0
/* The modules in test_modules/. SCX_MODULES is the directory where they were built. */
#include <fcntl.h>
#include <sys/syscall.h>
#include "scx_test.h"

/* Once inserted, a module stays; the test is skipped if it has not been built. */
void module_insert(const char *name)
{
	const char *dir = getenv("SCX_MODULES");
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	if (!access(path, F_OK))
		return;
	if (!dir)
		test_skip("SCX_MODULES does not say where the test modules are");
	snprintf(path, sizeof(path), "%s/%s.ko", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		test_skip("no %s", path);
	ASSERT_TRUE(!syscall(SYS_finit_module, fd, "", 0), "%s: errno %d", path, errno);
	close(fd);
}

/* The number that a module shows as a parameter */
long module_param(const char *name, const char *param)
{
	char path[128], buf[32];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", name, param);
	ASSERT_TRUE(file_read(path, buf, sizeof(buf)), "%s: errno %d", path, errno);
	return strtol(buf, NULL, 10);
}
