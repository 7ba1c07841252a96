// SPDX-License-Identifier: GPL-2.0
/* What the verifier must refuse, and with which message. */
#include "scx_test.h"
#include "misuse.bpf.skel.h"

struct misuse_case {
	const char *prog;
	int err;
	const char *said;
};

#define NOT_ALLOWED(kfunc) "calling kernel function " kfunc " is not allowed"

/* Open only this program, and the table that uses it, if there is one. */
static struct misuse *open_only(const char *prog, bool keep_log)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct bpf_program *one;
	struct misuse *skel;
	struct bpf_map *map;
	char table[64];

	if (keep_log)
		sched_log_to(&opts);
	skel = misuse__open_opts(&opts);
	ASSERT_TRUE(skel, "open: errno %d", errno);
	SCX_ENUM_INIT(skel);
	snprintf(table, sizeof(table), "ops_%s", prog);
	bpf_object__for_each_map(map, skel->obj)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			bpf_map__set_autocreate(map, !strcmp(bpf_map__name(map),
							     table));
	bpf_object__for_each_program(one, skel->obj)
		bpf_program__set_autoload(one, !strcmp(bpf_program__name(one),
						       prog));
	return skel;
}

static void try_case(const struct misuse_case *c)
{
	struct misuse *skel = open_only(c->prog, true);
	libbpf_print_fn_t print = NULL;
	const char *log;
	int err;

	if (c->err)
		print = libbpf_set_print(NULL);
	err = sched_try_load(skel->obj, &log);
	if (c->err)
		libbpf_set_print(print);
	EXPECT_TRUE(err == c->err, "%s: expected %d, seen %d", c->prog, c->err,
		    err);
	if (c->said)
		EXPECT_TRUE(strstr(log, c->said), "%s: expected \"%s\" in:\n%s",
			    c->prog, c->said, log);
	misuse__destroy(skel);
}

static void try_cases(const struct misuse_case *cases, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		try_case(&cases[i]);
	scx_expect_gone();
}

SCX_TEST(misuse_none, "programs with correctly placed calls load")
{
	static const struct misuse_case cases[] = {
		{ "fine_select_cpu" }, { "fine_enqueue" }, { "fine_dispatch" },
		{ "fine_cpu_release" }, { "fine_init" }, { "fine_init_task" },
		{ "fine_curr" }, { "fine_curr_locked" }, { "fine_syscall" },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

SCX_TEST(misuse_insert, "insertion from ops that place no task is refused")
{
	static const struct misuse_case cases[] = {
		{ "insert_in_running", -EACCES,
		  NOT_ALLOWED("scx_bpf_dsq_insert___v2") },
		{ "insert_in_dequeue", -EACCES,
		  NOT_ALLOWED("scx_bpf_dsq_insert___v2") },
		{ "insert_in_tick", -EACCES,
		  NOT_ALLOWED("scx_bpf_dsq_insert___v2") },
		{ "insert_in_init_task", -EACCES,
		  NOT_ALLOWED("scx_bpf_dsq_insert___v2") },
		{ "vtime_in_quiescent", -EACCES,
		  NOT_ALLOWED("__scx_bpf_dsq_insert_vtime") },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

SCX_TEST(misuse_dispatch, "dispatch's functions are refused outside dispatch")
{
	static const struct misuse_case cases[] = {
		{ "move_in_enqueue", -EACCES,
		  NOT_ALLOWED("scx_bpf_dsq_move_to_local___v2") },
		{ "move_in_select_cpu", -EACCES,
		  NOT_ALLOWED("scx_bpf_dsq_move_to_local___v2") },
		{ "move_in_update_idle", -EACCES,
		  NOT_ALLOWED("scx_bpf_dsq_move_to_local___v2") },
		{ "move_in_init", -EACCES,
		  NOT_ALLOWED("scx_bpf_dsq_move_to_local___v2") },
		{ "slots_in_enqueue", -EACCES,
		  NOT_ALLOWED("scx_bpf_dispatch_nr_slots") },
		{ "cancel_in_tick", -EACCES,
		  NOT_ALLOWED("scx_bpf_dispatch_cancel") },
		{ "iter_move_in_enqueue", -EACCES,
		  NOT_ALLOWED("scx_bpf_dsq_move") },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

SCX_TEST(misuse_release, "reenqueue_local outside cpu_release is refused")
{
	static const struct misuse_case cases[] = {
		{ "reenqueue_in_enqueue", -EACCES,
		  NOT_ALLOWED("scx_bpf_reenqueue_local") },
		{ "reenqueue_in_dispatch", -EACCES,
		  NOT_ALLOWED("scx_bpf_reenqueue_local") },
		{ "reenqueue_in_acquire", -EACCES,
		  NOT_ALLOWED("scx_bpf_reenqueue_local") },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

SCX_TEST(misuse_select, "CPU selection from ops that place no task is refused")
{
	static const struct misuse_case cases[] = {
		{ "select_in_running", -EACCES,
		  NOT_ALLOWED("scx_bpf_select_cpu_dfl") },
		{ "select_in_stopping", -EACCES,
		  NOT_ALLOWED("scx_bpf_select_cpu_dfl") },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

SCX_TEST(misuse_program, "programs of other types get only their own functions")
{
	static const struct misuse_case cases[] = {
		{ "insert_in_syscall", -EACCES,
		  NOT_ALLOWED("scx_bpf_dsq_insert___v2") },
		{ "move_in_syscall", -EACCES,
		  NOT_ALLOWED("scx_bpf_dsq_move_to_local___v2") },
		{ "insert_in_tracing", -EACCES,
		  NOT_ALLOWED("scx_bpf_dsq_insert___v2") },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

SCX_TEST(misuse_sleep, "sleeping in ops that must not sleep is refused")
{
	static const struct misuse_case cases[] = {
		{ "create_in_enqueue", -EACCES, "scx_bpf_create_dsq" },
		{ "sleep_in_enqueue", -EINVAL, NULL },
		{ "sleep_in_exit_task", -EINVAL, NULL },
		{ "sleep_in_dump", -EINVAL, NULL },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

SCX_TEST(misuse_null, "a pointer to a task that may be NULL must be tested")
{
	static const struct misuse_case cases[] = {
		{ "prev_unchecked", -EACCES, "trusted_ptr_or_null_" },
		{ "to_unchecked", -EACCES, "trusted_ptr_or_null_" },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

SCX_TEST(misuse_curr, "a CPU's current task may be used within an RCU read section")
{
	static const struct misuse_case cases[] = {
		{ "curr_outside_rcu", -EACCES, "RCU read section" },
		{ "curr_after_rcu", -EINVAL, "must be a rcu pointer" },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

/* What a loader says about a refused call */

struct explained_case {
	const char *prog;
	const char *text;	/* what follows the place */
};

#define EXPLAINED(prog, kfunc, caller, callers)				\
	{ prog, kfunc "() is not allowed in " caller ", program " prog	\
	  ".\nIt is allowed in: " callers ".\n" }
#define PLACING	"select_cpu, enqueue, dispatch"

static const struct explained_case explained[] = {
	EXPLAINED("insert_in_running", "scx_bpf_dsq_insert", "ops.running()", PLACING),
	EXPLAINED("vtime_in_quiescent", "scx_bpf_dsq_insert_vtime", "ops.quiescent()", PLACING),
	EXPLAINED("move_in_enqueue", "scx_bpf_dsq_move_to_local", "ops.enqueue()", "dispatch"),
	EXPLAINED("slots_in_enqueue", "scx_bpf_dispatch_nr_slots", "ops.enqueue()", "dispatch"),
	EXPLAINED("reenqueue_in_acquire", "scx_bpf_reenqueue_local", "ops.cpu_acquire()",
		  "cpu_release"),
	EXPLAINED("insert_in_syscall", "scx_bpf_dsq_insert", "syscall programs", PLACING),
	EXPLAINED("insert_in_tracing", "scx_bpf_dsq_insert", "tracing programs", PLACING),
};

/* The struct sched_ext_ops that the program is in, or any other. */
static const void *table_of(struct misuse *skel, const char *prog)
{
	struct bpf_map *ops;
	char table[64];

	snprintf(table, sizeof(table), "ops_%s", prog);
	ops = bpf_object__find_map_by_name(skel->obj, table) ?: skel->maps.ops_fine_init;
	return bpf_map__initial_value(ops, NULL);
}

/* The log shows this place, and there the call that the text is about. */
static void check_place(const char *log, const char *text)
{
	char place[80], *line;

	snprintf(place, sizeof(place), " @ %.*s\n", (int)(strstr(text, ": ") - text), text);
	line = strstr(log, place);
	ASSERT_TRUE(line, "no \"%s\" in:\n%s", place, log);
	while (line > log && line[-1] != '\n')
		line--;
	EXPECT_TRUE(!strncmp(place, " @ misuse.bpf.c:", 16) && strstr(line, "scx_bpf_") &&
		    strstr(line, "scx_bpf_") < strstr(line, place),
		    "no call at \"%s\" of:\n%s", place, line);
}

static void try_explained(const struct explained_case *c)
{
	struct misuse *skel = open_only(c->prog, true);
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	char caller[64], text[1024] = "";
	const char *log, *rest;

	EXPECT_EQ(sched_try_load(skel->obj, &log), -EACCES);
	libbpf_set_print(print);
	scx_caller_of(skel->obj, table_of(skel, c->prog),
		      bpf_object__find_program_by_name(skel->obj, c->prog),
		      caller, sizeof(caller));
	ASSERT_TRUE(scx_explain_refusal(log, c->prog, caller, text, sizeof(text)),
		    "%s is not explained:\n%s", c->prog, log);
	rest = strstr(text, ": ");
	ASSERT_TRUE(rest, "no place in \"%s\", log:\n%s", text, log);
	EXPECT_STR(rest + 2, c->text);
	check_place(log, text);
	misuse__destroy(skel);
}

SCX_TEST(misuse_explained, "a refused call is explained: where it is, where it would be allowed")
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(explained); i++)
		try_explained(&explained[i]);
	scx_expect_gone();
}

static int print_nothing(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return 0;
}

SCX_TEST(misuse_heard, "a loader hears the log from libbpf and explains it")
{
	struct misuse *skel = open_only(explained[0].prog, false);
	char text[1024] = "";
	FILE *said = tmpfile();
	int err, copy = dup(2);

	ASSERT_TRUE(said && copy >= 0, "no file: errno %d", errno);
	libbpf_set_print(print_nothing);
	dup2(fileno(said), 2);
	err = __SCX_LISTEN(sched_load(skel->obj));
	__scx_report_refusal(skel->obj, table_of(skel, explained[0].prog));
	dup2(copy, 2);

	EXPECT_EQ(err, -EACCES);
	EXPECT_TRUE(libbpf_set_print(NULL) == print_nothing, "libbpf has another printer");
	rewind(said);
	EXPECT_TRUE(fread(text, 1, sizeof(text) - 1, said), "nothing was said");
	EXPECT_HAS(text, explained[0].text);
	misuse__destroy(skel);
}

/* Wrappers of other headers have lines of their own; needs no kernel. */
SCX_TEST(misuse_log, "a stored log is explained")
{
	static const char calls[] =
		"0: R1=ctx() R10=fp0\n"
		"; void BPF_STRUCT_OPS(mine_tick, struct task_struct *p) @ scx_mine.bpf.c:20\n"
		"0: (79) r1 = *(u64 *)(r1 +0)\n"
		"; if (at @ 5) { @ scx_mine.bpf.c:22\n"
		"1: (b7) r2 = 0\n"
		"; return scx_bpf_dsq_insert___v2___compat(p, dsq_id); @ compat.bpf.h:226\n"
		"8: (85) call scx_bpf_dsq_insert___v2#81234\n"
		"calling kernel function scx_bpf_dsq_insert___v2 is not allowed\n"
		"processed 8 insns (limit 1000000)\n";
	static const char bare[] = "calling kernel function scx_bpf_new is not allowed\n";
	static const char other[] = "R1 invalid mem access 'scalar'\n";
	char text[1024] = "";

	EXPECT_TRUE(scx_explain_refusal(calls, "mine_tick", "ops.tick()", text, sizeof(text)),
		    "not explained");
	EXPECT_STR(text, "after scx_mine.bpf.c:22: scx_bpf_dsq_insert() is not allowed in "
		   "ops.tick(), program mine_tick.\nIt is allowed in: " PLACING ".\n");
	EXPECT_TRUE(scx_explain_refusal(bare, "mine_tick", "ops.tick()", text, sizeof(text)),
		    "not explained");
	EXPECT_STR(text, "scx_bpf_new() is not allowed in ops.tick(), program mine_tick.\n");
	EXPECT_TRUE(!scx_explain_refusal(other, "mine_tick", "ops.tick()", text, sizeof(text)),
		    "another message was taken for a refused call");
}

#define NOT_KEPT "nothing keeps the task that is written to"
/* The base has rq->curr in a union, and its verifier does not trust such a pointer. */
#define NOT_TRUSTED "only read is supported"

SCX_TEST(misuse_write_gone, "a task that may be NULL or gone cannot be written to")
{
	static const struct misuse_case cases[] = {
		{ "write_found", -EACCES, NOT_KEPT },
		{ "write_found_vtime", -EACCES, NOT_KEPT },
		{ "write_found_disallow", -EACCES, NOT_KEPT },
		{ "write_curr", -EACCES, NOT_TRUSTED },
		{ "write_curr_tested", -EACCES, NOT_TRUSTED },
		{ "write_curr_far", -EACCES, NOT_TRUSTED },
		{ "write_cpu_curr_untested", -EACCES, "rcu_ptr_or_null_" },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

SCX_TEST(misuse_write_none, "tasks that stay can be written to")
{
	static const struct misuse_case cases[] = {
		{ "fine_write_cpu_curr" }, { "fine_write_pid" },
		{ "fine_write_iter" },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

SCX_TEST(misuse_write, "only slice, vtime and disallow may be written")
{
	static const struct misuse_case cases[] = {
		{ "write_flags", -EACCES, NULL },
		{ "write_prio", -EACCES, NULL },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}
