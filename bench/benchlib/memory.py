# SPDX-License-Identifier: GPL-2.0
"""What sched_ext takes of a kernel's memory: read from its types and objects."""

import re
import subprocess

from .machine import Problem, kernel_dir

#: What there is one of for each task, queue, CPU.
TYPES = {"task": "sched_ext_entity", "queue": "scx_dispatch_q", "CPU's run queue": "scx_rq",
         "task in all": "task_struct", "scheduler": "scx_sched"}


def _output(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"'{' '.join(command[:3])}' failed: {done.stderr.strip()}")
    return done.stdout


def type_sizes(kernel):
    """{what: bytes}; a kernel need not have each type."""
    vmlinux = str(kernel_dir(kernel) / "vmlinux")
    found_sizes = {}
    for what, name in TYPES.items():
        found = re.search(r"/\* size: (\d+)", subprocess.run(
            ["pahole", "-C", name, vmlinux], capture_output=True, text=True, check=False).stdout)
        if found:
            found_sizes[what] = int(found.group(1))
    return found_sizes


def section_sizes(kernel):
    """Bytes of text, data and bss of the whole kernel."""
    line = _output("size", str(kernel_dir(kernel) / "vmlinux")).splitlines()[1]
    return dict(zip(("text", "data", "bss"), map(int, line.split())))


def sizes(kernels):
    """{kernel: {types, sections}}"""
    return {kernel: {"types": type_sizes(kernel) if kernel != "off" else {},
                     "sections": section_sizes(kernel)} for kernel in kernels}
