# SPDX-License-Identifier: GPL-2.0
"""The table of machines, vm/machines."""

import re
from dataclasses import dataclass

from .host import ROOT, Problem

TABLE = ROOT / "vm/machines"


@dataclass
class Machine:
    """One row of the table."""
    name: str
    memory: str
    debug_memory: str
    qemu: str
    append: str

    @property
    def cpus(self):
        """How many CPUs the guest starts with."""
        return int(re.search(r"-smp (\d+)", self.qemu).group(1))

    def size(self, flavour):
        """Guest memory for a kernel flavour, such as "2G"."""
        return self.debug_memory if flavour == "debug" else self.memory

    def qemu_options(self, flavour):
        """QEMU options, with HALF replaced by half the memory."""
        half = int(self.size(flavour).rstrip("G")) * 512
        return self.qemu.replace("HALF", f"{half}M")


def load():
    """All machines, by name."""
    table = {}
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("|")]
        where = f"vm/machines:{number}"
        if len(fields) != 5:
            raise Problem(f"{where}: expected 5 fields, got {len(fields)}")
        machine = Machine(*fields)
        for size in (machine.memory, machine.debug_memory):
            if not re.fullmatch(r"\d+G", size):
                raise Problem(f"{where}: memory '{size}' is not of the form 4G")
        if not re.search(r"-smp \d+", machine.qemu):
            raise Problem(f"{where}: machine '{machine.name}' has no -smp N")
        table[machine.name] = machine
    return table


def find(name):
    """The machine called name."""
    table = load()
    if name not in table:
        raise Problem(f"unknown machine '{name}' (have: {', '.join(table)})")
    return table[name]
