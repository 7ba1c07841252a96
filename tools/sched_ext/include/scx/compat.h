/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loading one binary on kernels with different sched_ext features. The running
 * kernel's features are read from its BTF; what it lacks reads as absent or
 * zero, so a scheduler can ask for a feature and check whether it is there.
 */
#ifndef __SCX_COMPAT_H
#define __SCX_COMPAT_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "refusal.h"

#define SCX_HOTPLUG_SEQ_PATH	"/sys/kernel/sched_ext/hotplug_seq"

static struct btf *__COMPAT_vmlinux_btf __attribute__((__unused__));

/* The BTF is loaded once per source file and kept until the process ends. */
static inline void __COMPAT_load_vmlinux_btf(void)
{
	if (__COMPAT_vmlinux_btf)
		return;
	__COMPAT_vmlinux_btf = btf__load_vmlinux_btf();
	SCX_BUG_ON(!__COMPAT_vmlinux_btf, "cannot read the kernel's BTF");
}

static inline const struct btf_type *
__COMPAT_find_type(const char *name, __u32 kind)
{
	s32 id;

	__COMPAT_load_vmlinux_btf();
	id = btf__find_by_name_kind(__COMPAT_vmlinux_btf, name, kind);
	return id > 0 ? btf__type_by_id(__COMPAT_vmlinux_btf, id) : NULL;
}

static inline const char *__COMPAT_btf_name(__u32 name_off)
{
	const char *name = btf__name_by_offset(__COMPAT_vmlinux_btf, name_off);

	return name ?: "";
}

static inline bool
__COMPAT_read_enum32(const struct btf_type *t, const char *name, u64 *v)
{
	const struct btf_enum *e = btf_enum(t);
	int i;

	for (i = 0; i < btf_vlen(t); i++) {
		if (strcmp(__COMPAT_btf_name(e[i].name_off), name))
			continue;
		*v = btf_kflag(t) ? (u64)(s64)e[i].val : (u32)e[i].val;
		return true;
	}
	return false;
}

static inline bool
__COMPAT_read_enum64(const struct btf_type *t, const char *name, u64 *v)
{
	const struct btf_enum64 *e = btf_enum64(t);
	int i;

	for (i = 0; i < btf_vlen(t); i++) {
		if (strcmp(__COMPAT_btf_name(e[i].name_off), name))
			continue;
		*v = btf_enum64_value(&e[i]);
		return true;
	}
	return false;
}

/**
 * __COMPAT_read_enum - look up an enumerator of the running kernel
 * @type: name of the enum
 * @name: name of the enumerator
 * @v: where its value goes
 *
 * Return: true if the kernel has it, else false and @v is untouched.
 */
static inline bool
__COMPAT_read_enum(const char *type, const char *name, u64 *v)
{
	const struct btf_type *t;

	t = __COMPAT_find_type(type, BTF_KIND_ENUM64);
	if (t)
		return __COMPAT_read_enum64(t, name, v);
	t = __COMPAT_find_type(type, BTF_KIND_ENUM);
	return t && __COMPAT_read_enum32(t, name, v);
}

/* Value of an enumerator of the running kernel, zero if it has none. */
#define __COMPAT_ENUM_OR_ZERO(__type, __ent) ({				\
	u64 __val = 0;							\
									\
	__COMPAT_read_enum(__type, __ent, &__val);			\
	__val;								\
})

/**
 * __COMPAT_has_ksym - does the running kernel have this symbol in its BTF?
 * @ksym: name of a function or variable
 */
static inline bool __COMPAT_has_ksym(const char *ksym)
{
	return __COMPAT_find_type(ksym, BTF_KIND_FUNC) ||
	       __COMPAT_find_type(ksym, BTF_KIND_VAR);
}

/**
 * __COMPAT_struct_has_field - does a struct of the running kernel have a member?
 * @type: name of the struct
 * @field: name of the member
 */
static inline bool
__COMPAT_struct_has_field(const char *type, const char *field)
{
	const struct btf_type *t = __COMPAT_find_type(type, BTF_KIND_STRUCT);
	const struct btf_member *m;
	int i;

	if (!t)
		return false;

	m = btf_members(t);
	for (i = 0; i < btf_vlen(t); i++)
		if (!strcmp(__COMPAT_btf_name(m[i].name_off), field))
			return true;
	return false;
}

/* Operation flags as the running kernel knows them, zero if it does not. */
#define SCX_OPS_FLAG(__name)	__COMPAT_ENUM_OR_ZERO("scx_ops_flags", #__name)

#define SCX_OPS_KEEP_BUILTIN_IDLE	SCX_OPS_FLAG(SCX_OPS_KEEP_BUILTIN_IDLE)
#define SCX_OPS_ENQ_LAST		SCX_OPS_FLAG(SCX_OPS_ENQ_LAST)
#define SCX_OPS_ENQ_EXITING		SCX_OPS_FLAG(SCX_OPS_ENQ_EXITING)
#define SCX_OPS_SWITCH_PARTIAL		SCX_OPS_FLAG(SCX_OPS_SWITCH_PARTIAL)
#define SCX_OPS_HAS_CGROUP_WEIGHT	SCX_OPS_FLAG(SCX_OPS_HAS_CGROUP_WEIGHT)
#define SCX_OPS_ENQ_MIGRATION_DISABLED	SCX_OPS_FLAG(SCX_OPS_ENQ_MIGRATION_DISABLED)
#define SCX_OPS_ALLOW_QUEUED_WAKEUP	SCX_OPS_FLAG(SCX_OPS_ALLOW_QUEUED_WAKEUP)
#define SCX_OPS_BUILTIN_IDLE_PER_NODE	SCX_OPS_FLAG(SCX_OPS_BUILTIN_IDLE_PER_NODE)
#define SCX_OPS_ALWAYS_ENQ_IMMED	SCX_OPS_FLAG(SCX_OPS_ALWAYS_ENQ_IMMED)
#define SCX_OPS_TID_TO_TASK		SCX_OPS_FLAG(SCX_OPS_TID_TO_TASK)

/* The same for the flags of the idle CPU pickers. */
#define SCX_PICK_IDLE_FLAG(__name)					\
	__COMPAT_ENUM_OR_ZERO("scx_pick_idle_cpu_flags", #__name)

#define SCX_PICK_IDLE_CORE	SCX_PICK_IDLE_FLAG(SCX_PICK_IDLE_CORE)
#define SCX_PICK_IDLE_IN_NODE	SCX_PICK_IDLE_FLAG(SCX_PICK_IDLE_IN_NODE)

/**
 * scx_hotplug_seq - how many CPU hotplug events the kernel has counted
 *
 * The kernel compares this with its own count after ops.init(), and restarts a
 * scheduler that looked at the CPUs before one of them came or went.
 *
 * Return: the count, or -ENOENT on a kernel that does not report it.
 */
static inline long scx_hotplug_seq(void)
{
	char buf[32], *end;
	ssize_t len;
	long seq;
	int fd;

	fd = open(SCX_HOTPLUG_SEQ_PATH, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ENOENT;

	len = read(fd, buf, sizeof(buf) - 1);
	SCX_BUG_ON(len <= 0, "cannot read " SCX_HOTPLUG_SEQ_PATH);
	close(fd);
	buf[len] = '\0';

	seq = strtol(buf, &end, 10);
	SCX_BUG_ON(end == buf || seq < 0,
		   SCX_HOTPLUG_SEQ_PATH ": not a count: %s", buf);
	return seq;
}

/* Is any of the @len bytes at @mem set? */
static inline bool __scx_mem_set(const char *mem, size_t len)
{
	while (len--)
		if (*mem++)
			return true;
	return false;
}

/**
 * __scx_ops_drop_missing - clear members that the running kernel lacks
 * @obj: opened object
 * @ops: its struct sched_ext_ops
 *
 * libbpf refuses an object that sets a member which the kernel lacks. Such
 * members are cleared, with a notice because the kernel will not call them.
 */
static inline void __scx_ops_drop_missing(const struct bpf_object *obj, void *ops)
{
	const struct btf *btf = bpf_object__btf(obj);
	const struct btf_type *t;
	const struct btf_member *m;
	int i;

	i = btf__find_by_name_kind(btf, "sched_ext_ops", BTF_KIND_STRUCT);
	SCX_BUG_ON(i < 0, "the object has no struct sched_ext_ops");
	t = btf__type_by_id(btf, i);
	m = btf_members(t);

	for (i = 0; i < btf_vlen(t); i++) {
		const char *name = btf__name_by_offset(btf, m[i].name_off);
		char *mem = (char *)ops + btf_member_bit_offset(t, i) / 8;
		__s64 len = btf__resolve_size(btf, m[i].type);

		if (len <= 0 || !__scx_mem_set(mem, len) ||
		    __COMPAT_struct_has_field("sched_ext_ops", name))
			continue;
		fprintf(stderr, "sched_ext: this kernel lacks ops.%s, going on without it\n",
			name);
		memset(mem, 0, len);
	}
}

/*
 * Open a skeleton. @__ops_name is the struct_ops map, @__scx_name the name
 * of the skeleton. Ends the process with a message if this kernel is too old.
 */
#define SCX_OPS_OPEN(__ops_name, __scx_name) ({				\
	struct __scx_name *__skel;					\
	long __seq;							\
									\
	SCX_BUG_ON(!__COMPAT_struct_has_field("sched_ext_ops", "dump"),	\
		   "this kernel's sched_ext is missing or too old (no ops.dump)"); \
									\
	__skel = __scx_name##__open();					\
	SCX_BUG_ON(!__skel, "cannot open " #__scx_name);		\
	__seq = scx_hotplug_seq();					\
	__skel->struct_ops.__ops_name->hotplug_seq = __seq > 0 ? __seq : 0; \
	SCX_ENUM_INIT(__skel);						\
	__skel;								\
})

/*
 * Load an opened skeleton, after its rodata and ops have been filled in. Ends
 * the process with a message if the kernel refuses it.
 */
#define SCX_OPS_LOAD(__skel, __ops_name, __scx_name, __uei_name) ({	\
	int __err;							\
									\
	UEI_SET_SIZE(__skel, __ops_name, __uei_name);			\
	__scx_ops_drop_missing((__skel)->obj,				\
			       (__skel)->struct_ops.__ops_name);	\
	__err = __SCX_LISTEN(__scx_name##__load(__skel));		\
	__scx_report_refusal((__skel)->obj,				\
			     (__skel)->struct_ops.__ops_name);		\
	SCX_BUG_ON(__err, "cannot load " #__scx_name);			\
})

/*
 * Newer libbpf attaches struct_ops maps together with the programs. Ours is
 * attached last, and once, so that the caller holds the link.
 */
#if LIBBPF_MAJOR_VERSION > 1 ||						\
	(LIBBPF_MAJOR_VERSION == 1 && LIBBPF_MINOR_VERSION >= 5)
#define __SCX_OPS_DISABLE_AUTOATTACH(__skel, __ops_name)		\
	bpf_map__set_autoattach((__skel)->maps.__ops_name, false)
#else
#define __SCX_OPS_DISABLE_AUTOATTACH(__skel, __ops_name) do { } while (0)
#endif

/*
 * Attach the programs, then the scheduler itself. The value is its link;
 * destroying the link unloads the scheduler.
 */
#define SCX_OPS_ATTACH(__skel, __ops_name, __scx_name) ({		\
	struct bpf_link *__link;					\
									\
	__SCX_OPS_DISABLE_AUTOATTACH(__skel, __ops_name);		\
	SCX_BUG_ON(__scx_name##__attach(__skel),			\
		   "cannot attach the programs of " #__scx_name);	\
	__link = bpf_map__attach_struct_ops((__skel)->maps.__ops_name);	\
	SCX_BUG_ON(!__link, "cannot attach the scheduler " #__ops_name); \
	__link;								\
})

#endif /* __SCX_COMPAT_H */
