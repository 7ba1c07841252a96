// SPDX-License-Identifier: GPL-2.0
/* A TCP congestion control that calls kfuncs of sched_ext. */
#include "scx_test.bpf.h"

const volatile bool meddle;

SEC("struct_ops")
void BPF_PROG(foreign_init, struct sock *sk)
{
	if (meddle)
		scx_bpf_kick_cpu(0, 0);
}

SEC("struct_ops")
u32 BPF_PROG(foreign_ssthresh, struct sock *sk)
{
	return 2;
}

SEC("struct_ops")
void BPF_PROG(foreign_cong_avoid, struct sock *sk, u32 ack, u32 acked)
{
}

SEC("struct_ops")
u32 BPF_PROG(foreign_undo_cwnd, struct sock *sk)
{
	return 2;
}

SEC(".struct_ops")
struct tcp_congestion_ops foreign = {
	.init		= (void *)foreign_init,
	.ssthresh	= (void *)foreign_ssthresh,
	.cong_avoid	= (void *)foreign_cong_avoid,
	.undo_cwnd	= (void *)foreign_undo_cwnd,
	.name		= "scx_foreign",
};
