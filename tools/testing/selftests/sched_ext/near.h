/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NEAR_H
#define NEAR_H

#define MAX_CPUS	64

/* How near the chosen CPU is to the requested one */
enum {
	NEAR_SAME,
	NEAR_LLC,
	NEAR_NODE,
	NEAR_FAR,
	NEAR_NONE,
	NR_NEAR,
};

#endif /* NEAR_H */
