# SPDX-License-Identifier: GPL-2.0
"""What is measured under which scheduler, and how to get a number out of it."""

import statistics
from dataclasses import dataclass

from .machine import Job

#: The command that loads it; both kernels have the same programs, each its own.
SCHEDULERS = {
    "eevdf": None,
    "simple": "/bin/scx_simple",
    "simple-fifo": "/bin/scx_simple -f",
    "qmap": "/bin/scx_qmap",
    "central": "/bin/scx_central",
    "empty": "/init probe",
}


@dataclass
class Workload:
    """Something that guest/*.c can run."""
    cpus: int
    unit: str
    about: str


WORKLOADS = {
    "pipe": Workload(1, "round trip", "two tasks on one CPU pass a byte to and fro"),
    "batch": Workload(1, "round trip", "as pipe, in SCHED_BATCH: both sleep in each round"),
    "yield": Workload(1, "yield", "two tasks on one CPU that only yield"),
    "futex": Workload(1, "round trip", "two tasks on one CPU hand over a futex"),
    "fork": Workload(1, "process", "fork, exec, exit, wait"),
    "latency": Workload(1, "wakeup", "a timer's task among tasks that want 150 % of the CPU"),
    "pipe2": Workload(2, "round trip", "as pipe, each task on a CPU of its own"),
    "pipe4": Workload(4, "round trip", "as pipe, 4 CPUs, the scheduler chooses"),
    "messaging": Workload(4, "message", "20 senders, 20 receivers, each sends to all"),
    "mix": Workload(4, "cycle", "200 tasks that compute a little and sleep"),
}

#: Enough to see whether a change helps.
QUICK_WORKLOADS = ("pipe", "yield", "messaging")
QUICK_SCHEDULERS = ("eevdf", "simple")
#: The base calls ops.init() in a helper thread on any CPU, and its own scx_central
#: then ends with "init from non-central CPU", unless there is only one.
ONE_CPU_ONLY = {("stock", "central")}
#: What is asked of a kernel without sched_ext: does its absence pay?
OFF_WORKLOADS = ("pipe", "yield", "fork")


@dataclass
class Run:
    """Workloads under one scheduler in one machine."""
    kernel: str
    scheduler: str
    cpus: int
    names: list

    def job(self):
        """What the machine is to do."""
        plan = [f"measure {name}" for name in self.names]
        command = SCHEDULERS[self.scheduler]
        if command:
            plan = [f"load {command}", *plan, "unload"]
        return Job(self.kernel, self.cpus, plan)


def plan_runs(kernels, schedulers, workloads):
    """A machine per kernel, scheduler and number of CPUs.

    What else is measured must not change a figure, hence no workload shares
    its machine with those of another scheduler.
    """
    runs = []
    for scheduler in schedulers:
        for cpus in sorted({WORKLOADS[name].cpus for name in workloads}):
            names = [name for name in workloads if WORKLOADS[name].cpus == cpus]
            runs += [Run(kernel, scheduler, cpus, names) for kernel in kernels
                     if kernel != "off" and
                     (cpus == 1 or (kernel, scheduler) not in ONE_CPU_ONLY)]
    unloaded = [name for name in workloads if name in OFF_WORKLOADS]
    if "off" in kernels and "eevdf" in schedulers and unloaded:
        runs.append(Run("off", "eevdf", 1, unloaded))
    return runs


def figures(records):
    """{workload: {instructions, spread, ops, latency}} of what a machine reported.

    The first repetition warms caches and does not count.
    """
    found, latency = {}, None
    for record in records:
        if "latency" in record:
            latency = record["latency"]
        if "workload" not in record:
            continue
        each = [count / ops for count, ops in record["reps"][1:]]
        middle = statistics.median(each)
        found[record["workload"]] = {
            "instructions": middle,
            "spread": (max(each) - min(each)) / middle,
            "ops": record["reps"][1][1],
        }
        if latency:
            found[record["workload"]]["latency"] = latency
            latency = None
    return found
