// SPDX-License-Identifier: GPL-2.0
/* What the kernel tells a scheduler about itself. */
#include "scx_test.bpf.h"

u64 nr_asked, nr_running_asked;
u64 bad_clock, bad_cached, bad_locked_rq, bad_running, bad_curr, bad_selected;
u32 nr_nodes, nr_cpus;
s32 first_node, cap, cur;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} last_now SEC(".maps");

static void check_clock(void)
{
	u32 zero = 0;
	u64 *last = bpf_map_lookup_elem(&last_now, &zero);
	u64 now = scx_bpf_now();

	if (!last)
		return;
	if (now < *last)
		COUNT(bad_clock);
	*last = now;
	/* The rq is locked and its clock is current: no time passes. */
	if (scx_bpf_now() != now)
		COUNT(bad_cached);
}

s32 BPF_STRUCT_OPS(facts_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

void BPF_STRUCT_OPS(facts_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct rq *rq = scx_bpf_locked_rq();

	COUNT(nr_asked);
	if (!rq || rq->cpu != scx_bpf_task_cpu(p))
		COUNT(bad_locked_rq);
	if ((enq_flags & SCX_ENQ_CPU_SELECTED) && (enq_flags & SCX_ENQ_WAKEUP) &&
	    p->scx.selected_cpu != scx_bpf_task_cpu(p) && p->nr_cpus_allowed > 1)
		COUNT(bad_selected);
	if ((enq_flags & SCX_ENQ_WAKEUP) && scx_bpf_task_running(p))
		COUNT(bad_running);
	let_run(p, enq_flags);
}

void BPF_STRUCT_OPS(facts_tick, struct task_struct *p)
{
	struct task_struct *curr;

	COUNT(nr_running_asked);
	check_clock();
	if (!scx_bpf_task_running(p))
		COUNT(bad_running);
	bpf_rcu_read_lock();
	curr = scx_bpf_cpu_curr(scx_bpf_task_cpu(p));
	if (!curr || curr->pid != p->pid)
		COUNT(bad_curr);
	bpf_rcu_read_unlock();
}

u64 nr_moved;

/* No rq is locked, whatever this CPU did before: time passes. */
SEC("syscall")
int facts_unlocked(void *ctx)
{
	u64 before = scx_bpf_now();
	int i, sum = 0;

	bpf_for(i, 0, 100)
		sum += i;
	if (sum && scx_bpf_now() != before)
		COUNT(nr_moved);
	return 0;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(facts_init)
{
	nr_nodes = scx_bpf_nr_node_ids();
	nr_cpus = scx_bpf_nr_cpu_ids();
	first_node = scx_bpf_cpu_node(0);
	cap = scx_bpf_cpuperf_cap(0);
	cur = scx_bpf_cpuperf_cur(0);
	return 0;
}

TEST_OPS(facts,
	 .select_cpu = (void *)facts_select_cpu,
	 .enqueue = (void *)facts_enqueue,
	 .tick = (void *)facts_tick,
	 .init = (void *)facts_init);
