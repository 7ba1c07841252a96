// SPDX-License-Identifier: GPL-2.0
/* The kernel's own detectors end the scheduler before they report anything. */
#include <dirent.h>
#include "scx_test.h"
#include "lockup.bpf.skel.h"

#define WATCHDOG_THRESH	"/proc/sys/kernel/watchdog_thresh"
#define NMI_WATCHDOG	"/proc/sys/kernel/nmi_watchdog"
#define SOFT_WATCHDOG	"/proc/sys/kernel/soft_watchdog"
#define RCU_TIMEOUT	"/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout"

/* The kthread that does the work must not wait for the CPU that is stuck. */
static pid_t helper_pid(void)
{
	DIR *proc = opendir("/proc");
	char path[64], comm[32];
	struct dirent *entry;
	pid_t pid = 0;

	ASSERT_TRUE(proc, "errno %d", errno);
	while (!pid && (entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		if (file_read(path, comm, sizeof(comm)) &&
		    !strncmp(comm, "sched_ext_helpe", 15))
			pid = atoi(entry->d_name);
	}
	closedir(proc);
	return pid;
}

static void set_seconds(const char *path, char *before, size_t size, const char *now)
{
	need_file(path);
	ASSERT_TRUE(file_read(path, before, size), "%s: errno %d", path, errno);
	ASSERT_TRUE(file_write(path, now), "%s: errno %d", path, errno);
}

/* On CPU 1, by the test itself */
static void stuck_in_timer(struct lockup *skel)
{
	ASSERT_TRUE(task_pin(getpid(), 1), "errno %d", errno);
	ASSERT_EQ(prog_run(skel->progs.lockup_begin, NULL, 0), 0);
}

/* On CPU 1, when the test wakes another process */
static void stuck_in_wakeup(struct lockup *skel)
{
	struct crew *wakee = crew_start(1, job_wait);

	ASSERT_SOON(crew_blocked(wakee));
	ASSERT_TRUE(task_pin(getpid(), 1), "errno %d", errno);
	skel->bss->wakee = wakee->mate[0].pid;
	crew_wake(wakee, 0);
	EXPECT_SOON(wakee->mate[0].count == 1);
	crew_stop(wakee);
}

static void lockup_run(const char *path, const char *seconds, const char *msg,
		       void (*get_stuck)(struct lockup *skel))
{
	struct lockup *skel = SCHED_OPEN(lockup);
	struct crew *crew = crew_start(4, job_mixed);
	struct census *census = census_take();
	struct bpf_link *link;
	char before[32];
	pid_t helper;

	need_cpus(2);
	SCHED_LOAD(skel);
	/* A grace period that has already begun keeps its limit. */
	set_seconds(path, before, sizeof(before), seconds);
	link = sched_attach(skel->maps.lockup);
	helper = helper_pid();
	ASSERT_TRUE(helper, "no helper kthread");
	ASSERT_TRUE(task_pin(helper, 0), "errno %d", errno);
	get_stuck(skel);
	/* A short limit that stayed would disturb the tests that follow. */
	WAIT_UNTIL(exit_seen(&skel->data->uei));
	EXPECT_TRUE(file_write(path, before), "errno %d", errno);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_EQ(skel->bss->nr_stuck, 1);
	EXPECT_EQ(skel->bss->nr_ended, 1);
	EXPECT_EQ(skel->data->stuck_cpu, 1);
	EXPECT_HAS(EXIT_MSG(skel), msg);
	bpf_link__destroy(link);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}

SCX_TEST(lockup_soft, "the scheduler ends before a CPU without scheduling is reported")
{
	lockup_run(WATCHDOG_THRESH, "3", "CPU 1 did not schedule", stuck_in_timer);
}

SCX_TEST(lockup_rcu, "the scheduler ends before a long grace period is reported")
{
	lockup_run(RCU_TIMEOUT, "3", "RCU CPU stall", stuck_in_timer);
}

SCX_TEST(lockup_hard, "the scheduler ends before a CPU without interrupts is reported")
{
	char before[8];

	if (!file_read(NMI_WATCHDOG, before, sizeof(before)) ||
	    !file_write(NMI_WATCHDOG, "1"))
		test_skip("the kernel cannot look for hard lockups");
	/* When interrupts are on again, it would report what is over by then. */
	ASSERT_TRUE(file_write(SOFT_WATCHDOG, "0"), "errno %d", errno);
	lockup_run(WATCHDOG_THRESH, "4", "CPU 1 took no interrupts", stuck_in_wakeup);
	EXPECT_TRUE(file_write(SOFT_WATCHDOG, "1"), "errno %d", errno);
	EXPECT_TRUE(file_write(NMI_WATCHDOG, before), "errno %d", errno);
}
