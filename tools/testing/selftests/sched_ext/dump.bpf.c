// SPDX-License-Identifier: GPL-2.0
/* Writes into the debug dump from every op that may. */
#include "scx_test.bpf.h"

s32 victim;
bool raise_error;
u64 nr_dump, nr_dump_cpu, nr_dump_task;

void BPF_STRUCT_OPS(dump_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (raise_error && p->pid == victim)
		scx_bpf_error("dump wanted by %s[%d]", p->comm, p->pid);
	let_run(p, enq_flags);
}

void BPF_STRUCT_OPS(dump_dump, struct scx_dump_ctx *dctx)
{
	COUNT(nr_dump);
	scx_bpf_dump("from dump: kind %d\n", dctx->kind);
	scx_bpf_dump("half a line, ");
	scx_bpf_dump("and its rest");
}

void BPF_STRUCT_OPS(dump_dump_cpu, struct scx_dump_ctx *dctx, s32 cpu, bool idle)
{
	COUNT(nr_dump_cpu);
	scx_bpf_dump("from dump_cpu: %d", cpu);
}

void BPF_STRUCT_OPS(dump_dump_task, struct scx_dump_ctx *dctx,
		    struct task_struct *p)
{
	COUNT(nr_dump_task);
	scx_bpf_dump("from dump_task: %d", p->pid);
}

TEST_OPS(dump_ops,
	 .enqueue = (void *)dump_enqueue,
	 .dump = (void *)dump_dump,
	 .dump_cpu = (void *)dump_dump_cpu,
	 .dump_task = (void *)dump_dump_task);
