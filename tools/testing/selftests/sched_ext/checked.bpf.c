// SPDX-License-Identifier: GPL-2.0
/*
 * A scheduler that wants what no kernel has, for scx_check: a function, a place to
 * attach to, a flag. The program without a table calls what may be missing.
 */
#include "scx_test.bpf.h"

void scx_bpf_nothing_such(void) __ksym;
void scx_bpf_nothing_either(void) __ksym __weak;

SEC("fentry/scx_no_such_function")
int BPF_PROG(checked_entry)
{
	return 0;
}

void BPF_STRUCT_OPS(checked_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_nothing_either))
		scx_bpf_nothing_either();
	scx_bpf_nothing_such();
	let_run(p, enq_flags);
}

TEST_OPS(checked,
	 .enqueue = (void *)checked_enqueue,
	 .flags = 1ULL << 40);
