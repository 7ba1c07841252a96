/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The program that runs in the measured machine: process 1, and all workloads.
 * QEMU counts instructions instead of time, so the time stamp counter is the
 * number of instructions that all CPUs have executed.
 */
#ifndef __BENCH_GUEST_H
#define __BENCH_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <x86intrin.h>
#include <scx/common.h>

#define MAX_REPS	25

/**
 * struct workload - something to measure
 * @name: what the plan calls it
 * @reps: repetitions that are reported
 * @begin: makes ready
 * @run: runs once; calls measure_begin() and measure_end() around what counts,
 *	and returns the number of operations done between the two
 * @end: undoes @begin
 */
struct workload {
	const char *name;
	u32 reps;
	void (*begin)(void);
	u64 (*run)(void);
	void (*end)(void);
};

/* For a workload that needs no preparation. */
static inline void nothing(void) {}

extern const struct workload switch_workloads[];
extern const size_t nr_switch_workloads;
extern const struct workload load_workloads[];
extern const size_t nr_load_workloads;

/* measure.c */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
u64 instructions(void);
void measure_begin(void);
void measure_end(void);
bool measure(const char *name);

/* init.c */
bool state_is(const char *wanted);
void power_off(void) __attribute__((noreturn));

/* task.c */
void pin(int cpu);
int nr_cpus(void);
pid_t spawn(void (*fn)(void *arg), void *arg);
void reap(pid_t pid);
void end_task(pid_t pid);
void *shared_memory(size_t size);
void set_number(const char *path, u64 value);
void compute(u64 rounds);
void sleep_ns(u64 ns);

/* symbols.c */
void list_programs(int argc, char **argv);

/* curve_*.c: each takes the rest of its line of the plan */
void curve_enable(int argc, char **argv);
void curve_queue(int argc, char **argv);
void curve_ops(int argc, char **argv);

#endif /* __BENCH_GUEST_H */
