/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PREEMPT_H
#define PREEMPT_H

#define CPUS_MAX 64

/* A queue that nobody creates */
#define NO_DSQ 0x77

#endif /* PREEMPT_H */
