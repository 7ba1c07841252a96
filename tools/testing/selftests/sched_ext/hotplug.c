// SPDX-License-Identifier: GPL-2.0
#include <linux/sched/types.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "scx_test.h"
#include "hotplug.bpf.skel.h"

#define DYING	"scx_test_dying"
#define DYING_NMI "/sys/module/" DYING "/parameters/nmi"

#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE		62
#define PR_SCHED_CORE_CREATE	1
#endif

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif

static struct hotplug *hotplug_load(void)
{
	struct hotplug *skel = SCHED_OPEN(hotplug);

	bpf_program__set_autoload(skel->progs.hotplug_in_nmi, false);
	SCHED_LOAD(skel);
	return skel;
}

SCX_TEST(hotplug, "with both ops, a scheduler stays loaded during hotplug")
{
	int i, cpu = cpu_hotpluggable();
	struct hotplug *skel = hotplug_load();
	struct crew *crew = crew_start(6, job_mixed);
	struct census *census = census_take();
	long long seq = scx_attr_num("hotplug_seq");
	struct bpf_link *link;

	link = sched_attach(skel->maps.hotplug);
	for (i = 0; i < 3; i++) {
		cpu_set_online(cpu, false);
		EXPECT_EQ(skel->bss->nr_offline, i + 1);
		EXPECT_EQ(skel->data->last_cpu, cpu);
		crew_progress(crew);
		cpu_set_online(cpu, true);
		EXPECT_EQ(skel->bss->nr_online, i + 1);
		crew_progress(crew);
	}
	scx_expect_enabled("hotplug");
	EXPECT_EQ(scx_attr_num("hotplug_seq"), seq + 6);
	sched_detach(link);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}

/*
 * While ops.cpu_online() runs, the CPU is active and tasks are woken there. They
 * must make progress without the scheduler.
 */
SCX_TEST(hotplug_first, "the scheduler is not asked about a CPU until cpu_online has returned")
{
	int i, status, cpu = cpu_hotpluggable();
	struct hotplug *skel = hotplug_load();
	struct crew *crew = crew_start(4, job_mixed);
	struct bpf_link *link;
	pid_t plug;

	link = sched_attach(skel->maps.hotplug_first);
	for (i = 0; i < 2; i++) {
		skel->data->watched = cpu;
		skel->bss->coming = 0;
		skel->bss->release = 0;
		cpu_set_online(cpu, false);
		skel->bss->nr_enqueued = 0;
		crew_progress(crew);
		plug = fork();
		if (!plug)
			_exit(!cpu_try_online(cpu, true));
		ASSERT_SOON(skel->bss->coming);
		crew_pin(crew, cpu);
		crew_progress(crew);
		EXPECT_EQ(skel->bss->nr_enqueued, 0);
		skel->bss->release = 1;
		EXPECT_EQ(waitpid(plug, &status, 0), plug);
		EXPECT_EQ(status, 0);
		EXPECT_EQ(skel->bss->nr_early, 0);
		EXPECT_EQ(skel->bss->early_op, 0);
		crew_progress(crew);
		EXPECT_SOON(skel->bss->nr_enqueued > 0);
		skel->data->watched = -1;
	}
	EXPECT_EQ(skel->bss->nr_online, 2);
	EXPECT_EQ(skel->bss->nr_offline, 2);
	scx_expect_enabled("hotplug_first");
	sched_detach(link);
	crew_stop(crew);
}

/*
 * Core scheduling is on as long as a task has a cookie. For a moment, a CPU that starts
 * counts as a sibling before it shares a lock with the other one.
 */
static void give_cookie(pid_t pid)
{
	if (prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, pid, 0, 0))
		test_skip("no core scheduling here: errno %d", errno);
}

static void hotplug_core(bool cookies)
{
	int i, cpu = cpu_hotpluggable();
	struct hotplug *skel = hotplug_load();
	struct crew *crew = crew_start(2, job_yield);
	struct crew *owner = crew_start(1, job_wait);
	struct bpf_link *link;

	crew_pin(crew, cpu - 1);
	give_cookie(owner->mate[0].pid);
	for (i = 0; cookies && i < crew->nr; i++)
		give_cookie(crew->mate[i].pid);
	link = sched_attach(skel->maps.hotplug);
	for (i = 0; i < 4; i++) {
		cpu_set_online(cpu, false);
		cpu_set_online(cpu, true);
		crew_progress(crew);
	}
	scx_expect_enabled("hotplug");
	sched_detach(link);
	crew_stop(owner);
	crew_stop(crew);
}

SCX_TEST(hotplug_core, "a CPU comes online while core scheduling runs its sibling")
{
	hotplug_core(false);
}

SCX_TEST(hotplug_core_cookie, "the same while its sibling picks for the whole core")
{
	hotplug_core(true);
}

/* Reserves four fifths of each CPU, though nobody is going to use them. */
static void reserve_bandwidth(struct crew *crew)
{
	struct sched_attr attr = {
		.size		= sizeof(attr),
		.sched_policy	= SCHED_DEADLINE,
		.sched_runtime	= 80000000,
		.sched_deadline	= 100000000,
		.sched_period	= 100000000,
	};
	int i;

	for (i = 0; i < crew->nr; i++)
		ASSERT_EQ(syscall(SYS_sched_setattr, crew->mate[i].pid, &attr, 0),
			  0);
}

SCX_TEST(hotplug_refused, "a CPU whose offlining is refused is reported as online again")
{
	int cpu = cpu_hotpluggable();
	struct hotplug *skel = hotplug_load();
	struct crew *crew = crew_start(3, job_mixed);
	struct crew *idlers = crew_start(nr_cpus_online(), job_wait);
	struct bpf_link *link = sched_attach(skel->maps.hotplug);

	reserve_bandwidth(idlers);
	EXPECT_TRUE(!cpu_try_online(cpu, false) && errno == EBUSY,
		    "CPU %d went: errno %d", cpu, errno);
	EXPECT_EQ(skel->bss->nr_offline, 1);
	EXPECT_EQ(skel->bss->nr_online, 1);
	EXPECT_EQ(skel->data->last_cpu, cpu);
	scx_expect_enabled("hotplug");
	crew_pin(crew, cpu);
	crew_progress(crew);
	crew_stop(idlers);
	sched_detach(link);
	crew_stop(crew);
}

/* Without an op the event ends the scheduler, which asks to be restarted. */
static void hotplug_ends(const char *ops, bool online)
{
	int cpu = cpu_hotpluggable();
	struct hotplug *skel = hotplug_load();
	struct crew *crew = crew_start(4, job_mixed);
	struct census *census = census_take();

	if (online)
		cpu_set_online(cpu, false);
	sched_attach(bpf_object__find_map_by_name(skel->obj, ops));
	scx_expect_enabled(ops);
	cpu_set_online(cpu, online);
	ASSERT_EXIT(skel, EXIT_KIND_UNREG_KERN,
		    EXIT_CODE_RESTART | EXIT_CODE_HOTPLUG, REASON_UNREG_KERN);
	if (!online)
		cpu_set_online(cpu, true);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}

SCX_TEST(hotplug_offline_ends, "without cpu_offline the scheduler ends")
{
	hotplug_ends("hotplug_none", false);
}

SCX_TEST(hotplug_online_ends, "without cpu_online the scheduler ends")
{
	hotplug_ends("hotplug_none", true);
}

SCX_TEST(hotplug_unknown, "it ends so even if its callbacks do not know the CPU")
{
	hotplug_ends("hotplug_known", true);
}

static void server_write(int cpu, const char *what, const char *value)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/kernel/debug/sched/fair_server/cpu%d/%s",
		 cpu, what);
	need_file(path);
	ASSERT_TRUE(file_write(path, value), "%s: errno %d", path, errno);
}

/*
 * The hotplug thread is the last fair task of a CPU that goes offline, and starts the
 * server. With this period, the server's timer fires while the other CPUs are
 * being stopped, when nothing else may be on the runqueue.
 */
SCX_TEST(hotplug_server, "a CPU goes offline while its fair server is due")
{
	int i, cpu = cpu_hotpluggable();
	struct hotplug *skel = hotplug_load();
	struct bpf_link *link;

	if (access("/sys/kernel/debug/sched", F_OK))
		mount_private("debugfs", "/sys/kernel/debug");
	server_write(cpu, "runtime", "100000");
	server_write(cpu, "period", "1000000");
	link = sched_attach(skel->maps.hotplug_partial);
	for (i = 0; i < 4; i++) {
		cpu_set_online(cpu, false);
		cpu_set_online(cpu, true);
	}
	scx_expect_enabled("hotplug_partial");
	sched_detach(link);
	server_write(cpu, "period", "1000000000");
	server_write(cpu, "runtime", "50000000");
}

/*
 * A CPU runs its last irq_work before it goes offline. An irq_work that is queued later
 * would not run, and would block all others when the CPU is back.
 */
SCX_TEST(hotplug_dying, "a wakeup by a CPU that is going offline may kick others")
{
	int i, cpu = cpu_hotpluggable();
	struct hotplug *skel = hotplug_load();
	struct bpf_link *link;
	long before;

	module_insert(DYING);
	before = module_param(DYING, "woken");
	link = sched_attach(skel->maps.hotplug);
	for (i = 1; i <= 3; i++) {
		cpu_set_online(cpu, false);
		EXPECT_GE(skel->bss->nr_dying, i);
		EXPECT_EQ(module_param(DYING, "woken"), before + i);
		cpu_set_online(cpu, true);
	}
	scx_expect_enabled("hotplug");
	ASSERT_TRUE(task_pin(0, cpu), "errno %d", errno);
	sched_detach(link);
}

/*
 * An NMI there cannot leave this to another CPU. The module calls a function that
 * nothing else calls, as if in an NMI.
 */
SCX_TEST(hotplug_dying_nmi, "an NMI on a CPU that is going offline may end the scheduler")
{
	int cpu = cpu_hotpluggable();
	struct hotplug *skel = SCHED_OPEN(hotplug);
	struct crew *crew = crew_start(3, job_mixed);
	struct bpf_link *link, *trace;
	char want[64];

	SCHED_LOAD(skel);
	module_insert(DYING);
	trace = bpf_program__attach(skel->progs.hotplug_in_nmi);
	ASSERT_TRUE(trace, "cannot trace: errno %d", errno);
	link = sched_attach(skel->maps.hotplug);
	crew_progress(crew);
	ASSERT_TRUE(file_write(DYING_NMI, "1"), "errno %d", errno);
	cpu_set_online(cpu, false);
	EXPECT_TRUE(file_write(DYING_NMI, "0"), "errno %d", errno);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR_BPF, 0, REASON_ERROR_BPF);
	snprintf(want, sizeof(want), "in an NMI on CPU %d", cpu);
	EXPECT_HAS(EXIT_MSG(skel), want);
	bpf_link__destroy(trace);
	bpf_link__destroy(link);
	crew_progress(crew);

	/* Its irq_works run again. */
	cpu_set_online(cpu, true);
	ASSERT_TRUE(task_pin(0, cpu), "errno %d", errno);
	link = sched_attach(skel->maps.hotplug);
	sched_detach(link);
	crew_stop(crew);
}

SCX_TEST(hotplug_seq, "a scheduler with an outdated hotplug_seq has to start again")
{
	struct hotplug *skel = SCHED_OPEN(hotplug);
	struct crew *crew = crew_start(2, job_mixed);

	skel->struct_ops.hotplug->hotplug_seq = scx_attr_num("hotplug_seq") + 5;
	bpf_program__set_autoload(skel->progs.hotplug_in_nmi, false);
	SCHED_LOAD(skel);
	sched_attach(skel->maps.hotplug);
	ASSERT_EXIT(skel, EXIT_KIND_UNREG_KERN,
		    EXIT_CODE_RESTART | EXIT_CODE_HOTPLUG, REASON_UNREG_KERN);
	crew_progress(crew);
	crew_stop(crew);
}

SCX_TEST(hotplug_counts, "hotplug_seq also counts while nothing is loaded")
{
	long long seq = scx_attr_num("hotplug_seq");
	int cpu = cpu_hotpluggable();

	cpu_set_online(cpu, false);
	EXPECT_EQ(scx_attr_num("hotplug_seq"), seq + 1);
	cpu_set_online(cpu, true);
	EXPECT_EQ(scx_attr_num("hotplug_seq"), seq + 2);
}
