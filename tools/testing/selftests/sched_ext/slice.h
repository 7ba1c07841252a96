/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SLICE_H
#define SLICE_H

enum {
	SLICE_PLAIN,
	SLICE_ZERO,
	SLICE_INF,
	SLICE_LONG,
};

#endif /* SLICE_H */
