// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: making and freeing the instance of a scheduler.
 *
 * The kobject in the instance counts the references. RCU readers may go on
 * using the instance for a grace period after the last reference is gone.
 */
#include <uapi/linux/sched/types.h>
#include "ext_dispatch.h"
#include "ext_dsq.h"
#include "ext_enable_alloc.h"
#include "ext_error.h"
#include "ext_sysfs.h"
#include "ext_tid.h"
#include "ext_watchdog.h"

static void free_global_dsqs(struct scx_sched *sch)
{
	int node;

	if (!sch->global_dsqs)
		return;
	for_each_node(node)
		kfree(sch->global_dsqs[node]);
	kfree(sch->global_dsqs);
}

/* Node ids can have gaps, and a CPU's node can come online later. */
static int alloc_global_dsqs(struct scx_sched *sch)
{
	int node, home;

	sch->global_dsqs = kcalloc(nr_node_ids, sizeof(sch->global_dsqs[0]),
				   GFP_KERNEL);
	if (!sch->global_dsqs)
		return -ENOMEM;

	for_each_node(node) {
		struct scx_dispatch_q *dsq;

		home = node_state(node, N_MEMORY) ? node : NUMA_NO_NODE;
		dsq = kmalloc_node(sizeof(*dsq), GFP_KERNEL, home);
		if (!dsq)
			return -ENOMEM;
		scx_dsq_init(dsq, SCX_DSQ_GLOBAL);
		sch->global_dsqs[node] = dsq;
	}
	return 0;
}

static void free_sched(struct scx_sched *sch)
{
	irq_work_sync(&sch->error_irq_work);
	irq_work_sync(&sch->reenq_irq_work);
	if (!IS_ERR_OR_NULL(sch->helper))
		kthread_destroy_worker(sch->helper);

	scx_dsq_hash_destroy(sch);
	scx_tids_free(sch);
	free_global_dsqs(sch);
	free_percpu(sch->event_stats_cpu);
	scx_error_free_info(sch->exit_info);
	kfree(sch);
}

static void free_sched_workfn(struct work_struct *work)
{
	free_sched(container_of(to_rcu_work(work), struct scx_sched, rcu_work));
}

/* The last reference is gone, but RCU readers may still use the instance. */
static void release_sched(struct scx_sched *sch)
{
	INIT_RCU_WORK(&sch->rcu_work, free_sched_workfn);
	queue_rcu_work(system_unbound_wq, &sch->rcu_work);
}

static int alloc_parts(struct scx_sched *sch)
{
	int ret;

	sch->exit_info = scx_error_alloc_info(sch->ops.exit_dump_len ?:
					      SCX_EXIT_DUMP_DFL_LEN);
	sch->event_stats_cpu = alloc_percpu(struct scx_event_stats);
	if (!sch->exit_info || !sch->event_stats_cpu)
		return -ENOMEM;

	ret = alloc_global_dsqs(sch);
	if (ret)
		return ret;

	if (sch->ops.flags & SCX_OPS_TID_TO_TASK) {
		ret = scx_tids_alloc(sch);
		if (ret)
			return ret;
	}

	sch->helper = kthread_create_worker(0, "sched_ext_helper");
	if (IS_ERR(sch->helper))
		return PTR_ERR(sch->helper);
	sched_set_fifo(sch->helper->task);

	return 0;
}

/**
 * scx_sched_alloc - Make an instance
 * @ops: the BPF scheduler's table
 *
 * The caller adds the works that enable and disable it.
 *
 * Context: Process context, may sleep.
 * Return: the instance, whose kobject the caller puts in the end; -ENOMEM or an
 * errno from sysfs.
 */
struct scx_sched *scx_sched_alloc(struct sched_ext_ops *ops)
{
	struct scx_sched *sch;
	int op, ret;

	sch = kzalloc(sizeof(*sch), GFP_KERNEL);
	if (!sch)
		return ERR_PTR(-ENOMEM);

	ret = scx_dsq_hash_init(sch);
	if (ret) {
		kfree(sch);
		return ERR_PTR(ret);
	}

	sch->ops = *ops;
	for (op = 0; op < SCX_OPI_END; op++)
		sch->progs[op] = bpf_struct_ops_prog(ops, op);
	sch->timeout = ops->timeout_ms ? msecs_to_jiffies(ops->timeout_ms) :
					 SCX_WATCHDOG_MAX_TIMEOUT;
	atomic_set(&sch->exit_kind, SCX_EXIT_NONE);
	init_completion(&sch->disabled);
	scx_dispatch_reenq_init(sch);

	ret = alloc_parts(sch);
	if (ret) {
		free_sched(sch);
		return ERR_PTR(ret);
	}

	ret = scx_sysfs_add(sch, release_sched);
	if (ret) {
		kobject_put(&sch->kobj);
		return ERR_PTR(ret);
	}
	return sch;
}
