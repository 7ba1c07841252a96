// SPDX-License-Identifier: GPL-2.0
/* Two schedulers that leave everything to the kernel. */
#include "scx_test.bpf.h"

SCX_OPS_DEFINE(minimal, .name = "minimal");
TEST_OPS(minimal_exit);
