# SPDX-License-Identifier: GPL-2.0
"""The line of a client's output that says why it failed."""

import re

#: The verifier's last words stand before its statistics.
VERIFIER_END = re.compile(r"^processed \d+ insns")
#: Lines that say why, the most telling kind first. Schedulers report an exit of
#: the kernel's as "EXIT: …"; Rust ends with "Error: …" and its causes.
TELLING = [re.compile(pattern) for pattern in (
    r"^EXIT: (?!unregistered from user space|Scheduler unregistered).*",
    r".*panicked at.*",
    r"^libbpf: .*(?:failed to|can't|not found|no such|unresolved|unknown).*",
    r"^Error: .*",
    r"^\s+\d+: .*",
    r"(?i).*\b(?:error|failed|cannot)\b.*",
)]
#: In the reason with which the kernel ends a scheduler that does not follow CPUs.
HOTPLUG = "exiting scheduler"
NOISE = re.compile(r"^(?:\d+: \(|; |R\d|from \d|-- |func#|mark_precise|\s*$)")
MAX = 200


def section(lines, which=""):
    """What a client printed: in the end, or "until" a CPU went."""
    mark = "-- what it printed"
    head = f"{mark} {which}" if which else f"{mark}:"
    there, found = not any(line.startswith(mark) for line in lines), []
    for line in lines:
        if line.startswith(mark):
            there = line.startswith(head)
        elif there and not line.startswith(("@@", "FAULT")):
            found.append(line)
    return found


def tidy(line):
    """Without colours, stamps and what is too long."""
    line = re.sub(r"\x1b\[[0-9;]*m", "", line).strip()
    line = re.sub(r"^\S*\d\d:\d\d:\d\d\S*\s+(?:\[?[A-Z]+\]?:?\s+)?", "", line)
    return line if len(line) <= MAX else line[:MAX - 1] + "…"


def verifier(lines):
    """The verifier's last words, or None."""
    for at, line in enumerate(lines):
        if VERIFIER_END.search(line):
            for before in reversed(lines[:at]):
                if not NOISE.search(before):
                    return tidy(before)
    return None


def essential(lines):
    """The line that says most; the last one if none does."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in lines]
    found = verifier(lines)
    if found:
        return found
    for pattern in TELLING:
        for line in lines:
            if pattern.search(line):
                return tidy(line)
    said = [line for line in lines if line.strip()]
    return tidy(said[-1]) if said else ""
