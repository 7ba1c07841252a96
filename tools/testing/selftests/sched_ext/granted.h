/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GRANTED_H
#define GRANTED_H

#define GRANTED_DSQ		1
#define EMPTY_DSQ		2

/* Slices and vtimes, odd enough to be recognised */
#define GRANTED_CANCELLED	7654321
#define GRANTED			3456789
#define GRANTED_LATE		9876543

#endif /* GRANTED_H */
