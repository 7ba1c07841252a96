/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the BPF sides of the tests. */
#ifndef SCX_TEST_BPF_H
#define SCX_TEST_BPF_H

#include <scx/common.bpf.h>

char _license[] SEC("license") = "GPL";

UEI_DEFINE(uei);

void BPF_STRUCT_OPS(test_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
}

#define TEST_OPS(id, ...)						\
	SCX_OPS_DEFINE(id, .exit = (void *)test_exit, .name = #id, ##__VA_ARGS__)

#define COUNT(var) __sync_fetch_and_add(&(var), 1)

/*
 * An enqueue for any task that does not matter for a test. No CPU looks into the
 * global queue by itself while it is idle, so one has to be kicked.
 */
static inline void let_run(struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_IDLE);
}

#endif /* SCX_TEST_BPF_H */
