/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel functions of BPF itself that schedulers use: tasks, cgroups, CPU
 * masks, RCU, allocated objects, lists and trees, iterators.
 */
#ifndef __SCX_BPF_KFUNCS_BPF_H
#define __SCX_BPF_KFUNCS_BPF_H

/* tasks */
__ksym struct task_struct *bpf_task_from_pid(s32 pid);
__weak_ksym struct task_struct *bpf_task_from_vpid(s32 vpid);
__ksym struct task_struct *bpf_task_acquire(struct task_struct *p);
__ksym void bpf_task_release(struct task_struct *p);
__weak_ksym long bpf_task_under_cgroup(struct task_struct *task, struct cgroup *ancestor);

/* cgroups */
__ksym struct cgroup *bpf_cgroup_acquire(struct cgroup *cgrp);
__ksym struct cgroup *bpf_cgroup_ancestor(struct cgroup *cgrp, int level);
__ksym struct cgroup *bpf_cgroup_from_id(u64 cgid);
__ksym void bpf_cgroup_release(struct cgroup *cgrp);
__weak_ksym struct cgroup *bpf_task_get_cgroup1(struct task_struct *task, int hierarchy_id);

/* CPU masks */
__ksym struct bpf_cpumask *bpf_cpumask_create(void);
__ksym struct bpf_cpumask *bpf_cpumask_acquire(struct bpf_cpumask *cpumask);
__ksym void bpf_cpumask_release(struct bpf_cpumask *cpumask);
__ksym u32 bpf_cpumask_first(const struct cpumask *cpumask);
__ksym u32 bpf_cpumask_first_zero(const struct cpumask *cpumask);
__weak_ksym u32 bpf_cpumask_first_and(const struct cpumask *src1, const struct cpumask *src2);
__ksym void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *cpumask);
__ksym void bpf_cpumask_clear_cpu(u32 cpu, struct bpf_cpumask *cpumask);
__ksym bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask);
__ksym bool bpf_cpumask_test_and_set_cpu(u32 cpu, struct bpf_cpumask *cpumask);
__ksym bool bpf_cpumask_test_and_clear_cpu(u32 cpu, struct bpf_cpumask *cpumask);
__ksym void bpf_cpumask_setall(struct bpf_cpumask *cpumask);
__ksym void bpf_cpumask_clear(struct bpf_cpumask *cpumask);
__ksym bool bpf_cpumask_and(struct bpf_cpumask *dst, const struct cpumask *src1,
			    const struct cpumask *src2);
__ksym void bpf_cpumask_or(struct bpf_cpumask *dst, const struct cpumask *src1,
			   const struct cpumask *src2);
__ksym void bpf_cpumask_xor(struct bpf_cpumask *dst, const struct cpumask *src1,
			    const struct cpumask *src2);
__ksym bool bpf_cpumask_equal(const struct cpumask *src1, const struct cpumask *src2);
__ksym bool bpf_cpumask_intersects(const struct cpumask *src1, const struct cpumask *src2);
__ksym bool bpf_cpumask_subset(const struct cpumask *src1, const struct cpumask *src2);
__ksym bool bpf_cpumask_empty(const struct cpumask *cpumask);
__ksym bool bpf_cpumask_full(const struct cpumask *cpumask);
__ksym void bpf_cpumask_copy(struct bpf_cpumask *dst, const struct cpumask *src);
__ksym u32 bpf_cpumask_any_distribute(const struct cpumask *cpumask);
__ksym u32 bpf_cpumask_any_and_distribute(const struct cpumask *src1,
					  const struct cpumask *src2);
__ksym u32 bpf_cpumask_weight(const struct cpumask *cpumask);
__weak_ksym int bpf_cpumask_populate(struct cpumask *dst, void *src, size_t src__sz);

/* A bpf_cpumask as an argument of a function that only reads a mask. */
static __always_inline const struct cpumask *cast_mask(struct bpf_cpumask *mask)
{
	return (const struct cpumask *)mask;
}

/* critical sections */
__ksym void bpf_rcu_read_lock(void);
__ksym void bpf_rcu_read_unlock(void);
__weak_ksym void bpf_preempt_disable(void);
__weak_ksym void bpf_preempt_enable(void);
__weak_ksym void bpf_local_irq_save(unsigned long *flags);
__weak_ksym void bpf_local_irq_restore(unsigned long *flags);
__weak_ksym void bpf_throw(u64 cookie);

/* iterators, for bpf_for_each() */
__weak_ksym int bpf_iter_bits_new(struct bpf_iter_bits *it, const u64 *unsafe_ptr__ign,
				  u32 nr_words);
__weak_ksym int *bpf_iter_bits_next(struct bpf_iter_bits *it);
__weak_ksym void bpf_iter_bits_destroy(struct bpf_iter_bits *it);

__weak_ksym int bpf_iter_css_new(struct bpf_iter_css *it, struct cgroup_subsys_state *start,
				 unsigned int flags);
__weak_ksym struct cgroup_subsys_state *bpf_iter_css_next(struct bpf_iter_css *it);
__weak_ksym void bpf_iter_css_destroy(struct bpf_iter_css *it);

__weak_ksym int bpf_iter_css_task_new(struct bpf_iter_css_task *it,
				      struct cgroup_subsys_state *css, unsigned int flags);
__weak_ksym struct task_struct *bpf_iter_css_task_next(struct bpf_iter_css_task *it);
__weak_ksym void bpf_iter_css_task_destroy(struct bpf_iter_css_task *it);

__weak_ksym int bpf_iter_task_new(struct bpf_iter_task *it,
				  struct task_struct *task__nullable, unsigned int flags);
__weak_ksym struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it);
__weak_ksym void bpf_iter_task_destroy(struct bpf_iter_task *it);

/* The iterator of the innermost bpf_for_each() loop around. */
#ifndef BPF_FOR_EACH_ITER
#define BPF_FOR_EACH_ITER	(&___it)
#endif

/* work queues */
__weak_ksym int bpf_wq_init(struct bpf_wq *wq, void *p__map, unsigned int flags);
__weak_ksym int bpf_wq_start(struct bpf_wq *wq, unsigned int flags);
__weak_ksym int
bpf_wq_set_callback_impl(struct bpf_wq *wq,
			 int (callback_fn)(void *map, int *key, void *value),
			 unsigned int flags, void *aux__ign);
#ifndef bpf_wq_set_callback
#define bpf_wq_set_callback(wq, cb, flags)				\
	bpf_wq_set_callback_impl(wq, cb, flags, NULL)
#endif

/*
 * Allocated objects. The hidden argument is filled in by the verifier.
 * __contains() names the type and member of what a list or tree holds.
 */
#ifndef __contains
#define __contains(name, node)						\
	__attribute__((btf_decl_tag("contains:" #name ":" #node)))
#endif

__ksym void *bpf_obj_new_impl(u64 local_type_id, void *meta);
__ksym void bpf_obj_drop_impl(void *kptr, void *meta);
__weak_ksym void *bpf_percpu_obj_new_impl(u64 local_type_id, void *meta);
__weak_ksym void bpf_percpu_obj_drop_impl(void *kptr, void *meta);
__weak_ksym void *bpf_refcount_acquire_impl(void *kptr, void *meta);

#define bpf_obj_new(type)						\
	((type *)bpf_obj_new_impl(bpf_core_type_id_local(type), NULL))
#define bpf_obj_drop(kptr) bpf_obj_drop_impl(kptr, NULL)
#define bpf_percpu_obj_new(type)					\
	((type __percpu_kptr *)						\
	 bpf_percpu_obj_new_impl(bpf_core_type_id_local(type), NULL))
#define bpf_percpu_obj_drop(kptr) bpf_percpu_obj_drop_impl(kptr, NULL)
#define bpf_refcount_acquire(kptr) bpf_refcount_acquire_impl(kptr, NULL)

__ksym int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node,
				    void *meta, u64 off);
__ksym int bpf_list_push_back_impl(struct bpf_list_head *head, struct bpf_list_node *node,
				   void *meta, u64 off);
__ksym struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head);
__ksym struct bpf_list_node *bpf_list_pop_back(struct bpf_list_head *head);

#define bpf_list_push_front(head, node)					\
	bpf_list_push_front_impl(head, node, NULL, 0)
#define bpf_list_push_back(head, node)					\
	bpf_list_push_back_impl(head, node, NULL, 0)

__ksym int
bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
		    bool (less)(struct bpf_rb_node *a, const struct bpf_rb_node *b),
		    void *meta, u64 off);
__ksym struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root,
					     struct bpf_rb_node *node);
__ksym struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root);

#define bpf_rbtree_add(head, node, less)				\
	bpf_rbtree_add_impl(head, node, less, NULL, 0)

#endif /* __SCX_BPF_KFUNCS_BPF_H */
