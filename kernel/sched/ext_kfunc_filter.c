// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: which kfunc may be called from where.
 *
 * Two tables say it all: op_groups[] has the groups of kfuncs that each
 * callback may call, kfunc_sets[] has the groups that each set of kfuncs is in
 * and the program types that it is registered for. The verifier calls
 * scx_kfunc_filter() for every call of a kfunc that it finds. So a call from
 * the wrong callback is refused when the program is loaded, and the check costs
 * nothing when it runs.
 *
 * The verifier cannot know when a BPF timer or workqueue runs a part of a
 * callback's program, after the callback has returned. The kfuncs that need a
 * running callback ask scx_kfunc_frame() for it.
 */
#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include "ext_kfunc.h"

#define GROUPS_COMMON	(SCX_KFUNCS_IDLE | SCX_KFUNCS_EVERYWHERE)
#define GROUPS_NO_LOCK	(GROUPS_COMMON | SCX_KFUNCS_SELECT_CPU |	\
			 SCX_KFUNCS_MOVE | SCX_KFUNCS_UNLOCKED)

/* Callbacks that are not listed have GROUPS_COMMON. */
static const u32 op_groups[] = {
	[SCX_OP_IDX(select_cpu)]	= SCX_KFUNCS_SELECT_CPU |
					  SCX_KFUNCS_INSERT,
	[SCX_OP_IDX(enqueue)]		= SCX_KFUNCS_SELECT_CPU |
					  SCX_KFUNCS_INSERT,
	[SCX_OP_IDX(dispatch)]		= SCX_KFUNCS_INSERT |
					  SCX_KFUNCS_DISPATCH |
					  SCX_KFUNCS_MOVE,
	[SCX_OP_IDX(cpu_release)]	= SCX_KFUNCS_CPU_RELEASE,

	[SCX_OP_IDX(init_task)]		= GROUPS_NO_LOCK,
	[SCX_OP_IDX(dump)]		= GROUPS_NO_LOCK,
#ifdef CONFIG_EXT_GROUP_SCHED
	[SCX_OP_IDX(cgroup_init)]	= GROUPS_NO_LOCK,
	[SCX_OP_IDX(cgroup_exit)]	= GROUPS_NO_LOCK,
	[SCX_OP_IDX(cgroup_prep_move)]	= GROUPS_NO_LOCK,
	[SCX_OP_IDX(cgroup_cancel_move)] = GROUPS_NO_LOCK,
	[SCX_OP_IDX(cgroup_set_weight)]	= GROUPS_NO_LOCK,
	[SCX_OP_IDX(cgroup_set_bandwidth)] = GROUPS_NO_LOCK,
	[SCX_OP_IDX(cgroup_set_idle)]	= GROUPS_NO_LOCK,
#endif
	[SCX_OP_IDX(cpu_online)]	= GROUPS_NO_LOCK,
	[SCX_OP_IDX(cpu_offline)]	= GROUPS_NO_LOCK,
	[SCX_OP_IDX(init)]		= GROUPS_NO_LOCK,
	[SCX_OP_IDX(exit)]		= GROUPS_NO_LOCK,
};

#define HOOK(type)	BIT(BPF_PROG_TYPE_##type)

/* TRACING stands for tracepoint, perf event and LSM programs, too. */
static const struct {
	const struct btf_kfunc_id_set	*set;
	u32				groups;
	u32				types;
} kfunc_sets[] = {
	{ &scx_kfunc_set_select_cpu, SCX_KFUNCS_SELECT_CPU,
	  HOOK(STRUCT_OPS) | HOOK(SYSCALL) },
	{ &scx_kfunc_set_insert, SCX_KFUNCS_INSERT, HOOK(STRUCT_OPS) },
	{ &scx_kfunc_set_dispatch, SCX_KFUNCS_DISPATCH, HOOK(STRUCT_OPS) },
	{ &scx_kfunc_set_move, SCX_KFUNCS_MOVE,
	  HOOK(STRUCT_OPS) | HOOK(SYSCALL) },
	{ &scx_kfunc_set_cpu_release, SCX_KFUNCS_CPU_RELEASE,
	  HOOK(STRUCT_OPS) },
	{ &scx_kfunc_set_unlocked, SCX_KFUNCS_UNLOCKED,
	  HOOK(STRUCT_OPS) | HOOK(SYSCALL) },
	{ &scx_kfunc_set_idle, SCX_KFUNCS_IDLE,
	  HOOK(STRUCT_OPS) | HOOK(SYSCALL) | HOOK(TRACING) },
	{ &scx_kfunc_set_dsq, SCX_KFUNCS_EVERYWHERE,
	  HOOK(STRUCT_OPS) | HOOK(SYSCALL) | HOOK(TRACING) },
	{ &scx_kfunc_set_text, SCX_KFUNCS_EVERYWHERE,
	  HOOK(STRUCT_OPS) | HOOK(SYSCALL) | HOOK(TRACING) },
	{ &scx_kfunc_set_misc, SCX_KFUNCS_EVERYWHERE,
	  HOOK(STRUCT_OPS) | HOOK(SYSCALL) | HOOK(TRACING) },
};

/* BTF of struct sched_ext_ops, by which our programs are recognised */
static u32 ops_type_id;
static const struct btf_type *ops_type;

static u32 groups_of_op(u32 op)
{
	return GROUPS_COMMON | (op < ARRAY_SIZE(op_groups) ? op_groups[op] : 0);
}

/* Groups that @kfunc_id is in; 0 if the kfunc is not one of ours. */
static u32 groups_of_kfunc(u32 kfunc_id)
{
	u32 groups = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(kfunc_sets); i++) {
		if (btf_id_set8_contains(kfunc_sets[i].set->set, kfunc_id))
			groups |= kfunc_sets[i].groups;
	}
	return groups;
}

/*
 * Groups for a struct_ops program. The load command has given the type of the
 * structure and the index of the member that the program is for.
 */
static u32 groups_of_struct_ops(const struct bpf_prog *prog)
{
	u32 idx = prog->expected_attach_type;
	u32 off;

	if (prog->aux->attach_btf != bpf_get_btf_vmlinux() ||
	    prog->aux->attach_btf_id != ops_type_id ||
	    idx >= btf_type_vlen(ops_type))
		return 0;

	off = __btf_member_bit_offset(ops_type, &btf_type_member(ops_type)[idx]) / 8;
	return groups_of_op(off / sizeof(void (*)(void)));
}

static u32 groups_of_prog(const struct bpf_prog *prog)
{
	switch (prog->type) {
	case BPF_PROG_TYPE_STRUCT_OPS:
		return groups_of_struct_ops(prog);
	case BPF_PROG_TYPE_SYSCALL:
		return GROUPS_NO_LOCK;
	default:
		return GROUPS_COMMON;
	}
}

/**
 * scx_kfunc_filter - May a program call a kfunc?
 * @prog: the program, being verified
 * @kfunc_id: BTF id of the kfunc
 *
 * The verifier calls this for all kfuncs of all programs of the types that we
 * registered for, not just for ours.
 *
 * Return: 0 if there is no objection, else -EACCES.
 */
int scx_kfunc_filter(const struct bpf_prog *prog, u32 kfunc_id)
{
	u32 groups = groups_of_kfunc(kfunc_id);

	if (!groups)
		return 0;

	/* A program that replaces a function may call what that may call. */
	if (prog->type == BPF_PROG_TYPE_EXT && prog->aux->dst_prog)
		prog = prog->aux->dst_prog;

	/*
	 * It is too early to tell. The verifier asks several times, and only
	 * the last answer, when it looks at the call, decides.
	 */
	if (prog->type == BPF_PROG_TYPE_STRUCT_OPS && !prog->aux->attach_btf_id)
		return 0;

	return groups & groups_of_prog(prog) ? 0 : -EACCES;
}

/**
 * scx_kfunc_filter_init - Find out how our programs are recognised
 * @btf: BTF of the kernel
 *
 * Return: 0, or -EINVAL if @btf lacks struct sched_ext_ops.
 */
int scx_kfunc_filter_init(struct btf *btf)
{
	s32 id = btf_find_by_name_kind(btf, "sched_ext_ops", BTF_KIND_STRUCT);

	if (id < 0)
		return -EINVAL;

	ops_type_id = id;
	ops_type = btf_type_by_id(btf, id);
	return 0;
}

/**
 * scx_kfunc_register - Make the kfuncs known to the verifier
 *
 * Context: An initcall.
 * Return: 0 or a negative errno.
 */
int scx_kfunc_register(void)
{
	int i, type, ret;

	for (i = 0; i < ARRAY_SIZE(kfunc_sets); i++) {
		unsigned long types = kfunc_sets[i].types;

		for_each_set_bit(type, &types, 32) {
			ret = register_btf_kfunc_id_set(type, kfunc_sets[i].set);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/**
 * scx_kfunc_no_frame - No callback that a kfunc can act for is running
 * @kfunc: name of the kfunc
 * @where: the callbacks
 *
 * Return: NULL, with an error raised.
 */
struct scx_op_frame *scx_kfunc_no_frame(const char *kfunc, const char *where)
{
	struct scx_sched *sch;

	guard(rcu)();
	sch = scx_kfunc_sched();
	if (sch)
		scx_error(sch, "%s() can only be called while %s is running on this CPU, "
			  "not from a timer or workqueue", kfunc, where);
	return NULL;
}

/**
 * scx_kfunc_unlocked - Is the caller free to lock an rq?
 *
 * Return: true in callbacks without a lock and outside of callbacks.
 */
bool scx_kfunc_unlocked(void)
{
	struct scx_op_frame *f = scx_op_current();

	return !f || (!f->rq && (groups_of_op(f->op) & SCX_KFUNCS_UNLOCKED));
}
