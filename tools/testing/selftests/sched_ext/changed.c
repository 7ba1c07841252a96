// SPDX-License-Identifier: GPL-2.0
/* The mask of a task changes when the BPF scheduler has just checked it. */
#include <sched.h>
#include "scx_test.h"
#include "changed.h"
#include "changed.bpf.skel.h"

#define ROUNDS		20

struct change {
	struct changed *skel;
	struct changed__bss *seen;
	struct bpf_link *link;
	struct crew *crew;
	pid_t pid;
};

static void may_use(pid_t pid, int cpu, int other)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CPU_SET(other, &set);
	ASSERT_EQ(sched_setaffinity(pid, sizeof(set), &set), 0);
}

/* A sleeper on CPU 1; the test itself is on CPU 3. */
static struct change change_start(u32 mode, int other)
{
	struct change c = {
		.skel = SCHED_OPEN(changed),
		.crew = crew_start(1, job_wait),
	};

	need_cpus(4);
	c.pid = c.crew->mate[0].pid;
	c.skel->rodata->mode = mode;
	SCHED_LOAD(c.skel);
	c.seen = c.skel->bss;
	ASSERT_TRUE(task_pin(0, 3), "errno %d", errno);
	crew_pin(c.crew, 1);
	crew_wake(c.crew, 0);
	ASSERT_SOON(c.crew->mate[0].count == 1 && crew_blocked(c.crew));
	may_use(c.pid, 1, other);
	c.link = sched_attach(c.skel->maps.changed);
	scx_expect_enabled("changed");
	c.seen->held = c.pid;
	return c;
}

static void change_end(struct change *c)
{
	scx_expect_enabled("changed");
	sched_detach(c->link);
	crew_stop(c->crew);
}

SCX_TEST(changed_in_dispatch, "a task whose insertion a new mask forbids goes back")
{
	struct change c = change_start(CHANGED_IN_DISPATCH, 2);

	/* Tasks that wait for CPU 0 must not keep the test from its CPU. */
	self_urgent(true);
	crew_wake(c.crew, 0);
	ASSERT_SOON(c.seen->looked);
	may_use(c.pid, 1, 3);
	self_urgent(false);
	EXPECT_SOON(c.crew->mate[0].count == 2);
	if (c.seen->nr_timeout)
		test_skip("the mask did not change in time");
	EXPECT_EQ(c.seen->nr_sent, 1);
	EXPECT_EQ(c.seen->nr_back, 1);
	EXPECT_EQ(c.seen->nr_other_reason, 0);
	EXPECT_EQ(scx_event("SCX_EV_REENQ_AFFINITY"), 1);
	change_end(&c);
}

static void expect_error(struct change *c)
{
	ASSERT_EXIT(c->skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(c->skel), "may not use");
	EXPECT_NAMES(c->skel, c->pid);
	EXPECT_SOON(c->crew->mate[0].count == 2);
	bpf_link__destroy(c->link);
	crew_stop(c->crew);
}

SCX_TEST(changed_never, "an insertion into a CPU that was never allowed is an error")
{
	struct change c = change_start(CHANGED_NEVER, 3);

	crew_wake(c.crew, 0);
	expect_error(&c);
	EXPECT_EQ(c.seen->nr_back, 0);
}

SCX_TEST(changed_stubborn, "never checking a new mask is an error")
{
	struct change c = change_start(CHANGED_STUBBORN, 2);

	may_use(c.pid, 1, 3);
	crew_wake(c.crew, 0);
	expect_error(&c);
	EXPECT_GT(c.seen->nr_back, 1);
	EXPECT_LE(c.seen->nr_back, 32);
}

/* Returns true if the mask has changed in time. */
static bool change_on_wakelist(struct change *c, u64 count)
{
	u64 asked = c->seen->nr_asked;

	may_use(c->pid, 1, 2);
	self_urgent(true);
	prog_run(c->skel->progs.changed_stay, NULL, 0);
	ASSERT_SOON(c->seen->staying);
	crew_wake(c->crew, 0);
	may_use(c->pid, 1, 3);
	self_urgent(false);
	ASSERT_SOON(c->crew->mate[0].count == count && crew_blocked(c->crew));
	ASSERT_SOON(!c->seen->stay);
	return c->seen->nr_asked > asked;
}

SCX_TEST(changed_on_wakelist, "an insertion by select_cpu is dropped when the mask changes")
{
	struct change c = change_start(CHANGED_ON_WAKELIST, 2);
	int i;

	for (i = 0; i < ROUNDS; i++)
		if (change_on_wakelist(&c, i + 2))
			break;
	test_note("%d rounds, asked instead: %llu", i + 1, (unsigned long long)c.seen->nr_asked);
	EXPECT_GT(c.seen->nr_asked, 0);
	change_end(&c);
}
