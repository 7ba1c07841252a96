// SPDX-License-Identifier: GPL-2.0
/* What the verifier must refuse, and in which words. */
#include "scx_test.h"
#include "misuse.bpf.skel.h"

struct misuse_case {
	const char *prog;
	int err;
	const char *said;
};

#define NOT_ALLOWED(kfunc) "calling kernel function " kfunc " is not allowed"

/* Only the one program, and the table that uses it, if there is one. */
static struct misuse *open_only(const char *prog)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct bpf_program *one;
	struct misuse *skel;
	struct bpf_map *map;
	char table[64];

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
	struct misuse *skel = open_only(c->prog);
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

SCX_TEST(misuse_none, "rightly placed calls load")
{
	static const struct misuse_case cases[] = {
		{ "fine_select_cpu" }, { "fine_enqueue" }, { "fine_dispatch" },
		{ "fine_cpu_release" }, { "fine_init" }, { "fine_init_task" },
		{ "fine_curr" }, { "fine_curr_locked" }, { "fine_syscall" },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

SCX_TEST(misuse_insert, "insertion where no task is being placed is refused")
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

SCX_TEST(misuse_select, "CPU selection where no task is placed is refused")
{
	static const struct misuse_case cases[] = {
		{ "select_in_running", -EACCES,
		  NOT_ALLOWED("scx_bpf_select_cpu_dfl") },
		{ "select_in_stopping", -EACCES,
		  NOT_ALLOWED("scx_bpf_select_cpu_dfl") },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

SCX_TEST(misuse_program, "programs of other types get only what is theirs")
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

SCX_TEST(misuse_sleep, "sleeping where an op must not is refused")
{
	static const struct misuse_case cases[] = {
		{ "create_in_enqueue", -EACCES, "scx_bpf_create_dsq" },
		{ "sleep_in_enqueue", -EINVAL, NULL },
		{ "sleep_in_exit_task", -EINVAL, NULL },
		{ "sleep_in_dump", -EINVAL, NULL },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

SCX_TEST(misuse_null, "a task that may be absent must be tested for")
{
	static const struct misuse_case cases[] = {
		{ "prev_unchecked", -EACCES, "trusted_ptr_or_null_" },
		{ "to_unchecked", -EACCES, "trusted_ptr_or_null_" },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

SCX_TEST(misuse_curr, "a CPU's current task is good for an RCU read section")
{
	static const struct misuse_case cases[] = {
		{ "curr_outside_rcu", -EACCES, "RCU read section" },
		{ "curr_after_rcu", -EINVAL, "must be a rcu pointer" },
	};

	try_cases(cases, ARRAY_SIZE(cases));
}

#define NOT_KEPT "nothing keeps the task that is written to"
/* The base has rq->curr in a union, and its verifier trusts no such pointer. */
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
