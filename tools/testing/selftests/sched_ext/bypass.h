/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BYPASS_H
#define BYPASS_H

#define NR_WAITING	8
#define HOG_CPU		1

/* Where tasks wait when bypass mode begins */
enum { WAIT_LOCAL, WAIT_LOCAL_HEAD, WAIT_GLOBAL, WAIT_USER, WAIT_BPF, NR_WAITS };

#endif /* BYPASS_H */
