/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the user-space side of every scheduler needs: types, fatal errors and
 * sizing of BPF arrays. The files included at the end add the loading macros and
 * exit reports.
 */
#ifndef __SCHED_EXT_COMMON_H
#define __SCHED_EXT_COMMON_H

#ifdef __KERNEL__
#error "scx/common.h is for user space, BPF programs include scx/common.bpf.h"
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* Scheduling policy number, for C libraries that do not know it yet. */
#ifndef SCHED_EXT
#define SCHED_EXT	7
#endif

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(__arr)	(sizeof(__arr) / sizeof((__arr)[0]))
#endif

/* Print the place and the reason, with errno if it is set, and end the process. */
static inline void __attribute__((noreturn, format(printf, 3, 4)))
__scx_bug(const char *file, int line, const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fprintf(stderr, "[SCX_BUG] %s:%d", file, line);
	if (err)
		fprintf(stderr, " (%s)", strerror(err));
	fputc('\n', stderr);

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

#define SCX_BUG(__fmt, ...)						\
	__scx_bug(__FILE__, __LINE__, __fmt, ##__VA_ARGS__)

#define SCX_BUG_ON(__cond, __fmt, ...) do {				\
	if (__cond)							\
		SCX_BUG(__fmt, ##__VA_ARGS__);				\
} while (0)

/*
 * Give the array that BPF declared with RESIZABLE_ARRAY(@__elfsec, @__arr)
 * room for @__n elements. Use only between opening and loading the skeleton.
 */
#define RESIZE_ARRAY(__skel, __elfsec, __arr, __n) ({			\
	struct bpf_map *__map = (__skel)->maps.__elfsec##_##__arr;	\
	size_t __elem = sizeof((__skel)->__elfsec##_##__arr->__arr[0]);	\
	size_t __size;							\
									\
	SCX_BUG_ON(bpf_map__set_value_size(__map, __elem * (__n)),	\
		   "cannot resize array " #__arr);			\
	(__skel)->__elfsec##_##__arr =					\
		bpf_map__initial_value(__map, &__size);			\
})

#include "user_exit_info.h"
#include "compat.h"
#include "enums.h"

#endif /* __SCHED_EXT_COMMON_H */
