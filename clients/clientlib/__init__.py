# SPDX-License-Identifier: GPL-2.0
"""What the commands about third-party clients share."""
