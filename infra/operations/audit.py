"""GET /v1/audit, and POST /v1/audit/verify."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from busbar.usecases.audit import Verification
from infra.local.people import PEOPLE
from infra.operations import LIMIT, Operation, Parameter, Says, View
from infra.operations.parts import AT


class EntryView(View):
    """An entry of the trail; `hash` stands over all of it and the `previous` one's."""

    format: int
    sequence: int
    at: datetime
    actor: str
    role: str
    action: str
    subject_schema: str
    subject_id: str
    reason: str
    details: dict[str, str] = Field(description="Ids, codes and words of ours.")
    correlation_id: str
    previous: str
    hash: str


class EntryPage(View):
    """Entries, newest first; `next_cursor` is null on the last page."""

    entries: list[EntryView]
    next_cursor: str | None


class HeadView(View):
    """The end of the chain: note it down, and have it verified later."""

    sequence: int
    hash: str


class VerdictView(View):
    """Whether the chain is as it was written from `first` to `last`.

    `broken_at` is the first place that is not, `fault` why; `next` is where to go on.
    """

    intact: bool
    first: int
    last: int
    head: HeadView
    broken_at: int | None
    fault: str
    next: int | None


HASH = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"
ENTRY = {
    "format": 1,
    "sequence": 1,
    "at": AT,
    "actor": PEOPLE["operator"],
    "role": "operator",
    "action": "tasks_resume",
    "subject_schema": "task",
    "subject_id": "0TASK00000001",
    "reason": "Kundennummer in Salesforce nachgetragen",
    "details": {"kind": "parked_step"},
    "correlation_id": "portal-0001-sample",
    "previous": "0" * 64,
    "hash": HASH,
}
VERDICT = {
    "intact": True,
    "first": 1,
    "last": 1,
    "head": {"sequence": 1, "hash": HASH},
    "broken_at": None,
    "fault": "",
    "next": None,
}
PLACE = Parameter(
    {"type": "string", "pattern": "^[0-9]{1,12}$"},
    "`next_cursor` of the page before; leave it out for the first page.",
)
OPERATIONS = {
    "audit_list": Operation(
        "Who decided what, when and why, newest first",
        {200: Says("A page of entries", EntryPage, {"entries": [ENTRY], "next_cursor": None})},
        query={"limit": LIMIT, "cursor": PLACE},
    ),
    "audit_verify": Operation(
        "Whether the trail is as it was written; without a body from its start on",
        {200: Says("The verdict", VerdictView, VERDICT)},
        body=Verification,
        body_optional=True,
        bodies={
            "from its start on": {},
            "with an entry that was noted": {"first": 1, "mark": {"sequence": 1, "hash": HASH}},
        },
    ),
}
