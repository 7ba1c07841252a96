# SPDX-License-Identifier: GPL-2.0
"""Find reports of trouble in a kernel log."""

import re
from dataclasses import dataclass, field

from .host import ROOT, Problem

ALLOWED = ROOT / "vm/allowed-splats"

#: What the first line of a report looks like, by kind. The order matters: the
#: first match names the kind. Lines of the sched_ext dump and of tests that
#: merely mention such words do not match.
KINDS = [(kind, re.compile(pattern)) for kind, pattern in (
    ("panic", r"^Kernel panic - not syncing"),
    ("KASAN", r"^BUG: KASAN"),
    ("KCSAN", r"^BUG: KCSAN"),
    ("KFENCE", r"^BUG: KFENCE"),
    ("sleep in atomic", r"^BUG: sleeping function called from invalid context"),
    ("atomic", r"^BUG: scheduling while atomic"),
    ("invalid wait", r"^\[ BUG: Invalid wait context \]"),
    ("soft lockup", r"^watchdog: BUG: soft lockup"),
    ("hard lockup", r"^(?:watchdog: .*hard LOCKUP|NMI watchdog: .*LOCKUP)"),
    ("workqueue", r"^BUG: workqueue lockup"),
    ("RCU stall", r"^rcu: INFO: rcu_\w+ .*(?:detected .*stalls|self-detected stall)"),
    ("RCU", r"^rcu: .*(?:kthread (?:starved|timer wakeup)|Possible timer handling issue)"),
    ("hung task", r"^INFO: task .* blocked for more than"),
    ("lockdep", r"^WARNING: (?:possible (?:circular|recursive|irq)|suspicious RCU|bad unlock"
                r"|inconsistent lock|lock held|held lock freed|Nested lock|.*deadlock)"),
    ("lockdep", r"^(?:INFO: possible|DEBUG_LOCKS_WARN_ON|BUG: MAX_LOCK|INFO: trying to register)"),
    ("lockdep", r"^\[ BUG: .*\]"),
    ("DEBUG_OBJECTS", r"^(?:ODEBUG:|DEBUG_OBJECTS)"),
    ("UBSAN", r"^UBSAN:"),
    ("kmemleak", r"^kmemleak: \d+ new suspected memory leaks"),
    ("list", r"^(?:slab |list_(?:add|del) )corruption"),
    ("slab", r"^BUG \S+ .*: "),
    ("refcount", r"^refcount_t: "),
    ("BUG", r"^(?:kernel BUG at|BUG: |Oops|invalid opcode:|general protection fault"
            r"|stack segment:|double fault|int3:|divide error:|Unable to handle kernel)"),
    ("BUG", r"^(?:unregister_netdevice: waiting|Bad (?:page|rss)|page dumped because)"),
    ("sysfs", r"^fill_read_buffer: .* returned bad count"),
    ("WARN", r"^WARNING: "),
)]

STAMP = re.compile(r"^(?:<\d+>)?\[\s*\d+\.\d+\](?:\[\s*[TC]\d+\])? ?")
END = re.compile(r"^---\[ end trace")
MAX_LINES = 80
#: Lines after the end mark that are shown, too: some reports continue there.
MORE_LINES = 4


@dataclass
class Splat:
    """A report: its kind and its lines, the first being the one that matched."""
    kind: str
    lines: list = field(default_factory=list)

    @property
    def first(self):
        """The line by which it was found, without its time stamp."""
        return STAMP.sub("", self.lines[0])


def read_allowed(path=ALLOWED):
    """The expressions of the list of allowed splats."""
    allowed = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        pattern, sep, reason = line.rpartition(" | ")
        if not sep or not reason.strip():
            raise Problem(f"{path.name}:{number}: expected 'expression | reason'")
        try:
            allowed.append(re.compile(pattern.strip()))
        except re.error as err:
            raise Problem(f"{path.name}:{number}: bad expression: {err}") from err
    return allowed


def kind_of(line):
    """The kind of report that this line begins, or None."""
    text = STAMP.sub("", line)
    for kind, pattern in KINDS:
        if pattern.search(text):
            return kind
    return None


def find(lines, allowed=None):
    """All reports in the lines, except allowed ones.

    A report's lines run to shortly after its end mark, or to the next report, or
    to a limit.
    """
    allowed = read_allowed() if allowed is None else allowed
    splats, room = [], 0
    for line in lines:
        kind = kind_of(line)
        if kind:
            splats.append(Splat(kind, [line]))
            room = MAX_LINES - 1
        elif room:
            splats[-1].lines.append(line)
            room = MORE_LINES if END.search(STAMP.sub("", line)) else room - 1
    return [splat for splat in splats
            if not any(pattern.search(splat.first) for pattern in allowed)]
