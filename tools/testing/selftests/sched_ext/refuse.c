// SPDX-License-Identifier: GPL-2.0
/* Wrong values in the ops table: each is refused with an errno of its own. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include "scx_test.h"
#include "refuse.bpf.skel.h"

static void refused(struct refuse *skel, struct bpf_map *ops, int err)
{
	SCHED_LOAD(skel);
	EXPECT_EQ(sched_attach_errno(ops), err);
	scx_expect_gone();
	EXPECT_EQ(skel->data->uei.kind, 0);
	refuse__destroy(skel);
}

#define REFUSE_TEST(id, text, err, member, value)			\
	SCX_TEST(refuse_##id, text)					\
	{								\
		struct refuse *skel = SCHED_OPEN(refuse);		\
									\
		skel->struct_ops.refuse_plain->member = value;		\
		refused(skel, skel->maps.refuse_plain, err);		\
	}

REFUSE_TEST(flag, "an unknown flag", EINVAL, flags, 1ULL << 40)
REFUSE_TEST(internal, "a flag of the kernel's own", EINVAL, flags, 1ULL << 56)
REFUSE_TEST(timeout, "a timeout above 30 s", E2BIG, timeout_ms, 30001)
REFUSE_TEST(batch, "a dispatch batch that is no int", E2BIG,
	    dispatch_max_batch, 1U << 31)
REFUSE_TEST(dump_len, "a dump that no memory can hold", ENOMEM,
	    exit_dump_len, 0xffffff00U)

SCX_TEST(refuse_name, "a name that is empty, has a slash or is not terminated is refused")
{
	struct refuse *skel = SCHED_OPEN(refuse);

	refused(skel, skel->maps.refuse_no_name, EINVAL);
	skel = SCHED_OPEN(refuse);
	refused(skel, skel->maps.refuse_slash, EINVAL);
	skel = SCHED_OPEN(refuse);
	refused(skel, skel->maps.refuse_endless, EINVAL);
}

static const struct btf_member *member_of(struct btf *btf, const char *type, const char *name)
{
	s32 id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	const struct btf_member *members;
	const struct btf_type *t;
	int i;

	ASSERT_GT(id, 0);
	t = btf__type_by_id(btf, id);
	members = btf_members(t);
	for (i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, members[i].name_off), name))
			return &members[i];
	ASSERT_TRUE(false, "no %s in %s", name, type);
	return NULL;
}

/*
 * libbpf takes each pointer in the table for a program. Therefore this writes to the
 * map directly, which is not linked to anything. Everything else in it is correct.
 */
SCX_TEST(refuse_priv, "a value in the kernel's own member is refused")
{
	static const char value_type[] = "bpf_struct_ops_sched_ext_ops";
	struct refuse *skel = SCHED_OPEN(refuse);
	struct btf *btf = btf__load_vmlinux_btf();
	s32 id = btf__find_by_name_kind(btf, value_type, BTF_KIND_STRUCT);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .btf_vmlinux_value_type_id = id,
		    .map_flags = BPF_F_LINK);
	static const char name[] = "refuse_priv";
	u32 zero = 0, size = btf__resolve_size(btf, id);
	char *value = calloc(1, size), *ops, *priv;
	int fd;

	SCHED_LOAD(skel);
	opts.btf_fd = bpf_object__btf_fd(skel->obj);
	fd = bpf_map_create(BPF_MAP_TYPE_STRUCT_OPS, name, 4, size, 1, &opts);
	ASSERT_GE(fd, 0);
	ops = value + member_of(btf, value_type, "data")->offset / 8;
	memcpy(ops + member_of(btf, "sched_ext_ops", "name")->offset / 8, name, sizeof(name));
	priv = ops + member_of(btf, "sched_ext_ops", "priv")->offset / 8;

	*priv = 1;
	EXPECT_EQ(bpf_map_update_elem(fd, &zero, value, 0), -EINVAL);
	*priv = 0;
	EXPECT_EQ(bpf_map_update_elem(fd, &zero, value, 0), 0);

	close(fd);
	free(value);
	btf__free(btf);
}

/* Refused later: attaching succeeds, and the exit report has the reason. */
static void fails_inside(struct refuse *skel, struct bpf_map *ops, int err)
{
	char errno_text[16];

	SCHED_LOAD(skel);
	sched_attach(ops);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	snprintf(errno_text, sizeof(errno_text), "%d", -err);
	EXPECT_TRUE(strstr(EXIT_MSG(skel), errno_text) ||
		    strstr(EXIT_MSG(skel), strerrorname_np(err)),
		    "neither %s nor %s in \"%s\"", errno_text,
		    strerrorname_np(err), EXIT_MSG(skel));
}

SCX_TEST(refuse_enq_last, "ENQ_LAST without an enqueue is refused")
{
	struct refuse *skel = SCHED_OPEN(refuse);

	skel->struct_ops.refuse_plain->flags = SCX_OPS_ENQ_LAST;
	SCHED_LOAD(skel);
	sched_attach(skel->maps.refuse_plain);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(skel), "ENQ_LAST");
}

SCX_TEST(refuse_batch_memory, "a dispatch batch that is too large for memory is refused")
{
	struct refuse *skel = SCHED_OPEN(refuse);

	skel->struct_ops.refuse_plain->dispatch_max_batch = 12345678;
	SCHED_LOAD(skel);
	sched_attach(skel->maps.refuse_plain);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_NAMES(skel, 12345678);
}

SCX_TEST(refuse_per_node, "BUILTIN_IDLE_PER_NODE without built-in tracking is refused")
{
	struct refuse *skel = SCHED_OPEN(refuse);

	skel->struct_ops.refuse_full->flags = 1 << 6;
	SCHED_LOAD(skel);
	sched_attach(skel->maps.refuse_full);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(skel), "PER_NODE");
}

SCX_TEST(refuse_init, "ops.init returns an errno")
{
	struct refuse *skel = SCHED_OPEN(refuse);
	struct crew *crew = crew_start(3, job_mixed);
	struct census *census = census_take();

	skel->rodata->init_errno = -EXDEV;
	fails_inside(skel, skel->maps.refuse_plain, EXDEV);
	EXPECT_HAS(EXIT_MSG(skel), "init");
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
}

SCX_TEST(refuse_init_positive, "ops.init returns a value that is no errno")
{
	struct refuse *skel = SCHED_OPEN(refuse);

	skel->rodata->init_errno = 5;
	SCHED_LOAD(skel);
	sched_attach(skel->maps.refuse_plain);
	ASSERT_EXIT(skel, EXIT_KIND_ERROR, 0, REASON_ERROR);
	EXPECT_HAS(EXIT_MSG(skel), "init");
}

SCX_TEST(refuse_isolated, "with CPUs that isolcpus= isolates, loading is refused")
{
	struct refuse *skel = SCHED_OPEN(refuse);
	char isolated[256];
	struct kmsg *log;

	if (!file_read("/sys/devices/system/cpu/isolated", isolated, sizeof(isolated)) ||
	    !*isolated)
		test_skip("no CPU is isolated");
	log = kmsg_mark();
	refused(skel, skel->maps.refuse_plain, EINVAL);
	EXPECT_TRUE(kmsg_has(log, "sched_ext: refuse_plain: "), "no word of who");
	EXPECT_TRUE(kmsg_has(log, "isolcpus="), "no word of why");
}
