// SPDX-License-Identifier: GPL-2.0
/* scx_check explains what the verifier says. */
#include "scx_test.h"
#include "checked.h"
#include "checked_call.bpf.skel.h"

SCX_TEST(checked_refused, "scx_check: the verifier's words, where they apply and what is allowed")
{
	static const char * const parts[] = {
		"checked_call.bpf.c:7: ", "scx_bpf_dsq_insert() is not allowed in ops.running()",
		"It is allowed in: ", "it does not load", NULL
	};
	struct example ex = { "scx_check", NULL, { CHECKED_FILE(checked_call) } };

	checked(&ex, LOADS_NOT, parts);
}
