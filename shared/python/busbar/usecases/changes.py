"""What every resource of people and vehicles has in common: ETags, and ids that are taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from busbar.domain.record import Record
from busbar.errors import Conflict, FieldError, Problem
from busbar.ports import Bind, Change, Stored
from busbar.usecases.deps import TRIES, Deps

T = TypeVar("T")


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


def unless_seen(seen: int | None, work: Callable[[], T]) -> T:
    """Do `work`; do it anew where somebody was faster and the caller named no version."""
    for _ in range(TRIES):
        try:
            return work()
        except Problem as problem:
            if problem.status != 412 or seen is not None:
                raise
    raise Conflict("others are faster every time")


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
        if deps.store.external_id(schema, record.id, system) not in {None, given}:
            raise fault(409, "bound-already", "Bound already", field, "is another one already")
        found.append(Bind(schema, record.id, system, given))
    return found
