# SPDX-License-Identifier: GPL-2.0
"""Charts of the results, drawn by gnuplot as SVG."""

import shutil
import subprocess

from .machine import Problem
from .workloads import SCHEDULERS, WORKLOADS

COLOURS = {"stock": "#b0b0b0", "ours": "#2060a0"}
SWITCHES = ("pipe", "pipe2", "pipe4", "yield", "futex", "messaging", "mix")


def _gnuplot(path, script):
    program = shutil.which("gnuplot")
    if not program:
        raise Problem(f"no gnuplot to draw {path.name} with: install gnuplot-nox")
    done = subprocess.run([program], input=script, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout.startswith("<?xml"):
        raise Problem(f"gnuplot drew no {path.name}: {done.stderr.strip()}")
    head, rest = done.stdout.split("\n", 1)
    path.write_text(f"{head}\n<!-- SPDX-License-Identifier: GPL-2.0 -->\n{rest}",
                    encoding="utf-8")


def _terminal(width, height):
    return (f"set terminal svg size {width},{height} dynamic font 'sans,11' background '#ffffff'\n"
            "set grid ytics lc rgb '#dddddd'\nset key top left\nset border 3\nset tics nomirror\n")


def _instructions(results, kernel, scheduler, workload):
    found = results["workloads"].get(kernel, {}).get(scheduler, {}).get(workload)
    return found["instructions"] if found else None


def switch_chart(results, path, scheduler="simple"):
    """Bars: what the scheduler costs, the same kernel's EEVDF being 1."""
    rows = []
    for name in SWITCHES:
        row = [name]
        for kernel in COLOURS:
            base = _instructions(results, kernel, "eevdf", name)
            cost = _instructions(results, kernel, scheduler, name)
            row.append(f"{cost / base:.4f}" if base and cost else "NaN")
        rows.append(row)
    if all("NaN" in row for row in rows):
        return False
    data = "\n".join(" ".join(row) for row in rows)
    bars = ", ".join(f"$data using {at}:xtic(1) title '{kernel}' lc rgb '{colour}'"
                     for at, (kernel, colour) in enumerate(COLOURS.items(), 2))
    _gnuplot(path, _terminal(640, 320) + f"$data << end\n{data}\nend\n"
             "set style data histograms\nset style fill solid\nset boxwidth 0.9\n"
             f"set ylabel 'instructions, EEVDF = 1'\nset title 'scx\\_{scheduler}'\n"
             f"set yrange [0:*]\nplot {bars}, 1 notitle lc rgb '#c04020'\n")
    return True


def queue_chart(results, path):
    """Lines: a turn by the length of the queue."""
    lines, data = [], ""
    for kernel, colour in COLOURS.items():
        for dash, order in enumerate(("fifo", "vtime"), 1):
            points = [(at["tasks"], at["turn"])
                      for at in results.get("curves", {}).get("queue", {}).get(kernel, [])
                      if at["queue"] == order and at["cpus"] == 1]
            if not points:
                continue
            text = "\n".join(f"{tasks} {turn}" for tasks, turn in points)
            data += f"${kernel}{order} << end\n{text}\nend\n"
            lines.append(f"${kernel}{order} with linespoints title '{kernel}, {order}' "
                         f"lc rgb '{colour}' dt {dash} pt {5 + 2 * dash} ps 0.5")
    if not lines:
        return False
    _gnuplot(path, _terminal(640, 320) + data + "set logscale x\nset yrange [0:*]\n"
             "set key bottom right\nset xlabel 'tasks in the queue'\n"
             f"set ylabel 'instructions per turn'\nplot {', '.join(lines)}\n")
    return True


def overview_chart(results, path):
    """Bars for each scheduler: one pipe round trip."""
    rows = []
    for scheduler in SCHEDULERS:
        cells = [_instructions(results, kernel, scheduler, "pipe") for kernel in COLOURS]
        if any(cells):
            rows.append(" ".join([scheduler] + [str(cell or "NaN") for cell in cells]))
    if not rows:
        return False
    data = "\n".join(rows)
    bars = ", ".join(f"$data using {at}:xtic(1) title '{kernel}' lc rgb '{colour}'"
                     for at, (kernel, colour) in enumerate(COLOURS.items(), 2))
    _gnuplot(path, _terminal(640, 320) + f"$data << end\n{data}\nend\n"
             "set style data histograms\nset style fill solid\nset boxwidth 0.9\n"
             f"set ylabel 'instructions per {WORKLOADS['pipe'].unit}'\n"
             f"set title 'pipe, one CPU'\nset yrange [0:*]\nplot {bars}\n")
    return True


#: Drawn beside the page; each returns whether there was anything to draw.
CHARTS = {"overview": overview_chart, "switch": switch_chart, "queue": queue_chart}


def draw(results, directory, prefix):
    """Draw what can be drawn: {name: path}."""
    drawn = {}
    for name, make in CHARTS.items():
        path = directory / f"{prefix}{name}.svg"
        if make(results, path):
            drawn[name] = path
    return drawn
