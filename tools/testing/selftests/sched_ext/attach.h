/* SPDX-License-Identifier: GPL-2.0 */
/* What attach.bpf.c finds where debuggers look. */
#ifndef ATTACH_H
#define ATTACH_H

struct globals {
	bool taken;
	bool loaded, enabled, switched_all, switching_all;
	s32 state;
	char state_name[16];
	s32 bypass_depth;
	u64 nr_rejected, enable_seq;
	/* members of the instance */
	char name[32];
	bool aborting;
	s32 own_depth;
};

#endif /* ATTACH_H */
