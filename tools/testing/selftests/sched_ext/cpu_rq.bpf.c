// SPDX-License-Identifier: GPL-2.0
/* As schedulers made for 6.12 end slices: through the rq, without a test. */
#include "scx_test.bpf.h"

s32 cpu;
u64 nr_stored;

static void end_slice(void)
{
	struct rq *rq = scx_bpf_cpu_rq(cpu);

	rq->curr->scx.slice = 0;
	COUNT(nr_stored);
}

void BPF_STRUCT_OPS(cpu_rq_tick, struct task_struct *p)
{
	end_slice();
}

/* A slice without an end, unless somebody ends it */
void BPF_STRUCT_OPS(cpu_rq_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, 10000000000ULL, enq_flags);
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_IDLE);
}

TEST_OPS(cpu_rq,
	 .enqueue = (void *)cpu_rq_enqueue,
	 .tick = (void *)cpu_rq_tick);
