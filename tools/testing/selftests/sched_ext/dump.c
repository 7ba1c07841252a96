// SPDX-License-Identifier: GPL-2.0
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "scx_test.h"
#include "dump.bpf.skel.h"

static struct dump *dump_open(u32 len)
{
	struct dump *skel = SCHED_OPEN(dump);

	skel->struct_ops.dump_ops->exit_dump_len = len;
	UEI_SET_SIZE(skel, dump_ops, uei);
	SCHED_LOAD(skel);
	return skel;
}

/* The victim's next wakeup raises an error. */
static const char *dump_raise(struct dump *skel, struct crew *crew)
{
	skel->bss->victim = crew->mate[1].pid;
	sched_attach(skel->maps.dump_ops);
	crew_progress(crew);
	skel->bss->raise_error = true;
	ASSERT_EXIT(skel, EXIT_KIND_ERROR_BPF, 0, REASON_ERROR_BPF);
	return skel->data_uei_dump->uei_dump;
}

SCX_TEST(dump, "the debug dump has our lines and the kernel's")
{
	struct crew *crew = crew_start(4, job_mixed);
	struct dump *skel = dump_open(0);
	const char *dump = dump_raise(skel, crew);
	char want[64];

	EXPECT_HAS(dump, EXIT_MSG(skel));
	EXPECT_HAS(dump, REASON_ERROR_BPF);
	EXPECT_HAS(dump, "from dump: kind 1025");
	EXPECT_HAS(dump, "half a line, and its rest\n");
	EXPECT_HAS(dump, "CPU states");
	EXPECT_HAS(dump, "\nCPU ");
	EXPECT_HAS(dump, "\n  from dump_cpu: 0\n");
	EXPECT_HAS(dump, "\n    from dump_task: ");
	EXPECT_HAS(dump, "Event counters");
	EXPECT_HAS(dump, "SCX_EV_BYPASS_ACTIVATE: ");
	snprintf(want, sizeof(want), "runner[%d]", crew->mate[0].pid);
	EXPECT_HAS(dump, want);
	EXPECT_EQ(skel->bss->nr_dump, 1);
	EXPECT_GE(skel->bss->nr_dump_cpu, nr_cpus_online());
	EXPECT_GT(skel->bss->nr_dump_task, 0);
	crew_progress(crew);
	crew_stop(crew);
}

SCX_TEST(dump_short, "a dump that does not fit says so and stays in its buffer")
{
	struct crew *crew = crew_start(4, job_mixed);
	struct dump *skel = dump_open(600);
	const char *dump = dump_raise(skel, crew);

	EXPECT_LT(strnlen(dump, 600), 600);
	EXPECT_HAS(dump, "~~~~ TRUNCATED ~~~~");
	crew_progress(crew);
	crew_stop(crew);
}

#define TRACING "/sys/kernel/tracing/"
#define DUMP_EVENT TRACING "events/sched_ext/sched_ext_dump/enable"

SCX_TEST(dump_sysrq, "sysrq-D dumps through the tracepoint and changes nothing")
{
	struct crew *crew = crew_start(3, job_mixed);
	struct dump *skel = dump_open(0);
	static char trace[1 << 18];
	struct bpf_link *link;

	need_file("/proc/sysrq-trigger");
	if (access(TRACING "trace", F_OK))
		mount_private("tracefs", "/sys/kernel/tracing");
	need_file(DUMP_EVENT);
	link = sched_attach(skel->maps.dump_ops);
	ASSERT_TRUE(file_write(TRACING "trace", "\n"), "errno %d", errno);
	ASSERT_TRUE(file_write(DUMP_EVENT, "1"), "errno %d", errno);
	ASSERT_TRUE(file_write("/proc/sysrq-trigger", "D"), "errno %d", errno);
	ASSERT_SOON(skel->bss->nr_dump == 1);
	usleep(100000);
	file_write(DUMP_EVENT, "0");
	file_read(TRACING "trace", trace, sizeof(trace));
	EXPECT_TRUE(strstr(trace, "from dump: kind 0"), "not in %zu bytes",
		    strlen(trace));
	EXPECT_TRUE(strstr(trace, "from dump_cpu: 0"), "not in %zu bytes",
		    strlen(trace));
	EXPECT_TRUE(strstr(trace, "SysRq-D"), "not in %zu bytes", strlen(trace));
	scx_expect_enabled("dump_ops");
	crew_progress(crew);
	sched_detach(link);
	crew_stop(crew);
}

#define BLOCKED_NAME	"scx_blocked"

/* Blocked, as sysrq-W means it, until the child has read its byte. */
static void job_vfork(struct mate *self)
{
	pid_t pid;

	prctl(PR_SET_NAME, BLOCKED_NAME);
	pid = vfork();
	if (!pid) {
		char byte;

		_exit(read(self->pipe[0], &byte, 1) != 1);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	self->count++;
}

static struct crew *start_blocked(void)
{
	struct crew *crew = crew_start(1, job_vfork);

	ASSERT_SOON(task_run_state(crew->mate[0].pid) == 'D');
	return crew;
}

/* The kernel's line about the class in the stack dump of the blocked task. */
static const char *stack_line(void)
{
	struct kmsg *log = kmsg_mark();
	static char line[256];
	const char *at;

	ASSERT_TRUE(file_write("/proc/sysrq-trigger", "w"), "errno %d", errno);
	ASSERT_SOON(kmsg_after(log, "task:" BLOCKED_NAME));
	at = kmsg_after(log, "task:" BLOCKED_NAME);
	at = strstr(at, "Sched_ext: ");
	snprintf(line, sizeof(line), "%.*s", at ? (int)strcspn(at, "\n") : 0, at ?: "");
	test_note("%s", line);
	free(log);
	return line;
}

SCX_TEST(dump_stack, "a stack dump names the scheduler, and says how long ago the task woke up")
{
	static const char task[] = "Sched_ext: dump_ops (enabled+all), task: runnable_at=";
	struct dump *skel = dump_open(0);
	struct bpf_link *link;
	struct crew *crew;
	const char *line;

	need_file("/proc/sysrq-trigger");
	link = sched_attach(skel->maps.dump_ops);
	crew = start_blocked();
	usleep(200000);
	line = stack_line();
	EXPECT_HAS(line, task);
	if (strstr(line, task)) {
		EXPECT_LE(strtol(line + strlen(task), NULL, 10), -100);
		EXPECT_GE(strtol(line + strlen(task), NULL, 10), -WAIT_MAX_MS);
	}
	ASSERT_TRUE(task_set_policy(crew->mate[0].pid, SCHED_FIFO, 1), "errno %d", errno);
	EXPECT_STR(stack_line(), "Sched_ext: dump_ops (enabled+all)");
	sched_detach(link);
	EXPECT_STR(stack_line(), "");
	crew_stop(crew);
}

SCX_TEST(dump_stack_partial, "the same beside a scheduler that does not take all tasks")
{
	struct dump *skel = SCHED_OPEN(dump);
	struct bpf_link *link;
	struct crew *crew;

	need_file("/proc/sysrq-trigger");
	skel->struct_ops.dump_ops->flags |= SCX_OPS_SWITCH_PARTIAL;
	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.dump_ops);
	crew = start_blocked();
	EXPECT_STR(stack_line(), "Sched_ext: dump_ops (enabled)");
	ASSERT_TRUE(task_set_policy(crew->mate[0].pid, SCHED_EXT, 0), "errno %d", errno);
	EXPECT_HAS(stack_line(), "Sched_ext: dump_ops (enabled), task: runnable_at=");
	sched_detach(link);
	crew_stop(crew);
}
