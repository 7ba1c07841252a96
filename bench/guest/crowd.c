// SPDX-License-Identifier: GPL-2.0
/*
 * Very many tasks in one process: threads without a C library under them. They
 * never end; the process goes with the machine.
 */
#define _GNU_SOURCE
#include <linux/sched.h>
#include <sys/syscall.h>
#include "crowd.h"
#include "guest.h"

#define THREAD		(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |	\
			 CLONE_THREAD | CLONE_SYSVSEM)

/*
 * The new thread repeats the system call @call for ever, out of registers: it
 * never touches the stack, which is still its parent's.
 */
static long start_thread(long call)
{
	long ret;

	asm volatile("mov	%[call], %%r12\n"
		     "	syscall\n"
		     "	test	%%rax, %%rax\n"
		     "	jnz	2f\n"
		     "1:	mov	%%r12, %%rax\n"
		     "	syscall\n"
		     "	jmp	1b\n"
		     "2:"
		     : "=a" (ret)
		     : "a" ((long)SYS_clone), "D" ((long)THREAD), "S" (0L), "d" (0L),
		       [call] "r" (call)
		     : "rcx", "r11", "r12", "memory");
	return ret;
}

/* Let the machine have @nr tasks. */
void crowd_allow(u32 nr)
{
	set_number("/proc/sys/kernel/threads-max", nr + 2000);
	set_number("/proc/sys/kernel/pid_max", nr + 40000);
}

/* Start @nr more that yield for ever or wait for ever. */
void crowd_add(u32 nr, bool yielding)
{
	u32 i;
	long ret;

	for (i = 0; i < nr; i++) {
		ret = start_thread(yielding ? SYS_sched_yield : SYS_pause);
		if (ret < 0) {
			errno = -ret;
			die("starting thread %u of %u", i, nr);
		}
	}
}
