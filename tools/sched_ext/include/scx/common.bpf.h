/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The header of a BPF scheduler. It provides the kernel's types, the kernel
 * functions with wrappers that work on older and newer kernels, messages,
 * exit records and small helpers.
 */
#ifndef __SCX_COMMON_BPF_H
#define __SCX_COMMON_BPF_H

/* Prototypes are declared here, in the form that compat.bpf.h needs. */
#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <asm-generic/errno.h>

/*
 * Program sections. BPF_STRUCT_OPS(name, args...) defines a callback,
 * BPF_STRUCT_OPS_SLEEPABLE() one that may sleep where the op allows it.
 */
#define BPF_STRUCT_OPS(name, args...)					\
	SEC("struct_ops/" #name)					\
	BPF_PROG(name, ##args)

#define BPF_STRUCT_OPS_SLEEPABLE(name, args...)				\
	SEC("struct_ops.s/" #name)					\
	BPF_PROG(name, ##args)

/* A scheduler: SCX_OPS_DEFINE(simple_ops, .enqueue = (void *)..., ...) */
#define SCX_OPS_DEFINE(__name, ...)					\
	SEC(".struct_ops.link")						\
	struct sched_ext_ops __name = {					\
		__VA_ARGS__						\
	}

/*
 * An array in a map of its own, which user space sizes with RESIZE_ARRAY()
 * before loading. Check indexes with ARRAY_ELEM_PTR().
 */
#define RESIZABLE_ARRAY(elfsec, arr) arr[1] SEC("." #elfsec "." #arr)

/* A global variable in a section of its own, as locks, lists and trees need. */
#define private(name) SEC(".data." #name) __hidden __attribute__((aligned(8)))

#include "user_exit_info.bpf.h"
#include "util.bpf.h"
#include "bpf_kfuncs.bpf.h"
#include "enums.bpf.h"
#include "kfuncs.bpf.h"
#include "print.bpf.h"
#include "compat.bpf.h"

#endif /* __SCX_COMMON_BPF_H */
