// SPDX-License-Identifier: GPL-2.0
/*
 * The performance that a scheduler asks for, as it reaches a cpufreq driver, the one
 * in test_modules/.
 */
#include "scx_test.h"
#include "cpuperf_freq.bpf.skel.h"

#define MODULE	"scx_test_cpufreq"
#define PARAM(name) "/sys/module/" MODULE "/parameters/" name
#define ONE	1024

/* The frequency to which the driver has set a CPU, in kHz */
static long khz_of(int cpu)
{
	char buf[1024], *at = buf;
	int i;

	ASSERT_TRUE(file_read(PARAM("khz"), buf, sizeof(buf)), "errno %d", errno);
	for (i = 0; i < cpu; i++) {
		at = strchr(at, ',');
		ASSERT_TRUE(at, "no CPU %d in %s", cpu, buf);
		at++;
	}
	return strtol(at, NULL, 10);
}

static bool khz_between(int cpu, long least, long most)
{
	long khz = khz_of(cpu);

	return khz >= least && khz <= most;
}

/*
 * The driver runs at 1000000 kHz at most and 100000 at least. The governor adds a
 * quarter to the performance; higher classes and interrupts add their utilization.
 */
static void expect_khz(struct cpuperf_freq *skel, int cpu, u32 perf, long least, long most)
{
	u64 before = skel->bss->nr_set;

	skel->bss->wanted = perf;
	EXPECT_SOON(skel->bss->nr_set > before + 2 && khz_between(cpu, least, most));
	test_note("%u of %d: %ld kHz", perf, ONE, khz_of(cpu));
	EXPECT_GE(skel->bss->cap, 1);
	EXPECT_LE(skel->bss->cap, ONE);
	EXPECT_GE(skel->bss->cur, 1);
	EXPECT_LE(skel->bss->cur, ONE);
}

static void need_schedutil(void)
{
	char governor[32];

	ASSERT_TRUE(file_read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
			      governor, sizeof(governor)), "errno %d", errno);
	if (strcmp(governor, "schedutil"))
		test_skip("the governor is %s", governor);
}

SCX_TEST(cpuperf_freq, "cpufreq gets the performance that was set, then that of fair tasks")
{
	struct cpuperf_freq *skel = SCHED_OPEN(cpuperf_freq);
	struct bpf_link *link;
	struct crew *busy;
	int cpu;

	module_insert(MODULE);
	if (!file_write(PARAM("active"), "1") && errno == EEXIST)
		test_skip("there is another cpufreq driver");
	need_schedutil();
	SCHED_LOAD(skel);
	cpu = nr_cpus_online() - 1;
	if (cpu)
		ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	busy = crew_start(1, job_spin);
	crew_pin(busy, cpu);
	skel->data->cpu = cpu;
	link = sched_attach(skel->maps.cpuperf_freq);

	expect_khz(skel, cpu, ONE, 990000, 1000000);
	expect_khz(skel, cpu, 0, 100000, 300000);
	expect_khz(skel, cpu, ONE / 2, 600000, 850000);
	expect_khz(skel, cpu, ONE / 4, 300000, 550000);
	expect_khz(skel, cpu, 0, 100000, 300000);
	scx_expect_enabled("cpuperf_freq");
	sched_detach(link);

	/* The task never pauses, so the fair class asks for the maximum. */
	EXPECT_SOON(khz_between(cpu, 950000, 1000000));
	crew_stop(busy);
	EXPECT_TRUE(file_write(PARAM("active"), "0"), "errno %d", errno);
}
