# SPDX-License-Identifier: GPL-2.0
"""Tables of the results, as text. A table is (title, heads, rows, note)."""

from .workloads import SCHEDULERS, WORKLOADS


def number(value, digits=0):
    """With separators between the thousands; a dash if there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def ratio(part, whole):
    """part/whole, or a dash."""
    return "–" if part is None or not whole else f"{part / whole:.3f}"


def _cell(results, kernel, scheduler, workload):
    found = results.get("workloads", {}).get(kernel, {}).get(scheduler, {})
    return found.get(workload, {}).get("instructions")


def workload_table(results):
    """Instructions per operation, kernels side by side."""
    heads = ("workload", "scheduler", "stock", "ours", "ours/stock", "stock/EEVDF", "ours/EEVDF")
    rows = []
    for name, workload in WORKLOADS.items():
        if name == "latency":
            continue
        for scheduler in SCHEDULERS:
            stock, ours = (_cell(results, kernel, scheduler, name) for kernel in ("stock", "ours"))
            if stock is None and ours is None:
                continue
            rows.append((f"{name} ({workload.unit})", scheduler, number(stock), number(ours),
                         ratio(ours, stock),
                         ratio(stock, _cell(results, "stock", "eevdf", name)),
                         ratio(ours, _cell(results, "ours", "eevdf", name))))
    return ("Instructions per operation", heads, rows,
            "Lower is better. stock/EEVDF and ours/EEVDF: against the same kernel "
            "without a scheduler loaded.")


def off_table(results):
    """What a kernel pays for sched_ext that is built in and not used."""
    rows = []
    for name in WORKLOADS:
        off = _cell(results, "off", "eevdf", name)
        if off is None:
            continue
        stock, ours = (_cell(results, kernel, "eevdf", name) for kernel in ("stock", "ours"))
        rows.append((name, number(off), number(stock), number(ours),
                     ratio(stock, off), ratio(ours, off)))
    return ("Nothing loaded, against a kernel without sched_ext",
            ("workload", "off", "stock", "ours", "stock/off", "ours/off"), rows,
            "off: ours with CONFIG_SCHED_CLASS_EXT=n. Instructions per operation.")


def latency_table(results):
    """How late the timer's task runs."""
    rows = []
    for kernel, schedulers in results.get("workloads", {}).items():
        for scheduler, found in schedulers.items():
            latency = found.get("latency", {}).get("latency")
            if latency:
                rows.append((scheduler, kernel, *(number(latency[key]) for key in
                                                  ("500", "900", "990", "999", "1000"))))
    rows.sort(key=lambda row: (list(SCHEDULERS).index(row[0]), row[1] != "stock"))
    return ("Wakeup latency of a timer under load",
            ("scheduler", "kernel", "median", "90 %", "99 %", "99.9 %", "maximum"), rows,
            "Instructions from the timer's expiry until its task runs, one CPU.")


def _both(results, name):
    """What stock and ours have of a curve."""
    found = results.get("curves", {}).get(name, {})
    return found.get("stock"), found.get("ours")


def _cost(found, op):
    """(value, text) of an op; a value that noise drowns is not one.

    No call costs less than nothing: a negative value shows how loud the noise is.
    """
    if not found or op not in found:
        return None, "–"
    cost, error = found[op]["cost"], found[op]["error"]
    if cost < error or cost < 0:
        return None, f"within ±{number(max(error, -cost))}"
    return cost, number(cost)


def ops_table(results):
    """What a call of each op costs."""
    stock, ours = _both(results, "ops")
    rows = []
    for op in {**(stock or {}), **(ours or {})}:
        before, before_text = _cost(stock, op)
        after, after_text = _cost(ours, op)
        rows.append((op, before_text, after_text, ratio(after, before)))
    return ("Instructions per call of an op", ("op", "stock", "ours", "ours/stock"), rows,
            "Work with an op that does nothing, less the same work without it, by calls. "
            "select_cpu and enqueue call the kfunc that does what the kernel would do.")


def enable_table(results):
    """Loading and unloading."""
    stock, ours = ({(at["tasks"], at["ops"]): at for at in found or []}
                   for found in _both(results, "enable"))
    rows = []
    for key in sorted({*stock, *ours}):
        before, after = stock.get(key, {}), ours.get(key, {})
        for what in ("enable", "disable", "enable_late", "disable_late", "calm_late"):
            rows.append((number(key[0]), key[1], what, number(before.get(what)),
                         number(after.get(what)), ratio(after.get(what), before.get(what))))
    return ("Loading and unloading a scheduler, 4 CPUs",
            ("tasks", "ops", "what", "stock", "ours", "ours/stock"), rows,
            "Nanoseconds of the machine, in which the 4 CPUs together execute an instruction per "
            "nanosecond. late: by how much a task that wants to run every 100 us on each CPU was "
            "late at most; calm: while nothing happens.")


def queue_table(results):
    """Growing queues."""
    stock, ours = ({(at["cpus"], at["queue"], at["tasks"]): at for at in found or []}
                   for found in _both(results, "queue"))
    rows = []
    for key in sorted({*stock, *ours}):
        before, after = stock.get(key, {}), ours.get(key, {})
        cells = []
        for what in ("turn", "take", "put"):
            cells += [number(before.get(what)), number(after.get(what)),
                      ratio(after.get(what), before.get(what))]
        rows.append((str(key[0]), key[1], number(key[2]), *cells))
    return ("A queue by its length",
            ("CPUs", "order", "tasks", "turn: stock", "ours", "ratio", "take: stock", "ours",
             "ratio", "put: stock", "ours", "ratio"), rows,
            "Instructions. turn: a task yields, goes back into the queue, the next one runs; "
            "take: scx_bpf_dsq_move_to_local(); put: from the end of ops.enqueue() to "
            "ops.running() of the next task.")


def memory_table(results):
    """Bytes."""
    found = results.get("memory", {})
    stock, ours, off = (found.get(kernel, {"types": {}, "sections": {}})
                        for kernel in ("stock", "ours", "off"))
    rows = [(f"per {what}", number(stock["types"].get(what)), number(ours["types"].get(what)))
            for what in {**stock["types"], **ours["types"]}]
    if off["sections"]:
        for section, size in off["sections"].items():
            rows.append((f"{section}, more than off", *(
                number(kernel["sections"][section] - size) if kernel["sections"] else "–"
                for kernel in (stock, ours))))
    return ("Memory in bytes", ("what", "stock", "ours"), rows,
            "Sections of vmlinux: what a kernel with sched_ext has more than one without. "
            "text includes constants.")


def plain(table):
    """The table for a terminal."""
    title, heads, rows, note = table
    widths = [max(len(str(row[at])) for row in (heads, *rows)) for at in range(len(heads))]
    lines = [f"== {title}"]
    for row in (heads, *rows):
        lines.append("  ".join(
            cell.ljust(width) if row is heads or _is_text(cell) else cell.rjust(width)
            for cell, width in zip(row, widths)).rstrip())
    return "\n".join(lines + [note, ""])


def _is_text(cell):
    return cell != "–" and not cell[:1].isdigit()


ALL = [workload_table, latency_table, off_table, ops_table, enable_table, queue_table,
       memory_table]


def all_tables(results):
    """Those that have rows."""
    return [table for make in ALL if (table := make(results))[2]]
