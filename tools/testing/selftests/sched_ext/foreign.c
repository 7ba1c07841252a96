// SPDX-License-Identifier: GPL-2.0
/* The kfuncs are for schedulers, not for every kind of struct_ops. */
#include "scx_test.h"
#include "foreign.bpf.skel.h"

static int foreign_load(bool meddle, const char **log)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	libbpf_print_fn_t print = NULL;
	struct foreign *skel;
	int err;

	sched_log_to(&opts);
	skel = foreign__open_opts(&opts);
	ASSERT_TRUE(skel, "open: errno %d", errno);
	bpf_program__set_autoload(skel->progs.test_exit, false);
	skel->rodata->meddle = meddle;
	if (meddle)
		print = libbpf_set_print(NULL);
	err = sched_try_load(skel->obj, log);
	if (meddle)
		libbpf_set_print(print);
	foreign__destroy(skel);
	return err;
}

SCX_TEST(foreign, "a TCP congestion control cannot call the kfuncs of schedulers")
{
	const char *log;

	EXPECT_EQ(foreign_load(false, &log), 0);
	EXPECT_EQ(foreign_load(true, &log), -EACCES);
	EXPECT_TRUE(strstr(log, "calling kernel function scx_bpf_kick_cpu is not allowed"),
		    "the verifier said:\n%s", log);
	scx_expect_gone();
}
