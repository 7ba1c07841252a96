/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel functions of sched_ext that have one name and one prototype on
 * all kernels. Weak ones may be missing; test them with bpf_ksym_exists() or
 * use the wrapper in compat.bpf.h. That also has the functions that were renamed.
 */
#ifndef __SCX_KFUNCS_BPF_H
#define __SCX_KFUNCS_BPF_H

struct scx_event_stats;

/* dispatch queues */
__ksym s32 scx_bpf_create_dsq(u64 dsq_id, s32 node);
__ksym void scx_bpf_destroy_dsq(u64 dsq_id);
__ksym s32 scx_bpf_dsq_nr_queued(u64 dsq_id);
__weak_ksym struct task_struct *scx_bpf_dsq_peek(u64 dsq_id);
__weak_ksym int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id, u64 flags);
__weak_ksym struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *it);
__weak_ksym void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it);

/* the dispatch buffer, only in ops.dispatch() */
__ksym u32 scx_bpf_dispatch_nr_slots(void);
__ksym void scx_bpf_dispatch_cancel(void);

/* choosing a CPU */
__ksym s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
				  bool *is_idle);
__ksym void scx_bpf_kick_cpu(s32 cpu, u64 flags);

/* built-in idle tracking */
__ksym const struct cpumask *scx_bpf_get_idle_cpumask(void);
__ksym const struct cpumask *scx_bpf_get_idle_smtmask(void);
__weak_ksym const struct cpumask *scx_bpf_get_idle_cpumask_node(int node);
__weak_ksym const struct cpumask *scx_bpf_get_idle_smtmask_node(int node);
__ksym void scx_bpf_put_idle_cpumask(const struct cpumask *idle_mask);
__ksym bool scx_bpf_test_and_clear_cpu_idle(s32 cpu);
__ksym s32 scx_bpf_pick_idle_cpu(const struct cpumask *cpus_allowed, u64 flags);
__ksym s32 scx_bpf_pick_any_cpu(const struct cpumask *cpus_allowed, u64 flags);
__weak_ksym s32 scx_bpf_pick_idle_cpu_node(const struct cpumask *cpus_allowed, int node,
					   u64 flags);
__weak_ksym s32 scx_bpf_pick_any_cpu_node(const struct cpumask *cpus_allowed, int node,
					  u64 flags);

/* CPU performance, relative to SCX_CPUPERF_ONE */
__weak_ksym u32 scx_bpf_cpuperf_cap(s32 cpu);
__weak_ksym u32 scx_bpf_cpuperf_cur(s32 cpu);
__weak_ksym void scx_bpf_cpuperf_set(s32 cpu, u32 perf);

/* the machine */
__weak_ksym u32 scx_bpf_nr_cpu_ids(void);
__weak_ksym u32 scx_bpf_nr_node_ids(void);
__weak_ksym int scx_bpf_cpu_node(s32 cpu);
__weak_ksym const struct cpumask *scx_bpf_get_possible_cpumask(void);
__weak_ksym const struct cpumask *scx_bpf_get_online_cpumask(void);
__weak_ksym void scx_bpf_put_cpumask(const struct cpumask *cpumask);
__weak_ksym u64 scx_bpf_now(void);
__weak_ksym void scx_bpf_events(struct scx_event_stats *events, size_t events__sz);

/* tasks and run queues */
__ksym bool scx_bpf_task_running(const struct task_struct *p);
__ksym s32 scx_bpf_task_cpu(const struct task_struct *p);
__weak_ksym struct rq *scx_bpf_cpu_rq(s32 cpu);
__weak_ksym struct rq *scx_bpf_locked_rq(void);
__weak_ksym struct task_struct *scx_bpf_cpu_curr(s32 cpu);
__weak_ksym struct task_struct *scx_bpf_tid_to_task(u64 tid);

/* messages; use the macros in print.bpf.h */
__weak_ksym void scx_bpf_exit_bstr(s64 exit_code, char *fmt, unsigned long long *data,
				   u32 data__sz);
__ksym void scx_bpf_error_bstr(char *fmt, unsigned long long *data, u32 data__sz);
__weak_ksym void scx_bpf_dump_bstr(char *fmt, unsigned long long *data, u32 data__sz);

#endif /* __SCX_KFUNCS_BPF_H */
