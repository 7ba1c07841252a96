/* SPDX-License-Identifier: GPL-2.0 */
/* The scheduler probe.bpf.c with a choice of its ops. */
#ifndef __BENCH_PROBE_H
#define __BENCH_PROBE_H

#include "guest.h"

/* SCX_OPS_KEEP_BUILTIN_IDLE, so that ops.update_idle() changes nothing else. */
#define KEEP_IDLE	1

struct probe_bpf;

/**
 * struct probe - a choice
 * @ops: names of the ops it has, "all", or NULL for none
 * @nr: number of names
 * @counting: count the calls
 * @held_pid: task that ops.enqueue() keeps, 0 for none
 * @flags: of sched_ext_ops
 */
struct probe {
	const char * const *ops;
	size_t nr;
	bool counting;
	pid_t held_pid;
	u64 flags;
};

struct probe_bpf *probe_load(const struct probe *probe);
struct bpf_link *probe_attach(struct probe_bpf *skel);
void probe_detach(struct bpf_link *link);
u64 probe_calls(const struct probe_bpf *skel);
void probe_free(struct probe_bpf *skel);
void probe_main(int argc, char **argv);

#endif /* __BENCH_PROBE_H */
