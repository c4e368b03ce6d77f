"""The page that shows what a simulator holds. No script, no outside resource."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.simulators.simulator import Simulator

_ROWS_SHOWN = 200
_CALLS_SHOWN = 50
_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:78rem;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .4rem}
h2 small,p{font-weight:400;opacity:.75}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.86rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.28rem .7rem .28rem 0;border-bottom:1px solid #8884;
white-space:nowrap;max-width:26rem;overflow:hidden;text-overflow:ellipsis}
th{font-weight:600;opacity:.7}
.down{color:#c02020;font-weight:600}
"""


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return escape(str(value))


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = f"<h2>{escape(title)} <small>{len(rows)}</small></h2>"
    if not rows:
        return f"{head}<p>None.</p>"
    titles = "".join(f"<th>{escape(c)}</th>" for c in columns)
    lines = "".join(
        "<tr>" + "".join(f"<td>{_cell(v)}</td>" for v in row) + "</tr>"
        for row in rows[:_ROWS_SHOWN]
    )
    more = len(rows) - _ROWS_SHOWN
    foot = f"<p>{more} more rows: see <a href='/_sim/state'>state</a>.</p>" if more > 0 else ""
    return f"{head}<div class=scroll><table><tr>{titles}</tr>{lines}</table></div>{foot}"


def _time(moment: datetime) -> str:
    return f"{moment:%H:%M:%S.%f}"[:-3]


def _common(simulator: Simulator) -> str:
    faults = simulator.faults.listed()
    calls = list(simulator.calls)[-_CALLS_SHOWN:][::-1]
    return (
        _table(
            "Faults that are set",
            ["Kind", "Matches", "Operation", "Count", "Seen", "Hit"],
            [
                [f["kind"], f["match"], f["operation"], f["count"], f["seen"], f["hits"]]
                for f in faults
            ],
        )
        + _table(
            "Latest calls",
            ["Time", "Method", "Path", "Operation", "Status", "Fault", "Correlation"],
            [
                (_time(c.at), c.method, c.path, c.operation, c.status, c.fault, c.correlation_id)
                for c in calls
            ],
        )
        + _table(
            "Routes",
            ["Method", "Path", "Label", "Note"],
            [[r.method, r.pattern, r.label, r.note] for r in simulator.routes],
        )
    )


def render(simulator: Simulator) -> str:
    """The page as HTML."""
    name = escape(simulator.name)
    state = "<p class=down>Down: every call is refused.</p>" if simulator.is_down else ""
    tables = "".join(_table(t.title, t.columns, t.rows) for t in simulator.tables())
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{name} simulator</title>"
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
        f"<h1>{name} simulator</h1><p>Its clock says {simulator.now():%Y-%m-%d %H:%M:%S} UTC. "
        f"As JSON: <a href='/_sim/state'>state</a>, <a href='/_sim/calls'>calls</a>, "
        f"<a href='/_sim/routes'>routes</a>, <a href='/_sim/faults'>faults</a>.</p>{state}"
        f"{tables}{_common(simulator)}</html>"
    )
