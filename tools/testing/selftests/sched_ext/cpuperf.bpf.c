// SPDX-License-Identifier: GPL-2.0
/* Performance targets: who may set them and when, and how long they last. */
#include "scx_test.bpf.h"

const volatile u32 init_perf;
u32 target;

void BPF_STRUCT_OPS(cpuperf_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_cpuperf_set(scx_bpf_task_cpu(p) ? 0 : 1, 77);
	let_run(p, enq_flags);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(cpuperf_init)
{
	if (init_perf)
		scx_bpf_cpuperf_set(0, init_perf);
	return 0;
}

TEST_OPS(cpuperf_init_only, .init = (void *)cpuperf_init);
TEST_OPS(cpuperf_other, .enqueue = (void *)cpuperf_enqueue);

SEC("syscall")
int cpuperf_read(void *ctx)
{
	struct rq *rq = scx_bpf_cpu_rq(0);

	target = rq ? rq->scx.cpuperf_target : 0;
	return 0;
}
