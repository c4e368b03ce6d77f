"""Records that carry a reference of ours: found by it, made with it, and never two unnoticed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from busbar.connectors.budget import Budget
from busbar.connectors.exchange import Ask, path_segment
from busbar.connectors.reading import UnreadableError, json_of, members, rows
from busbar.connectors.salesforce import soql
from busbar.connectors.salesforce.client import SalesforceClient
from busbar.connectors.salesforce.models import records_of_urls
from busbar.connectors.salesforce.rows import query_ask
from busbar.errors import Missing, Unknown, UpstreamError
from busbar.ports.outside import Found
from busbar.ports.runtime import Json
from busbar.settings.modes import Mode


@dataclass(frozen=True)
class Referenced:
    """A kind of such records: the field with our reference, and what is read of each.

    In mode `unique_key` that field is External ID and Unique.
    """

    sobject: str
    key_field: str
    mode: Mode
    columns: Sequence[str]
    found: Callable[[Json], Found]


def find(
    client: SalesforceClient, kind: Referenced, operation: str, reference: str, budget: Budget
) -> list[Found]:
    """The records with this reference. Several hits by external id come without fields."""
    if kind.mode == "unique_key":
        return _find_by_key(client, kind, operation, reference, budget)
    text = soql.referenced(kind.columns, kind.sobject, kind.key_field, reference)
    ask = query_ask(client, operation, text)
    answer = client.read(ask, budget)
    try:
        return [kind.found(row) for row in rows(answer.get("records"), "records")]
    except UnreadableError as error:
        raise client.unreadable(ask, error) from None


def _find_by_key(
    client: SalesforceClient, kind: Referenced, operation: str, reference: str, budget: Budget
) -> list[Found]:
    path = f"{client.base_path}/sobjects/{kind.sobject}/{kind.key_field}/{path_segment(reference)}"
    ask = Ask(operation, "GET", path, query={"fields": ",".join(kind.columns)})
    try:
        answer = client.call(ask, budget, accept=(300,))
    except Missing:
        return []
    try:
        value = json_of(answer.body)
        if answer.status == 300:
            return records_of_urls(value)
        return [kind.found(members(value))]
    except UnreadableError as error:
        raise client.unreadable(ask, error, answer) from None


def check_only_one(
    client: SalesforceClient, kind: Referenced, operation: str, reference: str, budget: Budget
) -> None:
    """Without a unique key an earlier attempt may have taken effect late, beside this one.

    Raises `Unknown` if it did, or if that cannot be seen: the caller has to probe.
    """
    try:
        found = find(client, kind, operation, reference, budget)
    except UpstreamError as error:
        raise Unknown(
            "salesforce", operation, "READ_AFTER_CREATE", error.code, error.request_id
        ) from error
    if len(found) > 1:
        raise Unknown("salesforce", operation, "READ_AFTER_CREATE", f"{len(found)}_FOUND")
