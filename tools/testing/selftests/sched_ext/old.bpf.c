// SPDX-License-Identifier: GPL-2.0
/*
 * A program as it was compiled for 6.12: its types, as far as the program needs them,
 * and its kfuncs under the names and with the prototypes that they had.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "GPL";

#define OLD		__attribute__((preserve_access_index))

#define OLD_DSQ		12
#define OLD_VTIME_DSQ	13
#define DSQ_LOCAL	0x8000000000000002ULL
#define SLICE_DFL	20000000ULL
#define TASK_QUEUED	1

struct cpumask;
struct cgroup;
struct scx_cpu_acquire_args;
struct scx_cpu_release_args;
struct scx_init_task_args;
struct scx_exit_task_args;
struct scx_cgroup_init_args;
struct scx_dump_ctx;

enum scx_exit_kind {
	SCX_EXIT_NONE,
};

struct scx_exit_info {
	enum scx_exit_kind kind;
	__s64 exit_code;
	const char *reason;
	unsigned long *bt;
	__u32 bt_len;
	char *msg;
	char *dump;
} OLD;

struct sched_ext_entity {
	__u32 flags;
	__u32 weight;
	__u64 slice;
	__u64 dsq_vtime;
} OLD;

struct task_struct {
	int pid;
	struct sched_ext_entity scx;
} OLD;

struct sched_ext_ops {
	__s32 (*select_cpu)(struct task_struct *p, __s32 prev_cpu, __u64 wake_flags);
	void (*enqueue)(struct task_struct *p, __u64 enq_flags);
	void (*dequeue)(struct task_struct *p, __u64 deq_flags);
	void (*dispatch)(__s32 cpu, struct task_struct *prev);
	void (*tick)(struct task_struct *p);
	void (*runnable)(struct task_struct *p, __u64 enq_flags);
	void (*running)(struct task_struct *p);
	void (*stopping)(struct task_struct *p, bool runnable);
	void (*quiescent)(struct task_struct *p, __u64 deq_flags);
	bool (*yield)(struct task_struct *from, struct task_struct *to);
	bool (*core_sched_before)(struct task_struct *a, struct task_struct *b);
	void (*set_weight)(struct task_struct *p, __u32 weight);
	void (*set_cpumask)(struct task_struct *p, const struct cpumask *cpumask);
	void (*update_idle)(__s32 cpu, bool idle);
	void (*cpu_acquire)(__s32 cpu, struct scx_cpu_acquire_args *args);
	void (*cpu_release)(__s32 cpu, struct scx_cpu_release_args *args);
	__s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
	void (*exit_task)(struct task_struct *p, struct scx_exit_task_args *args);
	void (*enable)(struct task_struct *p);
	void (*disable)(struct task_struct *p);
	void (*dump)(struct scx_dump_ctx *ctx);
	void (*dump_cpu)(struct scx_dump_ctx *ctx, __s32 cpu, bool idle);
	void (*dump_task)(struct scx_dump_ctx *ctx, struct task_struct *p);
	__s32 (*cgroup_init)(struct cgroup *cgrp, struct scx_cgroup_init_args *args);
	void (*cgroup_exit)(struct cgroup *cgrp);
	__s32 (*cgroup_prep_move)(struct task_struct *p, struct cgroup *from,
				  struct cgroup *to);
	void (*cgroup_move)(struct task_struct *p, struct cgroup *from, struct cgroup *to);
	void (*cgroup_cancel_move)(struct task_struct *p, struct cgroup *from,
				   struct cgroup *to);
	void (*cgroup_set_weight)(struct cgroup *cgrp, __u32 weight);
	void (*cpu_online)(__s32 cpu);
	void (*cpu_offline)(__s32 cpu);
	__s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);
	__u32 dispatch_max_batch;
	__u64 flags;
	__u32 timeout_ms;
	__u32 exit_dump_len;
	__u64 hotplug_seq;
	char name[128];
};

__s32 scx_bpf_create_dsq(__u64 dsq_id, __s32 node) __ksym;
__s32 scx_bpf_select_cpu_dfl(struct task_struct *p, __s32 prev_cpu, __u64 wake_flags,
			     bool *is_idle) __ksym;
void scx_bpf_dispatch(struct task_struct *p, __u64 dsq_id, __u64 slice,
		      __u64 enq_flags) __ksym;
void scx_bpf_dispatch_vtime(struct task_struct *p, __u64 dsq_id, __u64 slice,
			    __u64 vtime, __u64 enq_flags) __ksym;
bool scx_bpf_consume(__u64 dsq_id) __ksym;
__u32 scx_bpf_dispatch_nr_slots(void) __ksym;
void scx_bpf_kick_cpu(__s32 cpu, __u64 flags) __ksym;
__s32 scx_bpf_task_cpu(const struct task_struct *p) __ksym;

__u64 nr_idle, nr_fifo, nr_vtime, nr_consumed, nr_slots, nr_stopping, exit_kind;

SEC("struct_ops/old_select_cpu")
__s32 BPF_PROG(old_select_cpu, struct task_struct *p, __s32 prev_cpu, __u64 wake_flags)
{
	bool is_idle = false;
	__s32 cpu;

	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
	if (is_idle) {
		__sync_fetch_and_add(&nr_idle, 1);
		scx_bpf_dispatch(p, DSQ_LOCAL, SLICE_DFL, 0);
	}
	return cpu;
}

SEC("struct_ops/old_enqueue")
void BPF_PROG(old_enqueue, struct task_struct *p, __u64 enq_flags)
{
	if (p->pid & 1) {
		__sync_fetch_and_add(&nr_fifo, 1);
		scx_bpf_dispatch(p, OLD_DSQ, SLICE_DFL, enq_flags);
	} else {
		__sync_fetch_and_add(&nr_vtime, 1);
		scx_bpf_dispatch_vtime(p, OLD_VTIME_DSQ, SLICE_DFL, p->scx.dsq_vtime,
				       enq_flags);
	}
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), 1);
}

SEC("struct_ops/old_dispatch")
void BPF_PROG(old_dispatch, __s32 cpu, struct task_struct *prev)
{
	if (scx_bpf_dispatch_nr_slots() == 8)
		__sync_fetch_and_add(&nr_slots, 1);
	/* Take turns; otherwise one queue would starve the other. */
	if (nr_consumed & 1 ?
	    scx_bpf_consume(OLD_VTIME_DSQ) || scx_bpf_consume(OLD_DSQ) :
	    scx_bpf_consume(OLD_DSQ) || scx_bpf_consume(OLD_VTIME_DSQ))
		__sync_fetch_and_add(&nr_consumed, 1);
}

/* In 6.12 this was done by writing to the task. The task that ran last waits. */
SEC("struct_ops/old_stopping")
void BPF_PROG(old_stopping, struct task_struct *p, bool runnable)
{
	__sync_fetch_and_add(&nr_stopping, 1);
	p->scx.dsq_vtime = bpf_ktime_get_ns();
}

SEC("struct_ops.s/old_init")
__s32 BPF_PROG(old_init)
{
	__s32 err = scx_bpf_create_dsq(OLD_DSQ, -1);

	return err ?: scx_bpf_create_dsq(OLD_VTIME_DSQ, -1);
}

SEC("struct_ops/old_exit")
void BPF_PROG(old_exit, struct scx_exit_info *ei)
{
	exit_kind = ei->kind;
}

SEC(".struct_ops.link")
struct sched_ext_ops old = {
	.select_cpu		= (void *)old_select_cpu,
	.enqueue		= (void *)old_enqueue,
	.dispatch		= (void *)old_dispatch,
	.stopping		= (void *)old_stopping,
	.init			= (void *)old_init,
	.exit			= (void *)old_exit,
	.dispatch_max_batch	= 8,
	.timeout_ms		= 20000,
	.name			= "old",
};
