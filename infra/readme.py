"""Writes what is made in pages: the table of use cases and the picture of a wallbox order in the
README, the schemas of entities in the page of `entities`.

python -m infra.readme
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from busbar.domain.core_schemas import core_catalogue
from busbar.domain.schemas import Schema
from infra.catalog import USE_CASES, UseCase
from infra.machines import definition
from infra.picture import drawn

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
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


def schemas() -> str:
    """The schemas of entities: how each is found and listed, its attributes, whom it leads to."""
    found = [core_catalogue().get(name) for name in core_catalogue().names()]
    common = set.intersection(*(set(one.attributes) for one in found))
    head = "| Schema | Unique | Filters | Relations | Other attributes |"
    lines = [head, "|---|---|---|---|---|", *(_row(one, common) for one in found)]
    listed = ", ".join(f"`{name}`" for name in sorted(common))
    return "\n".join([*lines, "", f"Each has {listed}, too, of which `external_id` is unique."])


def _row(of: Schema, common: Collection[str]) -> str:
    own = [one for one in of.attributes.values() if one.name not in common]
    unique = [f"`{one.name}`" for one in own if one.unique]
    filters = [f"`{name}`" for name in of.filters]
    related = [
        f"`{one.name}`{' → ' + ', '.join(one.to) if one.to else ''}"
        for one in own
        if one.type == "relation"
    ]
    other = [
        f"`{one.name}`{'' if one.type == 'string' else ' ' + one.type}"
        for one in own
        if not one.unique and one.type != "relation"
    ]
    cells = (", ".join(unique), ", ".join(filters), "; ".join(related), ", ".join(other))
    return " | ".join((f"| `{of.name}`", *cells)) + " |"


MADE: Mapping[Path, Mapping[str, Callable[[], str]]] = {
    README: {"use cases": table, "wallbox order": picture},
    ROOT / "functions" / "entities" / "README.md": {"schemas": schemas},
}
"""Page -> part of it -> what makes it."""


def with_made_parts(page: Path, text: str) -> str:
    """A page's text with its made parts as they have to be. Raises `ValueError` without their
    marks."""
    for part, make in MADE[page].items():
        begin, end = BEGIN.format(part), END.format(part)
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"{page.relative_to(ROOT)} needs the lines {begin} and {end}")
        text = f"{before}{begin}\n{make()}\n{end}{after}"
    return text


if __name__ == "__main__":
    for each in MADE:
        each.write_text(with_made_parts(each, each.read_text()))
