# SPDX-License-Identifier: GPL-2.0
"""How evenly a scheduler shares the CPUs among tasks that are alike."""

import os
import signal
import time

#: How many tasks compute without a pause.
TASKS = 8
#: Seconds until all of them run and the scheduler knows them.
WARM = 2


def compute():
    """A child that does nothing but compute; it dies with its parent's group."""
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while True:
            pass
    return pid


def used(pid):
    """CPU time of a task, in clock ticks, which the kernel scales to what really ran."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def deviation(times):
    """The share that is furthest off an equal one, in per cent of that."""
    mean = sum(times) / len(times)
    return round(100 * max(abs(time - mean) for time in times) / mean, 1) if mean else None


def measure(seconds):
    """The deviation of the shares that equal tasks get over so many seconds."""
    pids = [compute() for _ in range(TASKS)]
    try:
        time.sleep(WARM)
        before = [used(pid) for pid in pids]
        time.sleep(seconds)
        return deviation([used(pid) - old for pid, old in zip(pids, before)])
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
