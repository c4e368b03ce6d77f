"""Shows what waits for a person's decision, each in a sentence for the clerk; and takes decisions.

A decision is one transaction: the task is closed, the row that it is about changed, the errand that
goes on with it in the outbox, and who decided what in the audit trail. A crash leaves all of it or
nothing; the work itself is done by the workers that do it anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from busbar.domain.authorisation import require
from busbar.domain.cards import ChargeCard
from busbar.domain.customers import Caller
from busbar.domain.identifiers import is_id
from busbar.domain.orders import ChargeCardOrder
from busbar.domain.task_texts import task_text
from busbar.domain.tasks import CLOSED, OPEN, Action, Decision, Task
from busbar.domain.wallbox_orders import WallboxOrder
from busbar.domain.wallboxes import Wallbox
from busbar.errors import Problem
from busbar.observability import logger
from busbar.ports.runtime import Json
from busbar.ports.store import Save, Stored
from busbar.settings.modes import Mode
from busbar.usecases import task_cards as cards
from busbar.usecases import task_customers as customers
from busbar.usecases import task_orders as orders
from busbar.usecases import task_wallbox_assets as assets
from busbar.usecases import task_wallboxes as wallboxes
from busbar.usecases.deps import Deps, until_written
from busbar.usecases.pages import PAGE_QUERY, bad_parameter, read_page
from busbar.usecases.task_ways import (
    Adoption,
    Asked,
    Confirmable,
    Way,
    Wish,
    acknowledge,
    not_possible,
    stale,
)

LIST_QUERY = ("status", *PAGE_QUERY)
BODIES: Mapping[Action, type[Wish]] = {
    "resume": Wish,
    "retry": Confirmable,
    "adopt": Adoption,
    "cancel": Confirmable,
}
"""What a decision has to say."""
_ORDER, _CARD = ChargeCardOrder.schema_name, ChargeCard.schema_name
_WALLBOX, _WALLBOXES = Wallbox.schema_name, WallboxOrder.schema_name
_NOTED: Mapping[Action, Way] = {"cancel": acknowledge}
WAYS: Mapping[tuple[str, str], Mapping[Action, Way]] = {
    ("parked_step", _ORDER): {
        "resume": orders.resume_step,
        "retry": orders.retry_step,
        "adopt": orders.adopt_order,
        "cancel": orders.cancel_order,
    },
    ("waited_too_long", _ORDER): {
        "resume": orders.resume_wait,
        "adopt": orders.adopt_order,
        "cancel": orders.cancel_order,
    },
    ("parked_state", _CARD): {"resume": cards.want_again, "cancel": cards.drop_wish},
    ("waited_too_long", _CARD): {"resume": cards.want_again, "cancel": cards.drop_wish},
    ("parked_step", _WALLBOXES): {
        "resume": wallboxes.resume_step,
        "retry": wallboxes.retry_step,
        "adopt": wallboxes.adopt_object,
        "cancel": wallboxes.cancel_order,
    },
    ("waited_too_long", _WALLBOXES): {
        "resume": wallboxes.resume_wait,
        "adopt": wallboxes.adopt_object,
        "cancel": wallboxes.cancel_order,
    },
    ("parked_state", _WALLBOXES): {
        "resume": wallboxes.resume_state,
        "cancel": wallboxes.cancel_order,
    },
    ("similar_customer", _WALLBOXES): {
        "resume": customers.another_person,
        "cancel": customers.cancel_orders,
    },
    ("parked_step", _CARD): {
        "resume": cards.resume_registration,
        "retry": cards.retry_registration,
        "adopt": cards.adopt_contact,
        **_NOTED,
    },
    ("parked_state", _WALLBOX): {"resume": assets.want_again, "cancel": assets.drop_wish},
    ("waited_too_long", _WALLBOX): {"resume": assets.want_again, "cancel": assets.drop_wish},
    ("station_not_found", _WALLBOX): {"resume": assets.find_again, **_NOTED},
    ("parked_event", _WALLBOXES): {"resume": assets.read_again, **_NOTED},
    ("card_not_synchronised", _WALLBOXES): {"resume": assets.read_again, **_NOTED},
    ("parked_event", _ORDER): {"resume": orders.reread_status, **_NOTED},
    ("card_not_synchronised", _ORDER): {"resume": orders.look_again, **_NOTED},
}
"""The ways out of a task, by its kind and the schema of its subject."""
NOTED = frozenset(
    {
        "parked_event",
        "forbidden_transition",
        "card_not_synchronised",
        "divergence",
        "not_leading_system",
    }
)
"""Kinds that can be closed whatever their subject is: nothing of ours waits for them."""


def list_tasks(caller: Caller, deps: Deps, *, status: str, limit: int, cursor: str | None) -> Json:
    """The open or closed tasks of the org, newest change first. Raises `Problem` 400 or 403."""
    require(caller, "tasks_list")
    if status not in {OPEN, CLOSED}:
        raise bad_parameter("status", f"has to be {OPEN} or {CLOSED}")
    page = read_page(deps, Task, status, limit, cursor)
    return {"tasks": [_view(stored, deps) for stored in page.items], "next_cursor": page.cursor}


def show_task(caller: Caller, deps: Deps, task_id: str) -> Json:
    """One task. Raises a 404 `Problem` if there is none."""
    require(caller, "tasks_show")
    return _view(_task(task_id, deps), deps)


def decide(
    caller: Caller,
    deps: Deps,
    task_id: str,
    action: Action,
    wish: Wish,
    *,
    seen: int | None,
    decision_id: str,
) -> Json:
    """Take a decision; the task as it stands then. Safe to repeat with the same `decision_id`.

    `seen` is the version of the caller's ETag. Raises `Problem` 404, 409 (not possible, or not
    any more), 412 (somebody else was faster), 422.
    """
    require(caller, f"tasks_{action}")

    def work() -> Json:
        stored = _task(task_id, deps)
        decided = stored.record.decision
        if decided and decided.id == decision_id:
            return _view(stored, deps)
        if seen is not None and seen != stored.version:
            raise stale()
        _commit(caller, Asked(stored, deps, wish), action, decision_id)
        extra = {"task": task_id, "action": action, "by": caller.user.id}
        logger.info("task decided", extra=extra)
        return _view(_task(task_id, deps), deps)

    return until_written(work, deps.clock)


def _commit(caller: Caller, asked: Asked, action: Action, decision_id: str) -> None:
    task, deps = asked.task.record, asked.deps
    way = WAYS.get((task.kind, task.subject_schema), _NOTED).get(action)
    possible = possible_actions(task, deps)
    if way is None or action not in possible:
        raise _not_possible(task, possible)
    decision = Decision(
        id=decision_id,
        action=action,
        by=caller.user.id,
        role=caller.user.role.value,
        at=deps.clock.now(),
        reason=asked.wish.reason,
        external_id=asked.external_id,
    )
    looked = asked.not_found_at.isoformat() if asked.not_found_at else ""
    details = {"cause": task.cause, "kind": task.kind, "external_id": asked.external_id}
    details |= {"subject_schema": task.subject_schema, "subject_id": task.subject_id}
    details |= {"not_found_at": looked}
    noted = {name: value for name, value in details.items() if value}
    deps.store.commit(
        Save(task.decided(decision), asked.task),
        *way(asked),
        *deps.audit.entry(
            caller, f"tasks_{action}", Task.schema_name, task.id, decision.reason, noted
        ),
    )


def possible_actions(task: Task, deps: Deps) -> list[Action]:
    """What can be decided of the task, as far as the task itself tells."""
    if task.decision:
        return []
    ways = WAYS.get((task.kind, task.subject_schema), _NOTED if task.kind in NOTED else {})
    left: set[Action] = set()
    if task.kind == "parked_step":
        # Either it goes on by a probe, or a person has to look: he may have entered it himself.
        modes = {_WALLBOXES: wallboxes.mode_of, _CARD: _register_mode}
        mode = modes.get(task.subject_schema, _order_mode)(task, deps)
        left = {"resume"} if mode == "none" else {"retry"}
    if task.kind == "parked_event" and not is_id(task.subject_id):
        left = {"resume"}  # it names no order of ours
    return [action for action in ways if action not in left]


def _register_mode(_task: Task, deps: Deps) -> Mode:
    return deps.energised.register_mode


def _order_mode(_task: Task, deps: Deps) -> Mode:
    return deps.salesforce.mode


def _not_possible(task: Task, possible: list[Action]) -> Problem:
    if task.decision:
        return Problem(
            409,
            "task-closed",
            "The task is closed",
            "Somebody has decided it; if its cause is met again, it opens anew.",
        )
    can = f"Possible are: {', '.join(possible)}." if possible else "Nothing can be decided of it."
    return not_possible(can)


def _task(task_id: str, deps: Deps) -> Stored[Task]:
    stored = deps.store.get(Task, task_id) if is_id(task_id) else None
    if stored is None:
        raise Problem(404, "task-not-found", "No such task")
    return stored


def _view(stored: Stored[Task], deps: Deps) -> Json:
    """A task as clerks see it; `subject` is None where nothing of ours could be made out."""
    task = stored.record
    subject = {"schema": task.subject_schema, "id": task.subject_id} if task.subject_id else None
    status: Literal["open", "closed"] = "closed" if task.decision else "open"
    return {
        "id": task.id,
        "status": status,
        "kind": task.kind,
        "text": task_text(task),
        "actions": possible_actions(task, deps),
        "subject": subject,
        "system": task.system or None,
        "reason": task.reason,
        "cause": task.cause,
        "count": task.count,
        "opened_at": task.opened_at.isoformat(),
        "changed_at": stored.changed_at.isoformat(),
        "decision": _decision(task.decision),
        "etag": f'"{stored.version}"',
    }


def _decision(decision: Decision | None) -> Json | None:
    if decision is None:
        return None
    return {
        "action": decision.action,
        "by": decision.by,
        "role": decision.role,
        "at": decision.at.isoformat(),
        "reason": decision.reason,
        "external_id": decision.external_id or None,
    }
