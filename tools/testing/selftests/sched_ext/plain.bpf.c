// SPDX-License-Identifier: GPL-2.0
/* A scheduler that is registered without a BPF link. */
#include "scx_test.bpf.h"

SEC(".struct_ops")
struct sched_ext_ops plain = {
	.exit = (void *)test_exit,
	.name = "plain",
};
