// SPDX-License-Identifier: GPL-2.0
/*
 * Claims idle CPUs, from near to far, and has the kernel choose one of the
 * rest. A CPU that was claimed without getting a task counts as busy until
 * something happens on it.
 */
#include "scx_test.bpf.h"
#include "near.h"

/* Set by user space for each CPU: its LLC and its node */
s32 llc_of[MAX_CPUS], node_of[MAX_CPUS];
u32 asked_pid;
s32 prev_cpu;
bool sync;

/* Result: the CPU, or -1, and the CPUs to choose from */
s32 chosen;
u32 how_near;
bool had[NR_NEAR];

s32 watched, ran_on = -1;
/* Was its previous CPU idle when it was woken? */
bool prev_was_idle;

static s32 entry(s32 *array, s32 cpu)
{
	s32 *at = array == llc_of ? MEMBER_VPTR(llc_of, [cpu]) : MEMBER_VPTR(node_of, [cpu]);

	return at ? *at : -1;
}

static u32 distance(s32 cpu)
{
	if (cpu == prev_cpu)
		return NEAR_SAME;
	if (entry(llc_of, cpu) == entry(llc_of, prev_cpu))
		return NEAR_LLC;
	if (entry(node_of, cpu) == entry(node_of, prev_cpu))
		return NEAR_NODE;
	return NEAR_FAR;
}

/* Idle cores are preferred to idle CPUs, wherever they are. */
static void look_at(const struct cpumask *mask)
{
	s32 cpu;

	bpf_for(cpu, 0, scx_bpf_nr_cpu_ids()) {
		bool *at = MEMBER_VPTR(had, [distance(cpu)]);

		if (at && bpf_cpumask_test_cpu(cpu, mask))
			*at = true;
	}
}

static void look(void)
{
	const struct cpumask *mask = scx_bpf_get_idle_smtmask();

	__builtin_memset(had, 0, sizeof(had));
	look_at(mask);
	scx_bpf_put_idle_cpumask(mask);
	if (had[NEAR_SAME] || had[NEAR_LLC] || had[NEAR_NODE] || had[NEAR_FAR])
		return;
	mask = scx_bpf_get_idle_cpumask();
	look_at(mask);
	scx_bpf_put_idle_cpumask(mask);
}

static void choose(void)
{
	struct task_struct *p = bpf_task_from_pid(asked_pid);
	bool idle = false;
	s32 cpu;

	chosen = -1;
	how_near = NEAR_NONE;
	if (!p)
		return;
	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, sync ? SCX_WAKE_SYNC : 0, &idle);
	bpf_task_release(p);
	if (!idle)
		return;
	chosen = cpu;
	how_near = distance(cpu);
}

SEC("syscall")
int near_choose(void *ctx)
{
	look();
	choose();
	return 0;
}

u32 take_below;

/* Make all CPUs busy that are nearer than this. */
SEC("syscall")
int near_take(void *ctx)
{
	s32 cpu;

	bpf_for(cpu, 0, scx_bpf_nr_cpu_ids()) {
		if (distance(cpu) < take_below)
			scx_bpf_test_and_clear_cpu_idle(cpu);
	}
	return 0;
}

u32 nr_idle;

/*
 * CPUs are idle again when they have looked for work in vain. Those that are idle
 * already are left alone, since the host may make them answer late.
 */
SEC("syscall")
int near_give_back(void *ctx)
{
	const struct cpumask *idle = scx_bpf_get_idle_cpumask();
	s32 cpu;

	nr_idle = 0;
	bpf_for(cpu, 0, scx_bpf_nr_cpu_ids()) {
		if (bpf_cpumask_test_cpu(cpu, idle))
			nr_idle++;
		else
			scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
	}
	scx_bpf_put_idle_cpumask(idle);
	return 0;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(near_waking, struct task_struct *p)
{
	const struct cpumask *idle;

	if (p->pid != watched)
		return 0;
	idle = scx_bpf_get_idle_cpumask();
	prev_was_idle = bpf_cpumask_test_cpu(scx_bpf_task_cpu(p), idle);
	scx_bpf_put_idle_cpumask(idle);
	return 0;
}

void BPF_STRUCT_OPS(near_running, struct task_struct *p)
{
	if (p->pid == watched)
		ran_on = bpf_get_smp_processor_id();
}

TEST_OPS(near_ops, .running = (void *)near_running);
