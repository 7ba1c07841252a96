/* SPDX-License-Identifier: GPL-2.0 */
/* The arena of scx_sdt.bpf.c as both sides see it. */
#ifndef __SCX_SDT_H
#define __SCX_SDT_H

/* Pointers into the arena are those of user space; BPF converts them. */
#ifdef __BPF__
#define __arena __attribute__((address_space(1)))
#else
#define __arena
#endif

/* Counters of each task; the loader has their names. */
enum sdt_stat_idx {
	SDT_STAT_SELECT,	/* a CPU was looked for */
	SDT_STAT_LOCAL,		/* sent straight to an idle CPU */
	SDT_STAT_ENQUEUE,	/* put on the queue */
	SDT_STAT_RUN,		/* put on a CPU */
	SDT_STAT_EXPIRED,	/* taken off it with the slice used up */
	SDT_STAT_KEPT,		/* given another slice without leaving it */
	NR_SDT_STATS,
};

/* A task's entry. */
struct sdt_entry {
	struct sdt_entry __arena *next;	/* in the free list */
	__s32 pid;			/* 0: free */
	__u32 unused;
	__u64 stats[NR_SDT_STATS];
};

#define SDT_PAGE_SIZE	4096
#define SDT_PER_PAGE	(SDT_PAGE_SIZE / sizeof(struct sdt_entry) - 1)

struct sdt_page {
	struct sdt_page __arena *next;
	__u64 unused[7];
	struct sdt_entry entries[SDT_PER_PAGE];
};

struct sdt_pool {
	struct sdt_page __arena *pages;	/* all that have been allocated */
	struct sdt_entry __arena *free;
	__u64 nr_pages;
	__u64 live;			/* entries in use */
	__u64 lost;			/* tasks that ended without an entry */
	__u64 gone[NR_SDT_STATS];	/* counted by tasks that have ended */
};

#endif /* __SCX_SDT_H */
