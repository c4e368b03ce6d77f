"""Writes the README's table of use cases from the catalogue: `python -m infra.readme`."""

from __future__ import annotations

from pathlib import Path

from infra.catalog import USE_CASES, UseCase

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN = "<!-- use cases: made by `python -m infra.readme` -->"
END = "<!-- end of use cases -->"


def triggers(case: UseCase) -> str:
    """What starts a use case, in a few words."""
    found = [f"`{r.method} {r.path}`" for r in case.routes]
    found += [f"`{r.method} {r.path}`, signed" for r in case.signed_routes]
    if case.queue:
        event = {
            "assigned_event": "`ChargeCardAssigned__e`",
            "status_event": "`OrderStatusChanged__e`",
        }
        found.append(f"queue, {event[case.queue.events]}" if case.queue.events else "queue, outbox")
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


def with_table(text: str) -> str:
    """A README with the table as it has to be. Raises `ValueError` without the two markers."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"README.md needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
