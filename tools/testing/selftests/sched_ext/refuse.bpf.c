// SPDX-License-Identifier: GPL-2.0
/* Ops tables that the kernel accepts only if user space does not change them. */
#include "scx_test.bpf.h"

void BPF_STRUCT_OPS(refuse_enqueue, struct task_struct *p, u64 enq_flags)
{
	let_run(p, enq_flags);
}

void BPF_STRUCT_OPS(refuse_update_idle, s32 cpu, bool idle)
{
}

const volatile s32 init_errno;

s32 BPF_STRUCT_OPS_SLEEPABLE(refuse_init)
{
	return init_errno;
}

TEST_OPS(refuse_plain, .init = (void *)refuse_init);
TEST_OPS(refuse_full,
	 .enqueue = (void *)refuse_enqueue,
	 .update_idle = (void *)refuse_update_idle,
	 .init = (void *)refuse_init);

#define X16 "xxxxxxxxxxxxxxxx"

SCX_OPS_DEFINE(refuse_no_name, .exit = (void *)test_exit);
SCX_OPS_DEFINE(refuse_slash, .exit = (void *)test_exit, .name = "a/b");
SCX_OPS_DEFINE(refuse_endless, .exit = (void *)test_exit,
	       .name = X16 X16 X16 X16 X16 X16 X16 X16);
