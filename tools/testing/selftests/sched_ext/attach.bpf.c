// SPDX-License-Identifier: GPL-2.0
/*
 * Names in the kernel on which other people's programs and debuggers rely:
 * functions and tracepoints to attach to, variables and members to read.
 */
#include "scx_test.bpf.h"
#include "attach.h"

u64 nr_reg, nr_unreg, nr_tick;
u64 nr_probed_reg, nr_probed_unreg, nr_probed_insert, nr_probed_name;
u64 nr_events;

SEC("fentry/bpf_scx_reg")
int BPF_PROG(fentry_reg, void *kdata, struct bpf_link *link)
{
	COUNT(nr_reg);
	return 0;
}

SEC("fentry/bpf_scx_unreg")
int BPF_PROG(fentry_unreg, void *kdata, struct bpf_link *link)
{
	COUNT(nr_unreg);
	return 0;
}

SEC("fentry/scx_tick")
int BPF_PROG(fentry_tick, struct rq *rq)
{
	if (rq->cpu >= 0)
		COUNT(nr_tick);
	return 0;
}

SEC("kprobe/bpf_scx_reg")
int kprobe_reg(void *ctx)
{
	COUNT(nr_probed_reg);
	return 0;
}

SEC("kprobe/bpf_scx_unreg")
int kprobe_unreg(void *ctx)
{
	COUNT(nr_probed_unreg);
	return 0;
}

/* The name by which scx_bpf_dsq_insert() is called below */
SEC("kprobe/scx_bpf_dsq_insert___v2")
int kprobe_insert(void *ctx)
{
	COUNT(nr_probed_insert);
	return 0;
}

/* For any name */
SEC("kprobe")
int kprobe_name(void *ctx)
{
	COUNT(nr_probed_name);
	return 0;
}

SEC("tp_btf/sched_ext_event")
int BPF_PROG(tp_event, const char *name, s64 delta)
{
	COUNT(nr_events);
	return 0;
}

void BPF_STRUCT_OPS(attach_enqueue, struct task_struct *p, u64 enq_flags)
{
	let_run(p, enq_flags);
}

TEST_OPS(attach, .enqueue = (void *)attach_enqueue);

/*
 * In other projects' headers, all constants are variables, and 0 unless the loader
 * sets them. Our headers take constants that never changed from vmlinux.h.
 */
const volatile u64 var_dsq_global;
const volatile u64 var_slice_dfl;

void BPF_STRUCT_OPS(vars_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, var_dsq_global, var_slice_dfl, enq_flags);
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_IDLE);
}

TEST_OPS(attach_vars, .enqueue = (void *)vars_enqueue);

const volatile u64 var_dsq_local;

void BPF_STRUCT_OPS(vars_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(var_dsq_local);
}

TEST_OPS(attach_vars_move, .dispatch = (void *)vars_dispatch);

/* What a debugger reads */

extern const void scx_root __ksym;
extern const void __scx_enabled __ksym;
extern const void __scx_switched_all __ksym;
extern const void scx_switching_all __ksym;
extern const void scx_enable_state_var __ksym;
extern const void scx_enable_state_str __ksym;
extern const void scx_bypass_depth __ksym;
extern const void scx_nr_rejected __ksym;
extern const void scx_enable_seq __ksym;

struct globals idle, in_init_task, running, in_exit;

#define READ(to, from)	bpf_probe_read_kernel(&(to), sizeof(to), from)

static bool key_on(const void *key)
{
	const struct static_key_false *k = key;

	return BPF_CORE_READ(k, key.enabled.counter) > 0;
}

static void look(struct globals *g)
{
	struct scx_sched *sch = NULL;
	const char *name = NULL;

	if (g->taken)
		return;
	READ(sch, &scx_root);
	g->loaded = sch;
	g->enabled = key_on(&__scx_enabled);
	g->switched_all = key_on(&__scx_switched_all);
	READ(g->switching_all, &scx_switching_all);
	READ(g->state, &scx_enable_state_var);
	READ(name, &scx_enable_state_str + (g->state & 3) * sizeof(name));
	bpf_probe_read_kernel_str(g->state_name, sizeof(g->state_name), name);
	READ(g->bypass_depth, &scx_bypass_depth);
	READ(g->nr_rejected, &scx_nr_rejected);
	READ(g->enable_seq, &scx_enable_seq);
	if (sch) {
		BPF_CORE_READ_STR_INTO(&g->name, sch, ops.name);
		g->aborting = BPF_CORE_READ(sch, aborting);
		g->own_depth = BPF_CORE_READ(sch, bypass_depth);
	}
	g->taken = true;
}

SEC("syscall")
int look_idle(void *ctx)
{
	look(&idle);
	return 0;
}

SEC("syscall")
int look_running(void *ctx)
{
	look(&running);
	return 0;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(globals_init_task, struct task_struct *p,
			     struct scx_init_task_args *args)
{
	look(&in_init_task);
	return 0;
}

void BPF_STRUCT_OPS_SLEEPABLE(globals_exit, struct scx_exit_info *ei)
{
	look(&in_exit);
	UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(attach_globals, .init_task = (void *)globals_init_task,
	       .exit = (void *)globals_exit, .name = "attach_globals");
