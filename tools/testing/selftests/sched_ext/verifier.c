// SPDX-License-Identifier: GPL-2.0
/* What the BPF patches allow: programs that load with them, and others that must not. */
#include "scx_test.h"
#include "verifier.bpf.skel.h"

/* Open one program, or all that load without being asked for. */
static struct verifier *open_with(const char *name)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct bpf_program *prog;
	struct verifier *skel;

	sched_log_to(&opts);
	skel = verifier__open_opts(&opts);
	ASSERT_TRUE(skel, "open: errno %d", errno);
	SCX_ENUM_INIT(skel);
	prog = bpf_object__find_program_by_name(skel->obj, name);
	ASSERT_TRUE(prog, "no program %s", name);
	bpf_program__set_autoload(prog, true);
	return skel;
}

/* Load one program and run it once. */
static struct verifier *run_once(const char *name)
{
	struct verifier *skel = open_with(name);

	SCHED_LOAD(skel);
	EXPECT_EQ(prog_run(bpf_object__find_program_by_name(skel->obj, name), NULL, 0), 0);
	return skel;
}

static void expect_refused(const char *name, const char *said)
{
	struct verifier *skel = open_with(name);
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	const char *log;
	int err = sched_try_load(skel->obj, &log);

	libbpf_set_print(print);
	EXPECT_EQ(err, -EINVAL);
	EXPECT_TRUE(strstr(log, said), "%s: expected \"%s\" in:\n%s", name, said, log);
	verifier__destroy(skel);
}

SCX_TEST(verifier_global, "global functions are called with preemption disabled")
{
	struct verifier *skel = open_with("calm");
	struct crew *crew = crew_start(4, job_mixed);
	struct bpf_link *link;
	u64 calls;

	SCHED_LOAD(skel);
	link = sched_attach(skel->maps.verifier);
	crew_progress(crew);
	EXPECT_GT(skel->bss->nr_nested, 0);
	sched_detach(link);
	crew_stop(crew);
	calls = skel->bss->nr_calls;
	EXPECT_EQ(calls, skel->bss->nr_nested);
	EXPECT_EQ(prog_run(skel->progs.calm, NULL, 0), 0);
	EXPECT_EQ(skel->bss->nr_calls, calls + 1);
}

SCX_TEST(verifier_global_refused, "global functions that may sleep or throw are refused there")
{
	expect_refused("copying", "if they may sleep, as 'calls_copies' does");
	expect_refused("storing", "if they may sleep, as 'stores' does");
	expect_refused("throwing", "if they may throw, as 'throws' does");
}

SCX_TEST(verifier_global_atomic, "a function that may sleep elsewhere is allowed where nobody can")
{
	struct verifier *skel = open_with("storing_atomic");

	SCHED_LOAD(skel);
	verifier__destroy(skel);
}

SCX_TEST(verifier_count_locked, "loops over numbers run under a spin lock, other calls do not")
{
	struct verifier *skel = run_once("counting");

	EXPECT_EQ(skel->bss->sum, 28);
	verifier__destroy(skel);
	expect_refused("asking_locked", "function calls are not allowed while holding a lock");
}

SCX_TEST(verifier_may_goto, "a may_goto to the next instruction goes there")
{
	struct verifier *skel = run_once("going_on");

	EXPECT_EQ(skel->bss->sum, 1);
	verifier__destroy(skel);
}

SCX_TEST(verifier_populate, "a mask of CPUs is made from a bitmap that is large enough")
{
	struct verifier *skel = run_once("populating");

	EXPECT_EQ(skel->bss->populated, 0);
	EXPECT_EQ(skel->bss->too_small, -EACCES);
	EXPECT_EQ(skel->bss->seen_cpus, 0x5);
	verifier__destroy(skel);
}
