// SPDX-License-Identifier: GPL-2.0
/* Where the kernel has put the machine code of BPF programs. */
#include <unistd.h>
#include <bpf/bpf.h>
#include "guest.h"

#define MAX_FUNCTIONS	32

static void list_functions(int fd)
{
	u64 addresses[MAX_FUNCTIONS];
	u32 sizes[MAX_FUNCTIONS], i, len = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = {
		.nr_jited_ksyms = MAX_FUNCTIONS,
		.jited_ksyms = (u64)addresses,
		.nr_jited_func_lens = MAX_FUNCTIONS,
		.jited_func_lens = (u64)sizes,
	};

	if (bpf_prog_get_info_by_fd(fd, &info, &len))
		die("what is known about the BPF program %d", fd);
	for (i = 0; i < info.nr_jited_ksyms && i < MAX_FUNCTIONS; i++)
		report("{\"function\": \"%s\", \"address\": %lu, \"size\": %u}",
		       info.name, addresses[i], sizes[i]);
}

/* All that are loaded, with the functions they call listed under their name. */
void list_programs(int argc, char **argv)
{
	u32 id = 0;
	int fd;

	while (!bpf_prog_get_next_id(id, &id)) {
		fd = bpf_prog_get_fd_by_id(id);
		if (fd < 0)
			die("BPF program %u", id);
		list_functions(fd);
		close(fd);
	}
}
