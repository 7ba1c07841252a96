// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: kfuncs that manage, inspect and walk DSQs, and that move tasks
 * from one DSQ to another in the course of a walk.
 */
#include "ext_dsq.h"
#include "ext_dispatch.h"
#include "ext_kfunc.h"

/* What a BPF program has on its stack; struct scx_dsq_iter is inside. */
struct bpf_iter_scx_dsq {
	u64	__opaque[6];
} __aligned(8);

static struct scx_dsq_iter *dsq_iter(struct bpf_iter_scx_dsq *it)
{
	BUILD_BUG_ON(sizeof(struct scx_dsq_iter) > sizeof(*it));
	BUILD_BUG_ON(__alignof__(struct scx_dsq_iter) != __alignof__(*it));

	return (struct scx_dsq_iter *)it;
}

/* Take a reference: the instance must not be freed while the caller sleeps. */
static struct scx_sched *sched_get(void)
{
	struct scx_sched *sch;

	guard(rcu)();
	sch = scx_kfunc_sched();
	return sch && kobject_get_unless_zero(&sch->kobj) ? sch : NULL;
}

__bpf_kfunc_start_defs();

/**
 * scx_bpf_create_dsq - Create a user DSQ
 * @dsq_id: id to give it, the top bit clear
 * @node: NUMA node for its memory, -1 for no preference
 *
 * For sleepable programs: callbacks like ops.init(), and syscall programs.
 *
 * Return: 0, -EINVAL for a bad id or node, -EEXIST if the id is taken, -ENOMEM,
 * -ENODEV if no scheduler is loaded.
 */
__bpf_kfunc s32 scx_bpf_create_dsq(u64 dsq_id, s32 node)
{
	struct scx_sched *sch = sched_get();
	int ret;

	if (!sch)
		return -ENODEV;

	ret = scx_dsq_create(sch, dsq_id, node);
	kobject_put(&sch->kobj);
	return ret;
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(scx_kfunc_ids_unlocked)
BTF_ID_FLAGS(func, scx_bpf_create_dsq, KF_SLEEPABLE)
BTF_KFUNCS_END(scx_kfunc_ids_unlocked)

SCX_KFUNC_SET(unlocked);

/* Number of tasks on @dsq_id, or -ENOENT if it names no DSQ with a count. */
static s32 dsq_nr_queued(struct scx_sched *sch, const char *kfunc, u64 dsq_id)
{
	struct scx_dispatch_q *dsq;
	s32 cpu;

	if (dsq_id == SCX_DSQ_LOCAL)
		return READ_ONCE(this_rq()->scx.local_dsq.nr);

	if ((dsq_id & SCX_DSQ_LOCAL_ON) == SCX_DSQ_LOCAL_ON) {
		cpu = dsq_id & SCX_DSQ_LOCAL_CPU_MASK;
		if (!scx_error_cpu_valid(sch, cpu, kfunc))
			return -ENOENT;
		return READ_ONCE(cpu_rq(cpu)->scx.local_dsq.nr);
	}

	if (dsq_id & SCX_DSQ_FLAG_BUILTIN)
		return -ENOENT;

	dsq = scx_dsq_find(sch, dsq_id);
	return dsq ? READ_ONCE(dsq->nr) : -ENOENT;
}

/* rq whose local DSQ @dsq_id names, or NULL, with an error raised, if none. */
static struct rq *local_rq(struct scx_sched *sch, const char *kfunc, u64 dsq_id)
{
	s32 cpu = dsq_id & SCX_DSQ_LOCAL_CPU_MASK;

	if (dsq_id == SCX_DSQ_LOCAL)
		return scx_locked_rq() ?: this_rq();

	if ((dsq_id & SCX_DSQ_LOCAL_ON) == SCX_DSQ_LOCAL_ON)
		return scx_error_cpu_valid(sch, cpu, kfunc) ? cpu_rq(cpu) : NULL;

	scx_error(sch, "%s() of built-in DSQ 0x%llx, which is no local one",
		  kfunc, dsq_id);
	return NULL;
}

static struct scx_dispatch_q *user_dsq(struct scx_sched *sch, const char *kfunc,
				       u64 dsq_id)
{
	struct scx_dispatch_q *dsq = NULL;

	if (!(dsq_id & SCX_DSQ_FLAG_BUILTIN))
		dsq = scx_dsq_find(sch, dsq_id);
	if (unlikely(!dsq))
		scx_error(sch, "%s() of DSQ 0x%llx, which is no user DSQ%s",
			  kfunc, dsq_id, scx_dsq_hint(dsq_id));
	return dsq;
}

static void dsq_reenq(struct scx_sched *sch, const char *kfunc, u64 dsq_id)
{
	struct scx_dispatch_q *dsq;
	struct rq *rq;

	if (dsq_id & SCX_DSQ_FLAG_BUILTIN) {
		rq = local_rq(sch, kfunc, dsq_id);
		if (rq)
			scx_dispatch_request_reenq_local(rq);
		return;
	}

	dsq = user_dsq(sch, kfunc, dsq_id);
	if (dsq)
		scx_dispatch_request_reenq_user(sch, dsq);
}

__bpf_kfunc_start_defs();

/**
 * scx_bpf_dsq_nr_queued - Number of tasks on a DSQ
 * @dsq_id: %SCX_DSQ_LOCAL for this CPU's, %SCX_DSQ_LOCAL_ON | cpu, or a user DSQ
 *
 * Errors: an invalid CPU with %SCX_DSQ_LOCAL_ON.
 *
 * Return: a snapshot of the number, -ENOENT for any other @dsq_id, -ENODEV if
 * no scheduler is loaded.
 */
__bpf_kfunc s32 scx_bpf_dsq_nr_queued(u64 dsq_id)
{
	struct scx_sched *sch;

	guard(preempt)();
	guard(rcu)();

	sch = scx_kfunc_sched();
	return sch ? dsq_nr_queued(sch, __func__, dsq_id) : -ENODEV;
}

/**
 * scx_bpf_destroy_dsq - Destroy a user DSQ
 * @dsq_id: the DSQ; if there is none, nothing happens
 *
 * The DSQ has to be empty.
 *
 * Errors: the DSQ is not empty; in an NMI.
 */
__bpf_kfunc void scx_bpf_destroy_dsq(u64 dsq_id)
{
	struct scx_sched *sch;

	guard(rcu)();

	sch = scx_kfunc_sched();
	if (!sch)
		return;

	if (unlikely(in_nmi()))
		scx_error(sch, "%s() of DSQ 0x%llx in an NMI", __func__, dsq_id);
	else
		scx_dsq_destroy(sch, dsq_id);
}

/**
 * scx_bpf_dsq_peek - The first task of a user DSQ
 * @dsq_id: the user DSQ
 *
 * Takes no lock. Since 6.19.
 *
 * Errors: @dsq_id is no user DSQ.
 *
 * Return: a task that was first a moment ago, NULL if the DSQ was empty.
 */
__bpf_kfunc struct task_struct *scx_bpf_dsq_peek(u64 dsq_id)
{
	struct scx_dispatch_q *dsq;
	struct scx_sched *sch;

	/* The verifier demands an RCU read section, but not in a BPF timer. */
	guard(rcu)();

	sch = scx_kfunc_sched();
	if (!sch)
		return NULL;

	dsq = user_dsq(sch, __func__, dsq_id);
	return dsq ? scx_dsq_peek(dsq) : NULL;
}

/**
 * scx_bpf_dsq_reenq - Have the tasks on a DSQ go through ops.enqueue() again
 * @dsq_id: %SCX_DSQ_LOCAL for that of the rq that is locked, else this CPU's;
 *	%SCX_DSQ_LOCAL_ON | cpu; or a user DSQ
 * @reenq_flags: %SCX_REENQ_ANY or 0, which mean the same
 *
 * This happens soon, with %SCX_ENQ_REENQ, for tasks that are still on the DSQ
 * by then, and their CPUs look for work if they are idle. If ops.dispatch()
 * asks for this whenever it finds nothing, such a CPU does not go idle any
 * more. Nothing happens in bypass mode. It is an error to re-enqueue a task over
 * and over without running it. Since 7.1.
 *
 * Errors: @dsq_id is neither a local nor a user DSQ; other flags; in an NMI;
 * ops.enqueue() asks for it too often, each time because of the last.
 */
__bpf_kfunc void scx_bpf_dsq_reenq(u64 dsq_id, u64 reenq_flags)
{
	struct scx_sched *sch;

	guard(preempt)();
	guard(rcu)();

	sch = scx_kfunc_sched();
	if (!sch || scx_exiting(sch))
		return;

	if (unlikely(reenq_flags & ~(u64)__SCX_REENQ_USER_MASK))
		scx_error(sch, "%s() of DSQ 0x%llx with invalid flags 0x%llx",
			  __func__, dsq_id, reenq_flags);
	else if (unlikely(in_nmi()))
		scx_error(sch, "%s() of DSQ 0x%llx in an NMI", __func__, dsq_id);
	else
		dsq_reenq(sch, __func__, dsq_id);
}

/**
 * scx_bpf_reenqueue_local___v2 - scx_bpf_reenqueue_local() from anywhere
 *
 * Has the tasks on the local DSQ of this CPU go through ops.enqueue() again,
 * soon. Since 6.19. With it a scheduler needs no ops.cpu_release().
 *
 * Errors: ops.enqueue() asks for it too often, each time because of the last.
 */
__bpf_kfunc void scx_bpf_reenqueue_local___v2(void)
{
	struct scx_sched *sch;

	guard(preempt)();
	guard(rcu)();

	sch = scx_kfunc_sched();
	if (sch && !scx_exiting(sch))
		scx_dispatch_request_reenq_local(this_rq());
}

/**
 * bpf_iter_scx_dsq_new - Start to walk over a user DSQ
 * @it: the iterator
 * @dsq_id: the DSQ
 * @flags: %SCX_DSQ_ITER_REV or 0
 *
 * The walk shows the tasks that are on the DSQ now and still are there when
 * they are reached.
 *
 * Return: 0, -EINVAL for other flags, -ENOENT if there is no such DSQ, -ENODEV
 * if no scheduler is loaded, -EOPNOTSUPP in an NMI. Whatever is returned, the
 * iterator may be used.
 */
__bpf_kfunc int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id,
				     u64 flags)
{
	struct scx_sched *sch;

	memset(it, 0, sizeof(*it));
	/* An NMI may have interrupted a holder of the DSQ's lock. */
	if (in_nmi())
		return -EOPNOTSUPP;

	/* The verifier demands an RCU read section, but not in a BPF timer. */
	guard(rcu)();
	sch = scx_kfunc_sched();
	return sch ? scx_dsq_iter_new(sch, dsq_iter(it), dsq_id, flags) : -ENODEV;
}

/**
 * bpf_iter_scx_dsq_next - Advance to the next task
 * @it: the iterator
 *
 * Return: the next task, or NULL at the end.
 */
__bpf_kfunc struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *it)
{
	return scx_dsq_iter_next(dsq_iter(it));
}

/**
 * bpf_iter_scx_dsq_destroy - Stop walking
 * @it: the iterator
 */
__bpf_kfunc void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it)
{
	scx_dsq_iter_destroy(dsq_iter(it));
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(scx_kfunc_ids_dsq)
BTF_ID_FLAGS(func, scx_bpf_dsq_nr_queued)
BTF_ID_FLAGS(func, scx_bpf_destroy_dsq)
BTF_ID_FLAGS(func, scx_bpf_dsq_peek, KF_RCU_PROTECTED | KF_RET_NULL)
BTF_ID_FLAGS(func, scx_bpf_dsq_reenq)
BTF_ID_FLAGS(func, scx_bpf_reenqueue_local___v2)
BTF_ID_FLAGS(func, bpf_iter_scx_dsq_new, KF_ITER_NEW | KF_RCU_PROTECTED)
BTF_ID_FLAGS(func, bpf_iter_scx_dsq_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_scx_dsq_destroy, KF_ITER_DESTROY)
BTF_KFUNCS_END(scx_kfunc_ids_dsq)

SCX_KFUNC_SET(dsq);

static void move_set_slice(struct scx_dsq_iter *it, u64 slice)
{
	it->slice = slice;
	it->cursor.flags |= __SCX_DSQ_ITER_HAS_SLICE;
}

static void move_set_vtime(struct scx_dsq_iter *it, u64 vtime)
{
	it->vtime = vtime;
	it->cursor.flags |= __SCX_DSQ_ITER_HAS_VTIME;
}

/* Moves are allowed from ops.dispatch(), or with no rq locked. */
static bool move_context_ok(struct scx_sched *sch, const char *kfunc)
{
	struct scx_op_frame *f = scx_op_current();

	if (scx_kfunc_unlocked() || f->op == SCX_OP_IDX(dispatch))
		return true;

	scx_error(sch, "%s() can be called from ops.dispatch() or with no rq locked",
		  kfunc);
	return false;
}

static bool move_args_ok(struct scx_sched *sch, const char *kfunc,
			 struct task_struct *p, u64 dsq_id, u64 *enq_flags,
			 bool vtime)
{
	if (!scx_kfunc_enq_flags(sch, kfunc, p, dsq_id, enq_flags))
		return false;
	if (vtime && (dsq_id & SCX_DSQ_FLAG_BUILTIN)) {
		scx_error(sch, "%s() of %s[%d] to built-in DSQ 0x%llx, which has no vtime order",
			  kfunc, p->comm, p->pid, dsq_id);
		return false;
	}
	return true;
}

static bool move(const char *kfunc, struct scx_dsq_iter *it,
		 struct task_struct *p, u64 dsq_id, u64 enq_flags, bool vtime)
{
	struct scx_sched *sch;
	bool moved = false;

	guard(rcu)();

	sch = scx_kfunc_sched();
	if (!sch || !move_context_ok(sch, kfunc))
		return false;

	/* A scheduler on its way out must not keep CPUs busy with long DSQs. */
	if (it->dsq && !scx_exiting(sch) &&
	    move_args_ok(sch, kfunc, p, dsq_id, &enq_flags, vtime)) {
		if (vtime)
			enq_flags |= SCX_ENQ_DSQ_PRIQ;
		moved = scx_dispatch_move(it, p, dsq_id, enq_flags);
	}

	/* The new slice and vtime apply to one attempt only. */
	it->cursor.flags &= ~(__SCX_DSQ_ITER_HAS_SLICE |
			      __SCX_DSQ_ITER_HAS_VTIME);
	return moved;
}

__bpf_kfunc_start_defs();

/**
 * scx_bpf_dsq_move_set_slice - Slice for the next task that is moved
 * @it__iter: the iterator that it will be moved from
 * @slice: in nanoseconds
 *
 * This applies to one call of scx_bpf_dsq_move() or scx_bpf_dsq_move_vtime().
 * Without it the task keeps its present slice.
 */
__bpf_kfunc void scx_bpf_dsq_move_set_slice(struct bpf_iter_scx_dsq *it__iter,
					    u64 slice)
{
	move_set_slice(dsq_iter(it__iter), slice);
}

/**
 * scx_bpf_dsq_move_set_vtime - Vtime for the next task that is moved
 * @it__iter: the iterator that it will be moved from
 * @vtime: its vtime in the destination
 *
 * This applies to one call of scx_bpf_dsq_move() or scx_bpf_dsq_move_vtime().
 */
__bpf_kfunc void scx_bpf_dsq_move_set_vtime(struct bpf_iter_scx_dsq *it__iter,
					    u64 vtime)
{
	move_set_vtime(dsq_iter(it__iter), vtime);
}

/**
 * scx_bpf_dsq_move - Move a task to another DSQ in FIFO order
 * @it__iter: iterator over the DSQ that it is on
 * @p: the task, not necessarily the one that the iterator returned last
 * @dsq_id: destination, any DSQ
 * @enq_flags: SCX_ENQ_*
 *
 * For ops.dispatch(), or with no rq locked. Locks are dropped and taken again.
 *
 * Errors: an rq is locked, and not by ops.dispatch(); no such DSQ, one with
 * tasks in vtime order, or the local one of a CPU that @p may not use for
 * longer than a moment; flags of the kernel's own, or %SCX_ENQ_IMMED to a DSQ
 * that is not local.
 *
 * Return: false if @p has left the DSQ or was queued there after the iteration
 * began, or on errors.
 */
__bpf_kfunc bool scx_bpf_dsq_move(struct bpf_iter_scx_dsq *it__iter,
				  struct task_struct *p, u64 dsq_id,
				  u64 enq_flags)
{
	return move(__func__, dsq_iter(it__iter), p, dsq_id, enq_flags, false);
}

/**
 * scx_bpf_dsq_move_vtime - Move a task to another DSQ in vtime order
 * @it__iter: iterator over the DSQ that it is on
 * @p: the task
 * @dsq_id: destination, a user DSQ
 * @enq_flags: SCX_ENQ_*
 *
 * Like scx_bpf_dsq_move().
 *
 * Errors: as scx_bpf_dsq_move(), but a built-in DSQ or one with tasks in FIFO
 * order.
 *
 * Return: false if @p has left the DSQ or was queued there after the iteration
 * began, or on errors.
 */
__bpf_kfunc bool scx_bpf_dsq_move_vtime(struct bpf_iter_scx_dsq *it__iter,
					struct task_struct *p, u64 dsq_id,
					u64 enq_flags)
{
	return move(__func__, dsq_iter(it__iter), p, dsq_id, enq_flags, true);
}

/**
 * scx_bpf_dispatch_from_dsq_set_slice - scx_bpf_dsq_move_set_slice() of 6.12
 * @it__iter: the iterator that the task will be moved from
 * @slice: in nanoseconds
 */
__bpf_kfunc void
scx_bpf_dispatch_from_dsq_set_slice(struct bpf_iter_scx_dsq *it__iter, u64 slice)
{
	move_set_slice(dsq_iter(it__iter), slice);
}

/**
 * scx_bpf_dispatch_from_dsq_set_vtime - scx_bpf_dsq_move_set_vtime() of 6.12
 * @it__iter: the iterator that the task will be moved from
 * @vtime: its vtime in the destination
 */
__bpf_kfunc void
scx_bpf_dispatch_from_dsq_set_vtime(struct bpf_iter_scx_dsq *it__iter, u64 vtime)
{
	move_set_vtime(dsq_iter(it__iter), vtime);
}

/**
 * scx_bpf_dispatch_from_dsq - scx_bpf_dsq_move() for programs built for 6.12
 * @it__iter: iterator over the DSQ that the task is on
 * @p: the task
 * @dsq_id: destination
 * @enq_flags: SCX_ENQ_*
 *
 * Errors: as scx_bpf_dsq_move().
 *
 * Return: true if @p was moved.
 */
__bpf_kfunc bool scx_bpf_dispatch_from_dsq(struct bpf_iter_scx_dsq *it__iter,
					   struct task_struct *p, u64 dsq_id,
					   u64 enq_flags)
{
	return move(__func__, dsq_iter(it__iter), p, dsq_id, enq_flags, false);
}

/**
 * scx_bpf_dispatch_vtime_from_dsq - scx_bpf_dsq_move_vtime() of 6.12
 * @it__iter: iterator over the DSQ that the task is on
 * @p: the task
 * @dsq_id: destination, a user DSQ
 * @enq_flags: SCX_ENQ_*
 *
 * Errors: as scx_bpf_dsq_move_vtime().
 *
 * Return: true if @p was moved.
 */
__bpf_kfunc bool
scx_bpf_dispatch_vtime_from_dsq(struct bpf_iter_scx_dsq *it__iter,
				struct task_struct *p, u64 dsq_id, u64 enq_flags)
{
	return move(__func__, dsq_iter(it__iter), p, dsq_id, enq_flags, true);
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(scx_kfunc_ids_move)
BTF_ID_FLAGS(func, scx_bpf_dsq_move_set_slice, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_dsq_move_set_vtime, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_dsq_move, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_dsq_move_vtime, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_dispatch_from_dsq_set_slice, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_dispatch_from_dsq_set_vtime, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_dispatch_from_dsq, KF_RCU)
BTF_ID_FLAGS(func, scx_bpf_dispatch_vtime_from_dsq, KF_RCU)
BTF_KFUNCS_END(scx_kfunc_ids_move)

SCX_KFUNC_SET(move);
