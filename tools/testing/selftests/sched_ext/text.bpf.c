// SPDX-License-Identifier: GPL-2.0
/* Messages that are longer than the space for them, or never end. */
#include "scx_test.bpf.h"
#include "text.h"

char endless[TEXT_SIZE];

TEST_OPS(text);

SEC("syscall")
int text_error(void *ctx)
{
	unsigned long long none = 0;

	scx_bpf_error_bstr(endless, &none, 0);
	return 0;
}
