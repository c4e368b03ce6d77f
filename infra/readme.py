"""Writes what is made in the README: the table of use cases and the picture of a wallbox order.

python -m infra.readme
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from infra.catalog import USE_CASES, UseCase
from infra.machines import definition
from infra.picture import drawn

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN = "<!-- {}: made by `python -m infra.readme` -->"
END = "<!-- end of {} -->"


def triggers(case: UseCase) -> str:
    """What starts a use case, in a few words."""
    found = [f"`{r.method} {r.path}`" for r in case.routes]
    found += [f"`{r.method} {r.path}`, signed" for r in case.signed_routes]
    if case.queue:
        event = {
            "assigned_event": "`ChargeCardAssigned__e`",
            "status_event": "`OrderStatusChanged__e`",
            "wallbox_assigned_event": "`WallboxAssigned__e`",
            "review_event": "`InstallationReviewed__e`",
        }
        fed = "uploaded files" if case.queue.uploads else "outbox"
        found.append(f"queue, {event[case.queue.events] if case.queue.events else fed}")
    if case.machine:
        found.append("its state machine")
    if case.every_minutes:
        every = "minute" if case.every_minutes == 1 else f"{case.every_minutes} minutes"
        found.append(f"every {every}")
    if case.stream:
        found.append("the table's stream")
    return "<br>".join(found)


def table() -> str:
    """The table, with a link to each use case's own page."""
    lines = ["| Use case | What it does | Started by |", "|---|---|---|"]
    lines += [
        f"| [`{c.name}`](functions/{c.name}/README.md) | {c.summary} | {triggers(c)} |"
        for c in USE_CASES
    ]
    return "\n".join(lines)


def picture() -> str:
    """The ways of a wallbox order, from the definition of its state machine."""
    return f"```mermaid\n{drawn(json.loads(definition('wallbox_provisioning')))}\n```"


MADE: Mapping[str, Callable[[], str]] = {"use cases": table, "wallbox order": picture}
"""Part of the README -> what makes it."""


def with_made_parts(text: str) -> str:
    """A README with its made parts as they have to be. Raises `ValueError` without their marks."""
    for part, make in MADE.items():
        begin, end = BEGIN.format(part), END.format(part)
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"README.md needs the lines {begin} and {end}")
        text = f"{before}{begin}\n{make()}\n{end}{after}"
    return text


if __name__ == "__main__":
    README.write_text(with_made_parts(README.read_text()))
