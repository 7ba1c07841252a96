# SPDX-License-Identifier: GPL-2.0
"""Run lists of tests in as few boots as possible, and judge each test."""

import re
import time
from dataclasses import dataclass, field

from . import splats
from .guest import Guest, quote
from .host import ROOT

#: Seconds outside of tests: from power-on to the first test, and for the
#: console to catch up with the output.
BOOT = {"default": 180, "debian": 180, "stock": 180, "debug": 360}
CATCH_UP = 10
NEVER = r"(?!)"


@dataclass
class Test:
    """One test: what to run, for how long, and whether it may fail."""
    suite: str
    name: str
    command: str
    timeout: float
    expected: str = ""
    judge: callable = None
    attaches: bool = False        # to what the kernel patches its code for

    @property
    def id(self):
        """The name used in marks."""
        return f"{self.suite}/{self.name}"


@dataclass
class Result:
    """The result of a test."""
    verdict: str                  # ok, not ok, skip, xfail
    seconds: float
    note: str = ""
    detail: list = field(default_factory=list)
    again: bool = False           # it failed first, and passed then


def judge_by_status(status, output):
    """kselftest's exit codes: (verdict, note)."""
    if not status:
        return "ok", ""
    if status == 4:
        reasons = re.findall(r"# SKIP\s+(.*)", "\n".join(output))
        return "skip", reasons[-1] if reasons else "without a reason"
    if status > 128:
        return "not ok", f"killed by signal {status - 128}"
    return "not ok", f"exit status {status}"


class Boot:
    """One VM that works through tests until all are done or the VM is unusable.

    report is called with (test, result) as results come in. self.left has the tests
    that the VM did not reach, self.trouble what went wrong outside of tests. Of the
    tests that fail by an assertion of their own, `spare` may try once more.
    """

    def __init__(self, flavour, machine, tests, out, report, *, spare=0):
        self.flavour = flavour
        self.machine = machine
        self.left = list(tests)
        self.spare = spare
        self.out = out
        self.report = report
        self.lines = {"out": [], "console": []}     # what is not yet attributed
        self.ended = False
        self.trouble = []
        self.vm = None

    def run(self):
        """Boot, and run as many tests as possible."""
        plan = self.out / "plan"
        plan.write_text("".join(f"{test.id}\t{test.command}\n" for test in self.left))
        command = quote(ROOT / "vm/guest/suite", plan, str(self.spare))
        self.vm = Guest(self.flavour, self.machine, command, self.out,
                        patches=any(test.attaches for test in self.left))
        with self.vm:
            if not self._boot():
                return
            while self.left:
                if not self._one(self.left.pop(0)):
                    return
            self._take("out", NEVER, BOOT[self.flavour])
        self._note_splats(self.lines["console"], "after the last test")

    def _boot(self):
        """Wait for the first test to begin; False if it never does."""
        _, trouble = self._take("out", r"^@@begin ", BOOT[self.flavour])
        if trouble:
            detail = self.lines["console"][-60:]
            if trouble == "timeout":
                detail += self.vm.stacks().splitlines()
            note = f"{trouble} before the first test"
            self.trouble.append(Result("not ok", self.vm.age(), note, detail))
            return False
        console, _ = self._take("console", r"vm-test: begin ", CATCH_UP)
        self._note_splats(console, "during boot")
        return True

    def _take(self, kind, pattern, timeout):
        """Wait for a line of this kind and take all up to it: (lines, trouble)."""
        lines, at, end = self.lines[kind], 0, time.monotonic() + timeout
        while True:
            while at < len(lines):
                at += 1
                if re.search(pattern, lines[at - 1]):
                    taken, lines[:at] = lines[:at], []
                    return taken, None
            trouble = self._receive(end - time.monotonic())
            if trouble:
                taken, lines[:] = lines[:], []
                return taken, trouble

    def _receive(self, timeout):
        """Buffer one more line, or say why there is none."""
        event = None if self.ended else self.vm.event(max(0, timeout))
        if event is None and not self.ended:
            return "timeout"
        if self.ended or event[0] == "end":
            self.ended = True
            return "the VM died"
        self.lines[event[0]].append(event[1])
        return None

    def _one(self, test):
        """Wait for one test's end and judge it; False if the VM is unusable."""
        began = time.monotonic()
        output, trouble = self._take("out", rf"^@@end {re.escape(test.id)} ", test.timeout)
        if trouble:
            self._fail_hard(test, time.monotonic() - began, output, trouble)
            return False
        _, _, status, spent, state = output.pop().split()
        output = [line for line in output if not line.startswith("@@begin ")]
        console, _ = self._take("console", rf"vm-test: end {re.escape(test.id)}$", CATCH_UP)
        verdict, note = (test.judge or judge_by_status)(int(status), output)
        if verdict == "not ok" and test.expected:
            verdict, note = "xfail", test.expected
        elif verdict == "ok" and test.expected:
            verdict, note = "not ok", "passes, but vm/upstream-expected lists it"
        again = f"@@again {test.id}" in output
        result = Result(verdict, int(spent) / 1000, note, output, again and verdict == "ok")
        clean = self._blame(result, console, state)
        self.report(test, result)
        return clean

    @staticmethod
    def _blame(result, console, state):
        """Turn the result into a failure if the test left something behind."""
        if state != "disabled":
            result.verdict = "not ok"
            result.note = f"/sys/kernel/sched_ext/state is '{state}' after the test"
        found = splats.find(console)
        if found:
            result.verdict = "not ok"
            result.note = "kernel log: " + "; ".join(splat.first for splat in found[:3])
            result.detail += [line for splat in found for line in splat.lines]
        elif result.verdict == "not ok" or result.again:
            result.detail += console
        return not found and state == "disabled"

    def _fail_hard(self, test, seconds, output, trouble):
        """The test hung or took the VM with it."""
        console = self.lines["console"]
        note = f"timeout after {seconds:.0f} s" if trouble == "timeout" else trouble
        found = splats.find(console)
        if found:
            note += f"; kernel log: {found[0].first}"
        detail = [line for line in output if not line.startswith("@@begin ")] + console[-100:]
        if trouble == "timeout":
            detail += self.vm.stacks().splitlines()
        self.report(test, Result("not ok", seconds, note, detail))

    def _note_splats(self, console, when):
        found = splats.find(console)
        if found:
            note = f"kernel log {when}: {found[0].first}"
            detail = [line for splat in found for line in splat.lines]
            self.trouble.append(Result("not ok", 0, note, detail))
