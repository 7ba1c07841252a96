/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSQ_H
#define DSQ_H

#define HELD_DSQ	0x4711
#define OTHER_DSQ	0x4712
#define SEEN_MAX	64

enum first { FIRST_NONE, FIRST_WATCHED, FIRST_OTHER };

/* How a watched task is to be queued, and whether it was seen running since */
struct watch {
	unsigned long long vtime;
	int by_vtime;
	int at_head;
	int ran;
};

#endif /* DSQ_H */
