/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of scx_check share. */
#ifndef __SCX_CHECK_H
#define __SCX_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* What became of the check, which is also the exit status. */
enum verdict {
	LOADS,
	LOADS_NOT,
	NOT_KNOWN,
};

/**
 * struct check - what is asked for
 * @verbose: show all that libbpf or the program prints
 * @seconds: how long a program may take until it attaches its scheduler
 * @programs: result: number of BPF programs that the verifier has accepted
 */
struct check {
	bool verbose;
	unsigned int seconds;
	unsigned int programs;
};

/* A line of the answer. */
#define say(fmt, args...) printf("  " fmt "\n", ##args)

/* Something that has nothing to do with the scheduler prevents the check. */
#define GIVE_UP_IF(cond, fmt, args...) do {				\
	if (cond) {							\
		fprintf(stderr, "scx_check: " fmt "\n", ##args);	\
		exit(NOT_KNOWN);					\
	}								\
} while (0)

/* check_object.c: a file with BPF programs */
enum verdict check_object(struct check *check, const char *path);

/* check_program.c: a program that brings its own */
enum verdict check_program(struct check *check, char **argv);

/* check_log.c: what the verifier and libbpf say */
void log_say_refusal(const char *log, const char *prog);
bool log_say_missing(const char *output);

#endif /* __SCX_CHECK_H */
