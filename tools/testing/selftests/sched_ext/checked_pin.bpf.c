// SPDX-License-Identifier: GPL-2.0
/* A scheduler with a map that libbpf pins by its name when the object is loaded. */
#include "scx_test.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} checked_pin_map SEC(".maps");

void BPF_STRUCT_OPS(checked_pin_enqueue, struct task_struct *p, u64 enq_flags)
{
	u32 zero = 0;
	u64 *slice = bpf_map_lookup_elem(&checked_pin_map, &zero);

	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, slice ? *slice : SCX_SLICE_DFL, enq_flags);
}

TEST_OPS(checked_pin, .enqueue = (void *)checked_pin_enqueue);
