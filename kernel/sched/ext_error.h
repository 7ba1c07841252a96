/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_EXT_ERROR_H
#define _KERNEL_SCHED_EXT_ERROR_H

#include "ext_internal.h"

struct scx_exit_info *scx_error_alloc_info(size_t dump_len);
void scx_error_free_info(struct scx_exit_info *ei);
const char *scx_error_reason(enum scx_exit_kind kind);

__printf(5, 0) bool scx_vexit(struct scx_sched *sch, s32 cpu,
			      enum scx_exit_kind kind, s64 code,
			      const char *fmt, va_list args);
__printf(4, 5) bool scx_exit(struct scx_sched *sch, enum scx_exit_kind kind,
			     s64 code, const char *fmt, ...);
__printf(4, 5) void scx_exit_cpu(struct scx_sched *sch, s32 cpu,
				 enum scx_exit_kind kind, const char *fmt, ...);
void scx_error_refire(struct scx_sched *sch);

__printf(3, 0) bool scx_error_is_foreign(struct scx_sched *sch,
					 enum scx_exit_kind kind,
					 const char *fmt, va_list args);

#define scx_error(sch, fmt, args...)	\
	scx_exit(sch, SCX_EXIT_ERROR, 0, fmt, ##args)

__printf(3, 4) void scx_error_verdict(struct scx_sched *sch,
				      const struct task_struct *p,
				      const char *fmt, ...);
bool scx_error_cpu_valid(struct scx_sched *sch, s32 cpu, const char *where);
int scx_error_sanitize(struct scx_sched *sch, const char *op, s32 err);

#endif	/* _KERNEL_SCHED_EXT_ERROR_H */
