# SPDX-License-Identifier: GPL-2.0
"""Measure schedulers in instructions, and show what was found."""
