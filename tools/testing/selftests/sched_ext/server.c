// SPDX-License-Identifier: GPL-2.0
/* An RT task that never yields its CPU leaves a share of it to ext tasks. */
#include <sched.h>
#include "scx_test.h"
#include "server.bpf.skel.h"

#define KNOB "/sys/kernel/debug/sched/ext_server/cpu%d/runtime"

/* Timeout in milliseconds for tests that are not about the watchdog */
#define PATIENT 10000

struct contest {
	struct server *skel;
	struct bpf_link *link;
	struct crew *hog, *guests;
	int cpu;
};

static void set_runtime(int cpu, const char *ns)
{
	char path[128];

	if (access("/sys/kernel/debug/sched", F_OK))
		mount_private("debugfs", "/sys/kernel/debug");
	snprintf(path, sizeof(path), KNOB, cpu);
	ASSERT_TRUE(file_write(path, ns), "%s: errno %d", path, errno);
}

/* The tasks compete for the last CPU. The test itself keeps away from it. */
static struct contest contest_start(unsigned int timeout_ms)
{
	struct contest c = { .cpu = nr_cpus_online() - 1 };

	need_cpus(2);
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	c.skel = SCHED_OPEN(server);
	c.skel->struct_ops.server->timeout_ms = timeout_ms;
	SCHED_LOAD(c.skel);
	c.link = sched_attach(c.skel->maps.server);
	scx_expect_enabled("server");
	c.guests = crew_start(2, job_spin);
	crew_pin(c.guests, c.cpu);
	crew_progress(c.guests);
	c.hog = crew_start(1, job_spin);
	crew_pin(c.hog, c.cpu);
	c.skel->data->watched_cpu = c.cpu;
	ASSERT_TRUE(task_set_policy(c.hog->mate[0].pid, SCHED_FIFO, 50), "errno %d", errno);
	return c;
}

static void contest_end(struct contest *c)
{
	crew_stop(c->hog);
	crew_progress(c->guests);
	crew_stop(c->guests);
}

/* The share of the guests in the time that they and the hog have, per mille */
static long long guest_share(struct contest *c, int seconds)
{
	long long guests = crew_time(c->guests), hog = crew_time(c->hog);

	sleep(seconds);
	guests = crew_time(c->guests) - guests;
	hog = crew_time(c->hog) - hog;
	printf("# guests %lld ms, hog %lld ms\n", guests / 1000000, hog / 1000000);
	return guests * 1000 / (guests + hog + 1);
}

/*
 * Time that the host takes from the guests counts as used, and a server that has
 * overrun by it pauses for longer: one of three measurements has to be right.
 */
static long long share_within(struct contest *c, long long least, long long most)
{
	long long share;
	int i;

	for (i = 0; i < 3; i++) {
		share = guest_share(c, 4);
		if (share >= least && share <= most)
			break;
	}
	return share;
}

SCX_TEST(server_share, "ext tasks get the server's share of a CPU that runs an RT task")
{
	struct contest c = contest_start(PATIENT);
	struct server__bss *seen = c.skel->bss;
	long long share = share_within(&c, 20, 120);

	EXPECT_GE(share, 20);
	EXPECT_LE(share, 120);
	crew_progress(c.guests);
	scx_expect_enabled("server");
	EXPECT_GE(seen->nr_release_rt, 3);
	EXPECT_EQ(seen->nr_bad_order, 0);
	contest_end(&c);
	EXPECT_LE(seen->nr_release - seen->nr_acquire, 1);
	sched_detach(c.link);
}

SCX_TEST(server_runtime, "the share is the one that debugfs shows")
{
	struct contest c = contest_start(PATIENT);
	long long share;

	set_runtime(c.cpu, "300000000");
	share = share_within(&c, 200, 450);
	set_runtime(c.cpu, "50000000");
	EXPECT_GE(share, 200);
	EXPECT_LE(share, 450);
	scx_expect_enabled("server");
	contest_end(&c);
	sched_detach(c.link);
}

SCX_TEST(server_off, "without a server, the watchdog finds starving tasks")
{
	struct contest c = contest_start(2000);

	set_runtime(c.cpu, "0");
	ASSERT_EXIT(c.skel, EXIT_KIND_ERROR_STALL, 0, REASON_ERROR_STALL);
	set_runtime(c.cpu, "50000000");
	contest_end(&c);
}

/*
 * The hog of SCHED_FIFO loses that policy while it runs, with an infinite slice in the
 * class. A rival of SCHED_FIFO and a guest wait for its CPU, where no server helps.
 * It would go on until something else interrupts it, for a thousand ticks or so.
 */
SCX_TEST(server_demoted, "a task that leaves SCHED_FIFO does not keep its CPU from that class")
{
	int i, cpu = nr_cpus_online() - 1;
	struct server *skel = SCHED_OPEN(server);
	struct crew *guest = crew_start(1, job_spin);
	struct crew *rival = crew_start(1, job_spin);
	struct crew *hog = crew_start(1, job_spin);
	struct bpf_link *link;

	need_cpus(2);
	SCHED_LOAD(skel);
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	link = sched_attach(skel->maps.server_endless);
	crew_pin(guest, cpu);
	crew_pin(rival, cpu);
	crew_pin(hog, cpu);
	set_runtime(cpu, "0");
	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(task_set_policy(hog->mate[0].pid, SCHED_FIFO, 50), "errno %d", errno);
		crew_progress(hog);
		ASSERT_TRUE(task_set_policy(rival->mate[0].pid, SCHED_FIFO, 10), "errno %d", errno);
		skel->bss->endless = hog->mate[0].pid;
		ASSERT_TRUE(task_set_policy(hog->mate[0].pid, SCHED_OTHER, 0), "errno %d", errno);
		crew_progress(rival);
		skel->bss->endless = 0;
		ASSERT_TRUE(task_set_policy(rival->mate[0].pid, SCHED_OTHER, 0), "errno %d", errno);
	}
	EXPECT_LT(skel->bss->nr_endless_ticks, 30);
	scx_expect_enabled("server_endless");
	set_runtime(cpu, "50000000");
	sched_detach(link);
	crew_progress(guest);
	crew_stop(hog);
	crew_stop(rival);
	crew_stop(guest);
}
