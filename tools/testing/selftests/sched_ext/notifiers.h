/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NOTIFIERS_H
#define NOTIFIERS_H

enum {
	IS_QUIET,
	IS_RUNNABLE,
	IS_RUNNING,
	IS_STOPPED,
	IS_UNKNOWN,
};

enum {
	AT_RUNNABLE,
	AT_RUNNING,
	AT_STOPPING,
	AT_QUIESCENT,
	AT_ENABLE,
	AT_DISABLE,
	AT_ENQUEUE,
	NR_EVENTS,
};

struct course {
	unsigned int state;
};

#endif /* NOTIFIERS_H */
