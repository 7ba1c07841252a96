/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Wrappers that let one source work on kernels with different kernel functions.
 *
 * A function that was renamed, or got another prototype, is declared once for
 * every form that it has had, each under a flavour name: libbpf drops the last
 * "___suffix", looks up the rest, and leaves a weak symbol unresolved if the
 * name or the prototype does not match. The wrapper, which has the newest name,
 * takes the newest form that the running kernel has. The branches not taken
 * are removed when the program is loaded.
 */
#ifndef __SCX_COMPAT_BPF_H
#define __SCX_COMPAT_BPF_H

/* Value of an enumerator of the running kernel, zero if it has none. */
#define __COMPAT_ENUM_OR_ZERO(__type, __ent) ({				\
	__type __ret = 0;						\
									\
	if (bpf_core_enum_value_exists(__type, __ent))			\
		__ret = bpf_core_enum_value(__type, __ent);		\
	__ret;								\
})

/*
 * A wrapper of functions that may not be called from everywhere. Without debug
 * information of its own it has the line that it is called from, so that the
 * verifier's log shows the author's source. Not for what takes debug
 * information: access to members of the kernel's types, tests for types.
 */
#define __scx_wrapper __always_inline __attribute__((__nodebug__))

#include "compat_dsq.bpf.h"
#include "compat_cpu.bpf.h"
#include "compat_task.bpf.h"

#endif /* __SCX_COMPAT_BPF_H */
