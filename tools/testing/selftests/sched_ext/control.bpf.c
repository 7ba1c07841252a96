// SPDX-License-Identifier: GPL-2.0
/* Two plain schedulers that are loaded and ended in many ways. */
#include "scx_test.bpf.h"

void BPF_STRUCT_OPS(control_enqueue, struct task_struct *p, u64 enq_flags)
{
	let_run(p, enq_flags);
}

TEST_OPS(control, .enqueue = (void *)control_enqueue);
TEST_OPS(control_two, .enqueue = (void *)control_enqueue);
