"""Shows what waits for a person's decision: open tasks, each in a sentence for the clerk."""

from __future__ import annotations

from busbar.domain.authorisation import require
from busbar.domain.customers import Caller
from busbar.domain.identifiers import is_id
from busbar.domain.task_texts import task_text
from busbar.domain.tasks import OPEN, Task
from busbar.errors import Problem
from busbar.ports import Json, Stored
from busbar.usecases.deps import Deps
from busbar.usecases.pages import read_page


def list_tasks(caller: Caller, deps: Deps, *, limit: int, cursor: str | None) -> Json:
    """The open tasks of the org, newest change first. Raises `Problem` 400 or 403."""
    require(caller, "tasks_list")
    page = read_page(deps, Task, OPEN, limit, cursor)
    return {"tasks": [_view(stored) for stored in page.items], "next_cursor": page.cursor}


def show_task(caller: Caller, deps: Deps, task_id: str) -> Json:
    """One task. Raises a 404 `Problem` if there is none."""
    require(caller, "tasks_show")
    stored = deps.store.get(Task, task_id) if is_id(task_id) else None
    if stored is None:
        raise Problem(404, "task-not-found", "No such task")
    return _view(stored)


def _view(stored: Stored[Task]) -> Json:
    """A task as clerks see it; `subject` is None where nothing of ours could be made out."""
    task = stored.record
    subject = {"schema": task.subject_schema, "id": task.subject_id} if task.subject_id else None
    return {
        "id": task.id,
        "kind": task.kind,
        "text": task_text(task),
        "subject": subject,
        "system": task.system or None,
        "reason": task.reason,
        "cause": task.cause,
        "opened_at": task.opened_at.isoformat(),
        "changed_at": stored.changed_at.isoformat(),
    }
