// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: kfuncs that take a message: to exit, to raise an error, to dump.
 *
 * They can be called from every callback, from syscall and tracing programs,
 * and while no scheduler is loaded.
 */
#include <linux/bpf.h>
#include <linux/uaccess.h>
#include "ext_dump.h"
#include "ext_kfunc.h"

/* A message as BPF passes it: a format and an array of its arguments. */
struct bstr {
	char			*fmt;
	unsigned long long	*data;
	u32			data_size;
};

/*
 * Text that does not fit into the buffer is cut off, so a long format is no
 * error. Even a format of nothing but "%%" fills the buffer with twice its
 * length, and this limit is twice that.
 */
#define BSTR_FMT_MAX	(4 * MAX_BPRINTF_BUF)

/*
 * The verifier only guarantees one byte at the format. A string without an end
 * may run into an unmapped page, or through megabytes of memory with IRQs off.
 */
static int bstr_fmt_check(const char *fmt)
{
	int i;
	char c;

	for (i = 0; i < BSTR_FMT_MAX; i++) {
		if (get_kernel_nofault(c, fmt + i))
			return -EFAULT;
		if (!c)
			return 0;
	}

	return -E2BIG;
}

/*
 * Format @b. The text is in @bp->buf, one of a few per-CPU buffers that allow
 * for nesting up to NMI, until bpf_bprintf_cleanup().
 */
static int bstr_format(const struct bstr *b, struct bpf_bprintf_data *bp)
{
	u64 args[MAX_BPRINTF_VARARGS];
	int ret;

	if (b->data_size % sizeof(u64) || b->data_size > sizeof(args) ||
	    (b->data_size && !b->data))
		return -EINVAL;

	if (copy_from_kernel_nofault(args, b->data, b->data_size))
		return -EFAULT;
	ret = bstr_fmt_check(b->fmt);
	if (ret)
		return ret;

	ret = bpf_bprintf_prepare(b->fmt, BSTR_FMT_MAX, args,
				  b->data_size / sizeof(u64), bp);
	if (ret)
		return ret;

	bstr_printf(bp->buf, MAX_BPRINTF_BUF, b->fmt, bp->bin_args);
	return 0;
}

static void bstr_refused(struct scx_sched *sch, const char *kfunc,
			 const struct bstr *b, int err)
{
	scx_error(sch, "%s() cannot format its message, error %d with %u bytes of arguments",
		  kfunc, err, b->data_size);
}

static void bstr_exit(const char *kfunc, enum scx_exit_kind kind, s64 code,
		      const struct bstr *b)
{
	struct bpf_bprintf_data bp = { .get_bin_args = true, .get_buf = true };
	struct scx_sched *sch;
	int ret;

	guard(rcu)();

	sch = scx_kfunc_sched();
	if (!sch)
		return;

	ret = bstr_format(b, &bp);
	if (ret) {
		bstr_refused(sch, kfunc, b, ret);
		return;
	}

	scx_exit(sch, kind, code, "%s", bp.buf);
	bpf_bprintf_cleanup(&bp);
}

static bool bstr_dump(const struct bstr *b, int *err)
{
	struct bpf_bprintf_data bp = { .get_bin_args = true, .get_buf = true };
	bool dumping;

	*err = bstr_format(b, &bp);
	if (*err)
		return scx_dump_text("(message that cannot be formatted)\n");

	dumping = scx_dump_text(bp.buf);
	bpf_bprintf_cleanup(&bp);
	return dumping;
}

__bpf_kfunc_start_defs();

/**
 * scx_bpf_exit_bstr - Ask for the scheduler to be unloaded
 * @exit_code: for user space, in struct scx_exit_info
 * @fmt: message format
 * @data: array of its arguments
 * @data__sz: size of @data in bytes
 *
 * The program continues to run; the exit happens soon after.
 *
 * Errors: the message cannot be formatted.
 */
__bpf_kfunc void scx_bpf_exit_bstr(s64 exit_code, char *fmt,
				   unsigned long long *data, u32 data__sz)
{
	struct bstr b = { fmt, data, data__sz };

	bstr_exit(__func__, SCX_EXIT_UNREG_BPF, exit_code, &b);
}

/**
 * scx_bpf_error_bstr - Have the scheduler unloaded because of an error
 * @fmt: message format
 * @data: array of its arguments
 * @data__sz: size of @data in bytes
 *
 * Like scx_bpf_exit_bstr(), but with a debug dump.
 *
 * Errors: always: that is what it is for.
 */
__bpf_kfunc void scx_bpf_error_bstr(char *fmt, unsigned long long *data,
				    u32 data__sz)
{
	struct bstr b = { fmt, data, data__sz };

	bstr_exit(__func__, SCX_EXIT_ERROR_BPF, 0, &b);
}

/**
 * scx_bpf_dump_bstr - Add text to a debug dump
 * @fmt: message format
 * @data: array of its arguments
 * @data__sz: size of @data in bytes
 *
 * For ops.dump(), ops.dump_cpu() and ops.dump_task(). Text without a newline at
 * its end is kept until more follows or the callback returns.
 *
 * Errors: none of these callbacks is in progress; the message cannot be
 * formatted.
 */
__bpf_kfunc void scx_bpf_dump_bstr(char *fmt, unsigned long long *data,
				   u32 data__sz)
{
	struct bstr b = { fmt, data, data__sz };
	struct scx_sched *sch;
	int err;

	guard(rcu)();

	sch = scx_kfunc_sched();
	if (!sch)
		return;

	if (!bstr_dump(&b, &err))
		scx_error(sch, "%s() can only be called from ops.dump(), ops.dump_cpu() "
			  "and ops.dump_task()", __func__);
	else if (err)
		bstr_refused(sch, __func__, &b, err);
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(scx_kfunc_ids_text)
BTF_ID_FLAGS(func, scx_bpf_exit_bstr, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, scx_bpf_error_bstr, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, scx_bpf_dump_bstr, KF_TRUSTED_ARGS)
BTF_KFUNCS_END(scx_kfunc_ids_text)

SCX_KFUNC_SET(text);
