/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CHANGED_H
#define CHANGED_H

enum {
	CHANGED_IN_DISPATCH,	/* between the look and the insertion */
	CHANGED_NEVER,		/* nobody looks and nothing changes */
	CHANGED_STUBBORN,	/* nobody looks whatever happens */
	CHANGED_ON_WAKELIST,	/* between ops.select_cpu() and the enqueue */
};

/* SCX_TASK_REENQ_AFFINITY, which kernels of others do not have */
#define REASON_AFFINITY	(7 << 12)

#endif /* CHANGED_H */
