/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The record in which a scheduler's BPF side describes its end to its
 * user-space side. Both sides include this file through their own header.
 */
#ifndef __SCX_USER_EXIT_INFO_COMMON_H
#define __SCX_USER_EXIT_INFO_COMMON_H

enum uei_sizes {
	UEI_REASON_LEN		= 128,
	UEI_MSG_LEN		= 1024,
	UEI_DUMP_DFL_LEN	= 32768,
};

/* @kind is written last: once it is non-zero the other members are valid. */
struct user_exit_info {
	int		kind;
	s64		exit_code;
	char		reason[UEI_REASON_LEN];
	char		msg[UEI_MSG_LEN];
};

#endif /* __SCX_USER_EXIT_INFO_COMMON_H */
