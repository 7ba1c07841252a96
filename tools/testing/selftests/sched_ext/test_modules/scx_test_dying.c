// SPDX-License-Identifier: GPL-2.0
/*
 * Each CPU that goes offline makes a wakeup after it ran its last irq_work and, if
 * requested, calls a function for tracers as if in an NMI.
 *
 * The hotplug state is one of a platform that is not used on x86. Its teardown runs
 * on the CPU itself, with IRQs off, while all other CPUs are stopped.
 */
#include <linux/cpuhotplug.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/preempt.h>

#define STATE	CPUHP_AP_IRQ_GIC_STARTING

static struct task_struct *sleeper;

static unsigned int woken;
module_param(woken, uint, 0444);
MODULE_PARM_DESC(woken, "wakeups that found the sleeper asleep");

static bool nmi;
module_param(nmi, bool, 0644);
MODULE_PARM_DESC(nmi, "call jiffies64_to_msecs() in what looks like an NMI");

static int sleep_fn(void *unused)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int wake_dying(unsigned int cpu)
{
	woken += wake_up_process(sleeper);
	if (nmi) {
		__preempt_count_add(NMI_OFFSET);
		(void)jiffies64_to_msecs(0);
		__preempt_count_sub(NMI_OFFSET);
	}
	return 0;
}

static int __init scx_test_dying_init(void)
{
	int ret;

	sleeper = kthread_run(sleep_fn, NULL, "scx_test_dying");
	if (IS_ERR(sleeper))
		return PTR_ERR(sleeper);
	ret = cpuhp_setup_state_nocalls(STATE, "scx_test:dying", NULL, wake_dying);
	if (ret)
		kthread_stop(sleeper);
	return ret;
}
module_init(scx_test_dying_init);

static void __exit scx_test_dying_exit(void)
{
	cpuhp_remove_state_nocalls(STATE);
	kthread_stop(sleeper);
}
module_exit(scx_test_dying_exit);

MODULE_DESCRIPTION("wakeups by dying CPUs for tests of sched_ext");
MODULE_LICENSE("GPL");
