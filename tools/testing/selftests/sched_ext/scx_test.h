/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a sched_ext test needs: registration, assertions, and the helpers of
 * lib/. README says how the pieces fit together.
 */
#ifndef SCX_TEST_H
#define SCX_TEST_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <scx/common.h>
#include "kselftest.h"

/* Exit kinds and codes are ABI; user space has no header for them. */
enum {
	EXIT_KIND_UNREG		= 64,
	EXIT_KIND_UNREG_BPF	= 65,
	EXIT_KIND_UNREG_KERN	= 66,
	EXIT_KIND_SYSRQ		= 67,
	EXIT_KIND_ERROR		= 1024,
	EXIT_KIND_ERROR_BPF	= 1025,
	EXIT_KIND_ERROR_STALL	= 1026,
};

#define EXIT_CODE_HOTPLUG	0x0000000100000000LL
#define EXIT_CODE_RESTART	0x0001000000000000LL

#define REASON_UNREG		"unregistered from user space"
#define REASON_UNREG_BPF	"unregistered from BPF"
#define REASON_UNREG_KERN	"unregistered from the main kernel"
#define REASON_SYSRQ		"disabled by sysrq-S"
#define REASON_ERROR		"runtime error"
#define REASON_ERROR_BPF	"scx_bpf_error"
#define REASON_ERROR_STALL	"runnable task stall"

/* Registration */

struct scx_test {
	const char *name;
	const char *about;
	void (*run)(void);
	struct scx_test *next;
};

void test_register(struct scx_test *test);

#define SCX_TEST(id, text)						\
	static void id##_test_run(void);				\
	static struct scx_test id##_test = {				\
		.name = #id, .about = text, .run = id##_test_run,	\
	};								\
	static void __attribute__((constructor)) id##_test_add(void)	\
	{								\
		test_register(&id##_test);				\
	}								\
	static void id##_test_run(void)

/*
 * Assertions. EXPECT_* notes the failure and goes on; ASSERT_* ends the test.
 * Every test runs in a process of its own, so that ending it also closes its
 * links (which unloads the scheduler) and kills the processes it forked.
 */

void __printf(3, 4) check_failed(const char *file, int line, const char *fmt, ...);
void __noreturn check_end(void);
int check_failures(void);
void __noreturn __printf(1, 2) test_skip(const char *fmt, ...);
void __printf(1, 2) test_note(const char *fmt, ...);

#define CHECK_NUM_(seen, op, want)					\
({									\
	long long seen_ = (long long)(seen), want_ = (long long)(want);	\
	bool ok_ = seen_ op want_;					\
									\
	if (!ok_)							\
		check_failed(__FILE__, __LINE__,			\
			     "%s: expected %s %lld, seen %lld",		\
			     #seen, #op, want_, seen_);			\
	ok_;								\
})

bool check_str(const char *file, int line, const char *what, const char *seen,
	       const char *want, bool whole);

#define EXPECT_EQ(seen, want)	CHECK_NUM_(seen, ==, want)
#define EXPECT_NE(seen, want)	CHECK_NUM_(seen, !=, want)
#define EXPECT_GE(seen, want)	CHECK_NUM_(seen, >=, want)
#define EXPECT_GT(seen, want)	CHECK_NUM_(seen, >, want)
#define EXPECT_LE(seen, want)	CHECK_NUM_(seen, <=, want)
#define EXPECT_LT(seen, want)	CHECK_NUM_(seen, <, want)
#define EXPECT_STR(seen, want)						\
	check_str(__FILE__, __LINE__, #seen, seen, want, true)
#define EXPECT_HAS(seen, part)						\
	check_str(__FILE__, __LINE__, #seen, seen, part, false)
#define EXPECT_TRUE(cond, fmt, ...)					\
({									\
	bool ok_ = (cond);						\
									\
	if (!ok_)							\
		check_failed(__FILE__, __LINE__, "%s: " fmt, #cond,	\
			     ##__VA_ARGS__);				\
	ok_;								\
})

#define OR_END_(check)		((check) ? (void)0 : check_end())
#define ASSERT_EQ(seen, want)	OR_END_(EXPECT_EQ(seen, want))
#define ASSERT_GE(seen, want)	OR_END_(EXPECT_GE(seen, want))
#define ASSERT_GT(seen, want)	OR_END_(EXPECT_GT(seen, want))
#define ASSERT_STR(seen, want)	OR_END_(EXPECT_STR(seen, want))
#define ASSERT_TRUE(cond, fmt, ...)					\
	OR_END_(EXPECT_TRUE(cond, fmt, ##__VA_ARGS__))

/*
 * Wait until COND holds, which is looked at every 10 ms, WAIT_MAX_MS in all. If others
 * keep the CPU it is looked at less often, and the wait takes longer, but not much
 * longer than twice that: it has to end before the test's time is over.
 */
#define WAIT_MAX_MS 60000

struct waiting {
	long long since;
	long steps;
};

bool wait_step(struct waiting *wait);

#define WAIT_UNTIL(cond)						\
({									\
	struct waiting wait_ = {};					\
	bool met_;							\
									\
	while (!(met_ = !!(cond)) && wait_step(&wait_))			\
		;							\
	met_;								\
})
#define EXPECT_SOON(cond)						\
({									\
	bool soon_ = WAIT_UNTIL(cond);					\
									\
	if (!soon_)							\
		check_failed(__FILE__, __LINE__, "%s: still false after %d ms",	\
			     #cond, WAIT_MAX_MS);			\
	soon_;								\
})
#define ASSERT_SOON(cond)	OR_END_(EXPECT_SOON(cond))

/* lib/sysfs.c: what the kernel reports about itself */

#define SCX_SYSFS "/sys/kernel/sched_ext/"

bool file_read(const char *path, char *buf, size_t size);
bool file_write(const char *path, const char *text);
const char *scx_attr(const char *name);
long long scx_attr_num(const char *name);
long long scx_event(const char *name);
bool scx_state_is(const char *state);
void scx_expect_enabled(const char *name);
void scx_expect_gone(void);
int task_ext_enabled(pid_t tid);
bool task_set_policy(pid_t tid, int policy, int prio);
bool task_pin(pid_t tid, int cpu);
void self_urgent(bool on);
long long nr_interrupts(const char *row, int cpu);
int nr_cpus_online(void);
void need_cpus(int nr);
void need_file(const char *path);
void mount_private(const char *type, const char *dir);

/* lib/sched.c: loading, attaching and ending a scheduler */

struct bpf_link *sched_attach(struct bpf_map *ops);
int sched_attach_errno(struct bpf_map *ops);
void sched_detach(struct bpf_link *link);
int sched_load(struct bpf_object *obj);
int sched_try_load(struct bpf_object *obj, const char **log);
void sched_log_to(struct bpf_object_open_opts *opts);
long long prog_run(struct bpf_program *prog, void *ctx, size_t size);

bool exit_seen(struct user_exit_info *uei);
void check_exit(const char *file, int line, struct user_exit_info *uei,
		long long kind, long long code, const char *reason);

#define SCHED_OPEN(type)						\
({									\
	struct type *skel_;						\
									\
	crews_rest(true);						\
	skel_ = type##__open();						\
	crews_rest(false);						\
	ASSERT_TRUE(skel_, "cannot open " #type ": errno %d", errno);	\
	SCX_ENUM_INIT(skel_);						\
	skel_;								\
})
#define SCHED_LOAD(skel)						\
	ASSERT_TRUE(!sched_load((skel)->obj), "load failed: errno %d", errno)

/* The scheduler ended by itself for this reason, and is entirely gone. */
#define ASSERT_EXIT(skel, kind, code, reason)				\
	check_exit(__FILE__, __LINE__, &(skel)->data->uei, kind, code, reason)
#define EXIT_MSG(skel) ((skel)->data->uei.msg)

/* The message names this number, in decimal or hexadecimal. */
bool msg_names(const char *msg, unsigned long long number);
#define EXPECT_NAMES(skel, number)					\
	EXPECT_TRUE(msg_names(EXIT_MSG(skel), number), "%llu in \"%s\"", \
		    (unsigned long long)(number), EXIT_MSG(skel))

/* lib/crew.c: forked processes whose progress can be measured */

struct crew;
struct mate {
	pid_t pid;
	int nr;
	u64 count;
	int pipe[2];
	bool waits;	/* in job_wait() */
	struct crew *crew;
};

struct crew {
	int nr;
	struct mate mate[];
};

typedef void (*job_fn)(struct mate *self);

void job_spin(struct mate *self);
void job_nap(struct mate *self);
void job_yield(struct mate *self);
void job_fork(struct mate *self);
void job_exec(struct mate *self);
void job_wait(struct mate *self);
void job_mixed(struct mate *self);

struct crew *crew_start(int nr, job_fn job);
void crew_wake(struct crew *crew, int nr);
void crew_pin(struct crew *crew, int cpu);
void crew_progress(struct crew *crew);
bool crew_blocked(struct crew *crew);
long long crew_time(struct crew *crew);
long long mate_time(struct mate *mate);
void crew_stop(struct crew *crew);
void crew_freeze(struct crew *crew, bool on);
void crews_rest(bool on);
char task_run_state(pid_t tid);

/* lib/crowd.c: a great many threads that become runnable at once */

void crowd_gather(int nr, int cpu);
void crowd_release(void);

/* lib/census.c: no task may be missing afterwards */

struct census;
struct census *census_take(void);
void census_check(struct census *before);

/* lib/slab.c: nothing may be left over afterwards */

void slab_must_not_grow(const char *what, int rounds, void (*round)(void *),
			void *arg, struct crew *load);

/* lib/kmsg.c: the kernel log from a given moment on */

struct kmsg;
struct kmsg *kmsg_mark(void);
bool kmsg_has(struct kmsg *log, const char *text);
const char *kmsg_after(struct kmsg *log, const char *text);

/* lib/cgroup.c */

#define CGROUP_MNT	"/sys/fs/cgroup"
#define CGROUP_A	CGROUP_MNT "/scx_test_a"
#define CGROUP_B	CGROUP_MNT "/scx_test_b"

void cgroup_need(void);
unsigned long long cgroup_make(const char *path);
int cgroup_move(const char *path, pid_t pid);

/* lib/example.c: the programs of tools/sched_ext */

#define EXAMPLE_ARGS	8

struct example {
	const char *program;	/* scx_NAME */
	const char *ops;	/* contents of root/ops */
	const char *args[EXAMPLE_ARGS];
};

struct running {
	pid_t pid;
	int out;
	char text[1 << 16];
	size_t len;
};

struct running example_start(const struct example *ex);
bool example_printed(struct running *run, const char *part);
bool example_loaded(const struct example *ex);
void example_wait(struct running *run, int want);
void example_stop(struct running *run);

/* lib/hotplug.c */

int cpu_hotpluggable(void);
bool cpu_try_online(int cpu, bool online);
void cpu_set_online(int cpu, bool online);

/* lib/module.c */

void module_insert(const char *name);
long module_param(const char *name, const char *param);

#endif /* SCX_TEST_H */
