/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LIFECYCLE_H
#define LIFECYCLE_H

struct life {
	int pid;
	int enabled;
	int nr_enable;
	int nr_disable;
	unsigned int weight;
};

enum {
	BAD_INIT_TWICE,
	BAD_EXIT_UNKNOWN,
	BAD_EXIT_ENABLED,
	BAD_CANCEL_LATE,
	BAD_ENABLE,
	BAD_DISABLE,
	BAD_RUNNABLE,
	BAD_QUIESCENT,
	BAD_WEIGHT,
	NR_BAD,
};

#endif /* LIFECYCLE_H */
