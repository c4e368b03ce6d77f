"""Rows of Salesforce: one by its id, or all that a query finds, page by page (documented)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from busbar.connectors.budget import Budget
from busbar.connectors.exchange import Ask, path_segment
from busbar.connectors.reading import UnreadableError, rows
from busbar.connectors.salesforce.client import SalesforceClient
from busbar.connectors.salesforce.models import following_page
from busbar.errors import Missing
from busbar.ports.runtime import Json

T = TypeVar("T")


def row_ask(
    client: SalesforceClient, operation: str, sobject: str, row_id: str, fields: Sequence[str]
) -> Ask:
    """Ask for fields of one row. Raises `Missing` for what can be no id."""
    path = _row_path(client, operation, sobject, row_id)
    return Ask(operation, "GET", path, query={"fields": ",".join(fields)})


def write_row(
    client: SalesforceClient,
    operation: str,
    sobject: str,
    row_id: str,
    fields: Mapping[str, Any],
    budget: Budget,
) -> None:
    """Set fields of one row. Salesforce answers 204 without a body (documented)."""
    path = _row_path(client, operation, sobject, row_id)
    ask = Ask(operation, "PATCH", path, writes=True, json=dict(fields))
    answer = client.call(ask, budget)
    if answer.status != 204:
        raise client.unreadable(ask, UnreadableError("status"), answer)


def _row_path(client: SalesforceClient, operation: str, sobject: str, row_id: str) -> str:
    try:
        segment = path_segment(row_id)
    except ValueError:
        raise Missing("salesforce", operation, "Id", "NO_RECORD_ID") from None
    return f"{client.base_path}/sobjects/{sobject}/{segment}"


def query_ask(client: SalesforceClient, operation: str, text: str) -> Ask:
    """Ask for the first page of a SOQL query."""
    return Ask(operation, "GET", f"{client.base_path}/query", query={"q": text})


def all_rows(
    client: SalesforceClient, ask: Ask, read: Callable[[Json], T], timeout: float
) -> Iterator[T]:
    """The rows of all pages of a query; a page is read when the rows before it are used up."""
    budget, following = client.budget(timeout), ask.path
    while following:
        answer = client.read(ask, budget)
        try:
            found = [read(row) for row in rows(answer.get("records"), "records")]
            following = following_page(answer, client.base_url) or ""
        except UnreadableError as error:
            raise client.unreadable(ask, error) from None
        yield from found
        ask = Ask(ask.operation, "GET", following)
