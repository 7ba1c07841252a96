// SPDX-License-Identifier: GPL-2.0
/* Keeps a runqueue locked until it notices that the scheduler is being removed. */
#include "scx_test.bpf.h"

#define MAX_NS	(8ULL * 1000000000)

s32 holder;
u64 nr_held, nr_given_up, since;
s32 held_cpu = -1;
volatile u32 release;

static long hold_step(u64 i, void *unused)
{
	return release || bpf_ktime_get_ns() - since > MAX_NS;
}

/* The rq is locked and IRQs are off. */
void BPF_STRUCT_OPS(rescue_running, struct task_struct *p)
{
	int i;

	if (!holder || p->pid != holder || COUNT(nr_held))
		return;
	held_cpu = bpf_get_smp_processor_id();
	since = bpf_ktime_get_ns();
	bpf_for(i, 0, 64) {
		if (hold_step(0, NULL))
			break;
		bpf_loop(1 << 23, hold_step, NULL, 0);
	}
	if (!release)
		COUNT(nr_given_up);
}

TEST_OPS(rescue, .running = (void *)rescue_running);

SEC("syscall")
int rescue_error(void *ctx)
{
	scx_bpf_error("on CPU %d", bpf_get_smp_processor_id());
	return 0;
}
