"""What be.ENERGISED says of cards, read field by field. Raises `UnreadableError`.

Unknown fields are not looked at, only kept where a write has to send them back. Booleans come as
JSON booleans or as the strings that a PUT needs; documented is only the string of the PUT, so both
are read.
"""

from __future__ import annotations

from typing import Any

from busbar.connectors.reading import (
    UnreadableError,
    instant,
    members,
    nests_at_most,
    text_or_none,
    whole,
)
from busbar.domain.cards import BackendCard
from busbar.ports.energised import CardPage

READ_ONLY = frozenset({"blocked", "updated_at"})
"""Fields that only be.ENERGISED sets: never sent back."""
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_DEEPEST = 32
"""Levels of nesting in a field that we do not know; mappings take 64."""


def boolean(row: dict[str, Any], name: str, default: bool | None = None) -> bool:
    """A boolean, as JSON or as a string; `default` where the field is absent or null."""
    value = row.get(name, default)
    if value is None:
        value = default
    if isinstance(value, str):
        value = _BOOLEANS.get(value.lower())
    if not isinstance(value, bool):
        raise UnreadableError(name)
    return value


def identifier(row: dict[str, Any], name: str) -> str | None:
    """An id or number that is text to us; an integer is taken as its digits."""
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text_or_none(row, name)


def card_of(row: dict[str, Any]) -> BackendCard:
    """The card in an answer. Only `id`, `active` and `updated_at` must be there."""
    card_id = identifier(row, "id")
    if card_id is None:
        raise UnreadableError("id")
    return BackendCard(
        id=card_id,
        tag=identifier(row, "tag") or "",
        number=identifier(row, "number") or "",
        reference=identifier(row, "reference") or "",
        active=boolean(row, "active"),
        blocked=boolean(row, "blocked", default=False),
        label=text_or_none(row, "label") or "",
        contact_id=identifier(row, "contact_id"),
        billing_contact_id=identifier(row, "billing_contact_id"),
        updated_at=instant(row, "updated_at"),
    )


def whole_card_of(row: dict[str, Any]) -> BackendCard:
    """The card with its raw row, so that a write can send back what we do not know."""
    raw = {name: value for name, value in row.items() if name not in READ_ONLY}
    if not nests_at_most(raw, _DEEPEST):
        raise UnreadableError("body")
    return card_of(row).model_copy(update={"raw": raw})


def confirm_written(row: dict[str, Any], card_id: str) -> None:
    """Accept the answer to a PUT: the card that was to be written (assumed)."""
    if identifier(row, "id") != card_id:
        raise UnreadableError("id")


def following(page: dict[str, Any], offset: int, rows: int) -> int | None:
    """The offset after a page of so many rows, None at the end.

    `meta.total` (assumed) or `meta.pagination.total`, which the CPO API has (documented), is read.
    The page size is clamped silently, so reading goes on by the number of rows that came.
    """
    meta = members(page.get("meta"), "meta")
    meta = members(meta.get("pagination", meta), "pagination")
    after = offset + rows
    return None if not rows or after >= whole(meta, "total") else after


def page_of(answer: object, offset: int) -> CardPage:
    """A page of the card list: `{"data": [card], "meta": {"total"}}` (assumed).

    A row that cannot be read is named and left out: it must not hide the cards beside it.
    """
    value = members(answer)
    found = value.get("data")
    if not isinstance(found, list):
        raise UnreadableError("data")
    after = following(value, offset, len(found))
    read = [_listed(row) for row in found]
    return CardPage(
        cards=tuple(card for card in read if isinstance(card, BackendCard)),
        following=after,
        unreadable=tuple(card_id for card_id in read if isinstance(card_id, str)),
    )


def _listed(row: object) -> BackendCard | str:
    """The card in a row of the list, or the row's id if that is all that can be read of it."""
    if not isinstance(row, dict):
        return ""
    try:
        return card_of(row)
    except UnreadableError:
        return _id_at_least(row)


def _id_at_least(row: dict[str, Any]) -> str:
    try:
        return identifier(row, "id") or ""
    except UnreadableError:
        return ""
