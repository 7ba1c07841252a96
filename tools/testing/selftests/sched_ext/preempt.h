/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PREEMPT_H
#define PREEMPT_H

#define CPUS_MAX 64

#endif /* PREEMPT_H */
