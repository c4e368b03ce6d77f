"""GET /v1/tasks and /{task_id}, and the decisions about one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import Field

from busbar.domain.tasks import Action
from busbar.usecases.tasks import BODIES
from infra.local.people import PEOPLE
from infra.operations import PAGE, Header, Json, Operation, Parameter, Says, View
from infra.operations.parts import AT, ETAG, ORDER_ID


class TaskSubject(View):
    """What a task is about."""

    kind: str = Field(alias="schema")
    id: str


class DecisionView(View):
    """Who decided what of it; `external_id` is what was adopted."""

    action: str
    by: str
    role: str
    at: datetime
    reason: str
    external_id: str | None


class TaskView(View):
    """A decision that waits for a person, or that one has taken; `text` is German, for the clerk.

    `actions` can be decided of it; `etag` is what `If-Match` has to name then.
    """

    id: str
    status: Literal["open", "closed"]
    kind: str
    text: str
    actions: list[Action]
    subject: TaskSubject | None
    system: str | None
    reason: str
    cause: str
    count: int
    opened_at: datetime
    changed_at: datetime
    decision: DecisionView | None
    etag: str


class TaskPage(View):
    """Tasks, newest change first; `next_cursor` is null on the last page."""

    tasks: list[TaskView]
    next_cursor: str | None


TASK: Json = {
    "id": "0TASK00000001",
    "status": "open",
    "kind": "parked_step",
    "text": "Salesforce nimmt die Bestellung nicht an. Bitte prüfen.",
    "actions": ["resume", "adopt", "cancel"],
    "subject": {"schema": "charge_card_order", "id": ORDER_ID},
    "system": "salesforce",
    "reason": "refused",
    "cause": f"step#salesforce#BBCO{ORDER_ID}",
    "count": 1,
    "opened_at": AT,
    "changed_at": AT,
    "decision": None,
    "etag": '"1"',
}
REASON = "Kundennummer in Salesforce nachgetragen"
STATUS = Parameter(
    {"type": "string", "enum": ["open", "closed"], "default": "open"},
    "Whether to list the tasks that wait, or those that were decided.",
)
HEADERS: Sequence[Header] = ("ETag", "Idempotent-Replayed")
NOT_NOW = ("task-closed", "action-not-possible", "task-overtaken", "not-settled")


def decision(action: Action, summary: str, bodies: Mapping[str, Json]) -> Operation:
    """A decision about a task."""
    taken: Json = {"action": action, "by": PEOPLE["operator"], "role": "operator", "at": AT}
    taken |= {"reason": REASON, "external_id": None}
    closed = {**TASK, "status": "closed", "actions": [], "decision": taken, "etag": '"2"'}
    return Operation(
        summary,
        {200: Says("The task, closed", TaskView, closed, HEADERS)},
        body=BODIES[action],
        bodies=bodies,
        key=True,
        if_match="must",
        problems={404: ("task-not-found",), 409: NOT_NOW, 412: ("task-changed",)},
    )


OPERATIONS = {
    "tasks_list": Operation(
        "What waits for a person's decision, or was decided, newest change first",
        {200: Says("A page of tasks", TaskPage, {"tasks": [TASK], "next_cursor": None})},
        query={"status": STATUS, **PAGE},
    ),
    "tasks_show": Operation(
        "One task",
        {200: Says("The task", TaskView, TASK, ETAG)},
        problems={404: ("task-not-found",)},
    ),
    "tasks_resume": decision(
        "resume",
        "Go on from where it stood: what it waited for is mended",
        {"any": {"reason": REASON}},
    ),
    "tasks_retry": decision(
        "retry",
        "Do it again although its outcome is not known: somebody has looked, and it is not there",
        {"looked": {"reason": REASON, "not_found_at": AT}},
    ),
    "tasks_adopt": decision(
        "adopt",
        "Take what is in the other system for what was asked for",
        {"an order": {"reason": REASON, "external_id": "801WA0000000001YAA"}},
    ),
    "tasks_cancel": decision(
        "cancel",
        "Do it no more; of an order its customer reads the reason",
        {
            "any": {"reason": REASON},
            "looked": {"reason": REASON, "not_found_at": AT},
        },
    ),
}
