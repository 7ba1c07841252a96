// SPDX-License-Identifier: GPL-2.0
/*
 * What BPF lets schedulers do in later kernels: global functions in sections without
 * preemption, counting under a spin lock, masks from bitmaps. And what it refuses.
 */
#include "scx_test.bpf.h"

void bpf_preempt_disable(void) __ksym;
void bpf_preempt_enable(void) __ksym;
void bpf_throw(u64 cookie) __ksym;
int bpf_cpumask_populate(struct cpumask *cpumask, void *src, size_t src__sz) __ksym;

u64 nr_calls, nr_nested, sum;

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} storage SEC(".maps");

__noinline int harmless(u64 nr)
{
	COUNT(nr_calls);
	return nr & 1;
}

__noinline int calls_harmless(u64 nr)
{
	COUNT(nr_nested);
	return harmless(nr + 1);
}

void BPF_STRUCT_OPS(verifier_enqueue, struct task_struct *p, u64 enq_flags)
{
	bpf_preempt_disable();
	if (calls_harmless(p->pid) > 1)
		COUNT(sum);
	bpf_preempt_enable();
	let_run(p, enq_flags);
}

TEST_OPS(verifier, .enqueue = (void *)verifier_enqueue);

/* The programs that follow are loaded one at a time. */
#define WITHOUT_PREEMPTION(name, call)					\
	SEC("?syscall")							\
	int name(void *ctx)						\
	{								\
		int ret;						\
									\
		bpf_preempt_disable();					\
		ret = call(1);						\
		bpf_preempt_enable();					\
		return ret;						\
	}

__noinline int copies(u64 from)
{
	u64 to = 0;

	bpf_copy_from_user(&to, sizeof(to), (void *)from);
	return to & 1;
}

/* The function that it calls sleeps. */
__noinline int calls_copies(u64 from)
{
	return copies(from);
}

__noinline int stores(u64 by)
{
	u64 *value = bpf_task_storage_get(&storage, bpf_get_current_task_btf(), 0,
					  BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (value)
		*value += by;
	return !!value;
}

__noinline int throws(u64 nr)
{
	if (nr > 1)
		bpf_throw(nr);
	return nr & 1;
}

WITHOUT_PREEMPTION(calm, calls_harmless)
WITHOUT_PREEMPTION(copying, calls_copies)
WITHOUT_PREEMPTION(storing, stores)
WITHOUT_PREEMPTION(throwing, throws)

/* A program that cannot sleep calls a function that could sleep elsewhere. */
SEC("?tp_btf/sched_wakeup")
int BPF_PROG(storing_atomic, struct task_struct *p)
{
	int ret;

	bpf_preempt_disable();
	ret = stores(1);
	bpf_preempt_enable();
	return ret & 0;
}

#define NR_SLOTS	8

struct shelf {
	struct bpf_spin_lock lock;
	u64 slots[NR_SLOTS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct shelf);
} shelves SEC(".maps");

SEC("?syscall")
int counting(void *ctx)
{
	u32 zero = 0, i;
	struct shelf *shelf = bpf_map_lookup_elem(&shelves, &zero);

	if (!shelf)
		return -1;
	bpf_spin_lock(&shelf->lock);
	bpf_for(i, 0, NR_SLOTS)
		shelf->slots[i] = i;
	bpf_spin_unlock(&shelf->lock);
	sum = 0;
	bpf_spin_lock(&shelf->lock);
	bpf_for(i, 0, NR_SLOTS)
		sum += shelf->slots[i];
	bpf_spin_unlock(&shelf->lock);
	return 0;
}

SEC("?syscall")
int asking_locked(void *ctx)
{
	u32 zero = 0;
	struct shelf *shelf = bpf_map_lookup_elem(&shelves, &zero);

	if (!shelf)
		return -1;
	bpf_spin_lock(&shelf->lock);
	shelf->slots[0] = scx_bpf_nr_cpu_ids();
	bpf_spin_unlock(&shelf->lock);
	return 0;
}

SEC("?syscall")
int going_on(void *ctx)
{
	/* may_goto +0, and then once more, to see where it leads */
	asm volatile (".byte 0xe5; .byte 0; .short 0; .long 0");
	sum = 1;
	asm volatile (".byte 0xe5; .byte 0; .short 0; .long 0");
	return 0;
}

u64 bitmap[128];
s32 populated, too_small;
u32 seen_cpus;

SEC("?syscall")
int populating(void *ctx)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();
	s32 cpu;

	if (!mask)
		return -1;
	bitmap[0] = 0x5;
	populated = bpf_cpumask_populate((struct cpumask *)mask, bitmap, sizeof(bitmap));
	too_small = bpf_cpumask_populate((struct cpumask *)mask, bitmap, 0);
	seen_cpus = 0;
	bpf_for(cpu, 0, 32)
		if (bpf_cpumask_test_cpu(cpu, (const struct cpumask *)mask))
			seen_cpus |= 1 << cpu;
	bpf_cpumask_release(mask);
	return 0;
}
