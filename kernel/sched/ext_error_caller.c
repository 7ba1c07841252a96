// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: finding out whose program has called a kfunc.
 *
 * A kfunc that is called by a callback finds the callback's scheduler in the op
 * frame. The callback function of a BPF timer or workqueue has no frame, nor
 * have syscall and tracing programs. Kfuncs that these call act on the
 * scheduler that is loaded, which need not be theirs: the timers of a scheduler
 * go on until its maps are gone, and that may be long after it was unloaded.
 *
 * No argument says which program calls a kfunc, but the return address does.
 */
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/kallsyms.h>
#include <linux/stacktrace.h>
#include "ext_error.h"

/*
 * Frames of the claim, of the kfunc, and of what is between it and its caller
 */
#define CALLER_DEPTH	16

static bool is_kfunc(unsigned long ip)
{
	static const char * const prefixes[] = {
		"scx_bpf_", "__scx_bpf_", "bpf_iter_scx_",
	};
	char buf[KSYM_NAME_LEN], *module;
	unsigned long size, offset;
	const char *name;
	int i;

	name = kallsyms_lookup(ip, &size, &offset, &module, buf);
	for (i = 0; name && i < ARRAY_SIZE(prefixes); i++) {
		if (strstarts(name, prefixes[i]))
			return true;
	}
	return false;
}

/*
 * The program that has called the kfunc which we are in, or NULL. The first
 * program on the stack need not be its caller, because an interrupt may have
 * come in the middle of any program. So the function that the program has
 * called must be a kfunc, with nothing but perhaps a trampoline between the
 * two.
 */
static const struct bpf_prog *calling_prog(void)
{
	unsigned long ips[CALLER_DEPTH];
	const struct bpf_prog *prog;
	bool by_kfunc = false;
	int i, nr;

	nr = stack_trace_save(ips, ARRAY_SIZE(ips), 1);
	for (i = 0; i < nr; i++) {
		prog = bpf_prog_ksym_find(ips[i]);
		if (prog)
			return by_kfunc ? prog : NULL;
		if (!is_bpf_text_address(ips[i]))
			by_kfunc = is_kfunc(ips[i]);
	}
	return NULL;
}

/*
 * All programs of an object have the same BTF, and no other programs have it. If
 * there is no BTF to compare, @prog counts as the scheduler's.
 */
static bool belongs_to(const struct scx_sched *sch, const struct bpf_prog *prog)
{
	int op;

	if (!prog->aux->btf)
		return true;
	for (op = 0; op < SCX_OPI_END; op++) {
		const struct bpf_prog *callback = sch->progs[op];

		if (callback && callback->aux->btf)
			return callback->aux->btf == prog->aux->btf;
	}
	return true;
}

static void ignore_foreign(struct scx_sched *sch, const struct bpf_prog *prog,
			   const char *fmt, va_list args)
{
	struct va_format vaf = { .fmt = fmt };
	va_list copy;

	if (sch->warned_foreign)
		return;
	sch->warned_foreign = true;

	va_copy(copy, args);
	vaf.va = &copy;
	guard(irqsave)();
	printk_deferred_enter();
	pr_warn("sched_ext: %s: program %s, which is not the scheduler's, cannot end it: %pV\n",
		sch->ops.name, prog->aux->name, &vaf);
	printk_deferred_exit();
	va_end(copy);
}

/**
 * scx_error_is_foreign - Does an exit come from a program of another object?
 * @sch: the scheduler
 * @kind: SCX_EXIT_*
 * @fmt: message, for the kernel log
 * @args: its arguments
 *
 * Context: Any.
 * Return: true if a kfunc has been called, outside of all callbacks that do not
 * sleep, by a program that is known to belong to another object than those of
 * @sch.
 */
bool scx_error_is_foreign(struct scx_sched *sch, enum scx_exit_kind kind,
			  const char *fmt, va_list args)
{
	const struct bpf_prog *prog;

	if (kind != SCX_EXIT_UNREG_BPF && kind != SCX_EXIT_ERROR &&
	    kind != SCX_EXIT_ERROR_BPF)
		return false;
	if (scx_op_current())
		return false;

	guard(rcu)();
	prog = calling_prog();
	if (!prog || belongs_to(sch, prog))
		return false;

	ignore_foreign(sch, prog, fmt, args);
	return true;
}
