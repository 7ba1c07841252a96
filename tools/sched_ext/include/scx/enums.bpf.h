/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Constants whose value depends on the kernel: flags that mirror a number of
 * the scheduler core and were renumbered with it, and flags that were added after
 * v6.12. They are read-only variables that SCX_ENUM_INIT() sets to the values of
 * the running kernel; an unknown flag is zero and has no effect. Without
 * SCX_ENUM_INIT(), as under bpftool, the mirrored ones keep the value of the
 * kernel that the program was compiled against.
 *
 * All other constants are the same on every kernel and come from vmlinux.h,
 * so they can also be used in initializers.
 */
#ifndef __SCX_ENUMS_BPF_H
#define __SCX_ENUMS_BPF_H

#define __SCX_ENUM_VAR const volatile u64 __weak

__SCX_ENUM_VAR __SCX_ENQ_HEAD = SCX_ENQ_HEAD;
#define SCX_ENQ_HEAD __SCX_ENQ_HEAD

__SCX_ENUM_VAR __SCX_ENQ_CPU_SELECTED = SCX_ENQ_CPU_SELECTED;
#define SCX_ENQ_CPU_SELECTED __SCX_ENQ_CPU_SELECTED

__SCX_ENUM_VAR __SCX_ENQ_IMMED;
#define SCX_ENQ_IMMED __SCX_ENQ_IMMED

__SCX_ENUM_VAR __SCX_ENQ_RESCUE;
#define SCX_ENQ_RESCUE __SCX_ENQ_RESCUE

__SCX_ENUM_VAR __SCX_DEQ_SCHED_CHANGE;
#define SCX_DEQ_SCHED_CHANGE __SCX_DEQ_SCHED_CHANGE

__SCX_ENUM_VAR __SCX_REENQ_ANY;
#define SCX_REENQ_ANY __SCX_REENQ_ANY

__SCX_ENUM_VAR __SCX_PICK_IDLE_IN_NODE;
#define SCX_PICK_IDLE_IN_NODE __SCX_PICK_IDLE_IN_NODE

#endif /* __SCX_ENUMS_BPF_H */
