/* SPDX-License-Identifier: GPL-2.0 */
/* What scx_numa.bpf.c and its loader have in common. */
#ifndef __SCX_NUMA_H
#define __SCX_NUMA_H

#define MAX_NODES	64

/* Counters of each node; the loader has their names. */
enum numa_stat_idx {
	NUMA_STAT_LOCAL,	/* sent to an idle CPU of the node */
	NUMA_STAT_AWAY,		/* sent to an idle CPU of another node */
	NUMA_STAT_QUEUED,	/* put on the node's queue */
	NUMA_STAT_OWN,		/* taken from there by a CPU of the node */
	NUMA_STAT_CROWDED,	/* taken by another node, whose queue is shorter */
	NUMA_STAT_STOLEN,	/* taken by another node after a long wait */
	NUMA_STAT_KEPT,		/* given another slice without leaving the CPU */
	NUMA_STAT_CALLED,	/* idle CPUs woken by the timer */
	NUMA_STAT_MOVED,	/* tasks that came from other nodes */
	NR_NUMA_STATS,
};

#endif /* __SCX_NUMA_H */
