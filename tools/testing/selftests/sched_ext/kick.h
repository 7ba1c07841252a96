/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KICK_H
#define KICK_H

#define KICK_CPUS_MAX	64
#define KICK_IDLE_TIMES	2000

#endif /* KICK_H */
