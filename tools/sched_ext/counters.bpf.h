/* SPDX-License-Identifier: GPL-2.0 */
/* Event counters, each with a u64 per CPU; loader_sum() adds these up. */
#ifndef __SCX_COUNTERS_BPF_H
#define __SCX_COUNTERS_BPF_H

/* Defines the map "stats" with @__nr counters. */
#define DEFINE_COUNTERS(__nr)						\
struct {								\
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);			\
	__uint(key_size, sizeof(u32));					\
	__uint(value_size, sizeof(u64));				\
	__uint(max_entries, __nr);					\
} stats SEC(".maps");							\
									\
static __always_inline void count(u32 idx)				\
{									\
	u64 *cnt = bpf_map_lookup_elem(&stats, &idx);			\
									\
	if (cnt)							\
		(*cnt)++;						\
}

#endif /* __SCX_COUNTERS_BPF_H */
