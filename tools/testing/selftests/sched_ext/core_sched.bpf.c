// SPDX-License-Identifier: GPL-2.0
/* Decides which of two tasks of a core goes first. */
#include "scx_test.bpf.h"

u64 nr_before;

bool BPF_STRUCT_OPS(core_before, struct task_struct *a, struct task_struct *b)
{
	COUNT(nr_before);
	return a->scx.runnable_at < b->scx.runnable_at;
}

void BPF_STRUCT_OPS(core_enqueue, struct task_struct *p, u64 enq_flags)
{
	let_run(p, enq_flags);
}

TEST_OPS(core_plain, .enqueue = (void *)core_enqueue);
TEST_OPS(core_before_op,
	 .enqueue = (void *)core_enqueue,
	 .core_sched_before = (void *)core_before);
