# SPDX-License-Identifier: GPL-2.0
"""Print results as KTAP: a line per test, and details of what failed."""

import threading

#: Enough for the stacks of a hang, but not for a test that never stops printing.
DETAIL_LINES = 1000


class Document:
    """The whole output: parts that are produced in parallel, printed one by one."""

    def __init__(self, suites):
        self.parts = []
        self.numbers = 0
        print("KTAP version 1", f"1..{suites}", sep="\n", flush=True)

    def part(self, suites):
        """The next part, which has this many suites."""
        part = Part(self.numbers)
        self.numbers += suites
        self.parts.append(part)
        return part

    def total(self, verdict):
        """Tests that have passed, failed or were skipped."""
        return sum(getattr(part, verdict) for part in self.parts)


class Part:
    """Suites, each with its tests inside. Lines are held back until it is their turn."""

    def __init__(self, number):
        self.number = number
        self.passed = self.failed = self.skipped = 0
        self.again = []
        self._lock = threading.Lock()
        self._held = []

    def put(self, indent, *lines):
        """Print lines, now or later."""
        with self._lock:
            for line in lines:
                if self._held is None:
                    print(f"{indent}{line}", flush=True)
                else:
                    self._held.append(f"{indent}{line}")

    def turn(self):
        """Print what has been held back, and from now on everything at once."""
        with self._lock:
            for line in self._held:
                print(line, flush=True)
            self._held = None

    def detail(self, indent, lines):
        """Lines about a failure, up to the number that anybody may want to read."""
        cut = len(lines) - DETAIL_LINES
        if cut > 0:
            half = DETAIL_LINES // 2
            note = f"[{cut} lines left out; they are in the logs]"
            lines = [*lines[:half], note, *lines[-half:]]
        self.put(indent, *(f"#   {line}" for line in lines))

    def suite(self, name, total):
        """Begin a suite."""
        return Suite(self, name, total)

    def end_suite(self, suite):
        """Add a suite up."""
        self.number += 1
        self.passed += suite.passed
        self.failed += suite.failed
        self.skipped += suite.skipped
        self.put("", f"{'not ok' if suite.failed else 'ok'} {self.number} {suite.name}")

    def trouble(self, name, result):
        """A failure that belongs to no test, such as a boot that went wrong."""
        self.failed += 1
        self.detail("", result.detail)
        self.put("", f"# {name} failed: {result.note}")


class Suite:
    """One group of tests with its plan."""

    def __init__(self, part, name, total):
        self.part = part
        self.name = name
        self.number = self.passed = self.failed = self.skipped = 0
        part.put("  ", "KTAP version 1", f"# Subtest: {name}", f"1..{total}")

    def add(self, name, result):
        """Print the line of one test, after the details if it failed."""
        self.number += 1
        verdict, notes = result.verdict, [result.note] if result.note else []
        if verdict == "not ok":
            self.failed += 1
            self.part.detail("  ", result.detail)
        elif verdict == "skip":
            self.skipped += 1
            verdict, notes = "ok", ["SKIP " + result.note]
        elif verdict == "xfail":
            self.passed += 1
            verdict, notes = "ok", ["XFAIL " + result.note]
        else:
            self.passed += 1
        if verdict == "ok" and result.again:
            self.part.again.append(name)
            self.part.detail("  ", result.detail)
            notes.append("at the second attempt")
        notes.append(f"{result.seconds:.1f} s")
        self.part.put("  ", f"{verdict} {self.number} {name} # {', '.join(notes)}")

    def end(self):
        """Print the sum; the suite counts in its part from now on."""
        self.part.put("  ", f"# Totals: pass:{self.passed} fail:{self.failed} skip:{self.skipped}")
        self.part.end_suite(self)
