// SPDX-License-Identifier: GPL-2.0
/* A scheduler that calls a kernel function where that is not allowed. */
#include "scx_test.bpf.h"

void BPF_STRUCT_OPS(checked_call_running, struct task_struct *p)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
}

TEST_OPS(checked_call, .running = (void *)checked_call_running);
