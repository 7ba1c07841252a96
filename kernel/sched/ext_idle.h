/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_IDLE_H
#define _KERNEL_SCHED_EXT_IDLE_H

#include "ext_internal.h"

void scx_idle_init_masks(void);
void scx_idle_enable(struct scx_sched *sch);
void scx_idle_disable(void);

bool scx_idle_tracking(void);
bool scx_idle_per_node(void);
int scx_idle_node(int cpu);
const struct cpumask *scx_idle_cpumask(int node);
const struct cpumask *scx_idle_smtmask(int node);

bool scx_idle_claim(int cpu);
s32 scx_idle_pick(const struct cpumask *allowed, int node, u64 flags);

#ifdef CONFIG_SMP
void scx_idle_after_bypass(struct rq *rq);
#else
static inline void scx_idle_after_bypass(struct rq *rq) {}
#endif

/* ext_idle_select.c */
void scx_idle_select_init(void);
void scx_idle_update_topology(struct scx_sched *sch);
s32 scx_idle_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
			const struct cpumask *allowed, u64 flags);

#endif	/* _KERNEL_SCHED_EXT_IDLE_H */
