/* SPDX-License-Identifier: GPL-2.0 */
/* What scx_nest.bpf.c and its loader have in common. */
#ifndef __SCX_NEST_H
#define __SCX_NEST_H

/* Counters; the loader has their names. */
enum nest_stat_idx {
	NEST_STAT_PREV,		/* sent to its previous CPU in the primary nest */
	NEST_STAT_PRIMARY,	/* sent to another CPU of the primary nest */
	NEST_STAT_RESERVE,	/* sent to a CPU of the reserve nest */
	NEST_STAT_OUTSIDE,	/* sent to a CPU in neither nest */
	NEST_STAT_IMPATIENT,	/* sent outside the primary nest, being impatient */
	NEST_STAT_QUEUED,	/* put on the queue */
	NEST_STAT_KEPT,		/* given another slice without leaving the CPU */
	NEST_STAT_PROMOTED,	/* CPUs that joined the primary nest */
	NEST_STAT_COOLED,	/* CPUs that left it because they were idle */
	NR_NEST_STATS,
};

#endif /* __SCX_NEST_H */
