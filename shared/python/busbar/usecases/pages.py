"""A page of a list, as every route reads it that has one."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import TypeVar

from busbar.domain.record import Record
from busbar.errors import FieldError, Problem
from busbar.ports.store import Page
from busbar.usecases.deps import Deps

R = TypeVar("R", bound=Record)
_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

LONGEST_PAGE = 100
PAGE_QUERY = ("limit", "cursor")
"""Query parameters of every list."""


def read_page(deps: Deps, schema: type[R], by: str, limit: int, cursor: str | None) -> Page[R]:
    """A page of the list `by` (see `Record.listed_by`), newest change first.

    Raises a 400 `Problem` for a limit or cursor that cannot be.
    """
    check_limit(limit)
    try:
        return deps.store.listed(schema, by, limit=limit, cursor=cursor)
    except ValueError:
        raise bad_parameter("cursor", "is no cursor of this list") from None


def every_page(deps: Deps, schema: type[R], by: str) -> Iterator[Page[R]]:
    """A list to its end, page by page."""
    page = deps.store.listed(schema, by, limit=LONGEST_PAGE)
    yield page
    while page.cursor:
        page = deps.store.listed(schema, by, limit=LONGEST_PAGE, cursor=page.cursor)
        yield page


def cursor_of(place: str) -> str:
    """A place in a list, as an address can carry it."""
    return base64.urlsafe_b64encode(place.encode()).decode()


def place_of(cursor: str) -> bytes:
    """What `cursor_of` was given. Raises `ValueError` for what is none."""
    return base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)


def check_limit(limit: int) -> None:
    """Raises a 400 `Problem` for a limit that cannot be."""
    if not 1 <= limit <= LONGEST_PAGE:
        raise bad_parameter("limit", f"has to be between 1 and {LONGEST_PAGE}")


def is_uuid(value: str) -> bool:
    """Whether it has the form of one."""
    return bool(_UUID.fullmatch(value))


def check_uuid(name: str, value: str) -> None:
    """Raises a 400 `Problem` for what is no UUID."""
    if not is_uuid(value):
        raise bad_parameter(name, "has to be a UUID")


def bad_parameter(name: str, message: str) -> Problem:
    """A 400 that names the query parameter."""
    return Problem(
        400, "invalid-parameter", f"{name} is invalid", errors=(FieldError(name, message),)
    )
