/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading the end of a scheduler, user-space side. @__skel is the skeleton,
 * @__uei_name the name given to UEI_DEFINE() in the BPF program.
 */
#ifndef __SCX_USER_EXIT_INFO_H
#define __SCX_USER_EXIT_INFO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "user_exit_info_common.h"

/* Values of enum scx_exit_kind and enum scx_exit_code that loaders act on. */
#define UEI_KIND_ERROR		1024
#define UEI_ACT_RESTART		0x1000000000000ULL

/* True if the exit was an error, false if somebody asked for it. */
#define UEI_KIND_IS_ERROR(__kind)	((__kind) >= UEI_KIND_ERROR)

/* Make the dump buffer as large as the dump the kernel will produce. */
#define UEI_SET_SIZE(__skel, __ops_name, __uei_name) ({			\
	u32 __len = (__skel)->struct_ops.__ops_name->exit_dump_len;	\
									\
	if (!__len)							\
		__len = UEI_DUMP_DFL_LEN;				\
	(__skel)->rodata->__uei_name##_dump_len = __len;		\
	RESIZE_ARRAY((__skel), data, __uei_name##_dump, __len);		\
})

/* Kind of the exit, zero while the scheduler is loaded. */
#define UEI_KIND(__skel, __uei_name)					\
	__atomic_load_n(&(__skel)->data->__uei_name.kind, __ATOMIC_ACQUIRE)

#define UEI_EXITED(__skel, __uei_name)	(UEI_KIND(__skel, __uei_name) != 0)

#define UEI_ECODE(__skel, __uei_name)	((__skel)->data->__uei_name.exit_code)

#define UEI_ECODE_RESTART(__ecode)					\
	(((u64)(__ecode) & UEI_ACT_RESTART) != 0)

/**
 * uei_print - write an exit report
 * @out: the file to write to
 * @uei: the record
 * @dump: debug dump of the kernel, empty if there is none
 */
static inline void uei_print(FILE *out, const struct user_exit_info *uei,
			     const char *dump)
{
	static const char line[] =
		"================================================================================";

	if (dump[0])
		fprintf(out, "\nDEBUG DUMP\n%s\n\n%s\n%s\n\n", line, dump, line);
	fprintf(out, "EXIT: %s", uei->reason);
	if (uei->msg[0])
		fprintf(out, " (%s)", uei->msg);
	fputc('\n', out);
}

/* Print the report to stderr; the value is the exit code. */
#define UEI_REPORT(__skel, __uei_name) ({				\
	uei_print(stderr, &(__skel)->data->__uei_name,			\
		  (__skel)->data_##__uei_name##_dump->__uei_name##_dump); \
	UEI_ECODE(__skel, __uei_name);					\
})

#endif /* __SCX_USER_EXIT_INFO_H */
