// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: struct sched_ext_ops as a struct_ops type of BPF.
 *
 * What a scheduler's programs may do is decided while they are loaded: which
 * callbacks may sleep, which part of the context they may read, which fields of
 * a task they may write, which helpers and kfuncs they may call. The values in
 * the table are checked when it is written to its map. Attaching the map
 * enables the scheduler, detaching it disables it.
 */
#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include "ext_enable.h"
#include "ext_sysfs.h"
#include "ext_kfunc.h"

static const struct btf_type *task_struct_type;

static int ops_init(struct btf *btf)
{
	s32 id = btf_find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT);

	if (id < 0)
		return -EINVAL;

	task_struct_type = btf_type_by_id(btf, id);
	return scx_kfunc_filter_init(btf);
}

static const u64 sleepable_ops =
	SCX_OP_BIT(init_task) |
#ifdef CONFIG_EXT_GROUP_SCHED
	SCX_OP_BIT(cgroup_init) |
	SCX_OP_BIT(cgroup_exit) |
	SCX_OP_BIT(cgroup_prep_move) |
#endif
	SCX_OP_BIT(cpu_online) |
	SCX_OP_BIT(cpu_offline) |
	SCX_OP_BIT(init) |
	SCX_OP_BIT(exit);

static int ops_check_member(const struct btf_type *t,
			    const struct btf_member *member,
			    const struct bpf_prog *prog)
{
	u32 op = __btf_member_bit_offset(t, member) / 8 / sizeof(void (*)(void));

	if (prog->sleepable && !(BIT_ULL(op) & sleepable_ops))
		return -EINVAL;
	return 0;
}

static int init_name(char *to, const char *from)
{
	int len = bpf_obj_name_cpy(to, from, SCX_OPS_NAME_LEN);

	if (len < 0)
		return len;
	return len ? 1 : -EINVAL;
}

/*
 * Called for each member when the table is written to its map.
 *
 * Return: 1 if the member was taken, 0 to leave it to BPF, or an errno.
 */
static int ops_init_member(const struct btf_type *t,
			   const struct btf_member *member,
			   void *kdata, const void *udata)
{
	const struct sched_ext_ops *from = udata;
	struct sched_ext_ops *to = kdata;

	switch (__btf_member_bit_offset(t, member) / 8) {
	case offsetof(struct sched_ext_ops, dispatch_max_batch):
		if (from->dispatch_max_batch > INT_MAX)
			return -E2BIG;
		to->dispatch_max_batch = from->dispatch_max_batch;
		return 1;
	case offsetof(struct sched_ext_ops, flags):
		if (from->flags & ~(u64)SCX_OPS_ALL_FLAGS)
			return -EINVAL;
		to->flags = from->flags;
		return 1;
	case offsetof(struct sched_ext_ops, timeout_ms):
		if (msecs_to_jiffies(from->timeout_ms) > SCX_WATCHDOG_MAX_TIMEOUT)
			return -E2BIG;
		to->timeout_ms = from->timeout_ms;
		return 1;
	case offsetof(struct sched_ext_ops, exit_dump_len):
		to->exit_dump_len = from->exit_dump_len ?: SCX_EXIT_DUMP_DFL_LEN;
		return 1;
	case offsetof(struct sched_ext_ops, hotplug_seq):
		to->hotplug_seq = from->hotplug_seq;
		return 1;
	case offsetof(struct sched_ext_ops, name):
		return init_name(to->name, from->name);
	default:
		return 0;
	}
}

static int ops_validate(void *kdata)
{
	return 0;
}

/*
 * Loaders and tools attach programs to these two functions, which therefore
 * have the same names in all kernels.
 */
static noinline int bpf_scx_reg(void *kdata, struct bpf_link *link)
{
	return scx_enable(kdata);
}

static noinline void bpf_scx_unreg(void *kdata, struct bpf_link *link)
{
	scx_disable(kdata);
}

static int ops_update(void *kdata, void *old_kdata, struct bpf_link *link)
{
	return -EOPNOTSUPP;
}

/*
 * The context is an array of the callback's arguments. Its end has to be
 * checked here. The index of the member is stored where tracing programs have
 * their attach type, and for some attach types btf_ctx_access() lets one more
 * entry be read, for a return value.
 */
static bool ctx_access_ok(int off, int size, enum bpf_access_type type,
			  const struct bpf_prog *prog,
			  struct bpf_insn_access_aux *info)
{
	const struct btf_type *proto = prog->aux->attach_func_proto;

	if (type != BPF_READ || off < 0 || off % size)
		return false;
	if (!proto || off >= btf_type_vlen(proto) * sizeof(u64))
		return false;

	return btf_ctx_access(off, size, type, prog, info);
}

static const struct {
	u32	off;
	u32	size;
} writable_fields[] = {
	{ offsetof(struct task_struct, scx.slice), sizeof(u64) },
	{ offsetof(struct task_struct, scx.dsq_vtime), sizeof(u64) },
	{ offsetof(struct task_struct, scx.disallow), sizeof(bool) },
};

static bool task_field_writable(u32 off, u32 size)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(writable_fields); i++) {
		u32 start = writable_fields[i].off;

		if (off >= start && off + size <= start + writable_fields[i].size)
			return true;
	}
	return false;
}

/*
 * Does the object that a program writes to exist as long as the program runs?
 * An argument of the callback does, and so does an object that is referenced or
 * RCU protected. Any other object that a program finds by following pointers
 * may be NULL, or be gone. The verifier refuses pointers that it knows to be
 * untrusted, but there are others of which it knows nothing.
 */
static bool stays(const struct bpf_reg_state *reg)
{
	return reg->ref_obj_id || (reg->type & (PTR_TRUSTED | MEM_RCU));
}

/* A program writes through a pointer to a structure of the kernel. */
static int write_access(struct bpf_verifier_log *log,
			const struct bpf_reg_state *reg, int off, int size)
{
	const struct btf_type *t = btf_type_by_id(reg->btf, reg->btf_id);

	if (t != task_struct_type) {
		bpf_log(log, "sched_ext: the only kernel structure to write to is task_struct\n");
		return -EACCES;
	}
	if (!task_field_writable(off, size)) {
		bpf_log(log, "sched_ext: %d bytes at offset %d of task_struct are not within "
			"scx.slice, scx.dsq_vtime or scx.disallow\n", size, off);
		return -EACCES;
	}
	if (!stays(reg)) {
		bpf_log(log, "sched_ext: nothing keeps the task that is written to, "
			"which may be NULL or gone; write to an argument, or to what "
			"bpf_task_from_pid() or scx_bpf_cpu_curr() return\n");
		return -EACCES;
	}
	return SCALAR_VALUE;
}

static const struct bpf_func_proto *
ops_func_proto(enum bpf_func_id func_id, const struct bpf_prog *prog)
{
	switch (func_id) {
	case BPF_FUNC_task_storage_get:
		return &bpf_task_storage_get_proto;
	case BPF_FUNC_task_storage_delete:
		return &bpf_task_storage_delete_proto;
	default:
		return bpf_base_func_proto(func_id, prog);
	}
}

static const struct bpf_verifier_ops ops_verifier_ops = {
	.get_func_proto		= ops_func_proto,
	.is_valid_access	= ctx_access_ok,
	.btf_struct_access	= write_access,
};

/*
 * There is one function for each callback that is supported. They are never
 * called: BPF takes the CFI type of the callback from them, and the names of
 * their arguments tell which of these can be NULL.
 */
static s32 scx_cfi_select_cpu(struct task_struct *p, s32 prev_cpu,
			      u64 wake_flags)
{
	return -EINVAL;
}

static void scx_cfi_enqueue(struct task_struct *p, u64 enq_flags) {}
static void scx_cfi_dequeue(struct task_struct *p, u64 deq_flags) {}
static void scx_cfi_dispatch(s32 cpu, struct task_struct *prev__nullable) {}
static void scx_cfi_tick(struct task_struct *p) {}
static void scx_cfi_runnable(struct task_struct *p, u64 enq_flags) {}
static void scx_cfi_running(struct task_struct *p) {}
static void scx_cfi_stopping(struct task_struct *p, bool runnable) {}
static void scx_cfi_quiescent(struct task_struct *p, u64 deq_flags) {}

static bool scx_cfi_yield(struct task_struct *from,
			  struct task_struct *to__nullable)
{
	return false;
}

static bool scx_cfi_core_sched_before(struct task_struct *a,
				      struct task_struct *b)
{
	return false;
}

static void scx_cfi_set_weight(struct task_struct *p, u32 weight) {}

static void scx_cfi_set_cpumask(struct task_struct *p,
				const struct cpumask *cpumask)
{
}

static void scx_cfi_update_idle(s32 cpu, bool idle) {}
static void scx_cfi_cpu_acquire(s32 cpu, struct scx_cpu_acquire_args *args) {}
static void scx_cfi_cpu_release(s32 cpu, struct scx_cpu_release_args *args) {}

static s32 scx_cfi_init_task(struct task_struct *p,
			     struct scx_init_task_args *args)
{
	return -EINVAL;
}

static void scx_cfi_exit_task(struct task_struct *p,
			      struct scx_exit_task_args *args)
{
}

static void scx_cfi_enable(struct task_struct *p) {}
static void scx_cfi_disable(struct task_struct *p) {}
static void scx_cfi_dump(struct scx_dump_ctx *ctx) {}
static void scx_cfi_dump_cpu(struct scx_dump_ctx *ctx, s32 cpu, bool idle) {}

static void scx_cfi_dump_task(struct scx_dump_ctx *ctx,
			      struct task_struct *p)
{
}

#ifdef CONFIG_EXT_GROUP_SCHED
static s32 scx_cfi_cgroup_init(struct cgroup *cgrp,
			       struct scx_cgroup_init_args *args)
{
	return -EINVAL;
}

static void scx_cfi_cgroup_exit(struct cgroup *cgrp) {}

static s32 scx_cfi_cgroup_prep_move(struct task_struct *p,
				    struct cgroup *from, struct cgroup *to)
{
	return -EINVAL;
}

static void scx_cfi_cgroup_move(struct task_struct *p, struct cgroup *from,
				struct cgroup *to)
{
}

static void scx_cfi_cgroup_cancel_move(struct task_struct *p,
				       struct cgroup *from,
				       struct cgroup *to)
{
}

static void scx_cfi_cgroup_set_weight(struct cgroup *cgrp, u32 weight) {}

static void scx_cfi_cgroup_set_idle(struct cgroup *cgrp, bool idle) {}

static void scx_cfi_cgroup_set_bandwidth(struct cgroup *cgrp, u64 period_us,
					 u64 quota_us, u64 burst_us)
{
}
#endif

static void scx_cfi_cpu_online(s32 cpu) {}
static void scx_cfi_cpu_offline(s32 cpu) {}

static s32 scx_cfi_init(void)
{
	return -EINVAL;
}

static void scx_cfi_exit(struct scx_exit_info *info) {}

static struct sched_ext_ops ops_cfi_stubs = {
	.select_cpu		= scx_cfi_select_cpu,
	.enqueue		= scx_cfi_enqueue,
	.dequeue		= scx_cfi_dequeue,
	.dispatch		= scx_cfi_dispatch,
	.tick			= scx_cfi_tick,
	.runnable		= scx_cfi_runnable,
	.running		= scx_cfi_running,
	.stopping		= scx_cfi_stopping,
	.quiescent		= scx_cfi_quiescent,
	.yield			= scx_cfi_yield,
	.core_sched_before	= scx_cfi_core_sched_before,
	.set_weight		= scx_cfi_set_weight,
	.set_cpumask		= scx_cfi_set_cpumask,
	.update_idle		= scx_cfi_update_idle,
	.cpu_acquire		= scx_cfi_cpu_acquire,
	.cpu_release		= scx_cfi_cpu_release,
	.init_task		= scx_cfi_init_task,
	.exit_task		= scx_cfi_exit_task,
	.enable			= scx_cfi_enable,
	.disable		= scx_cfi_disable,
	.dump			= scx_cfi_dump,
	.dump_cpu		= scx_cfi_dump_cpu,
	.dump_task		= scx_cfi_dump_task,
#ifdef CONFIG_EXT_GROUP_SCHED
	.cgroup_init		= scx_cfi_cgroup_init,
	.cgroup_exit		= scx_cfi_cgroup_exit,
	.cgroup_prep_move	= scx_cfi_cgroup_prep_move,
	.cgroup_move		= scx_cfi_cgroup_move,
	.cgroup_cancel_move	= scx_cfi_cgroup_cancel_move,
	.cgroup_set_weight	= scx_cfi_cgroup_set_weight,
	.cgroup_set_bandwidth	= scx_cfi_cgroup_set_bandwidth,
	.cgroup_set_idle	= scx_cfi_cgroup_set_idle,
#endif
	.cpu_online		= scx_cfi_cpu_online,
	.cpu_offline		= scx_cfi_cpu_offline,
	.init			= scx_cfi_init,
	.exit			= scx_cfi_exit,
};

static struct bpf_struct_ops bpf_sched_ext_ops = {
	.verifier_ops	= &ops_verifier_ops,
	.init		= ops_init,
	.check_member	= ops_check_member,
	.init_member	= ops_init_member,
	.validate	= ops_validate,
	.reg		= bpf_scx_reg,
	.unreg		= bpf_scx_unreg,
	.update		= ops_update,
	.cfi_stubs	= &ops_cfi_stubs,
	.owner		= THIS_MODULE,
	.name		= "sched_ext_ops",
};

/*
 * BPF programs and tools read these constants from the kernel's BTF, which only
 * has types that some code refers to.
 */
static void emit_types(void)
{
	BTF_TYPE_EMIT_ENUM(SCX_SLICE_DFL);		/* scx_public_consts */
	BTF_TYPE_EMIT_ENUM(SCX_DSP_DFL_MAX_BATCH);	/* scx_consts */
	BTF_TYPE_EMIT_ENUM(SCX_DSQ_LOCAL_CPU_MASK);	/* scx_dsq_id_flags */
	BTF_TYPE_EMIT_ENUM(SCX_DSQ_ITER_REV);		/* scx_dsq_iter_flags */
	BTF_TYPE_EMIT_ENUM(SCX_DSQ_LNODE_ITER_CURSOR);	/* scx_dsq_lnode_flags */
	BTF_TYPE_EMIT_ENUM(SCX_TASK_QUEUED);		/* scx_ent_flags */
	BTF_TYPE_EMIT_ENUM(SCX_TASK_DSQ_ON_PRIQ);	/* scx_ent_dsq_flags */
	BTF_TYPE_EMIT_ENUM(SCX_TASK_ENABLED);		/* scx_task_state */
	BTF_TYPE_EMIT_ENUM(SCX_WAKE_TTWU);		/* scx_wake_flags */
	BTF_TYPE_EMIT_ENUM(SCX_ENQ_WAKEUP);		/* scx_enq_flags */
	BTF_TYPE_EMIT_ENUM(SCX_DEQ_SLEEP);		/* scx_deq_flags */
	BTF_TYPE_EMIT_ENUM(SCX_REENQ_ANY);		/* scx_reenq_flags */
	BTF_TYPE_EMIT_ENUM(SCX_KICK_IDLE);		/* scx_kick_flags */
	BTF_TYPE_EMIT_ENUM(SCX_PICK_IDLE_CORE);		/* scx_pick_idle_cpu_flags */
	BTF_TYPE_EMIT_ENUM(SCX_RQ_ONLINE);		/* scx_rq_flags */
	BTF_TYPE_EMIT_ENUM(SCX_OPS_ENQ_LAST);		/* scx_ops_flags */
	BTF_TYPE_EMIT_ENUM(SCX_OPSS_NONE);		/* scx_ops_state */
	BTF_TYPE_EMIT_ENUM(SCX_OPI_BEGIN);		/* scx_opi */
	BTF_TYPE_EMIT_ENUM(SCX_TG_ONLINE);		/* scx_tg_flags */
	BTF_TYPE_EMIT_ENUM(SCX_ENABLED);		/* scx_enable_state */
	BTF_TYPE_EMIT_ENUM(SCX_EXIT_ERROR);		/* scx_exit_kind */
	BTF_TYPE_EMIT_ENUM(SCX_ECODE_ACT_RESTART);	/* scx_exit_code */
	BTF_TYPE_EMIT_ENUM(SCX_EFLAG_INITIALIZED);	/* scx_exit_flags */
	BTF_TYPE_EMIT_ENUM(SCX_CPU_PREEMPT_RT);		/* scx_cpu_preempt_reason */
}

/*
 * Kfuncs are registered before the type: a program must never be verified
 * without their filter. The type comes last, because schedulers can be loaded
 * from then on.
 */
static int __init scx_struct_ops_init(void)
{
	int ret;

	emit_types();

	ret = scx_enable_init();
	if (ret) {
		pr_err("sched_ext: cannot prepare for loading schedulers: %d\n", ret);
		return ret;
	}
	ret = scx_sysfs_init();
	if (ret) {
		pr_err("sched_ext: cannot create /sys/kernel/sched_ext: %d\n", ret);
		return ret;
	}
	ret = scx_kfunc_register();
	if (ret) {
		pr_err("sched_ext: cannot register kfuncs: %d\n", ret);
		return ret;
	}
	ret = register_bpf_struct_ops(&bpf_sched_ext_ops, sched_ext_ops);
	if (ret)
		pr_err("sched_ext: cannot register sched_ext_ops: %d\n", ret);
	return ret;
}
device_initcall(scx_struct_ops_init);
