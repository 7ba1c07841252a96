// SPDX-License-Identifier: GPL-2.0
/* Taking a CPU offline and bringing it back. */
#include "scx_test.h"

static void online_path(int cpu, char *path, size_t size)
{
	snprintf(path, size, "/sys/devices/system/cpu/cpu%d/online", cpu);
}

static bool cpu_is_online(int cpu)
{
	char path[64], buf[8];

	online_path(cpu, path, sizeof(path));
	return file_read(path, buf, sizeof(buf)) && buf[0] == '1';
}

/* The last CPU that can go offline; the test is skipped if there is none. */
int cpu_hotpluggable(void)
{
	int cpu;

	for (cpu = 63; cpu > 0; cpu--)
		if (cpu_is_online(cpu))
			return cpu;
	test_skip("no CPU can be taken offline");
}

/* May fail, with the reason in errno. */
bool cpu_try_online(int cpu, bool online)
{
	char path[64];

	online_path(cpu, path, sizeof(path));
	return file_write(path, online ? "1" : "0");
}

void cpu_set_online(int cpu, bool online)
{
	ASSERT_TRUE(cpu_try_online(cpu, online),
		    "setting CPU %d %sline: errno %d", cpu,
		    online ? "on" : "off", errno);
	ASSERT_EQ(cpu_is_online(cpu), online);
}
