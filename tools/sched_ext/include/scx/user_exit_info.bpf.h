/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Recording the end of a scheduler, BPF side:
 *
 *	UEI_DEFINE(uei);
 *
 *	void BPF_STRUCT_OPS(my_exit, struct scx_exit_info *ei)
 *	{
 *		UEI_RECORD(uei, ei);
 *	}
 */
#ifndef __SCX_USER_EXIT_INFO_BPF_H
#define __SCX_USER_EXIT_INFO_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include "user_exit_info_common.h"

/*
 * The dump has a map of its own because its size is only known when the
 * scheduler is loaded: user space resizes the one-byte array and stores the
 * size in NAME_dump_len. Zero means that nobody did, so nothing is copied.
 */
#define UEI_DEFINE(__name)						\
	char RESIZABLE_ARRAY(data, __name##_dump);			\
	const volatile u32 __name##_dump_len;				\
	struct user_exit_info __name SEC(".data")

/* On kernels without exit codes, exit_code stays zero. */
#define UEI_RECORD(__name, __ei) ({					\
	bpf_probe_read_kernel_str(__name.reason, sizeof(__name.reason),	\
				  (__ei)->reason);			\
	bpf_probe_read_kernel_str(__name.msg, sizeof(__name.msg),	\
				  (__ei)->msg);				\
	if (__name##_dump_len)						\
		bpf_probe_read_kernel_str(__name##_dump,		\
					  __name##_dump_len,		\
					  (__ei)->dump);		\
	if (bpf_core_field_exists((__ei)->exit_code))			\
		__name.exit_code = (__ei)->exit_code;			\
	/* the exchange orders the text before the kind */		\
	__sync_val_compare_and_swap(&__name.kind, __name.kind,		\
				    (__ei)->kind);			\
})

#endif /* __SCX_USER_EXIT_INFO_BPF_H */
