// SPDX-License-Identifier: GPL-2.0
/*
 * The cache of user DSQs: two DSQs whose ids have the same hash value compete for the
 * same place. Only speed depends on the cache, so the test has to read it.
 */
#include "scx_test.bpf.h"

extern const void scx_root __ksym;

u64 ids[2];
u32 place;
u64 cached;		/* id of the DSQ in that place, ~0 for none */

void BPF_STRUCT_OPS(cache_enqueue, struct task_struct *p, u64 enq_flags)
{
	let_run(p, enq_flags);
}

TEST_OPS(dsq_cache, .enqueue = (void *)cache_enqueue);

SEC("syscall")
int create_first(void *ctx)
{
	return scx_bpf_create_dsq(ids[0], -1);
}

SEC("syscall")
int create_second(void *ctx)
{
	return scx_bpf_create_dsq(ids[1], -1);
}

SEC("syscall")
int destroy_first(void *ctx)
{
	scx_bpf_destroy_dsq(ids[0]);
	return 0;
}

SEC("syscall")
int destroy_second(void *ctx)
{
	scx_bpf_destroy_dsq(ids[1]);
	return 0;
}

SEC("syscall")
int look_up(void *ctx)
{
	scx_bpf_dsq_nr_queued(ids[0]);
	return scx_bpf_dsq_nr_queued(ids[1]);
}

SEC("syscall")
int read_place(void *ctx)
{
	struct scx_dispatch_q *dsq = NULL;
	struct scx_sched *sch = NULL;

	bpf_probe_read_kernel(&sch, sizeof(sch), &scx_root);
	if (!sch)
		return -ENODEV;
	bpf_probe_read_kernel(&dsq, sizeof(dsq),
			      (void *)sch + bpf_core_field_offset(sch->dsq_cache) +
			      place * sizeof(dsq));
	cached = dsq ? BPF_CORE_READ(dsq, id) : ~0ULL;
	return 0;
}
