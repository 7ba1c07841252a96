/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CHECKED_H
#define CHECKED_H

#include <stddef.h>

struct example;

/* Exit statuses of scx_check */
enum { LOADS, LOADS_NOT, NOT_KNOWN };

void checked(const struct example *ex, int verdict, const char * const *parts);
const char *checked_file(const char *path, const void *bytes, size_t size);

/* A file with the object that a skeleton was made of; checked() removes it */
#define CHECKED_FILE(name) ({						\
	size_t size_;							\
	const void *bytes_ = name##__elf_bytes(&size_);			\
									\
	checked_file("/tmp/" #name ".bpf.o", bytes_, size_);		\
})

#endif /* CHECKED_H */
