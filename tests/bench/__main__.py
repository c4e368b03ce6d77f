"""`make bench`: what each use case costs, held against the committed table.

A count that rose fails, until the new table is committed with the reason (`make bench UPDATE=1`).
A count that fell is told, so that the table can be lowered.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.bench.measure import Row, count_imports, count_use_cases, to_json

COMMITTED = Path(__file__).with_name("counts.json")
TIMES = frozenset({"cpu ms", "times boto3"})
"""Printed, never compared: they are the machine's."""
SLACK = {"modules": 15.0}
"""Modules differ a little between versions of Python."""


def table(title: str, rows: dict[str, Row]) -> None:
    """Print rows as a table."""
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    width = max(map(len, rows))
    print(f"\n{title:<{width}}  " + "  ".join(f"{c:>16}" for c in columns))
    for name, row in rows.items():
        print(f"{name:<{width}}  " + "  ".join(f"{row.get(c, 0):>16g}" for c in columns))


def compare(rows: dict[str, Row], committed: dict[str, Row]) -> tuple[list[str], list[str]]:
    """Sentences about what rose (or is new), and about what fell (or is gone)."""
    rose = [f"{name}: is not in the committed table" for name in rows if name not in committed]
    fell = [f"{name}: is not measured any more" for name in committed if name not in rows]
    for name, row in rows.items():
        for column, value in row.items():
            old = committed.get(name, {}).get(column)
            if column in TIMES or old is None:
                continue
            if value > old + SLACK.get(column, 0):
                rose.append(f"{name}: {column} {old:g} -> {value:g}")
            elif value < old - SLACK.get(column, 0):
                fell.append(f"{name}: {column} {old:g} -> {value:g}")
    return rose, fell


def main() -> int:
    """Measure, print, compare; 1 if something rose."""
    costs, loads = count_use_cases(), count_imports()
    table("use case: situation", costs)
    table("imports of a function", loads)
    rows = {**costs, **{f"import {k}": {"modules": v["modules"]} for k, v in loads.items()}}
    if os.environ.get("UPDATE") == "1":
        COMMITTED.write_text(to_json(rows))
        print(f"\nWritten to {COMMITTED.name}: commit it with the reason.")
        return 0
    rose, fell = compare(rows, json.loads(COMMITTED.read_text()))
    for line in fell:
        print(f"fell  {line}")
    for line in rose:
        print(f"ROSE  {line}")
    if rose:
        print("\nExplain the rise in the commit that makes it: make bench UPDATE=1")
        return 1
    print("\nNo count rose.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
