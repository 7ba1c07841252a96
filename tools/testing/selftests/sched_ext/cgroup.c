// SPDX-License-Identifier: GPL-2.0
/* Groups are created, given weights, moved into and removed under a scheduler. */
#include <sys/stat.h>
#include "scx_test.h"
#include "cgroup.bpf.skel.h"

static struct cgroup *cgroup_start(struct bpf_link **link)
{
	struct cgroup *skel = SCHED_OPEN(cgroup);

	SCHED_LOAD(skel);
	*link = sched_attach(skel->maps.cgroup_ops);
	scx_expect_enabled("cgroup_ops");
	return skel;
}

SCX_TEST(cgroup_life, "groups get init and exit, whenever they are created and removed")
{
	unsigned long long a, b;
	struct bpf_link *link;
	struct cgroup *skel;
	u64 loaded;

	cgroup_need();
	a = cgroup_make(CGROUP_A);
	skel = cgroup_start(&link);
	loaded = skel->bss->nr_init;
	EXPECT_GE(loaded, 2);
	b = cgroup_make(CGROUP_B);
	EXPECT_NE(a, b);
	EXPECT_EQ(skel->bss->nr_init, loaded + 1);
	EXPECT_EQ(skel->bss->last_cgid, b);
	EXPECT_EQ(skel->bss->last_weight, 100);
	EXPECT_EQ(rmdir(CGROUP_B), 0);
	EXPECT_SOON(skel->bss->nr_exit == 1);
	sched_detach(link);
	EXPECT_EQ(skel->bss->nr_exit, skel->bss->nr_init);
	EXPECT_EQ(rmdir(CGROUP_A), 0);
}

SCX_TEST(cgroup_weight, "a new weight is reported, an unchanged one is not")
{
	struct bpf_link *link;
	struct cgroup *skel;
	unsigned long long a;

	cgroup_need();
	a = cgroup_make(CGROUP_A);
	ASSERT_TRUE(file_write(CGROUP_A "/cpu.weight", "300"), "errno %d", errno);
	skel = cgroup_start(&link);
	EXPECT_EQ(skel->bss->nr_weight, 0);
	ASSERT_TRUE(file_write(CGROUP_A "/cpu.weight", "200"), "errno %d", errno);
	EXPECT_EQ(skel->bss->nr_weight, 1);
	EXPECT_EQ(skel->bss->last_cgid, a);
	EXPECT_EQ(skel->bss->last_weight, 200);
	ASSERT_TRUE(file_write(CGROUP_A "/cpu.weight", "200"), "errno %d", errno);
	EXPECT_EQ(skel->bss->nr_weight, 1);
	sched_detach(link);
	EXPECT_EQ(rmdir(CGROUP_A), 0);
}

SCX_TEST(cgroup_idle, "cpu.idle is reported, with the weight that follows from it")
{
	struct bpf_link *link;
	struct cgroup *skel;
	unsigned long long a;

	cgroup_need();
	a = cgroup_make(CGROUP_A);
	skel = cgroup_start(&link);
	ASSERT_TRUE(file_write(CGROUP_A "/cpu.weight", "300"), "errno %d", errno);
	EXPECT_EQ(skel->bss->nr_idle, 0);
	ASSERT_TRUE(file_write(CGROUP_A "/cpu.idle", "1"), "errno %d", errno);
	EXPECT_EQ(skel->bss->nr_idle, 1);
	EXPECT_EQ(skel->bss->last_cgid, a);
	EXPECT_TRUE(skel->bss->last_idle, "not idle");
	EXPECT_EQ(skel->bss->last_weight, 1);
	ASSERT_TRUE(file_write(CGROUP_A "/cpu.idle", "1"), "errno %d", errno);
	EXPECT_EQ(skel->bss->nr_idle, 1);
	ASSERT_TRUE(file_write(CGROUP_A "/cpu.idle", "0"), "errno %d", errno);
	EXPECT_EQ(skel->bss->nr_idle, 2);
	EXPECT_TRUE(!skel->bss->last_idle, "still idle");
	EXPECT_EQ(skel->bss->last_weight, 100);
	sched_detach(link);
	EXPECT_EQ(rmdir(CGROUP_A), 0);
}

static void expect_bandwidth(struct cgroup *skel, u64 period, u64 quota, u64 burst)
{
	EXPECT_EQ(skel->bss->period_us, period);
	EXPECT_EQ(skel->bss->quota_us, quota);
	EXPECT_EQ(skel->bss->burst_us, burst);
}

static bool set_max(const char *what, const char *value)
{
	char path[80];

	snprintf(path, sizeof(path), CGROUP_A "/cpu.max%s", what);
	return file_write(path, value);
}

SCX_TEST(cgroup_bandwidth, "cpu.max and its burst are reported, at load and when they change")
{
	struct cgroup *skel = SCHED_OPEN(cgroup);
	unsigned long long a;
	struct bpf_link *link;

	cgroup_need();
	a = cgroup_make(CGROUP_A);
	ASSERT_TRUE(set_max("", "30000 60000"), "errno %d", errno);
	ASSERT_TRUE(set_max(".burst", "10000"), "errno %d", errno);
	skel->bss->watched_cgid = a;
	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.cgroup_ops);
	expect_bandwidth(skel, 60000, 30000, 10000);
	EXPECT_EQ(skel->bss->nr_bandwidth, 0);

	ASSERT_TRUE(set_max("", "20000 50000"), "errno %d", errno);
	EXPECT_EQ(skel->bss->nr_bandwidth, 1);
	EXPECT_EQ(skel->bss->last_cgid, a);
	expect_bandwidth(skel, 50000, 20000, 10000);
	ASSERT_TRUE(set_max("", "20000 50000"), "errno %d", errno);
	EXPECT_EQ(skel->bss->nr_bandwidth, 1);
	ASSERT_TRUE(set_max(".burst", "5000"), "errno %d", errno);
	EXPECT_EQ(skel->bss->nr_bandwidth, 2);
	expect_bandwidth(skel, 50000, 20000, 5000);
	EXPECT_TRUE(!set_max(".burst", "20001"), "a burst above the quota is taken");
	EXPECT_EQ(skel->bss->nr_bandwidth, 2);
	ASSERT_TRUE(set_max("", "max 40000"), "errno %d", errno);
	EXPECT_EQ(skel->bss->nr_bandwidth, 3);
	expect_bandwidth(skel, 40000, ~0ULL, 5000);
	sched_detach(link);
	EXPECT_EQ(rmdir(CGROUP_A), 0);
}

/* One of several writers; each has values of its own. */
static void job_limit(struct mate *self)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu 100000",
		 10000 + 1000 * (unsigned long long)self->nr + self->count % 1000);
	if (file_write(CGROUP_A "/cpu.max", text))
		self->count++;
}

static u64 quota_in_file(void)
{
	char text[64];

	ASSERT_TRUE(file_read(CGROUP_A "/cpu.max", text, sizeof(text)), "errno %d", errno);
	return strtoull(text, NULL, 10);
}

static bool all_stopped(struct crew *crew)
{
	int i;

	for (i = 0; i < crew->nr; i++)
		if (task_run_state(crew->mate[i].pid) != 'T')
			return false;
	return true;
}

SCX_TEST(cgroup_bandwidth_race, "when writers of cpu.max race, the last limit is reported last")
{
	struct cgroup *skel = SCHED_OPEN(cgroup);
	struct bpf_link *link;
	struct crew *crew;
	int i;

	cgroup_need();
	skel->bss->watched_cgid = cgroup_make(CGROUP_A);
	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.cgroup_ops);
	skel->bss->slowness = 2000;
	crew = crew_start(4, job_limit);
	for (i = 0; i < 60; i++) {
		usleep(20000);
		crew_freeze(crew, true);
		ASSERT_SOON(all_stopped(crew));
		if (!EXPECT_EQ(skel->bss->quota_us, quota_in_file()))
			break;
		crew_freeze(crew, false);
	}
	crew_freeze(crew, false);
	crew_progress(crew);
	crew_stop(crew);
	sched_detach(link);
	EXPECT_SOON(!rmdir(CGROUP_A));
}

SCX_TEST(cgroup_unlimited, "a new group has the default period, no quota and no burst")
{
	struct cgroup *skel = SCHED_OPEN(cgroup);
	struct bpf_link *link;

	cgroup_need();
	skel->bss->watched_cgid = cgroup_make(CGROUP_A);
	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.cgroup_ops);
	expect_bandwidth(skel, 100000, ~0ULL, 0);
	sched_detach(link);
	EXPECT_EQ(rmdir(CGROUP_A), 0);
}

SCX_TEST(cgroup_move, "a move is prepared, done, and visible in enqueue")
{
	struct crew *crew = crew_start(2, job_nap);
	pid_t pid = crew->mate[0].pid;
	unsigned long long a, b;
	struct bpf_link *link;
	struct cgroup *skel;
	int i;

	cgroup_need();
	a = cgroup_make(CGROUP_A);
	b = cgroup_make(CGROUP_B);
	skel = cgroup_start(&link);
	skel->bss->watched = pid;
	EXPECT_EQ(cgroup_move(CGROUP_A, pid), 0);
	EXPECT_EQ(skel->bss->move_to, a);
	EXPECT_SOON(skel->bss->seen_cgid == a);
	for (i = 0; i < 20; i++) {
		EXPECT_EQ(cgroup_move(i & 1 ? CGROUP_A : CGROUP_B, pid), 0);
		EXPECT_EQ(skel->bss->move_from, i & 1 ? b : a);
		EXPECT_EQ(skel->bss->move_to, i & 1 ? a : b);
	}
	EXPECT_EQ(skel->bss->nr_prep, 21);
	EXPECT_EQ(skel->bss->nr_move, 21);
	EXPECT_EQ(skel->bss->nr_cancel, 0);
	crew_progress(crew);
	scx_expect_enabled("cgroup_ops");
	sched_detach(link);
	crew_stop(crew);
	EXPECT_SOON(!rmdir(CGROUP_A));
	EXPECT_SOON(!rmdir(CGROUP_B));
}

SCX_TEST(cgroup_refused, "prep_move and cgroup_init may refuse")
{
	struct crew *crew = crew_start(1, job_nap);
	pid_t pid = crew->mate[0].pid;
	struct bpf_link *link;
	struct cgroup *skel;

	cgroup_need();
	cgroup_make(CGROUP_A);
	skel = cgroup_start(&link);
	skel->bss->refuse_with = -EXDEV;
	skel->bss->refuse_pid = pid;
	EXPECT_EQ(cgroup_move(CGROUP_A, pid), EXDEV);
	EXPECT_EQ(skel->bss->nr_move, 0);
	skel->bss->refuse_pid = 0;
	skel->bss->fail_init = true;
	EXPECT_EQ(mkdir(CGROUP_B, 0755), -1);
	EXPECT_EQ(errno, EDQUOT);
	skel->bss->fail_init = false;
	crew_progress(crew);
	scx_expect_enabled("cgroup_ops");
	sched_detach(link);
	EXPECT_EQ(skel->bss->nr_exit, skel->bss->nr_init);
	crew_stop(crew);
	EXPECT_SOON(!rmdir(CGROUP_A));
}

SCX_TEST(cgroup_init_fails, "cgroup_init failing at load is an error exit")
{
	struct cgroup *skel = SCHED_OPEN(cgroup);

	cgroup_need();
	SCHED_LOAD(skel);
	skel->bss->fail_init = true;
	sched_attach(skel->maps.cgroup_ops);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(skel), "cgroup_init");
	EXPECT_EQ(skel->bss->nr_exit, skel->bss->nr_init);
}
