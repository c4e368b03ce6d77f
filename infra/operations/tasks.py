"""GET /v1/tasks and /{task_id}."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from infra.operations import PAGE, Operation, Says, View
from infra.operations.parts import AT, ORDER_ID


class TaskSubject(View):
    """What a task is about."""

    kind: str = Field(alias="schema")
    id: str


class TaskView(View):
    """A decision that waits for a person; `text` is German, for the clerk."""

    id: str
    kind: str
    text: str
    subject: TaskSubject | None
    system: str | None
    reason: str
    cause: str
    opened_at: datetime
    changed_at: datetime


class TaskPage(View):
    """Open tasks, newest change first; `next_cursor` is null on the last page."""

    tasks: list[TaskView]
    next_cursor: str | None


TASK = {
    "id": "0TASK00000001",
    "kind": "parked_step",
    "text": "Salesforce nimmt die Bestellung nicht an. Bitte prüfen.",
    "subject": {"schema": "charge_card_order", "id": ORDER_ID},
    "system": "salesforce",
    "reason": "refused",
    "cause": f"step#salesforce#BBCO{ORDER_ID}",
    "opened_at": AT,
    "changed_at": AT,
}
OPERATIONS = {
    "tasks_list": Operation(
        "What waits for a person's decision, newest change first",
        {200: Says("A page of tasks", TaskPage, {"tasks": [TASK], "next_cursor": None})},
        query=PAGE,
    ),
    "tasks_show": Operation(
        "One task",
        {200: Says("The task", TaskView, TASK)},
        problems={404: ("task-not-found",)},
    ),
}
