"""One entity set whose rows carry our reference: found by it, made with it, changed by number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from busbar.connectors.exchange import Answer, Ask
from busbar.connectors.reading import UnreadableError, exact_json_of
from busbar.connectors.sap.client import SapClient
from busbar.connectors.sap.odata import (
    etag_of,
    following,
    literal,
    padded,
    page_of,
    row_of,
    row_path,
    service_path,
)
from busbar.errors import Missing, Refused
from busbar.ports.outside import Found

T = TypeVar("T")
ENOUGH = 2
"""Rows with one reference after which nobody looks for more."""
MOST_PAGES = 10


@dataclass(frozen=True)
class EntitySet:
    """What a tenant calls it. `shown` are the fields that `found_of` reads."""

    service: str
    name: str
    number: str
    reference: str
    shown: Sequence[str]
    found_of: Callable[[dict[str, Any]], Found]


class Entities:
    """The rows of one entity set."""

    def __init__(self, client: SapClient, base_url: str, of: EntitySet) -> None:
        self._client = client
        self._base_url = base_url
        self._of = of

    def find(self, operation: str, reference: str, timeout: float) -> list[Found]:
        """The rows that carry `reference`, at most `ENOUGH`.

        Raises `Refused` if the service passes over the filter: what it then shows says nothing.
        """
        of, budget = self._of, self._client.budget(timeout)
        query = {
            "$filter": f"{of.reference} eq {literal(reference)}",
            "$top": str(ENOUGH),
            "$select": ",".join((of.number, of.reference, *of.shown)),
        }
        ask = Ask(operation, "GET", f"{service_path(of.service)}{of.name}", query=query)
        found: list[Found] = []
        for _ in range(MOST_PAGES):
            answer = self._client.call(ask, of.service, budget)
            try:
                page, link = page_of(exact_json_of(answer.body))
                if any(row.get(of.reference) != reference for row in page):
                    raise Refused("sap", operation, of.reference, "SEARCH_PASSED_OVER")
                found += [of.found_of(row) for row in page]
                if len(found) >= ENOUGH or link is None:
                    return found[:ENOUGH]
                ask = Ask(operation, "GET", following(link, self._base_url, of.service))
            except UnreadableError as error:
                raise self._client.unreadable(ask, error, answer) from None
        raise self._client.unreadable(ask, UnreadableError("__next"), answer)

    def create(
        self, operation: str, reference: str, payload: Mapping[str, Any], timeout: float
    ) -> Found:
        """Create a row, and in the same call what hangs on it; the row as SAP then holds it."""
        of = self._of
        body = {**payload, of.reference: reference}
        path = f"{service_path(of.service)}{of.name}"
        ask = Ask(operation, "POST", path, writes=True, json=body)
        answer = self._client.call(ask, of.service, self._client.budget(timeout))
        try:
            return of.found_of(row_of(exact_json_of(answer.body)))
        except UnreadableError as error:
            raise self._client.unreadable(ask, error, answer) from None

    def read(
        self,
        operation: str,
        number: str,
        name: str,
        reading: Callable[[dict[str, Any], str], T],
        timeout: float,
    ) -> T:
        """A field of one row, as `reading` reads it. Raises `Missing`."""
        ask = self._row(operation, "GET", number, query={"$select": f"{self._of.number},{name}"})
        answer = self._client.call(ask, self._of.service, self._client.budget(timeout))
        try:
            return reading(row_of(exact_json_of(answer.body)), name)
        except UnreadableError as error:
            raise self._client.unreadable(ask, error, answer) from None

    def write(self, operation: str, number: str, fields: Mapping[str, Any], timeout: float) -> None:
        """Set fields of one row, if it is still the one that is read just before.

        Raises `Missing`; `Unavailable` if somebody else wrote meanwhile.
        """
        of, budget = self._of, self._client.budget(timeout)
        names = ",".join((of.number, *fields))
        seen = self._row(operation, "GET", number, query={"$select": names})
        answer = self._client.call(seen, of.service, budget)
        try:
            etag = etag_of(answer.headers, row_of(exact_json_of(answer.body)))
        except UnreadableError as error:
            raise self._client.unreadable(seen, error, answer) from None
        headers = {"If-Match": etag} if etag else {}
        ask = self._row(operation, "PATCH", number, writes=True, json=fields, headers=headers)
        self._expect_no_content(ask, self._client.call(ask, of.service, budget))

    def _row(self, operation: str, method: str, number: str, **options: Any) -> Ask:
        if not number:
            raise Missing("sap", operation, self._of.number, "NO_NUMBER")
        path = row_path(self._of.service, self._of.name, padded(number))
        return Ask(operation, method, path, **options)

    def _expect_no_content(self, ask: Ask, answer: Answer) -> None:
        if answer.status != 204:
            raise self._client.unreadable(ask, UnreadableError("status"), answer)
