# SPDX-License-Identifier: GPL-2.0
"""Boot kernels in virtual machines, and judge what happened there."""
