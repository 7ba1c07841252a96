# SPDX-License-Identifier: GPL-2.0
"""The curves: cost of each op, of loading and unloading, of growing queues."""

import statistics
from dataclasses import dataclass, field

from .machine import Job

ENABLE_TASKS = (100, 1000, 10000)
QUEUE_TASKS = (10, 100, 1000, 10000, 100000)
QUEUE_CPUS = (2, 4, 8, 16)
#: More CPUs share one queue of this length.
SHARED_TASKS = 1000
CURVES = ("ops", "enable", "queue")


@dataclass
class Curve:
    """Part of a curve that one machine measures."""
    name: str
    kernel: str
    job: Job
    records: list = field(default_factory=list)


def _ops(kernel, quick):
    one = Job(kernel, 2, ["ops enqueue running" if quick else "ops"], append="maxcpus=1")
    yield one
    if not quick:
        yield Job(kernel, 2, ["ops"])


def _enable(kernel, quick):
    for tasks in ENABLE_TASKS[:2] if quick else ENABLE_TASKS:
        yield Job(kernel, 4, [f"enable {tasks}"], memory="2G", delicate=True)


def _queue(kernel, quick):
    tasks = QUEUE_TASKS[:3] if quick else QUEUE_TASKS
    yield Job(kernel, 1, [f"queue {' '.join(map(str, tasks))}"], memory="6G", timeout=1800)
    for cpus in () if quick else QUEUE_CPUS:
        yield Job(kernel, cpus, [f"queue {SHARED_TASKS}"])


def plan_curves(kernels, names, quick):
    """A machine for each point that is not to be disturbed by the others."""
    make = {"ops": _ops, "enable": _enable, "queue": _queue}
    return [Curve(name, kernel, job) for name in names
            for kernel in kernels if kernel != "off"
            for job in make[name](kernel, quick)]


def _error(costs):
    """How far their median may be from the truth: two standard errors of it.

    A median's is 1.25 times that of a mean.
    """
    if len(costs) < 2:
        return 0
    return 2 * 1.25 * statistics.stdev(costs) / len(costs) ** 0.5


def op_costs(records):
    """{op: {cost, error, calls}} in instructions per call."""
    each = {}
    for record in records:
        if record["calls"]:
            cost = (record["with"] - record["without"]) / record["calls"]
            each.setdefault(record["op"], []).append((cost, record["calls"]))
    return {op: {"cost": statistics.median(cost for cost, _ in found),
                 "error": _error([cost for cost, _ in found]), "calls": found[0][1]}
            for op, found in each.items()}


def enable_costs(records):
    """[{tasks, ops, enable, disable, ...}], medians of the repetitions."""
    groups = {}
    for record in records:
        groups.setdefault((record["tasks"], record["ops"]), []).append(record)
    return [{"tasks": tasks, "ops": ops,
             **{key: statistics.median(record[key] for record in group)
                for key in ("enable", "disable", "enable_late", "disable_late", "calm_late")}}
            for (tasks, ops), group in sorted(groups.items())]


def figures(curves):
    """{name: {kernel: figures}} of the curves' records."""
    found = {}
    for curve in curves:
        found.setdefault(curve.name, {}).setdefault(curve.kernel, []).extend(curve.records)
    make = {"ops": op_costs, "enable": enable_costs, "queue": list}
    return {name: {kernel: make[name](records) for kernel, records in kernels.items()}
            for name, kernels in found.items()}
