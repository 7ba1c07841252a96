// SPDX-License-Identifier: GPL-2.0
/* Loading the scheduler probe.bpf.c with a choice of its ops. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <scx/common.h>
#include "guest.h"
#include "probe.h"
#include "probe.skel.h"

static bool chosen(const struct probe *probe, const char *name)
{
	size_t i;

	for (i = 0; i < probe->nr; i++)
		if (!strcmp(probe->ops[i], name) || !strcmp(probe->ops[i], "all"))
			return true;
	return false;
}

/* The object's struct_ops map begins with one pointer for each op. */
static void drop_others(struct probe_bpf *skel, const struct probe *probe)
{
	void **ops = (void **)skel->struct_ops.probe_ops;
	const struct btf *btf = bpf_object__btf(skel->obj);
	int id = btf__find_by_name_kind(btf, "sched_ext_ops", BTF_KIND_STRUCT);
	const struct btf_member *m;
	int i, nr;

	if (id < 0)
		die("probe: no struct sched_ext_ops");
	nr = btf_vlen(btf__type_by_id(btf, id));
	m = btf_members(btf__type_by_id(btf, id));
	for (i = 0; i < nr; i++) {
		u32 at = btf_member_bit_offset(btf__type_by_id(btf, id), i) / 64;

		if (btf_is_ptr(btf__type_by_id(btf, m[i].type)) &&
		    !chosen(probe, btf__name_by_offset(btf, m[i].name_off)))
			ops[at] = NULL;
	}
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, args) : 0;
}

/* Ready to be attached; ends the process if that fails. */
struct probe_bpf *probe_load(const struct probe *probe)
{
	struct probe_bpf *skel;

	libbpf_set_print(quiet);
	skel = probe_bpf__open();
	if (!skel)
		die("probe: open");
	SCX_ENUM_INIT(skel);
	drop_others(skel, probe);
	skel->rodata->counting = probe->counting;
	skel->rodata->held_pid = probe->held_pid;
	skel->struct_ops.probe_ops->flags = probe->flags;
	if (probe_bpf__load(skel))
		die("probe: load");
	return skel;
}

/* Put it in charge. */
struct bpf_link *probe_attach(struct probe_bpf *skel)
{
	struct bpf_link *link = bpf_map__attach_struct_ops(skel->maps.probe_ops);

	if (!link)
		die("probe: attach");
	return link;
}

/* And out again. */
void probe_detach(struct bpf_link *link)
{
	if (bpf_link__destroy(link))
		die("probe: detach");
}

/* Calls of its ops so far. */
u64 probe_calls(const struct probe_bpf *skel)
{
	return skel->bss->calls;
}

/* Give the memory back. */
void probe_free(struct probe_bpf *skel)
{
	probe_bpf__destroy(skel);
}

static void on_signal(int sig)
{
}

/* A scheduler of its own, until told to stop: /init probe [OP...] */
void probe_main(int argc, char **argv)
{
	struct probe probe = { .ops = (const char * const *)argv, .nr = argc };
	struct probe_bpf *skel = probe_load(&probe);
	struct bpf_link *link = probe_attach(skel);

	signal(SIGINT, on_signal);
	pause();
	probe_detach(link);
	probe_free(skel);
}
