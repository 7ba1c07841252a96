/* SPDX-License-Identifier: GPL-2.0 */
/* What the BPF side of scx_userland and its loader send to each other. */
#ifndef __SCX_USERLAND_H
#define __SCX_USERLAND_H

/* A task that waits. If pid is 0, the message says that CPUs want decisions. */
struct user_task {
	__s32 pid;
	__u32 weight;
	__u64 runtime;		/* ns of CPU time since the task's start */
};

/* How many tasks may be on their way to user space. */
#define NR_REPORTS	8192

/* How many decisions may be on their way back. */
#define NR_DECISIONS	16384

#endif /* __SCX_USERLAND_H */
