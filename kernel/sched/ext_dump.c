// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: what users are shown when something is wrong.
 *
 * This is the debug dump, which errors and sysrq-D trigger, and the line in
 * stack dumps.
 *
 * A dump is made of lines. Each goes to the sched_ext_dump tracepoint and, as
 * long as there is room, to a buffer. The callbacks ops.dump(), ops.dump_cpu()
 * and ops.dump_task() add lines of their own through scx_dump_text().
 */
#include <linux/nmi.h>
#include <linux/seq_buf.h>
#include <linux/stacktrace.h>
#include "ext_dump.h"
#include "ext_state.h"
#include "ext_error.h"

/* How long a dump waits for rq locks in total */
#define DUMP_PATIENCE_NS	NSEC_PER_SEC

#define DUMP_INDENT_CPU		"  "
#define DUMP_INDENT_TASK	"    "

static const char dump_truncated[] = "~~~~ TRUNCATED ~~~~\n";

/**
 * struct scx_dump - the dump that is being taken
 * @sch: scheduler that is dumped
 * @ei: the reason for the dump
 * @ctx: the same for the callbacks
 * @text: where the lines go; its size is 0 if they are only traced
 * @complete: length of @text up to the last line that fitted
 * @patience: nanoseconds that the dump may still wait for locks
 * @op_cpu: CPU where a callback may add text right now, or -1
 * @indent: indentation of that text
 * @idle_rq: rq of an idle CPU that is dumped only if its callback adds text
 * @gathered: bytes in @gather
 * @gather: unfinished line of the callback
 * @line: the line that is being written
 */
struct scx_dump {
	struct scx_sched	*sch;
	const struct scx_exit_info *ei;
	struct scx_dump_ctx	ctx;

	struct seq_buf		text;
	size_t			complete;
	u64			patience;

	int			op_cpu;
	const char		*indent;
	struct rq		*idle_rq;
	size_t			gathered;
	char			gather[SCX_EXIT_MSG_LEN];
	char			line[SCX_EXIT_MSG_LEN + sizeof(DUMP_INDENT_TASK)];
};

/* One dump at a time. Outside rq locks, never held in NMI. */
static DEFINE_RAW_SPINLOCK(scx_dump_lock);
static struct scx_dump the_dump = { .op_cpu = -1 };

/* Room is kept free for the marker, which thus always follows a whole line. */
static void dump_text_init(struct scx_dump *d, char *buf, size_t size)
{
	size_t keep = sizeof(dump_truncated);

	d->complete = 0;
	seq_buf_init(&d->text, buf, size > keep ? size - keep : 0);
}

static void dump_text_finish(struct scx_dump *d)
{
	struct seq_buf *s = &d->text;

	if (s->size && seq_buf_has_overflowed(s))
		memcpy(s->buffer + d->complete, dump_truncated,
		       sizeof(dump_truncated));
}

static void dump_text_add(struct scx_dump *d, const char *line)
{
	struct seq_buf *s = &d->text;

	if (!s->size || seq_buf_has_overflowed(s))
		return;

	if (!seq_buf_printf(s, "%s\n", line))
		d->complete = seq_buf_used(s);
}

/* Would another line get lost? The dump then ends early, for IRQs are off. */
static bool dump_full(struct scx_dump *d)
{
	return d->text.size && seq_buf_has_overflowed(&d->text) &&
	       !trace_sched_ext_dump_enabled();
}

static __printf(2, 3) void dump_line(struct scx_dump *d, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vscnprintf(d->line, sizeof(d->line), fmt, args);
	va_end(args);

	trace_sched_ext_dump(d->line);
	dump_text_add(d, d->line);
}

static void dump_blank(struct scx_dump *d)
{
	dump_line(d, "%s", "");
}

static void dump_heading(struct scx_dump *d, const char *heading)
{
	static const char dashes[] = "----------------";

	dump_blank(d);
	dump_line(d, "%s", heading);
	dump_line(d, "%.*s", (int)strlen(heading), dashes);
}

static struct task_struct *rq_curr(struct rq *rq)
{
	return rcu_dereference_protected(rq->curr,
					 lockdep_is_held(__rq_lockp(rq)));
}

/* Not by %ps: the symbols of variables may not be known. */
static const char *class_name(const struct sched_class *class)
{
	if (class == &ext_sched_class)
		return "ext";
	if (class == &fair_sched_class)
		return "fair";
	if (class == &idle_sched_class)
		return "idle";
	if (class == &rt_sched_class)
		return "rt";
	if (class == &dl_sched_class)
		return "deadline";
	return "stop";
}

static void dump_mask(struct scx_dump *d, const char *name,
		      const struct cpumask *mask)
{
	if (!cpumask_empty(mask))
		dump_line(d, "  %-21s: %*pbl", name, cpumask_pr_args(mask));
}

static void dump_cpu_head(struct scx_dump *d, struct rq *rq)
{
	struct task_struct *curr = rq_curr(rq);

	dump_blank(d);
	dump_line(d, "CPU %-4d: nr_run=%u flags=0x%x cpu_rel=%d pnt_seq=%lu",
		  cpu_of(rq), rq->scx.nr_running, rq->scx.flags,
		  rq->scx.cpu_released, rq->scx.pnt_seq);
	dump_line(d, "          curr=%s[%d] class=%s", curr->comm, curr->pid,
		  class_name(curr->sched_class));
	dump_mask(d, "cpus_to_kick", rq->scx.cpus_to_kick);
	dump_mask(d, "cpus_to_kick_if_idle", rq->scx.cpus_to_kick_if_idle);
	dump_mask(d, "cpus_to_preempt", rq->scx.cpus_to_preempt);
	dump_mask(d, "cpus_to_wait", rq->scx.cpus_to_wait);
	dump_mask(d, "cpus_to_sync", rq->scx.cpus_to_sync);
}

/*
 * Writes the gathered line. A program that is attached to the tracepoint must
 * not add text meanwhile, hence no CPU may while the line is being written.
 */
static void op_flush(struct scx_dump *d)
{
	struct rq *rq = d->idle_rq;
	int cpu = d->op_cpu;

	WRITE_ONCE(d->op_cpu, -1);

	if (rq) {
		d->idle_rq = NULL;
		dump_cpu_head(d, rq);
	}

	d->gather[d->gathered] = '\0';
	dump_line(d, "%s%s", d->gathered ? d->indent : "", d->gather);
	d->gathered = 0;

	WRITE_ONCE(d->op_cpu, cpu);
}

static void op_begin(struct scx_dump *d, const char *indent)
{
	d->indent = indent;
	d->gathered = 0;
	WRITE_ONCE(d->op_cpu, smp_processor_id());
}

static void op_end(struct scx_dump *d)
{
	if (d->gathered)
		op_flush(d);
	WRITE_ONCE(d->op_cpu, -1);
}

static void op_putc(struct scx_dump *d, char c)
{
	if (c == '\n') {
		op_flush(d);
		return;
	}
	if (d->gathered == sizeof(d->gather) - 1)
		op_flush(d);
	d->gather[d->gathered++] = c;
}

/**
 * scx_dump_text - Add text to the dump from one of the dump callbacks
 * @text: any part of a line, or several lines
 *
 * Lines are written when they are complete or %SCX_EXIT_MSG_LEN long, and the
 * rest when the callback returns.
 *
 * Context: Any.
 * Return: false if no dump callback is running on this CPU.
 */
bool scx_dump_text(const char *text)
{
	struct scx_dump *d = &the_dump;
	bool legal;

	/*
	 * A dump keeps IRQs off. So a caller that cannot migrate and runs on
	 * op_cpu is called by the callback, or is an NMI. An NMI may interrupt
	 * op_putc() and must not add text.
	 */
	preempt_disable();
	legal = !in_nmi() && READ_ONCE(d->op_cpu) == smp_processor_id();
	if (legal) {
		while (*text)
			op_putc(d, *text++);
	}
	preempt_enable();

	return legal;
}

static void dump_backtrace(struct scx_dump *d, const unsigned long *bt,
			   u32 len, const char *indent)
{
	u32 i;

	for (i = 0; i < len; i++)
		dump_line(d, "%s%pS", indent, (void *)bt[i]);
}

#ifdef CONFIG_STACKTRACE
static void dump_task_stack(struct scx_dump *d, struct task_struct *p)
{
	static unsigned long bt[SCX_EXIT_BT_LEN];
	unsigned int len;

	lockdep_assert_held(&scx_dump_lock);

	/*
	 * The stack of a task that runs on another CPU changes meanwhile. The
	 * stack of the task that noticed an error is at the top of the dump.
	 */
	if (p == current ? d->ei->bt_len : task_curr(p))
		return;

	len = stack_trace_save_tsk(p, bt, SCX_EXIT_BT_LEN, 1);
	dump_backtrace(d, bt, len, DUMP_INDENT_TASK "  ");
}
#else
static void dump_task_stack(struct scx_dump *d, struct task_struct *p) {}
#endif

/* Relative to @now: negative if @at is in the past. */
static long jiffies_delta_ms(unsigned long at, unsigned long now)
{
	if (time_after(at, now))
		return jiffies_to_msecs(at - now);
	return -(long)jiffies_to_msecs(now - at);
}

static void dump_task_place(struct scx_dump *d, struct task_struct *p)
{
	const struct scx_dispatch_q *dsq = READ_ONCE(p->scx.dsq);
	char id[20] = "(n/a)";

	if (dsq)
		scnprintf(id, sizeof(id), "0x%llx", dsq->id);

	dump_line(d, "      sticky/holding_cpu=%d/%d dsq_id=%s",
		  p->scx.sticky_cpu, p->scx.holding_cpu, id);
	dump_line(d, "      dsq_vtime=%llu slice=%llu weight=%u",
		  p->scx.dsq_vtime, p->scx.slice, p->scx.weight);
	dump_line(d, "      cpus=%*pbl no_mig=%d", cpumask_pr_args(p->cpus_ptr),
		  is_migration_disabled(p));
}

static void dump_task(struct scx_dump *d, struct rq *rq, struct task_struct *p)
{
	static const char * const states[] = { "none", "init", "ready", "enabled" };
	static const char * const owners[] = {
		"none", "queueing", "queued", "dispatching"
	};
	unsigned long opss = atomic_long_read(&p->scx.ops_state);

	dump_blank(d);
	dump_line(d, " %c%c %s[%d] %+ldms", p == rq_curr(rq) ? '*' : ' ',
		  task_state_to_char(p), p->comm, p->pid,
		  jiffies_delta_ms(p->scx.runnable_at, d->ctx.at_jiffies));
	dump_line(d, "      state/flags=%s/0x%x dsq_flags=0x%x ops_state/qseq=%s/%lu",
		  states[scx_task_state(p)], p->scx.flags & ~SCX_TASK_STATE_MASK,
		  p->scx.dsq_flags, owners[opss & SCX_OPSS_STATE_MASK],
		  opss >> SCX_OPSS_QSEQ_SHIFT);
	dump_task_place(d, p);

	if (SCX_HAS_OP(d->sch, dump_task) && p->scx.sched == d->sch) {
		op_begin(d, DUMP_INDENT_TASK);
		__SCX_CALL_OP(d->sch, dump_task, rq, p, NULL, &d->ctx, p);
		op_end(d);
	}

	dump_task_stack(d, p);
}

static void dump_cpu_op(struct scx_dump *d, struct rq *rq, bool idle)
{
	if (!SCX_HAS_OP(d->sch, dump_cpu))
		return;

	op_begin(d, DUMP_INDENT_CPU);
	SCX_CALL_OP(d->sch, dump_cpu, rq, &d->ctx, cpu_of(rq), idle);
	op_end(d);
}

/*
 * The scheduler is removed after the dump, and the holder of the lock may be
 * stuck until then. So leave the CPU out rather than wait for ever.
 */
static bool dump_lock_rq(struct scx_dump *d, struct rq *rq)
{
	u64 since = local_clock(), waited;
	bool locked;

	do {
		/* IRQs have been off since before the first CPU was dumped. */
		touch_nmi_watchdog();
		locked = raw_spin_rq_trylock(rq);
		waited = local_clock() - since;
	} while (!locked && waited < d->patience);

	d->patience -= min(d->patience, waited);
	return locked;
}

static void dump_locked_cpu(struct scx_dump *d, struct rq *rq)
{
	struct task_struct *curr, *p;
	bool idle;

	curr = rq_curr(rq);
	idle = list_empty(&rq->scx.runnable_list) &&
	       curr->sched_class == &idle_sched_class;
	if (idle)
		d->idle_rq = rq;
	else
		dump_cpu_head(d, rq);

	dump_cpu_op(d, rq, idle);
	d->idle_rq = NULL;

	if (curr->sched_class == &ext_sched_class)
		dump_task(d, rq, curr);

	list_for_each_entry(p, &rq->scx.runnable_list, scx.runnable_node) {
		if (dump_full(d))
			break;
		dump_task(d, rq, p);
	}
}

static void dump_cpu(struct scx_dump *d, struct rq *rq)
{
	struct rq_flags rf;

	if (!dump_lock_rq(d, rq)) {
		dump_blank(d);
		dump_line(d, "CPU %-4d: its runqueue was locked all the time",
			  cpu_of(rq));
		return;
	}

	rq_pin_lock(rq, &rf);
	dump_locked_cpu(d, rq);
	rq_unlock(rq, &rf);
}

/* The CPU to blame comes first, because the buffer may not hold all CPUs. */
static void dump_cpus(struct scx_dump *d)
{
	int first = d->ei->exit_cpu;
	int cpu;

	dump_heading(d, "CPU states");

	if (first >= 0)
		dump_cpu(d, cpu_rq(first));

	for_each_possible_cpu(cpu) {
		if (dump_full(d))
			break;
		if (cpu != first)
			dump_cpu(d, cpu_rq(cpu));
	}
}

static void dump_scheduler(struct scx_dump *d)
{
	u64 since = d->sch->watchdog_since;
	u64 ms;

	if (!since) {
		dump_line(d, "Scheduler: %s, not in charge yet", d->sch->ops.name);
		return;
	}

	ms = div_u64(d->ctx.at_ns - since, NSEC_PER_MSEC);
	dump_line(d, "Scheduler: %s, in charge for %llu.%03us",
		  d->sch->ops.name, div_u64(ms, 1000), (u32)ms % 1000);
}

static void dump_cause(struct scx_dump *d)
{
	const struct scx_exit_info *ei = d->ei;

	if (ei->kind == SCX_EXIT_NONE) {
		dump_line(d, "Debug dump triggered by %s", ei->reason);
		dump_scheduler(d);
		return;
	}

	dump_line(d, "%s[%d] triggered exit kind %d:", current->comm,
		  current->pid, ei->kind);
	dump_line(d, "  %s (%s)", ei->reason, ei->msg);
	dump_scheduler(d);

	dump_blank(d);
	dump_line(d, "Backtrace:");
	dump_backtrace(d, ei->bt, ei->bt_len, "  ");
}

static void dump_op(struct scx_dump *d)
{
	if (!SCX_HAS_OP(d->sch, dump))
		return;

	dump_blank(d);
	op_begin(d, "");
	SCX_CALL_OP(d->sch, dump, NULL, &d->ctx);
	op_end(d);
}

static void dump_events(struct scx_dump *d)
{
	struct scx_event_stats sum;

	dump_heading(d, "Event counters");
	scx_state_read_events(d->sch, &sum);

#define SCX_EVENT_DUMP(name) { dump_line(d, "  " #name ": %lld", sum.name); }
	SCX_EVENTS(SCX_EVENT_DUMP)
#undef SCX_EVENT_DUMP
}

static void dump_take(struct scx_sched *sch, const struct scx_exit_info *ei,
		      size_t size)
{
	struct scx_dump *d = &the_dump;
	unsigned long flags;

	raw_spin_lock_irqsave(&scx_dump_lock, flags);

	d->sch = sch;
	d->ei = ei;
	d->ctx = (struct scx_dump_ctx) {
		.kind		= ei->kind,
		.exit_code	= ei->exit_code,
		.reason		= ei->reason,
		.at_ns		= ktime_get_ns(),
		.at_jiffies	= jiffies,
	};
	dump_text_init(d, ei->dump, size);
	d->patience = DUMP_PATIENCE_NS;

	dump_cause(d);
	dump_op(d);
	dump_cpus(d);
	dump_events(d);

	dump_text_finish(d);

	raw_spin_unlock_irqrestore(&scx_dump_lock, flags);
}

/**
 * scx_dump_state - Dump a scheduler that has failed
 * @sch: the scheduler
 * @ei: its report; @ei->dump is filled
 *
 * Context: The irq_work of the exit, on the CPU that claimed it. Takes rq locks.
 */
void scx_dump_state(struct scx_sched *sch, struct scx_exit_info *ei)
{
	dump_take(sch, ei, sch->ops.exit_dump_len ?: SCX_EXIT_DUMP_DFL_LEN);
}

/**
 * scx_dump_sysrq - Dump a scheduler that is in charge, to the tracepoint only
 * @sch: the scheduler, which the caller keeps from going away
 *
 * Context: Any but NMI, no rq lock held. Takes rq locks.
 */
void scx_dump_sysrq(struct scx_sched *sch)
{
	struct scx_exit_info ei = {
		.kind		= SCX_EXIT_NONE,
		.exit_cpu	= -1,
		.reason		= "SysRq-D",
	};

	dump_take(sch, &ei, 0);
}

/*
 * Writes the task's part of the line, or nothing if the task is not in the
 * class. @p may be a broken pointer.
 */
static void print_task_info(char *buf, size_t size, struct task_struct *p)
{
	const struct sched_class *class;
	unsigned long runnable_at;

	if (copy_from_kernel_nofault(&class, &p->sched_class, sizeof(class)) ||
	    class != &ext_sched_class)
		return;
	if (copy_from_kernel_nofault(&runnable_at, &p->scx.runnable_at,
				     sizeof(runnable_at)))
		return;

	scnprintf(buf, size, ", task: runnable_at=%+ldms",
		  jiffies_delta_ms(runnable_at, jiffies));
}

/**
 * print_scx_info - Name the BPF scheduler in a stack dump
 * @log_lvl: KERN_*
 * @p: task that is dumped
 *
 * Context: Any, also in an oops, in an NMI, and with rq locks held. So this
 * takes no locks, not even the RCU read lock, whose debugging might complain
 * here. If the instance has just been freed, a stale name is printed at worst.
 */
void print_scx_info(const char *log_lvl, struct task_struct *p)
{
	enum scx_enable_state state = scx_enable_state();
	struct scx_sched *sch = rcu_access_pointer(scx_root);
	char name[SCX_OPS_NAME_LEN] = "";
	char task[48] = "";

	if (state == SCX_DISABLED || !sch)
		return;

	if (strncpy_from_kernel_nofault(name, sch->ops.name, sizeof(name)) < 0)
		strscpy(name, "<UNKNOWN>");
	print_task_info(task, sizeof(task), p);

	_printk("%sSched_ext: %s (%s%s)%s\n", log_lvl, name, scx_state_name(state),
		READ_ONCE(scx_switching_all) ? "+all" : "", task);
}
