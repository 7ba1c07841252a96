/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CHANGED_H
#define CHANGED_H

enum {
	CHANGED_IN_DISPATCH,	/* between the check and the insertion */
	CHANGED_NEVER,		/* no check, and no change */
	CHANGED_STUBBORN,	/* no check, whatever happens */
	CHANGED_ON_WAKELIST,	/* between ops.select_cpu() and the enqueue */
};

/* SCX_TASK_REENQ_AFFINITY, which other kernels do not have */
#define REASON_AFFINITY	(7 << 12)

#endif /* CHANGED_H */
