// SPDX-License-Identifier: GPL-2.0
/* Loading, attaching and ending a scheduler. */
#include "scx_test.h"

static char verifier_log[1 << 20];

struct bpf_link *sched_attach(struct bpf_map *ops)
{
	struct bpf_link *link = bpf_map__attach_struct_ops(ops);

	ASSERT_TRUE(link, "attaching %s: errno %d", bpf_map__name(ops), errno);
	return link;
}

/* Attach, which is meant to fail: returns the errno, or 0 if it did not fail. */
int sched_attach_errno(struct bpf_map *ops)
{
	struct bpf_link *link = bpf_map__attach_struct_ops(ops);
	int err = link ? 0 : errno;

	bpf_link__destroy(link);
	return err;
}

void sched_detach(struct bpf_link *link)
{
	EXPECT_EQ(bpf_link__destroy(link), 0);
	scx_expect_gone();
}

/* Keep the verifier's log for sched_try_load(). */
void sched_log_to(struct bpf_object_open_opts *opts)
{
	opts->kernel_log_buf = verifier_log;
	opts->kernel_log_size = sizeof(verifier_log);
	opts->kernel_log_level = 1;
}

int sched_load(struct bpf_object *obj)
{
	int err;

	crews_rest(true);
	err = bpf_object__load(obj);
	crews_rest(false);
	return err;
}

int sched_try_load(struct bpf_object *obj, const char **log)
{
	int err;

	verifier_log[0] = '\0';
	err = sched_load(obj);
	*log = verifier_log;
	return err;
}

/* Run a SYSCALL program once; returns its return value. */
long long prog_run(struct bpf_program *prog, void *ctx, size_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = ctx, .ctx_size_in = size);

	ASSERT_EQ(bpf_prog_test_run_opts(bpf_program__fd(prog), &opts), 0);
	return (int)opts.retval;
}

bool exit_seen(struct user_exit_info *uei)
{
	return __atomic_load_n(&uei->kind, __ATOMIC_ACQUIRE) != 0;
}

void check_exit(const char *file, int line, struct user_exit_info *uei,
		long long kind, long long code, const char *reason)
{
	if (!WAIT_UNTIL(exit_seen(uei))) {
		check_failed(file, line, "no exit after %d ms", WAIT_MAX_MS);
		check_end();
	}
	test_note("exit: %s: %s", uei->reason, uei->msg);
	if (uei->kind != kind)
		check_failed(file, line, "exit kind: expected %lld, seen %lld",
			     kind, (long long)uei->kind);
	if (uei->exit_code != code)
		check_failed(file, line, "exit code: expected %#llx, seen %#llx",
			     code, (long long)uei->exit_code);
	check_str(file, line, "exit reason", uei->reason, reason, true);
	scx_expect_gone();
}

bool msg_names(const char *msg, unsigned long long number)
{
	char dec[32], hex[32];

	snprintf(dec, sizeof(dec), "%llu", number);
	snprintf(hex, sizeof(hex), "%llx", number);
	return strstr(msg, dec) || strstr(msg, hex);
}
