// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: the two sysrq keys. D takes a debug dump, S removes the scheduler.
 */
#include <linux/sysrq.h>
#include "ext_dump.h"
#include "ext_state.h"
#include "ext_error.h"

/* sysrq handlers are called under rcu_read_lock(), which keeps the instance. */
static void sysrq_handle_dump(u8 key)
{
	struct scx_sched *sch = rcu_dereference(scx_root);

	if (sch && scx_enabled())
		scx_dump_sysrq(sch);
	else
		pr_info("sched_ext: no BPF scheduler to dump\n");
}

static void sysrq_handle_reset(u8 key)
{
	struct scx_sched *sch = rcu_dereference(scx_root);

	if (sch)
		scx_exit(sch, SCX_EXIT_SYSRQ, 0, "%s", "");
	else
		pr_info("sched_ext: no BPF scheduler to remove\n");
}

static const struct sysrq_key_op sysrq_dump_op = {
	.handler	= sysrq_handle_dump,
	.help_msg	= "dump-sched-ext(D)",
	.action_msg	= "Dump sched_ext to its tracepoint",
	.enable_mask	= SYSRQ_ENABLE_RTNICE,
};

static const struct sysrq_key_op sysrq_reset_op = {
	.handler	= sysrq_handle_reset,
	.help_msg	= "reset-sched-ext(S)",
	.action_msg	= "Remove the BPF scheduler",
	.enable_mask	= SYSRQ_ENABLE_RTNICE,
};

static int __init register_sysrq_keys(void)
{
	if (!IS_ENABLED(CONFIG_MAGIC_SYSRQ))
		return 0;

	return register_sysrq_key('D', &sysrq_dump_op) ?:
	       register_sysrq_key('S', &sysrq_reset_op);
}
device_initcall(register_sysrq_keys);
