// SPDX-License-Identifier: GPL-2.0
/* The options of scx_qmap that make it misbehave, and others with immediate effect. */
#include <sched.h>
#include "scx_test.h"

#define RCU_TIMEOUT	"/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout"

struct party {
	struct crew *mixed, *busy;
	struct census *census;
	struct running run;
};

/* Loading is not tested here, and takes long beside busy tasks. */
static struct party party_start(const struct example *ex)
{
	struct party party = {
		.mixed = crew_start(6, job_mixed),
		.busy = crew_start(nr_cpus_online() + 2, job_spin),
		.census = census_take(),
	};

	crews_rest(true);
	party.run = example_start(ex);
	EXPECT_SOON(example_loaded(ex) || example_printed(&party.run, "EXIT: "));
	crews_rest(false);
	return party;
}

static void party_end(struct party *party)
{
	scx_expect_gone();
	crew_progress(party->mixed);
	crew_progress(party->busy);
	census_check(party->census);
	crew_stop(party->busy);
	crew_stop(party->mixed);
	close(party->run.out);
}

/* It ends by itself, says so, and fails; returns the text between the parentheses. */
static const char *expect_end(struct party *party, const char *reason)
{
	struct running *run = &party->run;
	static char msg[1024];
	const char *at;

	EXPECT_SOON(example_printed(run, "EXIT: "));
	example_wait(run, EXIT_FAILURE);
	at = example_printed(run, "EXIT: ") ? strstr(run->text, "EXIT: ") + 6 : "nothing";
	test_note("%.200s", at);
	EXPECT_TRUE(!strncmp(at, reason, strlen(reason)), "it printed: %.200s", at);
	at = strchr(at, '(');
	snprintf(msg, sizeof(msg), "%.*s", at ? (int)strcspn(at, "\n") - 1 : 0, at ? at + 1 : "");
	return msg;
}

SCX_TEST(example_qmap_error, "scx_qmap -e: it ends with an error after so many enqueues")
{
	static const struct example ex = { "scx_qmap", "qmap", { "-e", "500" } };
	struct party party = party_start(&ex);

	EXPECT_HAS(expect_end(&party, REASON_ERROR_BPF), "ending after 500 enqueues");
	EXPECT_HAS(party.run.text, "DEBUG DUMP");
	EXPECT_HAS(party.run.text, "Event counters");
	party_end(&party);
}

SCX_TEST(example_qmap_dump_len, "scx_qmap -L: the dump has the given length")
{
	static const struct example ex = {
		"scx_qmap", "qmap", { "-L", "1000", "-e", "500" }
	};
	struct party party = party_start(&ex);
	const char *from, *to;

	EXPECT_HAS(expect_end(&party, REASON_ERROR_BPF), "ending after 500 enqueues");
	EXPECT_HAS(party.run.text, "~~~~ TRUNCATED ~~~~");
	from = strstr(party.run.text, "=\n\n");
	to = from ? strstr(from, "\n=====") : NULL;
	ASSERT_TRUE(to, "no dump");
	EXPECT_LE(to - from, 1003);
	EXPECT_GE(to - from, 500);
	party_end(&party);
}

/* Flags in /proc/PID/stat: is it a kernel thread? */
static bool is_kthread(pid_t pid)
{
	char path[32], buf[1024], *at;
	unsigned int flags = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!file_read(path, buf, sizeof(buf)))
		return false;
	at = strrchr(buf, ')');
	return at && sscanf(at, ") %*c %*d %*d %*d %*d %*d %u", &flags) == 1 &&
	       (flags & 0x00200000);
}

/* "NAME[PID] on CPU N failed to run for ..." */
static pid_t stalled_pid(const char *msg)
{
	const char *at = strstr(msg, "] on CPU ");

	while (at && at > msg && *at != '[')
		at--;
	return at ? atoi(at + 1) : 0;
}

/*
 * A task that stalls can be in the middle of an RCU read section. The timeout of the
 * watchdog of scx_qmap may be longer than that of some kernels' RCU stall detector.
 */
static struct party stall_start(const struct example *ex, char *before, size_t size)
{
	need_file(RCU_TIMEOUT);
	ASSERT_TRUE(file_read(RCU_TIMEOUT, before, size), "errno %d", errno);
	ASSERT_TRUE(file_write(RCU_TIMEOUT, "120"), "errno %d", errno);
	return party_start(ex);
}

static void stall_end(struct party *party, const char *before)
{
	EXPECT_TRUE(file_write(RCU_TIMEOUT, before), "errno %d", errno);
	party_end(party);
}

/* The kernel thread that is forgotten can be that of the watchdog. */
static bool watchdog_stalled(const char *msg)
{
	return strstr(msg, "watchdog failed to check in");
}

SCX_TEST(example_qmap_loop, "scx_qmap -l: it dispatches nothing, and tasks stall")
{
	static const struct example ex = { "scx_qmap", "qmap", { "-t", "5", "-l", "300" } };
	char before[32];
	struct party party = stall_start(&ex, before, sizeof(before));
	const char *msg = expect_end(&party, REASON_ERROR_STALL);

	EXPECT_TRUE(stalled_pid(msg) || watchdog_stalled(msg), "%s", msg);
	stall_end(&party, before);
}

SCX_TEST(example_qmap_stall_user, "scx_qmap -u: a user thread that was forgotten stalls")
{
	static const struct example ex = { "scx_qmap", "qmap", { "-t", "5", "-u", "300" } };
	char before[32];
	struct party party = stall_start(&ex, before, sizeof(before));
	const char *msg = expect_end(&party, REASON_ERROR_STALL);

	EXPECT_TRUE(stalled_pid(msg) && !is_kthread(stalled_pid(msg)), "%s", msg);
	stall_end(&party, before);
}

SCX_TEST(example_qmap_stall_kernel, "scx_qmap -k: a kernel thread that was forgotten stalls")
{
	static const struct example ex = { "scx_qmap", "qmap", { "-t", "5", "-k", "5" } };
	char before[32];
	struct party party = stall_start(&ex, before, sizeof(before));
	const char *msg = expect_end(&party, REASON_ERROR_STALL);

	EXPECT_TRUE(is_kthread(stalled_pid(msg)) || watchdog_stalled(msg), "%s", msg);
	stall_end(&party, before);
}

SCX_TEST(example_qmap_disallow, "scx_qmap -p -D: a process may not switch to SCHED_EXT")
{
	struct crew *crew = crew_start(2, job_nap);
	pid_t outcast = crew->mate[0].pid;
	char pid[16];
	const struct example ex = { "scx_qmap", "qmap", { "-p", "-D", pid } };
	struct running run;

	snprintf(pid, sizeof(pid), "%d", outcast);
	ASSERT_TRUE(task_set_policy(outcast, SCHED_EXT, 0), "errno %d", errno);
	run = example_start(&ex);
	ASSERT_SOON(example_loaded(&ex));
	EXPECT_EQ(scx_attr_num("switch_all"), 0);
	EXPECT_EQ(scx_attr_num("nr_rejected"), 1);
	EXPECT_EQ(sched_getscheduler(outcast), SCHED_OTHER);
	EXPECT_TRUE(!task_set_policy(outcast, SCHED_EXT, 0) && errno == EACCES, "errno %d", errno);
	EXPECT_EQ(task_ext_enabled(outcast), 0);
	ASSERT_TRUE(task_set_policy(crew->mate[1].pid, SCHED_EXT, 0), "errno %d", errno);
	EXPECT_EQ(task_ext_enabled(crew->mate[1].pid), 1);
	crew_progress(crew);
	example_stop(&run);
	EXPECT_TRUE(example_printed(&run, REASON_UNREG), "it printed:\n%s", run.text);
	scx_expect_gone();
	crew_stop(crew);
	close(run.out);
}
