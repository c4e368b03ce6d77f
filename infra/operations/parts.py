"""Parts of answers that several operations share, and the values of the examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from infra.operations import Header, Json, Operation, Parameter, Problems, Says, View

ORDER_ID = "0RDER00000001"
VEHICLE_ID = "VEH1C7E000001"
COMPANY_ID = "00000000N0RDW"
AT = "2026-03-02T08:00:00+00:00"
ADDRESS: Json = {
    "name": "Nordwind Logistik GmbH",
    "street": "Hafenstraße",
    "house_number": "12",
    "postal_code": "26122",
    "city": "Oldenburg",
    "country": "DE",
}
REPLAYED: Sequence[Header] = ("Idempotent-Replayed",)
MADE: Sequence[Header] = ("ETag", "Location", "Idempotent-Replayed")
DRY_RUN = Parameter(
    {"type": "string", "enum": ["true", "false"], "default": "false"},
    "Whether to say only what would be done.",
)
ETAG: Sequence[Header] = ("ETag",)


class AddressView(View):
    """A postal address; `country` is ISO 3166-1 alpha-2."""

    name: str
    street: str
    house_number: str
    postal_code: str
    city: str
    country: str


class LineFault(View):
    """What is wrong with a line, by its column."""

    field: str
    message: str


class LineDone(View):
    """A line that is in, now or already."""

    line: int
    outcome: Literal["created", "unchanged"]
    id: str


class LineRefused(View):
    """A line that was not taken, and why."""

    line: int
    outcome: Literal["refused"]
    errors: list[LineFault]


class LinePostponed(View):
    """A line for which there was no time: send it again."""

    line: int
    outcome: Literal["postponed"]


class ImportReport(View):
    """What an import came to: how many lines of each outcome, and each line by its number."""

    dry_run: bool
    created: int
    unchanged: int
    refused: int
    postponed: int
    lines: list[LineDone | LineRefused | LinePostponed]


def imported(what: str, file: str, problems: Problems | None = None) -> Operation:
    """The import of such things; `file` is an example."""
    report = {"dry_run": False, "created": 1, "unchanged": 0, "refused": 1, "postponed": 0}
    fault = {"field": "line", "message": "has more values than there are columns"}
    lines = [
        {"line": 2, "outcome": "created", "id": ORDER_ID},
        {"line": 3, "outcome": "refused", "errors": [fault]},
    ]
    return Operation(
        f"Import {what} by CSV; a dry run says what would be done, and needs no key",
        {200: Says("The report", ImportReport, {**report, "lines": lines}, REPLAYED)},
        csv=file,
        query={"dry_run": DRY_RUN},
        key="unless_dry_run",
        problems=problems or {},
    )
