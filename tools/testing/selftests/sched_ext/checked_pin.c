// SPDX-License-Identifier: GPL-2.0
/* scx_check leaves no pins behind. */
#include "scx_test.h"
#include "checked.h"
#include "checked_pin.bpf.skel.h"

#define PINS "/sys/fs/bpf"

SCX_TEST(checked_pin, "scx_check: a map that would be pinned is not")
{
	static const char * const parts[] = { "it loads: ", NULL };
	struct example ex = { "scx_check", NULL, { CHECKED_FILE(checked_pin) } };

	if (access(PINS, W_OK))
		test_skip("needs bpffs at " PINS);
	checked(&ex, LOADS, parts);
	EXPECT_TRUE(access(PINS "/checked_pin_map", F_OK), "the map is pinned");
}
