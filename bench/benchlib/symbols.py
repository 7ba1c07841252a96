# SPDX-License-Identifier: GPL-2.0
"""From addresses to names: kernel functions, BPF programs, and the rest."""

import bisect

from .machine import kernel_dir

USER_END = 1 << 47


class Symbols:
    """The functions of a kernel and of the BPF programs loaded into it."""

    def __init__(self, kernel, programs):
        self.starts, self.names = [], []
        end = None
        for line in (kernel_dir(kernel) / "System.map").read_text().splitlines():
            address, kind, name = line.split()
            if name == "_etext":
                end = int(address, 16)
            if kind in "tTwW" and (not self.starts or self.starts[-1] != int(address, 16)):
                self.starts.append(int(address, 16))
                self.names.append(name)
        self.end = end
        self.programs = sorted((prog["address"], prog["address"] + prog["size"],
                                prog["function"]) for prog in programs)

    def name(self, address):
        """What is at the address."""
        if address < USER_END:
            return "(user space)"
        if self.starts[0] <= address < self.end:
            return self.names[bisect.bisect_right(self.starts, address) - 1]
        return self._bpf(address)

    def _bpf(self, address):
        for start, end, name in self.programs:
            if start <= address < end:
                return f"(bpf) {name}"
        return "(bpf trampolines)"

    def is_start(self, address):
        """Is it where a function begins? Then executing it is a call."""
        at = bisect.bisect_left(self.starts, address)
        if at < len(self.starts) and self.starts[at] == address:
            return True
        return any(address == start for start, _, _ in self.programs)
