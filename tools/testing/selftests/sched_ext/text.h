/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TEXT_H
#define TEXT_H

#define TEXT_SIZE	(1 << 20)

#endif /* TEXT_H */
