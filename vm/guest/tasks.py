# SPDX-License-Identifier: GPL-2.0
"""Tasks before and after: none may be lost, and none may stand still."""

import glob
import os
import re
import subprocess
import tempfile

#: Kernel threads that come and go by themselves.
FLEETING = re.compile(r"^kworker/")
PULSE = 'exec 9<>"$0"; while :; do read -rt 0.1 -u 9; done'


def census():
    """{(tid, start time): name} of all tasks that should last.

    The start time tells a task from a later one with the same number.
    """
    tasks = {}
    for path in glob.glob("/proc/[0-9]*/task/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                head, _, tail = file.read().rpartition(")")
        except OSError:
            continue            # it has just ended
        tid, _, name = head.partition(" (")
        if not FLEETING.match(name):
            tasks[int(tid), int(tail.split()[19])] = name
    return tasks


def lost(before, after):
    """Names and numbers of the tasks that are in before only."""
    return [f"{name} ({tid})" for (tid, start), name in sorted(before.items())
            if (tid, start) not in after]


class Pulses:
    """Long-lived tasks that wake ten times a second, at several nice levels."""

    def __init__(self, number):
        self.directory = tempfile.TemporaryDirectory()
        fifo = os.path.join(self.directory.name, "never")
        os.mkfifo(fifo)
        self.tasks = [
            subprocess.Popen(["nice", "-n", str(i % 4 * 5), "bash", "-c", PULSE, fifo],
                             stdin=subprocess.DEVNULL)
            for i in range(number)]
        self.counts = None

    def _read(self):
        counts = {}
        for task in self.tasks:
            try:
                with open(f"/proc/{task.pid}/status", encoding="utf-8") as file:
                    counts[task.pid] = int(re.search(
                        r"^voluntary_ctxt_switches:\s*(\d+)", file.read(), re.M).group(1))
            except (OSError, AttributeError):
                counts[task.pid] = None
        return counts

    def check(self, fault):
        """Tell of each that has ended, or has not run since the last check."""
        now = self._read()
        ran = {pid: count - (self.counts or {}).get(pid, 0)
               for pid, count in now.items() if count is not None}
        for pid, count in now.items():
            if count is None:
                fault(f"long-lived task {pid} has died")
            elif not ran[pid]:
                fault(f"long-lived task {pid} did not run")
        self.counts = now
        if ran:
            print(f"long-lived tasks: {len(ran)}, wakeups since the last look: "
                  f"{min(ran.values())} to {max(ran.values())} each", flush=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for task in self.tasks:
            task.kill()
            task.wait()
        self.directory.cleanup()
