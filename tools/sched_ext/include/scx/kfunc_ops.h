/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the kernel functions of sched_ext may be called that may not be called
 * everywhere, for refusal.h. Written by scripts/api-page --write from the
 * tables in kernel/sched/ext_kfunc_filter.c, do not edit.
 */
#ifndef __SCX_KFUNC_OPS_H
#define __SCX_KFUNC_OPS_H

static const struct {
	const char *callers;
	const char *kfuncs[9];
} __scx_kfunc_ops[] = {
	{
		.callers = "select_cpu, enqueue, dispatch",
		.kfuncs = {
			"scx_bpf_dsq_insert",
			"scx_bpf_dsq_insert_vtime",
			"scx_bpf_dsq_insert___v2",
			"__scx_bpf_dsq_insert_vtime",
			"scx_bpf_dispatch",
			"scx_bpf_dispatch_vtime",
		},
	},
	{
		.callers = "dispatch",
		.kfuncs = {
			"scx_bpf_dispatch_nr_slots",
			"scx_bpf_dispatch_cancel",
			"scx_bpf_dsq_move_to_local",
			"scx_bpf_dsq_move_to_local___v2",
			"scx_bpf_consume",
		},
	},
	{
		.callers = "cpu_release",
		.kfuncs = {
			"scx_bpf_reenqueue_local",
		},
	},
	{
		.callers = "init_task, cgroup_init, cgroup_exit, cgroup_prep_move, "
		  "cpu_online, cpu_offline, init, exit, syscall programs",
		.kfuncs = {
			"scx_bpf_create_dsq",
		},
	},
	{
		.callers = "dispatch, init_task, dump, cgroup_init, cgroup_exit, "
		  "cgroup_prep_move, cgroup_cancel_move, cgroup_set_weight, "
		  "cgroup_set_bandwidth, cgroup_set_idle, cpu_online, cpu_offline, "
		  "init, exit, syscall programs",
		.kfuncs = {
			"scx_bpf_dsq_move_set_slice",
			"scx_bpf_dsq_move_set_vtime",
			"scx_bpf_dsq_move",
			"scx_bpf_dsq_move_vtime",
			"scx_bpf_dispatch_from_dsq_set_slice",
			"scx_bpf_dispatch_from_dsq_set_vtime",
			"scx_bpf_dispatch_from_dsq",
			"scx_bpf_dispatch_vtime_from_dsq",
		},
	},
	{
		.callers = "select_cpu, enqueue, init_task, dump, cgroup_init, cgroup_exit, "
		  "cgroup_prep_move, cgroup_cancel_move, cgroup_set_weight, "
		  "cgroup_set_bandwidth, cgroup_set_idle, cpu_online, cpu_offline, "
		  "init, exit, syscall programs",
		.kfuncs = {
			"scx_bpf_select_cpu_dfl",
			"scx_bpf_select_cpu_and",
			"__scx_bpf_select_cpu_and",
		},
	},
};

#endif /* __SCX_KFUNC_OPS_H */
