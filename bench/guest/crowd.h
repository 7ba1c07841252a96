/* SPDX-License-Identifier: GPL-2.0 */
/* Very many tasks in one process. */
#ifndef __BENCH_CROWD_H
#define __BENCH_CROWD_H

#include "guest.h"

void crowd_allow(u32 nr);
void crowd_add(u32 nr, bool yielding);

#endif /* __BENCH_CROWD_H */
