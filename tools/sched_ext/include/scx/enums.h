/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hands the running kernel's values of the constants in enums.bpf.h to an
 * opened skeleton. SCX_OPS_OPEN() does this; only schedulers that open their
 * skeleton by other means have to call SCX_ENUM_INIT() themselves.
 */
#ifndef __SCX_ENUMS_H
#define __SCX_ENUMS_H

#define __SCX_ENUM_SET(__skel, __type, __ent)				\
	((__skel)->rodata->__##__ent =					\
		__COMPAT_ENUM_OR_ZERO(#__type, #__ent))

#define SCX_ENUM_INIT(__skel) do {					\
	__SCX_ENUM_SET(__skel, scx_enq_flags, SCX_ENQ_HEAD);		\
	__SCX_ENUM_SET(__skel, scx_enq_flags, SCX_ENQ_CPU_SELECTED);	\
	__SCX_ENUM_SET(__skel, scx_enq_flags, SCX_ENQ_IMMED);		\
	__SCX_ENUM_SET(__skel, scx_enq_flags, SCX_ENQ_RESCUE);		\
	__SCX_ENUM_SET(__skel, scx_deq_flags, SCX_DEQ_SCHED_CHANGE);	\
	__SCX_ENUM_SET(__skel, scx_reenq_flags, SCX_REENQ_ANY);		\
	__SCX_ENUM_SET(__skel, scx_pick_idle_cpu_flags,			\
		       SCX_PICK_IDLE_IN_NODE);				\
} while (0)

#endif /* __SCX_ENUMS_H */
