/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ATTACH_H
#define ATTACH_H

/* Where the exit is asked for, in the order in which loading gets there. */
enum {
	ATTACH_NOWHERE,
	ATTACH_INIT,
	ATTACH_CGROUP_INIT,
	ATTACH_INIT_TASK,
	ATTACH_ENABLE,
};

#endif /* ATTACH_H */
