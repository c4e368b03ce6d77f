"""What every resource of people and vehicles has in common.

ETags, ids that are taken, and the entry in the audit trail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from busbar.domain.customers import CUSTOMER_NUMBERS, Caller
from busbar.domain.record import Record
from busbar.errors import FieldError, Problem
from busbar.ports.store import Bind, Change, Stored
from busbar.usecases.deps import Deps

_FOLLOWING = frozenset({"waiting_for", "access_ended_at", "removed_at"})
"""Fields that nobody sends: they follow from what was done."""
_SYSTEMS_OWN = frozenset({CUSTOMER_NUMBERS})
_TOLD = ("role", "company_id", "suspended")
"""Fields whose value is a word or an id of ours, which says nothing about a person."""


def etag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'


def check_seen(stored: Stored[Any], seen: int | None, what: str) -> None:
    """Raises a 412 `Problem` if the caller has seen another version than this one."""
    if seen is not None and seen != stored.version:
        raise stale(what)


def stale(what: str) -> Problem:
    """Somebody else was faster."""
    return Problem(
        412,
        f"{what}-changed",
        f"The {what} was changed meanwhile",
        "Read it again, look at what changed, and send your change with the new ETag.",
    )


def fault(status: int, slug: str, title: str, field: str, message: str) -> Problem:
    """A refusal that names one field."""
    return Problem(status, slug, title, f"{field} {message}.", errors=(FieldError(field, message),))


def first_difference(record: Record, given: Mapping[str, Any]) -> str | None:
    """The first of these fields that the record holds otherwise."""
    return next((name for name, value in given.items() if getattr(record, name) != value), None)


Ids = Mapping[str, tuple[str, str | None]]
"""System -> (name of the field in the body, the id that was given, if any)."""


def bindings(record: Record, ids: Ids, deps: Deps) -> list[Change]:
    """Bind the ids that were given. Raises a 409 `Problem` for one that cannot be.

    A binding is never overwritten: a contact of another, or a second one, is for a person.
    """
    schema, found = record.schema_name, list[Change]()
    for system, (field, given) in ids.items():
        if given is None:
            continue
        if deps.store.internal_id(schema, system, given) not in {None, record.id}:
            raise fault(409, "bound-elsewhere", "Bound to another", field, "belongs to another")
        known = deps.store.external_id(schema, record.id, system)
        if known not in {None, given}:
            raise fault(409, "bound-already", "Bound already", field, "is another one already")
        if known is None:
            found.append(Bind(schema, record.id, system, given))
    return found


def entry(
    caller: Caller,
    action: str,
    after: Record,
    deps: Deps,
    *,
    before: Record | None = None,
    bound: Sequence[Change] = (),
) -> Sequence[Change]:
    """The entry in the audit trail for what the caller does, to be written together with it.

    `before` is None where the record is made or removed. Told are names of fields and systems,
    words and ids of ours: never a value that says something about a person.
    """
    details = dict(_words(before, after))
    if before:
        details["changed"] = ", ".join(_changed(before, after))
    systems = {change.system for change in bound if isinstance(change, Bind)} - _SYSTEMS_OWN
    details["bound"] = ", ".join(sorted(systems))
    told = {name: value for name, value in details.items() if value}
    return deps.audit.entry(caller, action, after.schema_name, after.id, details=told)


def _changed(before: Record, after: Record) -> Iterator[str]:
    for name in type(after).model_fields:
        if name not in _FOLLOWING and getattr(before, name) != getattr(after, name):
            yield name


def _words(before: Record | None, after: Record) -> Iterator[tuple[str, str]]:
    for name in _TOLD:
        value = getattr(after, name, None)
        was = getattr(before, name, None) if before else None
        if value != was and (before or value):
            yield name, str(value).lower() if isinstance(value, bool) else str(value or "")
