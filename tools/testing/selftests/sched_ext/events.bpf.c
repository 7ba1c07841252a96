// SPDX-License-Identifier: GPL-2.0
/* The event counters as a program reads them */
#include "scx_test.bpf.h"
#include "events.h"

struct event_list seen;

void BPF_STRUCT_OPS(events_enqueue, struct task_struct *p, u64 enq_flags)
{
	/* The slices of some exiting tasks end. */
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, 1000000, enq_flags);
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), SCX_KICK_IDLE);
}

TEST_OPS(events_ops, .enqueue = (void *)events_enqueue);

SEC("syscall")
int events_read(void *ctx)
{
	struct event_list now = {};

	scx_bpf_events((void *)&now, sizeof(now));
	seen = now;
	return 0;
}
