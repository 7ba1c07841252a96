# SPDX-License-Identifier: GPL-2.0
"""The tables of clients/, and where results are kept."""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE.parent / "vm"))
# pylint: disable=wrong-import-position
from vmlib.host import BUILD, ROOT, Problem

CLIENTS = BUILD / "clients"
RESULTS = CLIENTS / "results"
#: A fair one is a scheduler that promises equal tasks equal shares.
KINDS = ("scheduler", "fair", "tool")
#: Per cent by which the share of one of a few equal tasks may be off.
FAIR = 10
UNFAIR = "It promises fairness, and equal tasks did not get equal shares."
#: What the command line calls a kernel, and the flavour that is meant.
KERNELS = {"ours": "default", "stock": "stock", "debug": "debug", "debian": "debian"}


@dataclass
class Row:
    """Something that is run."""
    name: str
    crates: list
    kind: str
    command: str

    @property
    def slug(self):
        """The name as a file has it."""
        return self.name.replace(" ", "-")


def fields(path, count):
    """The fields of each line of a table, comments left out."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = [field.strip() for field in line.split("|", count - 1)]
        if len(found) != count or not all(found):
            raise Problem(f"{path.relative_to(ROOT)}:{number}: {count} fields are expected")
        yield found


def locked():
    """{crate: version} of the lock file."""
    return {name: version for name, version, _ in fields(HERE / "clients.lock", 3)}


def rows():
    """All rows, in order."""
    found, crates = [], locked()
    for name, words, kind, command in fields(HERE / "rows", 4):
        if kind not in KINDS:
            raise Problem(f"clients/rows: '{kind}' is neither of {', '.join(KINDS)}")
        row = Row(name, words.split(), kind, command)
        unknown = set(row.crates) - crates.keys()
        if unknown:
            raise Problem(f"clients/rows: clients.lock has no {', '.join(sorted(unknown))}")
        found.append(row)
    return found


def explanations():
    """[(expression, whose the fault is and why)]"""
    return [(re.compile(pattern), text)
            for pattern, text in fields(HERE / "explained", 2)]


def explain(error):
    """What is known of an error, or nothing."""
    for pattern, text in explanations():
        if pattern.search(error):
            return text
    return ""


def unfair(facts):
    """Whether a scheduler has not kept its promise of fairness."""
    return facts["fair"] and facts["uneven"] is not None and facts["uneven"] > FAIR


def path_of(kernel, machine, row):
    """The file with a result."""
    return RESULTS / kernel / machine / f"{row.slug}.json"


def result(kernel, machine, row):
    """A result, or None."""
    path = path_of(kernel, machine, row)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
