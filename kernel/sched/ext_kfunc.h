/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched_ext: what the files of kfuncs share.
 *
 * A kfunc checks its arguments, then calls the room that does the work. It does
 * not check where it is called from: the filter has done that when the program
 * was loaded.
 */
#ifndef _KERNEL_SCHED_EXT_KFUNC_H
#define _KERNEL_SCHED_EXT_KFUNC_H

#include <linux/btf.h>
#include <linux/btf_ids.h>
#include "ext_error.h"
#include "ext_state.h"

/* Sets of kfuncs that the same callbacks may call. */
enum scx_kfunc_group {
	SCX_KFUNCS_SELECT_CPU	= 1U << 0,	/* select an idle CPU */
	SCX_KFUNCS_INSERT	= 1U << 1,	/* insert a task into a DSQ */
	SCX_KFUNCS_DISPATCH	= 1U << 2,	/* dispatch buffer, local DSQ */
	SCX_KFUNCS_MOVE		= 1U << 3,	/* move from DSQ to DSQ */
	SCX_KFUNCS_CPU_RELEASE	= 1U << 4,	/* take tasks off a local DSQ */
	SCX_KFUNCS_UNLOCKED	= 1U << 5,	/* may sleep */
	SCX_KFUNCS_IDLE		= 1U << 6,	/* idle tracking */
	SCX_KFUNCS_EVERYWHERE	= 1U << 7,	/* the rest, for all callers */
};

/*
 * Sets of ids are local to their object files. So each file exports a set that
 * it defined between BTF_KFUNCS_START(scx_kfunc_ids_SET) and BTF_KFUNCS_END()
 * by writing SCX_KFUNC_SET(SET) below it.
 */
#define SCX_KFUNC_SET(group)						\
	const struct btf_kfunc_id_set scx_kfunc_set_##group = {		\
		.owner	= THIS_MODULE,					\
		.set	= &scx_kfunc_ids_##group,			\
		.filter	= scx_kfunc_filter,				\
	}

extern const struct btf_kfunc_id_set scx_kfunc_set_select_cpu;
extern const struct btf_kfunc_id_set scx_kfunc_set_insert;
extern const struct btf_kfunc_id_set scx_kfunc_set_dispatch;
extern const struct btf_kfunc_id_set scx_kfunc_set_move;
extern const struct btf_kfunc_id_set scx_kfunc_set_cpu_release;
extern const struct btf_kfunc_id_set scx_kfunc_set_unlocked;
extern const struct btf_kfunc_id_set scx_kfunc_set_idle;
extern const struct btf_kfunc_id_set scx_kfunc_set_dsq;
extern const struct btf_kfunc_id_set scx_kfunc_set_text;
extern const struct btf_kfunc_id_set scx_kfunc_set_misc;

int scx_kfunc_filter(const struct bpf_prog *prog, u32 kfunc_id);
int scx_kfunc_filter_init(struct btf *btf);
int scx_kfunc_register(void);

#define SCX_OP_BIT(op)	BIT_ULL(SCX_OP_IDX(op))

struct scx_op_frame *scx_kfunc_no_frame(const char *kfunc, const char *where);
bool scx_kfunc_unlocked(void);
bool scx_kfunc_enq_flags(struct scx_sched *sch, const char *kfunc,
			 struct task_struct *p, u64 dsq_id, u64 *enq_flags);

/* Is there anything that scx_kfunc_enq_flags() would refuse or add? */
static inline bool scx_kfunc_enq_flags_matter(struct scx_sched *sch, u64 enq_flags)
{
	return (enq_flags & (__SCX_ENQ_INTERNAL_MASK | SCX_ENQ_IMMED)) ||
	       (sch->ops.flags & SCX_OPS_ALWAYS_ENQ_IMMED);
}

/*
 * Scheduler that the calling program belongs to, as far as is known: the one
 * whose callback is running, else scx_root. NULL if none is loaded. The caller
 * is in an RCU read section, which sleepable programs have to enter.
 */
static inline struct scx_sched *scx_kfunc_sched(void)
{
	struct scx_op_frame *f = scx_op_current();

	return f ? f->sch : rcu_dereference(scx_root);
}

/**
 * scx_kfunc_frame - The callback that a kfunc acts for
 * @kfunc: name of the kfunc
 * @ops: SCX_OP_BIT() of the callbacks that it can act for
 * @where: the same in words, for the error message
 *
 * Return: the running callback if it is one of @ops, else NULL with an error
 * raised, as in a BPF timer that the callback's program has started.
 */
static inline struct scx_op_frame *scx_kfunc_frame(const char *kfunc, u64 ops,
						   const char *where)
{
	struct scx_op_frame *f = scx_op_current();

	if (likely(f && (BIT_ULL(f->op) & ops)))
		return f;
	return scx_kfunc_no_frame(kfunc, where);
}

#endif	/* _KERNEL_SCHED_EXT_KFUNC_H */
