/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BALANCE_H
#define BALANCE_H

#define CPUS_MAX	64
#define HOG_SECONDS	4	/* slice that the hog is given */

#endif
