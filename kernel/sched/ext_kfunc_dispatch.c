// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: kfuncs that insert tasks into DSQs and fill local DSQs.
 *
 * The insert family and move_to_local have two names each: that of 6.13 and
 * later, and that which programs built for 6.12 use.
 */
#include "ext_dispatch.h"
#include "ext_kfunc.h"

#define IN_DISPATCH	SCX_OP_BIT(dispatch), "ops.dispatch()"

static bool is_local(u64 dsq_id)
{
	return dsq_id == SCX_DSQ_LOCAL ||
	       (dsq_id & SCX_DSQ_LOCAL_ON) == SCX_DSQ_LOCAL_ON;
}

/**
 * scx_kfunc_enq_flags - Check the flags of an insertion, and complete them
 * @sch: the scheduler
 * @kfunc: name of the calling kfunc
 * @p: the task
 * @dsq_id: DSQ that it is inserted into
 * @enq_flags: SCX_ENQ_* that BPF has given
 *
 * Return: false, with an error raised, if the flags are refused.
 */
bool scx_kfunc_enq_flags(struct scx_sched *sch, const char *kfunc,
			 struct task_struct *p, u64 dsq_id, u64 *enq_flags)
{
	if (unlikely(*enq_flags & __SCX_ENQ_INTERNAL_MASK)) {
		scx_error(sch, "%s() of %s[%d] with invalid enq_flags 0x%llx",
			  kfunc, p->comm, p->pid, *enq_flags);
		return false;
	}
	if (unlikely((*enq_flags & SCX_ENQ_IMMED) && !is_local(dsq_id))) {
		scx_error(sch, "%s() of %s[%d] with SCX_ENQ_IMMED to DSQ 0x%llx, which is not local",
			  kfunc, p->comm, p->pid, dsq_id);
		return false;
	}
	if (unlikely((sch->ops.flags & SCX_OPS_ALWAYS_ENQ_IMMED) && is_local(dsq_id)))
		*enq_flags |= SCX_ENQ_IMMED;
	return true;
}

/*
 * In ops.select_cpu() and ops.enqueue(), an insertion is a verdict about the
 * task that they were called for; in ops.dispatch(), it is buffered.
 */
static __always_inline bool insert(const char *kfunc, struct task_struct *p,
				   u64 dsq_id, u64 slice, const u64 *vtime,
				   u64 enq_flags)
{
	struct scx_op_frame *f;

	f = scx_kfunc_frame(kfunc, SCX_OP_BIT(select_cpu) |
			    SCX_OP_BIT(enqueue) | SCX_OP_BIT(dispatch),
			    "ops.select_cpu(), ops.enqueue() or ops.dispatch()");
	if (unlikely(!f))
		return false;

	if (unlikely(scx_kfunc_enq_flags_matter(f->sch, enq_flags)) &&
	    !scx_kfunc_enq_flags(f->sch, kfunc, p, dsq_id, &enq_flags))
		return false;

	if (vtime)
		enq_flags |= SCX_ENQ_DSQ_PRIQ;

	if (f->op == SCX_OP_IDX(dispatch))
		return scx_dispatch_buffer(f->sch, p, dsq_id, slice,
					   vtime ? *vtime : 0, enq_flags);
	if (unlikely(!scx_dispatch_verdict(f, p, dsq_id, enq_flags)))
		return false;

	/* The callback runs under the rq lock or pi_lock of @p: we own it. */
	scx_dispatch_set_budget(p, slice, vtime ? *vtime : 0, enq_flags);
	return true;
}

static noinline void insert_by_old_name(const char *kfunc, struct task_struct *p,
					u64 dsq_id, u64 slice, const u64 *vtime,
					u64 enq_flags)
{
	insert(kfunc, p, dsq_id, slice, vtime, enq_flags);
}

__bpf_kfunc_start_defs();

/**
 * scx_bpf_dsq_insert - Insert a task into a DSQ in FIFO order
 * @p: the task
 * @dsq_id: the DSQ
 * @slice: nanoseconds that it may run, 0 to keep its present slice
 * @enq_flags: SCX_ENQ_*
 *
 * From ops.select_cpu() and ops.enqueue(), @p has to be the task that they
 * were called for, and may be inserted once. From ops.dispatch() it may be any
 * task; if the BPF scheduler does not own it any more, nothing happens.
 *
 * An insertion from ops.select_cpu() into %SCX_DSQ_LOCAL goes to the CPU where
 * @p ends up.
 *
 * Errors: another task than the one that ops.select_cpu() or ops.enqueue()
 * was called for, or the same task twice; more than dispatch_max_batch
 * insertions from ops.dispatch(); no such DSQ, one with tasks in vtime order,
 * or the local one of a CPU that @p may not use for longer than a moment;
 * flags of the kernel's own, or %SCX_ENQ_IMMED to a DSQ that is not local;
 * none of the callbacks in progress, as in a timer.
 */
__bpf_kfunc void scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id,
				    u64 slice, u64 enq_flags)
{
	insert(__func__, p, dsq_id, slice, NULL, enq_flags);
}

/**
 * scx_bpf_dsq_insert_vtime - Insert a task into a DSQ in vtime order
 * @p: the task
 * @dsq_id: a user DSQ
 * @slice: nanoseconds that it may run, 0 to keep its present slice
 * @vtime: its vtime; smaller ones run first, the comparison wraps
 * @enq_flags: SCX_ENQ_*
 *
 * Like scx_bpf_dsq_insert(). A DSQ with tasks on it in one order does not take
 * insertions in the other.
 *
 * Errors: as scx_bpf_dsq_insert(), but a built-in DSQ or one with tasks in
 * FIFO order.
 */
__bpf_kfunc void scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id,
					  u64 slice, u64 vtime, u64 enq_flags)
{
	insert(__func__, p, dsq_id, slice, &vtime, enq_flags);
}

/**
 * scx_bpf_dsq_insert___v2 - scx_bpf_dsq_insert() that says whether it worked
 * @p: the task
 * @dsq_id: the DSQ
 * @slice: nanoseconds that it may run, 0 to keep its present slice
 * @enq_flags: SCX_ENQ_*
 *
 * Since 6.19.
 *
 * Errors: as scx_bpf_dsq_insert().
 *
 * Return: true if the insertion was accepted. It still has no effect if the BPF
 * scheduler does not own the task any more.
 */
__bpf_kfunc bool scx_bpf_dsq_insert___v2(struct task_struct *p, u64 dsq_id,
					 u64 slice, u64 enq_flags)
{
	return insert("scx_bpf_dsq_insert", p, dsq_id, slice, NULL, enq_flags);
}

/**
 * struct scx_bpf_dsq_insert_vtime_args - for __scx_bpf_dsq_insert_vtime()
 * @dsq_id: a user DSQ
 * @slice: nanoseconds that the task may run, 0 to keep its present slice
 * @vtime: its vtime
 * @enq_flags: SCX_ENQ_*
 */
struct scx_bpf_dsq_insert_vtime_args {
	u64	dsq_id;
	u64	slice;
	u64	vtime;
	u64	enq_flags;
};

/**
 * __scx_bpf_dsq_insert_vtime - scx_bpf_dsq_insert_vtime() with few arguments
 * @p: the task
 * @args: the others
 *
 * Since 6.19. BPF allows five arguments, so none could be added otherwise.
 *
 * Errors: as scx_bpf_dsq_insert_vtime().
 *
 * Return: as scx_bpf_dsq_insert___v2().
 */
__bpf_kfunc bool
__scx_bpf_dsq_insert_vtime(struct task_struct *p,
			   struct scx_bpf_dsq_insert_vtime_args *args)
{
	return insert("scx_bpf_dsq_insert_vtime", p, args->dsq_id, args->slice,
		      &args->vtime, args->enq_flags);
}

/**
 * scx_bpf_dispatch - scx_bpf_dsq_insert() for programs built for 6.12
 * @p: the task
 * @dsq_id: the DSQ
 * @slice: nanoseconds that it may run, 0 to keep its present slice
 * @enq_flags: SCX_ENQ_*
 *
 * Errors: as scx_bpf_dsq_insert().
 */
__bpf_kfunc void scx_bpf_dispatch(struct task_struct *p, u64 dsq_id, u64 slice,
				  u64 enq_flags)
{
	insert_by_old_name(__func__, p, dsq_id, slice, NULL, enq_flags);
}

/**
 * scx_bpf_dispatch_vtime - scx_bpf_dsq_insert_vtime() for programs built for 6.12
 * @p: the task
 * @dsq_id: a user DSQ
 * @slice: nanoseconds that it may run, 0 to keep its present slice
 * @vtime: its vtime
 * @enq_flags: SCX_ENQ_*
 *
 * Errors: as scx_bpf_dsq_insert_vtime().
 */
__bpf_kfunc void scx_bpf_dispatch_vtime(struct task_struct *p, u64 dsq_id,
					u64 slice, u64 vtime, u64 enq_flags)
{
	insert_by_old_name(__func__, p, dsq_id, slice, &vtime, enq_flags);
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(scx_kfunc_ids_insert)
BTF_ID_FLAGS(func, scx_bpf_dsq_insert, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_dsq_insert_vtime, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_dsq_insert___v2, KF_RCU)
BTF_ID_FLAGS(func, __scx_bpf_dsq_insert_vtime, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_dispatch, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_dispatch_vtime, KF_RCU)
BTF_KFUNCS_END(scx_kfunc_ids_insert)

SCX_KFUNC_SET(insert);

static __always_inline bool move_to_local(const char *kfunc, u64 dsq_id, u64 enq_flags)
{
	struct scx_op_frame *f = scx_kfunc_frame(kfunc, IN_DISPATCH);

	if (unlikely(!f))
		return false;

	if (unlikely(enq_flags & __SCX_ENQ_INTERNAL_MASK)) {
		scx_error(f->sch, "%s() from DSQ 0x%llx with invalid enq_flags 0x%llx",
			  kfunc, dsq_id, enq_flags);
		return false;
	}
	if (f->sch->ops.flags & SCX_OPS_ALWAYS_ENQ_IMMED)
		enq_flags |= SCX_ENQ_IMMED;

	return scx_dispatch_move_to_local(f->sch, f->rq, dsq_id, enq_flags);
}

__bpf_kfunc_start_defs();

/**
 * scx_bpf_dispatch_nr_slots - How many tasks can still be inserted?
 *
 * For ops.dispatch().
 *
 * Errors: ops.dispatch() is not in progress, as in a timer.
 *
 * Return: free entries in this CPU's dispatch buffer, 0 on errors.
 */
__bpf_kfunc u32 scx_bpf_dispatch_nr_slots(void)
{
	struct scx_op_frame *f = scx_kfunc_frame(__func__, IN_DISPATCH);

	return f ? scx_dispatch_nr_slots(f->sch) : 0;
}

/**
 * scx_bpf_dispatch_cancel - Take the last insertion back
 *
 * For ops.dispatch(). The BPF scheduler continues to own the task. This may be
 * called again to take back more. It is an error if nothing is left.
 *
 * Errors: nothing is left to take back; ops.dispatch() is not in progress, as
 * in a timer.
 */
__bpf_kfunc void scx_bpf_dispatch_cancel(void)
{
	struct scx_op_frame *f = scx_kfunc_frame(__func__, IN_DISPATCH);

	if (f && !scx_dispatch_cancel(f->sch))
		scx_error(f->sch, "%s() on an empty dispatch buffer", __func__);
}

/**
 * scx_bpf_dsq_move_to_local - Move a task from a user DSQ to the local DSQ
 * @dsq_id: the user DSQ
 *
 * For ops.dispatch(). Insertions so far take effect first. Then the first task
 * on @dsq_id that can run on the dispatching CPU is moved to its local DSQ.
 * The rq lock may be dropped and taken again.
 *
 * Errors: @dsq_id is no user DSQ; ops.dispatch() is not in progress, as in a
 * timer; whatever is wrong with the insertions so far.
 *
 * Return: true if a task was moved.
 */
__bpf_kfunc bool scx_bpf_dsq_move_to_local(u64 dsq_id)
{
	return move_to_local(__func__, dsq_id, 0);
}

/**
 * scx_bpf_dsq_move_to_local___v2 - Move a task to the local DSQ, with flags
 * @dsq_id: the user DSQ
 * @enq_flags: SCX_ENQ_* for the local DSQ
 *
 * Like scx_bpf_dsq_move_to_local(). Since 7.1.
 *
 * Errors: as scx_bpf_dsq_move_to_local(); flags of the kernel's own.
 *
 * Return: true if a task was moved.
 */
__bpf_kfunc bool scx_bpf_dsq_move_to_local___v2(u64 dsq_id, u64 enq_flags)
{
	return move_to_local("scx_bpf_dsq_move_to_local", dsq_id, enq_flags);
}

/**
 * scx_bpf_consume - scx_bpf_dsq_move_to_local() for programs built for 6.12
 * @dsq_id: the user DSQ
 *
 * Errors: as scx_bpf_dsq_move_to_local().
 *
 * Return: true if a task was moved.
 */
__bpf_kfunc bool scx_bpf_consume(u64 dsq_id)
{
	return move_to_local(__func__, dsq_id, 0);
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(scx_kfunc_ids_dispatch)
BTF_ID_FLAGS(func, scx_bpf_dispatch_nr_slots)
BTF_ID_FLAGS(func, scx_bpf_dispatch_cancel)
BTF_ID_FLAGS(func, scx_bpf_dsq_move_to_local)
BTF_ID_FLAGS(func, scx_bpf_dsq_move_to_local___v2)
BTF_ID_FLAGS(func, scx_bpf_consume)
BTF_KFUNCS_END(scx_kfunc_ids_dispatch)

SCX_KFUNC_SET(dispatch);

__bpf_kfunc_start_defs();

/**
 * scx_bpf_reenqueue_local - Take the waiting tasks off the local DSQ
 *
 * For ops.cpu_release(): the tasks on the local DSQ of the CPU that is taken
 * away go through ops.enqueue() again, with %SCX_ENQ_REENQ. The first 32 of them
 * do so before this returns, and any others soon after.
 *
 * Errors: ops.cpu_release() is not in progress, as in a timer.
 *
 * Return: the number of these tasks.
 */
__bpf_kfunc u32 scx_bpf_reenqueue_local(void)
{
	struct scx_op_frame *f;

	f = scx_kfunc_frame(__func__, SCX_OP_BIT(cpu_release),
			    "ops.cpu_release()");
	return f ? scx_dispatch_reenqueue_local(f->rq) : 0;
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(scx_kfunc_ids_cpu_release)
BTF_ID_FLAGS(func, scx_bpf_reenqueue_local)
BTF_KFUNCS_END(scx_kfunc_ids_cpu_release)

SCX_KFUNC_SET(cpu_release);
