/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small helpers: constants that vmlinux.h cannot carry, checked array access,
 * time comparison, integer arithmetic.
 */
#ifndef __SCX_UTIL_BPF_H
#define __SCX_UTIL_BPF_H

/* A kernel function that the running kernel may lack. */
#define __weak_ksym	__attribute__((weak, section(".ksyms")))

/* task_struct.flags */
#define PF_IDLE			0x00000002
#define PF_EXITING		0x00000004
#define PF_IO_WORKER		0x00000010
#define PF_WQ_WORKER		0x00000020
#define PF_KCOMPACTD		0x00010000
#define PF_KSWAPD		0x00020000
#define PF_KTHREAD		0x00200000

#define CLOCK_MONOTONIC		1

#ifndef NUMA_NO_NODE
#define NUMA_NO_NODE		(-1)
#endif

#ifndef likely
#define likely(x)		__builtin_expect(!!(x), 1)
#endif
#ifndef unlikely
#define unlikely(x)		__builtin_expect(!!(x), 0)
#endif

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(x)		(sizeof(x) / sizeof((x)[0]))
#endif

/* Version of the running kernel, see KERNEL_VERSION(). */
extern int LINUX_KERNEL_VERSION __kconfig;

/* One access, neither torn nor repeated by the compiler. */
#ifndef READ_ONCE
#define READ_ONCE(x)		(*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, val)	(*(volatile typeof(x) *)&(x) = (val))
#endif

/* Keep the compiler from using what it knows about @expr. */
#ifndef __sink
#define __sink(expr)		asm volatile("" : "+g"(expr))
#endif

/*
 * Address of @arr[@i], or NULL if @i is not below @n. The comparison is
 * written in BPF so that the register that was tested is the one added to the
 * base; the compiler may otherwise test one copy and use another, and the
 * verifier would see an access without bounds.
 */
#define ARRAY_ELEM_PTR(arr, i, n) ({					\
	typeof(&(arr)[0]) __base = (arr);				\
	u64 __off = (u64)(i) * sizeof((arr)[0]);			\
	u64 __addr = (u64)__base;					\
	u64 __last = ((u64)(n) - 1) * sizeof((arr)[0]);			\
									\
	asm volatile(							\
		"if %[off] <= %[last] goto +2;"				\
		"%[addr] = 0;"						\
		"goto +1;"						\
		"%[addr] += %[off];"					\
		: [addr] "+r" (__addr)					\
		: [off] "r" (__off), [last] "r" (__last));		\
	(typeof(__base))__addr;						\
})

/*
 * Address of a member that is reached through variable indexes, as in
 * MEMBER_VPTR(table, [row].col[i]), or NULL if it does not lie in @base.
 */
#define MEMBER_VPTR(base, member) ({					\
	typeof(&(base)member) __ret;					\
	u64 __start = (u64)&(base);					\
	u64 __addr = (u64)&((base)member) - __start;			\
									\
	_Static_assert(sizeof(base) >= sizeof((base)member),		\
		       "MEMBER_VPTR(): the member is larger than its base"); \
	asm volatile(							\
		"if %[off] <= %[last] goto +2;"				\
		"%[off] = 0;"						\
		"goto +1;"						\
		"%[off] += %[start];"					\
		: [off] "+r" (__addr)					\
		: [start] "r" (__start),				\
		  [last] "i" (sizeof(base) - sizeof((base)member)));	\
	__ret = (typeof(__ret))__addr;					\
	__ret;								\
})

/*
 * Order of two points in time or virtual time that may wrap around: correct
 * as long as they are less than half the range apart.
 */
static __always_inline bool time_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static __always_inline bool time_after(u64 a, u64 b)
{
	return time_before(b, a);
}

static __always_inline bool time_before_eq(u64 a, u64 b)
{
	return !time_before(b, a);
}

static __always_inline bool time_after_eq(u64 a, u64 b)
{
	return !time_before(a, b);
}

/* @a in [@b, @c] */
static __always_inline bool time_in_range(u64 a, u64 b, u64 c)
{
	return time_after_eq(a, b) && time_before_eq(a, c);
}

/* @a in [@b, @c) */
static __always_inline bool time_in_range_open(u64 a, u64 b, u64 c)
{
	return time_after_eq(a, b) && time_before(a, c);
}

/*
 * Many schedulers define a vtime_before(u64, u64) of their own, which clashes
 * with this one unless this one can be overloaded and takes other types. Where
 * there is just this one, the conversion does no harm.
 */
static __always_inline bool __attribute__((overloadable)) vtime_before(s64 a, s64 b)
{
	return time_before(a, b);
}

/* Time from @before to @after, zero if they are the other way round. */
static __always_inline s64 time_delta(u64 after, u64 before)
{
	s64 delta = after - before;

	return delta > 0 ? delta : 0;
}

/* Position of the highest set bit, counted from 0; 0 if there is none. */
static __always_inline u32 log2_u32(u32 v)
{
	u32 pos = 0, half;

	for (half = 16; half; half >>= 1) {
		if (v >> half) {
			v >>= half;
			pos += half;
		}
	}
	return pos;
}

/* Unlike log2_u32(), this counts from 1, which its users rely on. */
static __always_inline u32 log2_u64(u64 v)
{
	u32 high = v >> 32;

	return 1 + (high ? 32 + log2_u32(high) : log2_u32(v));
}

/*
 * Largest integer whose square is not above @v. Newton's method: the first
 * guess is at most twice too high and each step doubles the number of correct
 * bits, so six steps suffice for 64. A bit-by-bit search branches once per bit,
 * and the verifier would follow both ways each time.
 */
static __always_inline u64 sqrt_u64(u64 v)
{
	u64 root, next;
	int i;

	if (!v)
		return 0;

	root = 1ULL << ((log2_u64(v) + 1) / 2);
	for (i = 0; i < 6; i++) {
		next = (root + v / root) / 2;
		if (next < root)
			root = next;
	}
	return root;
}

/* Index of the lowest set bit, -1 if there is none. */
static __always_inline int ctzll(u64 v)
{
	return v ? (int)log2_u64(v & -v) - 1 : -1;
}

/* @value in proportion to the weight of @p: weight 100 gets all of it. */
static __always_inline u64 scale_by_task_weight(const struct task_struct *p, u64 value)
{
	return value * p->scx.weight / 100;
}

/* What @value costs @p: the heavier the task, the less. */
static __always_inline u64 scale_by_task_weight_inverse(const struct task_struct *p, u64 value)
{
	return value * 100 / p->scx.weight;
}

#endif /* __SCX_UTIL_BPF_H */
