/* SPDX-License-Identifier: GPL-2.0 */
/* Compatible forms of the functions that put tasks on dispatch queues and move them. */
#ifndef __SCX_COMPAT_DSQ_BPF_H
#define __SCX_COMPAT_DSQ_BPF_H

/* Arguments that are passed in a struct since v6.19; laid out as in the kernel. */
struct scx_bpf_dsq_insert_vtime_args___compat {
	u64 dsq_id;
	u64 slice;
	u64 vtime;
	u64 enq_flags;
};

/* since v6.19, v6.13 and v6.12 */
__weak_ksym bool scx_bpf_dsq_insert___v2___compat(struct task_struct *p, u64 dsq_id,
						  u64 slice, u64 enq_flags);
__weak_ksym void scx_bpf_dsq_insert___v1(struct task_struct *p, u64 dsq_id, u64 slice,
					 u64 enq_flags);
__weak_ksym void scx_bpf_dispatch___compat(struct task_struct *p, u64 dsq_id, u64 slice,
					   u64 enq_flags);

__weak_ksym bool __scx_bpf_dsq_insert_vtime(struct task_struct *p,
					    struct scx_bpf_dsq_insert_vtime_args___compat *args);
__weak_ksym void scx_bpf_dsq_insert_vtime___compat(struct task_struct *p, u64 dsq_id,
						   u64 slice, u64 vtime, u64 enq_flags);
__weak_ksym void scx_bpf_dispatch_vtime___compat(struct task_struct *p, u64 dsq_id, u64 slice,
						 u64 vtime, u64 enq_flags);

/* since v7.1, v6.13 and v6.12 */
__weak_ksym bool scx_bpf_dsq_move_to_local___v2___compat(u64 dsq_id, u64 enq_flags);
__weak_ksym bool scx_bpf_dsq_move_to_local___v1(u64 dsq_id);
__weak_ksym bool scx_bpf_consume___old(u64 dsq_id);

/* since v6.13 and v6.12 */
__weak_ksym void scx_bpf_dsq_move_set_slice___new(struct bpf_iter_scx_dsq *it__iter,
						  u64 slice);
__weak_ksym void scx_bpf_dsq_move_set_vtime___new(struct bpf_iter_scx_dsq *it__iter,
						  u64 vtime);
__weak_ksym bool scx_bpf_dsq_move___new(struct bpf_iter_scx_dsq *it__iter,
					struct task_struct *p, u64 dsq_id, u64 enq_flags);
__weak_ksym bool scx_bpf_dsq_move_vtime___new(struct bpf_iter_scx_dsq *it__iter,
					      struct task_struct *p, u64 dsq_id, u64 enq_flags);
__weak_ksym void scx_bpf_dispatch_from_dsq_set_slice___old(struct bpf_iter_scx_dsq *it__iter,
							   u64 slice);
__weak_ksym void scx_bpf_dispatch_from_dsq_set_vtime___old(struct bpf_iter_scx_dsq *it__iter,
							   u64 vtime);
__weak_ksym bool
scx_bpf_dispatch_from_dsq___old(struct bpf_iter_scx_dsq *it__iter, struct task_struct *p,
				u64 dsq_id, u64 enq_flags);
__weak_ksym bool
scx_bpf_dispatch_vtime_from_dsq___old(struct bpf_iter_scx_dsq *it__iter,
				      struct task_struct *p, u64 dsq_id, u64 enq_flags);

/* since v6.19 and v6.12; since v7.1 */
__weak_ksym void scx_bpf_reenqueue_local___v2___compat(void);
__weak_ksym u32 scx_bpf_reenqueue_local___v1(void);
__weak_ksym void scx_bpf_dsq_reenq___compat(u64 dsq_id, u64 reenq_flags);
__weak_ksym bool scx_bpf_sub_dispatch___compat(u64 cgroup_id);

/**
 * scx_bpf_dsq_insert - put a task at the end of a queue
 * @p: the task
 * @dsq_id: the queue
 * @slice: how long it may run in ns, 0 to keep what it has
 * @enq_flags: SCX_ENQ_*
 *
 * Return: false if the request was refused; kernels before v6.19 do not say.
 */
static __scx_wrapper bool
scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___compat))
		return scx_bpf_dsq_insert___v2___compat(p, dsq_id, slice, enq_flags);

	if (bpf_ksym_exists(scx_bpf_dsq_insert___v1))
		scx_bpf_dsq_insert___v1(p, dsq_id, slice, enq_flags);
	else
		scx_bpf_dispatch___compat(p, dsq_id, slice, enq_flags);
	return true;
}

static __always_inline bool __scx_has_vtime_args(void)
{
	return bpf_core_type_exists(struct scx_bpf_dsq_insert_vtime_args___compat);
}

/**
 * scx_bpf_dsq_insert_vtime - put a task in its place in a queue ordered by vtime
 * @p: the task
 * @dsq_id: the queue, not one of the built-in ones
 * @slice: how long it may run in ns, 0 to keep what it has
 * @vtime: its place, the smallest goes first
 * @enq_flags: SCX_ENQ_*
 *
 * Return: as scx_bpf_dsq_insert().
 */
static __scx_wrapper bool
scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
			 u64 enq_flags)
{
	if (__scx_has_vtime_args()) {
		struct scx_bpf_dsq_insert_vtime_args___compat args = {
			.dsq_id		= dsq_id,
			.slice		= slice,
			.vtime		= vtime,
			.enq_flags	= enq_flags,
		};

		return __scx_bpf_dsq_insert_vtime(p, &args);
	}

	if (bpf_ksym_exists(scx_bpf_dsq_insert_vtime___compat))
		scx_bpf_dsq_insert_vtime___compat(p, dsq_id, slice, vtime, enq_flags);
	else
		scx_bpf_dispatch_vtime___compat(p, dsq_id, slice, vtime, enq_flags);
	return true;
}

/**
 * __scx_bpf_dsq_move_to_local - take the first fitting task for this CPU
 * @dsq_id: the queue to take it from
 * @enq_flags: SCX_ENQ_* for the local queue; ignored before v7.1
 *
 * Return: true if there was such a task.
 */
static __scx_wrapper bool
__scx_bpf_dsq_move_to_local(u64 dsq_id, u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___compat))
		return scx_bpf_dsq_move_to_local___v2___compat(dsq_id, enq_flags);
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v1))
		return scx_bpf_dsq_move_to_local___v1(dsq_id);
	return scx_bpf_consume___old(dsq_id);
}

/* Older sources leave out the flags, which makes them zero. */
#define scx_bpf_dsq_move_to_local(dsq_id, enq_flags...)			\
	__scx_bpf_dsq_move_to_local(dsq_id, (enq_flags + 0))

/* Slice that the next scx_bpf_dsq_move() with this iterator gives. */
static __scx_wrapper void
scx_bpf_dsq_move_set_slice(struct bpf_iter_scx_dsq *it, u64 slice)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_set_slice___new))
		scx_bpf_dsq_move_set_slice___new(it, slice);
	else if (bpf_ksym_exists(scx_bpf_dispatch_from_dsq_set_slice___old))
		scx_bpf_dispatch_from_dsq_set_slice___old(it, slice);
}

/* Place that the next scx_bpf_dsq_move_vtime() with this iterator gives. */
static __scx_wrapper void
scx_bpf_dsq_move_set_vtime(struct bpf_iter_scx_dsq *it, u64 vtime)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_set_vtime___new))
		scx_bpf_dsq_move_set_vtime___new(it, vtime);
	else if (bpf_ksym_exists(scx_bpf_dispatch_from_dsq_set_vtime___old))
		scx_bpf_dispatch_from_dsq_set_vtime___old(it, vtime);
}

/**
 * scx_bpf_dsq_move - move a task from the iterated queue to the end of another
 * @it: the iterator, BPF_FOR_EACH_ITER in a bpf_for_each() loop
 * @p: the task
 * @dsq_id: the queue to move it to
 * @enq_flags: SCX_ENQ_*
 *
 * Return: false if the task has left meanwhile, or if the kernel cannot move tasks.
 */
static __scx_wrapper bool
scx_bpf_dsq_move(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id, u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move___new))
		return scx_bpf_dsq_move___new(it, p, dsq_id, enq_flags);
	if (bpf_ksym_exists(scx_bpf_dispatch_from_dsq___old))
		return scx_bpf_dispatch_from_dsq___old(it, p, dsq_id, enq_flags);
	return false;
}

/* The same, but to the task's place in a queue ordered by virtual time. */
static __scx_wrapper bool
scx_bpf_dsq_move_vtime(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id,
		       u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_vtime___new))
		return scx_bpf_dsq_move_vtime___new(it, p, dsq_id, enq_flags);
	if (bpf_ksym_exists(scx_bpf_dispatch_vtime_from_dsq___old))
		return scx_bpf_dispatch_vtime_from_dsq___old(it, p, dsq_id, enq_flags);
	return false;
}

/* May scx_bpf_reenqueue_local() be called outside ops.cpu_release()? */
static __always_inline bool __COMPAT_scx_bpf_reenqueue_local_from_anywhere(void)
{
	return bpf_ksym_exists(scx_bpf_reenqueue_local___v2___compat);
}

/* Hand the tasks on this CPU's local queue to ops.enqueue() once more. */
static __scx_wrapper void scx_bpf_reenqueue_local(void)
{
	if (bpf_ksym_exists(scx_bpf_reenqueue_local___v2___compat))
		scx_bpf_reenqueue_local___v2___compat();
	else
		scx_bpf_reenqueue_local___v1();
}

/* The same for any queue; before v7.1 only for the local one. */
static __always_inline void scx_bpf_dsq_reenq(u64 dsq_id, u64 reenq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_reenq___compat))
		scx_bpf_dsq_reenq___compat(dsq_id, reenq_flags);
	else if (dsq_id == SCX_DSQ_LOCAL)
		scx_bpf_reenqueue_local();
	else
		scx_bpf_error("kernel cannot re-enqueue DSQ 0x%llx", dsq_id);
}

/* Let a sub-scheduler dispatch; false on kernels without sub-schedulers. */
static __always_inline bool scx_bpf_sub_dispatch(u64 cgroup_id)
{
	if (bpf_ksym_exists(scx_bpf_sub_dispatch___compat))
		return scx_bpf_sub_dispatch___compat(cgroup_id);
	return false;
}

/**
 * __COMPAT_scx_bpf_dsq_peek - look at the first task of a queue
 * @dsq_id: a queue that the scheduler created
 *
 * Before v7.1, scx_bpf_dsq_peek() sometimes takes an occupied queue for empty;
 * the iterator does not.
 *
 * Return: the task, or NULL if the queue is empty.
 */
static __always_inline struct task_struct *__COMPAT_scx_bpf_dsq_peek(u64 dsq_id)
{
	struct task_struct *p = NULL;
	struct bpf_iter_scx_dsq it;

	if (bpf_ksym_exists(scx_bpf_dsq_peek) &&
	    LINUX_KERNEL_VERSION >= KERNEL_VERSION(7, 1, 0))
		return scx_bpf_dsq_peek(dsq_id);

	if (!bpf_iter_scx_dsq_new(&it, dsq_id, 0))
		p = bpf_iter_scx_dsq_next(&it);
	bpf_iter_scx_dsq_destroy(&it);
	return p;
}

/* Names of v6.12, for sources written for it. */
#define scx_bpf_dispatch(p, dsq_id, slice, enq_flags)			\
	((void)scx_bpf_dsq_insert(p, dsq_id, slice, enq_flags))
#define scx_bpf_dispatch_vtime(p, dsq_id, slice, vtime, enq_flags)	\
	((void)scx_bpf_dsq_insert_vtime(p, dsq_id, slice, vtime, enq_flags))
#define scx_bpf_consume(dsq_id) scx_bpf_dsq_move_to_local(dsq_id)
#define scx_bpf_dispatch_from_dsq_set_slice scx_bpf_dsq_move_set_slice
#define scx_bpf_dispatch_from_dsq_set_vtime scx_bpf_dsq_move_set_vtime
#define scx_bpf_dispatch_from_dsq scx_bpf_dsq_move
#define scx_bpf_dispatch_vtime_from_dsq scx_bpf_dsq_move_vtime

/* Names that wrappers have had. */
#define __COMPAT_scx_bpf_dsq_move_set_slice scx_bpf_dsq_move_set_slice
#define __COMPAT_scx_bpf_dsq_move_set_vtime scx_bpf_dsq_move_set_vtime
#define __COMPAT_scx_bpf_dsq_move scx_bpf_dsq_move
#define __COMPAT_scx_bpf_dsq_move_vtime scx_bpf_dsq_move_vtime
#define __COMPAT_scx_bpf_dispatch_from_dsq_set_slice scx_bpf_dsq_move_set_slice
#define __COMPAT_scx_bpf_dispatch_from_dsq_set_vtime scx_bpf_dsq_move_set_vtime
#define __COMPAT_scx_bpf_dispatch_from_dsq scx_bpf_dsq_move
#define __COMPAT_scx_bpf_dispatch_vtime_from_dsq scx_bpf_dsq_move_vtime

#endif /* __SCX_COMPAT_DSQ_BPF_H */
