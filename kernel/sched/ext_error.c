// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: claiming an exit once, recording it, and having it performed.
 *
 * Any code may find a reason to remove a scheduler: a callback under an rq
 * lock, an interrupt, user space. The first one claims the exit by changing
 * scx_sched::exit_kind from SCX_EXIT_NONE, records the reason, and queues the
 * irq_work of the instance. What the irq_work does is not known here.
 */
#include <linux/stacktrace.h>
#include "ext_error.h"

/**
 * scx_error_alloc_info - Make room for a report
 * @dump_len: bytes for the debug dump
 *
 * Context: Process context, may sleep.
 * Return: the report, or NULL if there is no memory.
 */
struct scx_exit_info *scx_error_alloc_info(size_t dump_len)
{
	struct scx_exit_info *ei;

	ei = kzalloc(sizeof(*ei), GFP_KERNEL);
	if (!ei)
		return NULL;

	ei->exit_cpu = -1;
	ei->bt = kcalloc(SCX_EXIT_BT_LEN, sizeof(ei->bt[0]), GFP_KERNEL);
	ei->msg = kzalloc(SCX_EXIT_MSG_LEN, GFP_KERNEL);
	/* User space chooses the length, so failure must print no warning. */
	ei->dump = kvzalloc(dump_len, GFP_KERNEL | __GFP_NOWARN);
	if (ei->bt && ei->msg && ei->dump)
		return ei;

	scx_error_free_info(ei);
	return NULL;
}

/**
 * scx_error_free_info - Free a report
 * @ei: the report, may be NULL
 */
void scx_error_free_info(struct scx_exit_info *ei)
{
	if (!ei)
		return;
	kvfree(ei->dump);
	kfree(ei->msg);
	kfree(ei->bt);
	kfree(ei);
}

/**
 * scx_error_reason - An exit kind in words
 * @kind: SCX_EXIT_*
 *
 * Return: the text of scx_exit_info::reason, which tools compare with.
 */
const char *scx_error_reason(enum scx_exit_kind kind)
{
	switch (kind) {
	case SCX_EXIT_UNREG:
		return "unregistered from user space";
	case SCX_EXIT_UNREG_BPF:
		return "unregistered from BPF";
	case SCX_EXIT_UNREG_KERN:
		return "unregistered from the main kernel";
	case SCX_EXIT_SYSRQ:
		return "disabled by sysrq-S";
	case SCX_EXIT_ERROR:
		return "runtime error";
	case SCX_EXIT_ERROR_BPF:
		return "scx_bpf_error";
	case SCX_EXIT_ERROR_STALL:
		return "runnable task stall";
	default:
		return "<UNKNOWN>";
	}
}

/* Callbacks that have a frame. */
static const char * const op_names[SCX_OPI_END] = {
	[SCX_OP_IDX(select_cpu)]		= "select_cpu",
	[SCX_OP_IDX(enqueue)]			= "enqueue",
	[SCX_OP_IDX(dequeue)]			= "dequeue",
	[SCX_OP_IDX(dispatch)]			= "dispatch",
	[SCX_OP_IDX(tick)]			= "tick",
	[SCX_OP_IDX(runnable)]			= "runnable",
	[SCX_OP_IDX(running)]			= "running",
	[SCX_OP_IDX(stopping)]			= "stopping",
	[SCX_OP_IDX(quiescent)]			= "quiescent",
	[SCX_OP_IDX(yield)]			= "yield",
	[SCX_OP_IDX(core_sched_before)]		= "core_sched_before",
	[SCX_OP_IDX(set_weight)]		= "set_weight",
	[SCX_OP_IDX(set_cpumask)]		= "set_cpumask",
	[SCX_OP_IDX(update_idle)]		= "update_idle",
	[SCX_OP_IDX(cpu_acquire)]		= "cpu_acquire",
	[SCX_OP_IDX(cpu_release)]		= "cpu_release",
	[SCX_OP_IDX(init_task)]			= "init_task",
	[SCX_OP_IDX(exit_task)]			= "exit_task",
	[SCX_OP_IDX(enable)]			= "enable",
	[SCX_OP_IDX(disable)]			= "disable",
	[SCX_OP_IDX(dump)]			= "dump",
	[SCX_OP_IDX(dump_cpu)]			= "dump_cpu",
	[SCX_OP_IDX(dump_task)]			= "dump_task",
#ifdef CONFIG_EXT_GROUP_SCHED
	[SCX_OP_IDX(cgroup_move)]		= "cgroup_move",
#endif
};

/* Name of the callback that is running on this CPU, or NULL. */
static const char *current_op(void)
{
	struct scx_op_frame *f = in_nmi() ? NULL : scx_op_current();

	return f ? op_names[f->op] : NULL;
}

/*
 * Name of the callback that said where @p goes, or NULL if that is the one that
 * is running. The verdict is being followed, and the state tells whose it is. The
 * callback may have been called by a kfunc of another one, which goes on.
 */
static const char *verdict_op(const struct task_struct *p)
{
	switch (atomic_long_read(&p->scx.ops_state) & SCX_OPSS_STATE_MASK) {
	case SCX_OPSS_QUEUEING:
		return "enqueue";
	case SCX_OPSS_DISPATCHING:
		return "dispatch";
	}
	if (current_op() || p->scx.ddsp_dsq_id == SCX_DSQ_INVALID)
		return NULL;
	return p->scx.ddsp_enq_flags & SCX_ENQ_BY_ENQUEUE ? "enqueue" : "select_cpu";
}

static bool exit_claim(struct scx_sched *sch, enum scx_exit_kind kind)
{
	int none = SCX_EXIT_NONE;

	if (!atomic_try_cmpxchg(&sch->exit_kind, &none, kind))
		return false;
	WRITE_ONCE(sch->aborting, true);
	return true;
}

/*
 * In an NMI on a CPU that is going down and has run its last irq_work, nothing
 * can be queued anywhere. The claim stands, and scx_error_refire() queues the
 * irq_work later.
 */
static void exit_fire(struct scx_sched *sch)
{
	if (scx_irq_work_queue(&sch->error_irq_work))
		return;
	/* Comes after the report; pairs with xchg() in scx_error_refire(). */
	smp_store_release(&sch->exit_unfired, 1);
}

/**
 * scx_error_refire - Pass on a claimed exit that its claimant could not pass on
 * @sch: the scheduler, whose exit_unfired is set
 *
 * Every tick checks exit_unfired, and so does loading at its end, because
 * before that there may be no tick that checks it.
 *
 * Context: Any but NMI.
 */
void scx_error_refire(struct scx_sched *sch)
{
	if (xchg(&sch->exit_unfired, 0))
		exit_fire(sch);
}

static __printf(2, 0) void write_msg(struct scx_exit_info *ei, const char *fmt,
				     va_list args)
{
	const char *op = ei->kind == SCX_EXIT_ERROR ? current_op() : NULL;
	size_t len = vscnprintf(ei->msg, SCX_EXIT_MSG_LEN, fmt, args);

	if (op && !strstr(ei->msg, ", from ops."))
		scnprintf(ei->msg + len, SCX_EXIT_MSG_LEN - len,
			  ", from ops.%s()", op);
}

/**
 * scx_vexit - Have a scheduler removed
 * @sch: the scheduler
 * @cpu: CPU to blame, -1 for this one
 * @kind: SCX_EXIT_*
 * @code: enum scx_exit_code or the BPF scheduler's own, 0 for errors
 * @fmt: message that names the offender
 * @args: its arguments
 *
 * The first caller wins. Later callers and their messages are ignored, and so
 * are callers in programs that do not belong to the scheduler. If the kernel
 * finds an error while a callback runs, the message gets the callback's name.
 *
 * Context: Any, rq locks held and NMI included.
 * Return: true if this call has claimed the exit.
 */
bool scx_vexit(struct scx_sched *sch, s32 cpu, enum scx_exit_kind kind,
	       s64 code, const char *fmt, va_list args)
{
	struct scx_exit_info *ei = sch->exit_info;
	bool claimed;

	if (scx_exiting(sch) || scx_error_is_foreign(sch, kind, fmt, args))
		return false;

	/*
	 * A claimant that is preempted before it has fired the irq_work may
	 * depend on the very scheduler that is to be removed to run again.
	 */
	preempt_disable();

	claimed = exit_claim(sch, kind);
	if (claimed) {
		ei->kind = kind;
		ei->exit_code = code;
		ei->reason = scx_error_reason(kind);
		ei->exit_cpu = cpu >= 0 ? cpu : smp_processor_id();
		if (kind >= SCX_EXIT_ERROR)
			ei->bt_len = stack_trace_save(ei->bt, SCX_EXIT_BT_LEN, 1);
		write_msg(ei, fmt, args);
		exit_fire(sch);
	}

	preempt_enable();
	return claimed;
}

/**
 * scx_exit - Have a scheduler removed
 * @sch: the scheduler
 * @kind: SCX_EXIT_*
 * @code: enum scx_exit_code or the BPF scheduler's own, 0 for errors
 * @fmt: message that names the offender, and its arguments
 *
 * Context: Any, rq locks held and NMI included.
 * Return: true if this call has claimed the exit.
 */
bool scx_exit(struct scx_sched *sch, enum scx_exit_kind kind, s64 code,
	      const char *fmt, ...)
{
	va_list args;
	bool claimed;

	va_start(args, fmt);
	claimed = scx_vexit(sch, -1, kind, code, fmt, args);
	va_end(args);

	return claimed;
}

/**
 * scx_exit_cpu - Have a scheduler removed because of what happens on a CPU
 * @sch: the scheduler
 * @cpu: CPU to blame, whichever CPU has noticed
 * @kind: SCX_EXIT_*
 * @fmt: message that names the offender, and its arguments
 *
 * Context: Any, rq locks held and NMI included.
 */
void scx_exit_cpu(struct scx_sched *sch, s32 cpu, enum scx_exit_kind kind,
		  const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	scx_vexit(sch, cpu, kind, 0, fmt, args);
	va_end(args);
}

/**
 * scx_error_verdict - A callback has sent a task where it cannot go
 * @sch: the scheduler
 * @p: the task, on its way there
 * @fmt: message that names the offender, and its arguments
 *
 * The message gets the name of the callback, which has returned if the task had
 * to wait for a lock, or for the callback to end.
 *
 * Context: Any, rq locks held included.
 */
void scx_error_verdict(struct scx_sched *sch, const struct task_struct *p,
		       const char *fmt, ...)
{
	const char *op = verdict_op(p);
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	if (op)
		scx_error(sch, "%pV, from ops.%s()", &vaf, op);
	else
		scx_error(sch, "%pV", &vaf);
	va_end(args);
}

/**
 * scx_error_cpu_valid - Check a CPU number that came from BPF
 * @sch: scheduler that it came from
 * @cpu: the number
 * @where: callback or kfunc to blame
 *
 * Return: true if @cpu is a possible CPU, else false with an error raised.
 */
bool scx_error_cpu_valid(struct scx_sched *sch, s32 cpu, const char *where)
{
	if (scx_cpu_valid(cpu))
		return true;

	scx_error(sch, "invalid CPU %d from %s", cpu, where);
	return false;
}

/**
 * scx_error_sanitize - Check an errno that came from BPF
 * @sch: scheduler that it came from
 * @op: callback to blame
 * @err: what it returned
 *
 * The value is passed on to callers that would take a positive number for
 * success or for a pointer.
 *
 * Return: @err if it is 0 or an errno, else -EPROTO with an error raised.
 */
int scx_error_sanitize(struct scx_sched *sch, const char *op, s32 err)
{
	if (err <= 0 && err >= -MAX_ERRNO)
		return err;

	scx_error(sch, "ops.%s() returned %d, which is no errno", op, err);
	return -EPROTO;
}
