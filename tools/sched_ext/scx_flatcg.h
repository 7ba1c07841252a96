/* SPDX-License-Identifier: GPL-2.0 */
/* What scx_flatcg.bpf.c and its loader have in common. */
#ifndef __SCX_FLATCG_H
#define __SCX_FLATCG_H

/* Counters; the loader has their names. */
enum flatcg_stat_idx {
	FLATCG_STAT_LOCAL,	/* tasks sent straight to an idle CPU */
	FLATCG_STAT_QUEUED,	/* tasks put on the queue of their cgroup */
	FLATCG_STAT_FALLBACK,	/* tasks whose cgroup is gone */
	FLATCG_STAT_PICKED,	/* turns of a cgroup that gave a task */
	FLATCG_STAT_KEPT,	/* turns that let the running task go on */
	FLATCG_STAT_LATE,	/* cgroups put further back in the tree */
	FLATCG_STAT_SEARCH,	/* searches of all cgroups */
	FLATCG_STAT_PARKED,	/* cgroups that left the tree */
	FLATCG_STAT_CHANGES,	/* changes of the active weights */
	FLATCG_STAT_RECALC,	/* shares computed anew */
	FLATCG_STAT_CACHED,	/* shares that were still valid */
	NR_FLATCG_STATS,
};

#endif /* __SCX_FLATCG_H */
