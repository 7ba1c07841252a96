# SPDX-License-Identifier: GPL-2.0
"""The results as tables of the documentation."""

from . import table

#: Events that say something about a scheduler or about how it was served. The others
#: count what happens with any scheduler.
WORTH = ("SELECT_CPU_FALLBACK", "DISPATCH_LOCAL_DSQ_OFFLINE", "BYPASS_ACTIVATE",
         "INSERT_NOT_OWNED")
STATES = (("loads", "loads"), ("survives", "survives"), ("hotplug", "CPU goes"),
          ("clean", "exits"))
SHARES = "shares"
#: The kernels that stand side by side.
BOTH = ("ours", "stock")


class Notes:
    """Numbered notes for cells that say no; the same words have the same number."""

    def __init__(self):
        self.texts = []

    def number(self, text):
        """The number of a note."""
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text) + 1

    def render(self):
        """The list of notes."""
        return "\n".join(f"{number}. {text}" for number, text in enumerate(self.texts, 1))


def note(facts):
    """What stands beside a no."""
    what = facts["splats"][0] if facts["splats"] else "; ".join(facts["faults"])
    line = facts["error"].replace("`", "'")
    known = table.explain(f"{what}: {facts['error']}")
    return " ".join(part for part in (f"{what}:" if line else f"{what}.",
                                      f"``{line}``." if line else "", known) if part)


def ended_note(facts):
    """What stands beside an end that the kernel has asked for."""
    line = facts["ended"].replace("`", "'")
    known = table.explain(f"{facts['row']} ends: {line}")
    return " ".join(part for part in (
        "The program does not load its scheduler again; it ends with status "
        f"{facts['status']}{':' if line else '.'}", f"``{line}``." if line else "", known) if part)


def cell(key, facts, notes):
    """One state of a client that has come this far; None if it has not reached it."""
    value = facts[key]
    if key == "hotplug":
        if facts["tool"]:
            return "–"
        return f"ends ({notes.number(ended_note(facts))})" if value == "ends" else value
    if value is None or value is False:
        return None
    return f"{value} s" if key == "loads" else "yes"


def cells(facts, notes):
    """Loads, survives, lives through hotplug, exits."""
    found = [cell(key, facts, notes) for key, _ in STATES] if facts else [None] * len(STATES)
    done = found.index(None) if None in found else len(found)
    no = [f"no ({notes.number(note(facts))})"] if facts and done < len(found) else []
    return (found[:done] + no + ["–"] * len(found))[:len(found)]


def shares(facts, notes):
    """How far the shares of equal tasks were off."""
    if not facts or facts["uneven"] is None:
        return "–"
    broken = f" ({notes.number(table.UNFAIR)})" if table.unfair(facts) else ""
    return f"{facts['uneven']} %{broken}"


def events(facts):
    """Those worth a look."""
    if not facts:
        return ""
    seen = facts["events"]
    return ", ".join(f"{name} {seen['SCX_EV_' + name]}" for name in WORTH
                     if seen.get(f"SCX_EV_{name}"))


def rst_table(heads, lines):
    """A table as the documentation has it."""
    widths = [max(len(str(line[at])) for line in (heads, *lines)) for at in range(len(heads))]
    rule = "  ".join("=" * width for width in widths)
    out = [rule, "  ".join(head.ljust(width) for head, width in zip(heads, widths)).rstrip(), rule]
    for line in lines:
        out.append("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    return "\n".join(out + [rule, ""])


def kernels(machine):
    """The kernels that have results for a machine, those together that share a table."""
    have = [kernel for kernel in table.KERNELS if (table.RESULTS / kernel / machine).is_dir()]
    both = [kernel for kernel in have if kernel in BOTH]
    return [both] * bool(both) + [[kernel] for kernel in have if kernel not in BOTH]


def machine_table(machine, names, notes):
    """One machine: all rows, the kernels side by side."""
    heads = ["Client", "Version"] + [f"{kernel}: {head}" for kernel in names
                                     for head in (*(head for _, head in STATES), SHARES)]
    heads.append("Events")
    lines, seconds = [], set()
    for row in table.rows():
        facts = {kernel: table.result(kernel, machine, row) for kernel in names}
        if not any(facts.values()):
            continue
        seconds |= {found["seconds"] for found in facts.values() if found}
        lines.append([row.name, table.locked()[row.crates[0]]]
                     + [cell for kernel in names
                        for cell in (*cells(facts[kernel], notes), shares(facts[kernel], notes))]
                     + [events(facts[names[0]])])
    title = f"Machine {machine}" + (f", {names[0]} kernel" if names[0] not in BOTH else "")
    spent = " or ".join(str(number) for number in sorted(seconds))
    return "\n".join([title, "-" * len(title), "", f"Load for {spent} seconds.", "",
                      rst_table(heads, lines)])


def total(kernel):
    """(rows that came through everywhere, rows that ran)."""
    good = ran = 0
    for row in table.rows():
        found = [facts for machine in machines()
                 if (facts := table.result(kernel, machine, row))]
        ran += bool(found)
        good += bool(found) and all(facts["clean"] for facts in found)
    return good, ran


def machines():
    """The machines that have results, the default one first."""
    found = {path.name for path in table.RESULTS.glob("*/*") if path.is_dir()}
    return sorted(found, key=lambda name: (name != "default", name))


def body():
    """All that is written into the page."""
    if not machines():
        raise table.Problem("no results in build/clients/results: run 'make clients'")
    notes = Notes()
    sums = ", ".join(f"{good} of {ran} on {kernel}" for kernel in table.KERNELS
                     for good, ran in [total(kernel)] if ran)
    tables = [machine_table(machine, names, notes)
              for machine in machines() for names in kernels(machine)]
    parts = [f"Everything went well with {sums}.", ""] + tables
    if notes.texts:
        parts += ["Where a cell says no", "--------------------", "", notes.render(), ""]
    return "\n".join(parts)
