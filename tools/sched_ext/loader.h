/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all loaders have in common: options, signals, a line of statistics
 * every second, the exit report, and a restart after CPU hotplug.
 *
 * A loader describes itself in a struct loader and hands it to loader_main().
 * LOADER_CALLS() supplies what depends on the type of its skeleton.
 */
#ifndef __SCX_LOADER_H
#define __SCX_LOADER_H

#include <stdbool.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <scx/common.h>

/**
 * struct loader - a loader
 * @about: what the scheduler does, the first lines of -h; optional
 * @options: lines of -h about options of its own; optional
 * @columns: lines of -h about the statistics; optional
 * @letters: getopt() letters of its own options, without d, h, i, p, t, v; optional
 * @option: handles such an option; only needed with @letters
 * @configure: called between opening and loading, may set the variables that the
 *	scheduler reads; optional
 * @loaded: called between loading and attaching, may prepare maps; optional
 * @serve: for schedulers with a part in user space: works for at most a second
 *	instead of just waiting; returns at once when loader_stop is set; optional
 * @stats: prints a line of statistics, without the newline; optional
 * @open: opens the skeleton. This one and all that follow come from
 *	LOADER_CALLS. If @timeout_ms is 0, the scheduler keeps its own timeout.
 * @load: loads it
 * @attach: makes it the scheduler
 * @exited: has it ended by itself?
 * @report: prints why it ended; returns the exit code, clears *ok for an error
 * @close: frees the skeleton
 */
struct loader {
	const char *about;
	const char *options;
	const char *columns;
	const char *letters;
	void (*option)(int opt, const char *arg);
	void (*configure)(void);
	void (*loaded)(void);
	void (*serve)(void);
	void (*stats)(void);

	void (*open)(bool partial, u32 timeout_ms);
	void (*load)(void);
	struct bpf_link *(*attach)(void);
	bool (*exited)(void);
	u64 (*report)(bool *ok);
	void (*close)(void);
};

/* Set when a signal or -d ends the program. */
extern volatile bool loader_stop;

int loader_main(const struct loader *loader, int argc, char **argv);
u64 loader_number(int opt, const char *arg, u64 min, u64 max);
u64 loader_sum(const struct bpf_map *map, u32 idx);
void loader_print_sums(const struct bpf_map *map, const char * const *names, u32 nr);

/* Defines the skeleton, "skel", and the functions that LOADER_CALLS lists. */
#define DEFINE_LOADER_CALLS(__type, __ops)				\
static struct __type *skel;						\
									\
static void loader_open(bool partial, u32 timeout_ms)			\
{									\
	skel = SCX_OPS_OPEN(__ops, __type);				\
	if (timeout_ms)							\
		skel->struct_ops.__ops->timeout_ms = timeout_ms;	\
	if (partial)							\
		skel->struct_ops.__ops->flags |= SCX_OPS_SWITCH_PARTIAL;\
}									\
									\
static void loader_load(void)						\
{									\
	SCX_OPS_LOAD(skel, __ops, __type, uei);				\
}									\
									\
static struct bpf_link *loader_attach(void)				\
{									\
	return SCX_OPS_ATTACH(skel, __ops, __type);			\
}									\
									\
static bool loader_exited(void)						\
{									\
	return UEI_EXITED(skel, uei);					\
}									\
									\
static u64 loader_report(bool *ok)					\
{									\
	if (UEI_KIND_IS_ERROR(UEI_KIND(skel, uei)))			\
		*ok = false;						\
	return UEI_REPORT(skel, uei);					\
}									\
									\
static void loader_close(void)						\
{									\
	__type##__destroy(skel);					\
}

#define LOADER_CALLS							\
	.open = loader_open, .load = loader_load,			\
	.attach = loader_attach, .exited = loader_exited,		\
	.report = loader_report, .close = loader_close

#endif /* __SCX_LOADER_H */
