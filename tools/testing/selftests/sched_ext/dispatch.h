/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DISPATCH_H
#define DISPATCH_H

#define BATCH		8

enum {
	TO_LOCAL,
	TO_GLOBAL,
	TO_LOCAL_ON,
	TO_USER,
	TO_TWICE,
	TO_CANCEL,
	TO_OVERFLOW,
};

enum {
	BAD_SLOTS,
	BAD_SLOTS_INSERT,
	BAD_SLOTS_CANCEL,
	BAD_CPU,
	NR_BAD,
};

#endif /* DISPATCH_H */
