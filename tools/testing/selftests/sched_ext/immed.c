// SPDX-License-Identifier: GPL-2.0
/* Tasks that are to run at once on a CPU, or else to come back. */
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <sys/resource.h>
#include "scx_test.h"
#include "immed.bpf.skel.h"

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

struct visit {
	struct immed *skel;
	struct bpf_link *link;
	struct crew *guest;
	int cpu;
};

/* The guest goes to the last CPU. The test itself stays away from it. */
static struct visit visit_start(unsigned long long flags, job_fn job)
{
	struct visit v = {
		.skel = SCHED_OPEN(immed),
		.cpu = nr_cpus_online() - 1,
	};

	need_cpus(2);
	v.guest = crew_start(1, job);
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	v.skel->struct_ops.immed->flags |= flags;
	SCHED_LOAD(v.skel);
	v.skel->bss->guest_cpu = v.cpu;
	v.skel->bss->without_flag = flags;
	v.link = sched_attach(v.skel->maps.immed);
	scx_expect_enabled("immed");
	v.skel->bss->guest = v.guest->mate[0].pid;
	return v;
}

static void visit_end(struct visit *v)
{
	scx_expect_enabled("immed");
	sched_detach(v->link);
	crew_stop(v->guest);
}

static void wake_often(struct visit *v, int times)
{
	int i;

	ASSERT_SOON(crew_blocked(v->guest));
	for (i = 1; i <= times; i++) {
		crew_wake(v->guest, 0);
		EXPECT_SOON(v->guest->mate[0].count == i);
		EXPECT_SOON(crew_blocked(v->guest));
	}
}

/* A hog has the CPU. The guest must not wait for the hog's end. */
static void visit_busy(unsigned long long flags, bool detour)
{
	struct crew *hog = crew_start(1, job_spin);
	struct visit v = visit_start(flags, job_wait);
	struct immed__bss *seen = v.skel->bss;

	crew_pin(hog, v.cpu);
	crew_progress(hog);
	seen->detour = detour;
	wake_often(&v, 20);
	EXPECT_GE(seen->nr_sent, 20);
	EXPECT_GE(seen->nr_back, 10);
	EXPECT_EQ(seen->nr_other_reason, 0);
	/* The stopper, which runs now and then, makes other tasks come back, too. */
	if (flags)
		EXPECT_GE(scx_event("SCX_EV_REENQ_IMMED"), seen->nr_back);
	else
		EXPECT_EQ(scx_event("SCX_EV_REENQ_IMMED"), seen->nr_back);
	crew_progress(hog);
	visit_end(&v);
	crew_stop(hog);
}

SCX_TEST(immed_busy, "a task inserted into a busy CPU with SCX_ENQ_IMMED comes back")
{
	visit_busy(0, false);
}

SCX_TEST(immed_moved, "a task moved to a busy CPU with SCX_ENQ_IMMED comes back")
{
	visit_busy(0, true);
}

SCX_TEST(immed_always, "with ALWAYS_ENQ_IMMED, every task sent to a busy CPU comes back")
{
	visit_busy(1ULL << 7, false);
}

SCX_TEST(immed_idle, "a task inserted into an idle CPU with SCX_ENQ_IMMED stays")
{
	struct visit v = visit_start(0, job_wait);

	wake_often(&v, 20);
	EXPECT_GE(v.skel->bss->nr_sent, 20);
	EXPECT_LE(v.skel->bss->nr_back, 10);
	visit_end(&v);
}

/* Without the flag, it would wait at the head of the local DSQ with the rest of its slice. */
SCX_TEST(immed_preempted, "a running IMMED task comes back when a higher class takes the CPU")
{
	struct crew *hog = crew_start(1, job_spin);
	struct visit v = visit_start(0, job_spin);
	struct immed__bss *seen = v.skel->bss;
	int i;

	crew_progress(v.guest);
	for (i = 0; i < 5; i++) {
		u64 back = seen->nr_back;

		crew_pin(hog, v.cpu);
		ASSERT_TRUE(task_set_policy(hog->mate[0].pid, SCHED_FIFO, 50), "errno %d", errno);
		EXPECT_SOON(seen->nr_back > back);
		crew_progress(v.guest);
		ASSERT_TRUE(task_set_policy(hog->mate[0].pid, SCHED_OTHER, 0), "errno %d", errno);
		crew_pin(hog, 0);
		usleep(50000);
	}
	EXPECT_EQ(seen->nr_other_reason, 0);
	visit_end(&v);
	crew_stop(hog);
}

/* A change takes the task off its queue and puts it back. Its slice does not end. */
SCX_TEST(immed_reniced, "a running IMMED task is still one when an attribute has changed")
{
	struct crew *hog = crew_start(1, job_spin);
	struct visit v = visit_start(0, job_spin);
	struct immed__bss *seen = v.skel->bss;
	u64 sent, back;

	seen->endless = true;
	sent = seen->nr_sent;
	ASSERT_SOON(seen->nr_sent > sent);
	crew_progress(v.guest);
	back = seen->nr_back;
	ASSERT_EQ(setpriority(PRIO_PROCESS, v.guest->mate[0].pid, 5), 0);
	crew_pin(hog, v.cpu);
	ASSERT_TRUE(task_set_policy(hog->mate[0].pid, SCHED_FIFO, 50), "errno %d", errno);
	EXPECT_SOON(seen->nr_back > back);
	ASSERT_TRUE(task_set_policy(hog->mate[0].pid, SCHED_OTHER, 0), "errno %d", errno);
	crew_pin(hog, 0);
	seen->endless = false;
	visit_end(&v);
	crew_stop(hog);
}

/* The CPU does other work between the attempts. */
SCX_TEST(immed_stubborn, "a task that is sent to a busy CPU again and again gets to run there")
{
	struct crew *hogs = crew_start(2, job_spin);
	struct visit v = visit_start(0, job_wait);
	struct immed__bss *seen = v.skel->bss;

	crew_pin(hogs, v.cpu);
	crew_progress(hogs);
	seen->stubborn = true;
	wake_often(&v, 45);
	crew_progress(hogs);
	test_note("sent %llu times, came back %llu times",
		  (unsigned long long)seen->nr_sent, (unsigned long long)seen->nr_back);
	EXPECT_GT(seen->nr_back, 256);
	visit_end(&v);
	crew_stop(hogs);
}

#define CLASHES		40
/* Less than the deadline server waits before it lets the guest run there */
#define ALONE_MS	700

struct clash {
	u32 gate;
	u32 back;
	u64 nr_alone;
};

static struct clash *clash;

static bool is_back(void)
{
	return __atomic_load_n(&clash->back, __ATOMIC_RELAXED);
}

static void job_gate(struct mate *self)
{
	syscall(SYS_futex, &clash->gate, FUTEX_WAIT, 0, NULL, NULL, 0);
	self->count++;
}

/* Real-time; keeps the CPU until the guest is known to be on another one. */
static void job_rival(struct mate *self)
{
	u64 end;

	syscall(SYS_futex, &clash->gate, FUTEX_WAIT, 0, NULL, NULL, 0);
	end = now_ms() + ALONE_MS;
	while (!is_back() && now_ms() < end)
		;
	if (!is_back())
		clash->nr_alone++;
	self->count++;
}

/*
 * One call wakes both, the rival first: an idle CPU finds both when it picks. On a
 * nohz_full CPU there is no tick at that time that would notice.
 */
SCX_TEST(immed_clash, "an IMMED task comes back from an idle CPU that a higher class takes")
{
	struct immed__bss *seen;
	struct crew *rival;
	struct visit v;
	int i;

	clash = mmap(NULL, sizeof(*clash), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	v = visit_start(0, job_gate);
	seen = v.skel->bss;
	rival = crew_start(1, job_rival);
	crew_pin(rival, v.cpu);
	ASSERT_TRUE(task_set_policy(rival->mate[0].pid, SCHED_FIFO, 50), "errno %d", errno);
	for (i = 1; i <= CLASHES; i++) {
		ASSERT_SOON(crew_blocked(v.guest) && crew_blocked(rival));
		clash->back = 0;
		syscall(SYS_futex, &clash->gate, FUTEX_WAKE, 2, NULL, NULL, 0);
		EXPECT_SOON(v.guest->mate[0].count == i);
		clash->back = 1;
		EXPECT_SOON(rival->mate[0].count == i);
	}
	test_note("%llu of %d came back, %llu had to wait", (unsigned long long)seen->nr_back,
		  CLASHES, (unsigned long long)clash->nr_alone);
	EXPECT_GT(seen->nr_back, 0);
	/* The host may stand still for so long, but not each time. */
	EXPECT_LE(clash->nr_alone, 2);
	crew_stop(rival);
	visit_end(&v);
}

SCX_TEST(immed_refused, "SCX_ENQ_IMMED to a queue is an error")
{
	struct visit v = visit_start(0, job_wait);

	ASSERT_SOON(crew_blocked(v.guest));
	v.skel->bss->to_queue = true;
	crew_wake(v.guest, 0);
	ASSERT_EXIT(v.skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(v.skel), "SCX_ENQ_IMMED");
	EXPECT_NAMES(v.skel, v.guest->mate[0].pid);
	EXPECT_SOON(v.guest->mate[0].count == 1);
	crew_stop(v.guest);
}
