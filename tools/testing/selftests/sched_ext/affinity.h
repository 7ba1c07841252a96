/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AFFINITY_H
#define AFFINITY_H

struct place {
	int first;
	int weight;
	int changed;
};

#endif /* AFFINITY_H */
