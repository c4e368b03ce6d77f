"""What Salesforce says of an object, as our user sees it: `GET …/sobjects/{object}/describe`.

A field that our user may not see is left out of the answer (documented), so "missing" and "no right
to see it" look the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from busbar.connectors.exchange import Ask, path_segment
from busbar.connectors.reading import UnreadableError, json_of, members, rows, text, text_or_none
from busbar.connectors.salesforce.client import SalesforceClient
from busbar.errors import Missing


@dataclass(frozen=True)
class SeenField:
    """A field of the answer: what our user may do with it, and how it tells records apart."""

    createable: bool
    updateable: bool
    external_id: bool
    unique: bool
    filterable: bool
    relationship: str = ""


@dataclass(frozen=True)
class SeenObject:
    """An object of the answer; fields by name in lower case, as Salesforce knows no case."""

    name: str
    createable: bool
    updateable: bool
    queryable: bool
    request_id: str
    fields: Mapping[str, SeenField] = field(default_factory=dict)

    def field(self, name: str) -> SeenField | None:
        """The field of this name, if it is seen."""
        return self.fields.get(name.lower())

    def has_relationship(self, name: str) -> bool:
        """Whether a path can begin with `name`, e.g. `BusbarOrder__r`."""
        return any(f.relationship.lower() == name.lower() for f in self.fields.values())


def describe(client: SalesforceClient, name: str, timeout: float) -> SeenObject | None:
    """The object; None if there is none, or our user may not see it."""
    path = f"{client.base_path}/sobjects/{path_segment(name)}/describe"
    ask = Ask("describe", "GET", path)
    budget = client.budget(timeout)
    try:
        answer = client.call(ask, budget)
    except Missing:
        return None
    try:
        return _object_of(members(json_of(answer.body)), answer.request_id)
    except UnreadableError as error:
        raise client.unreadable(ask, error, answer) from None


def _object_of(row: dict[str, Any], request_id: str) -> SeenObject:
    return SeenObject(
        name=text(row, "name"),
        createable=_true(row, "createable"),
        updateable=_true(row, "updateable"),
        queryable=_true(row, "queryable"),
        request_id=request_id,
        fields={text(f, "name").lower(): _field_of(f) for f in rows(row.get("fields"), "fields")},
    )


def _field_of(row: dict[str, Any]) -> SeenField:
    return SeenField(
        createable=_true(row, "createable"),
        updateable=_true(row, "updateable"),
        external_id=_true(row, "externalId"),
        unique=_true(row, "unique"),
        filterable=_true(row, "filterable"),
        relationship=text_or_none(row, "relationshipName") or "",
    )


def _true(row: dict[str, Any], name: str) -> bool:
    value = row.get(name)
    if not isinstance(value, bool):
        raise UnreadableError(name)
    return value
