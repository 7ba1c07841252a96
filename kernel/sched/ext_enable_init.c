// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: the first stage of enabling, which is the last of disabling.
 *
 * Enabling publishes the scheduler, which then sets itself up. Disabling tells
 * it why it has to go, and withdraws it. CPUs do not come or go while the
 * scheduler gets to know them.
 */
#include <linux/stacktrace.h>
#include "ext_bypass.h"
#include "ext_enable_init.h"
#include "ext_error.h"
#include "ext_idle.h"
#include "ext_state.h"

/**
 * scx_enable_await_readers - Wait for readers of what has been withdrawn
 *
 * The grace period is expedited, since the machine is in bypass mode for most
 * of these waits. That interrupts all CPUs, but patching the static keys does
 * so anyway.
 *
 * Context: Process context, may sleep.
 */
void scx_enable_await_readers(void)
{
	synchronize_rcu_expedited();
}

/**
 * scx_enable_set_ops - Allow some callbacks to be called, or disallow it
 * @sch: the scheduler
 * @begin: first of them, SCX_OPI_*
 * @end: the one after the last
 * @on: true to allow it
 *
 * Context: Any. Calls that have begun go on.
 */
void scx_enable_set_ops(struct scx_sched *sch, int begin, int end, bool on)
{
	void (**ops)(void) = (void (**)(void))&sch->ops;
	int op;

	for (op = begin; op < end; op++)
		assign_bit(op, sch->has_op, on && ops[op]);
}

/*
 * A loader may have bound itself to a CPU and expect ops.init() there, because
 * loaders once called it themselves. So the kthread goes where its loader may
 * run. If no such CPU is online, the kthread stays where it is.
 */
static s32 init_near_loader(struct scx_sched *sch, struct cpumask *near)
{
	struct task_struct *loader = sch->loader;
	s32 ret;

	scoped_guard(raw_spinlock_irq, &loader->pi_lock)
		cpumask_copy(near, &loader->cpus_mask);

	set_cpus_allowed_ptr(current, near);
	ret = sch->ops.init();
	set_cpus_allowed_ptr(current, housekeeping_cpumask(HK_TYPE_KTHREAD));
	return ret;
}

static int call_init(struct scx_sched *sch)
{
	cpumask_var_t near;
	int ret;

	if (!sch->ops.init)
		return 0;
	if (!alloc_cpumask_var(&near, GFP_KERNEL))
		return -ENOMEM;

	ret = scx_error_sanitize(sch, "init", init_near_loader(sch, near));
	if (ret)
		scx_error(sch, "ops.init() failed (%d)", ret);
	else
		sch->exit_info->flags |= SCX_EFLAG_INITIALIZED;

	free_cpumask_var(near);
	return ret;
}

static int check_hotplug_seq(struct scx_sched *sch)
{
	u64 now = atomic_long_read(&scx_hotplug_seq);

	if (!sch->ops.hotplug_seq || sch->ops.hotplug_seq == now)
		return 0;

	scx_exit(sch, SCX_EXIT_UNREG_KERN,
		 SCX_ECODE_ACT_RESTART | SCX_ECODE_RSN_HOTPLUG,
		 "hotplug_seq is %llu, the scheduler was made for %llu",
		 now, sch->ops.hotplug_seq);
	return -ESTALE;
}

/* Reset what the previous scheduler left behind; ops.init() may set it anew. */
static void reset_rqs(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		cpu_rq(cpu)->scx.cpuperf_target = SCX_CPUPERF_ONE;
		cpu_rq(cpu)->scx.cpu_released = false;
	}
}

/**
 * scx_enable_init_do - Publish a scheduler and have it set itself up
 * @sch: the scheduler
 *
 * Context: The helper kthread, may sleep.
 * Return: 0, or the errno that says why the scheduler cannot be used.
 */
int scx_enable_init_do(struct scx_sched *sch)
{
	int ret;

	guard(cpus_read_lock)();

	reset_rqs();
	rcu_assign_pointer(scx_root, sch);
	scx_bypass_note_root();
	WRITE_ONCE(scx_queued_wakeups, sch->ops.flags & SCX_OPS_ALLOW_QUEUED_WAKEUP);
	scx_idle_enable(sch);

	ret = call_init(sch);
	if (ret)
		return ret;

	scx_enable_set_ops(sch, SCX_OPI_CPU_HOTPLUG_BEGIN,
			   SCX_OPI_CPU_HOTPLUG_END, true);
	scx_idle_update_topology(sch);
	return check_hotplug_seq(sch);
}

static void report(struct scx_sched *sch)
{
	struct scx_exit_info *ei = sch->exit_info;
	bool error = ei->kind >= SCX_EXIT_ERROR;

	_printk("%ssched_ext: BPF scheduler \"%s\" disabled (%s)\n",
		error ? KERN_ERR : KERN_INFO, sch->ops.name, ei->reason);
	if (ei->msg[0])
		_printk("%ssched_ext: %s: %s\n", error ? KERN_ERR : KERN_INFO,
			sch->ops.name, ei->msg);
	if (error)
		stack_trace_print(ei->bt, ei->bt_len, 2);
}

/**
 * scx_enable_init_undo - Tell a scheduler to go, and forget it
 * @sch: the scheduler
 *
 * Context: The helper kthread, may sleep.
 */
void scx_enable_init_undo(struct scx_sched *sch)
{
	/*
	 * Wait for a running hotplug callback, which has the lock for writing.
	 */
	cpus_read_lock();
	scx_enable_set_ops(sch, SCX_OPI_BEGIN, SCX_OPI_END, false);
	cpus_read_unlock();

	scx_idle_disable();
	report(sch);
	if (sch->ops.exit)
		sch->ops.exit(sch->exit_info);

	cpus_read_lock();
	WRITE_ONCE(scx_queued_wakeups, false);
	RCU_INIT_POINTER(scx_root, NULL);
	cpus_read_unlock();
	scx_enable_await_readers();
}
