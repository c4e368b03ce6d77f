"""sObject Collections: up to 200 records in one call, each of which is written or fails by itself.

    PATCH composite/sobjects   {"allOrNone": false, "records": [{"attributes", "id", field: …}]}
        -> 200 [{"id", "success": true, "errors": []},
                {"success": false, "errors": [{"statusCode", "message", "fields"}]}]   (documented)
    GET composite/sobjects/Asset?ids=…&fields=…
        -> 200 [row, null where there is none or we may not see it]                    (documented)

Answers stand in the order of what was asked; a record that failed need not carry its id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from busbar.connectors.reading import UnreadableError, members
from busbar.connectors.salesforce.refusals import Refusal, fault_of_list
from busbar.errors import UpstreamError
from busbar.ports.runtime import Json

_NOBODY_KNOWS = frozenset({"UNKNOWN_EXCEPTION", "SERVER_UNAVAILABLE", ""})
"""Codes that do not say that the record is at fault."""


def asset_records(sobject: str, wanted: Mapping[str, Mapping[str, Any]]) -> Json:
    """The body of a write."""
    records = [
        {**fields, "attributes": {"type": sobject}, "id": record_id}
        for record_id, fields in wanted.items()
    ]
    return {"allOrNone": False, "records": records}


def found_records(answer: object, ids: Sequence[str]) -> dict[str, Json]:
    """The rows that were found, by the ids that were asked for. Raises `UnreadableError`."""
    rows = _as_many(answer, ids)
    found = {key: members(row) for key, row in zip(ids, rows, strict=True) if row is not None}
    for key, row in found.items():
        if not _same(row.get("Id"), key):
            raise UnreadableError("Id")
    return found


def failed_records(answer: object, ids: Sequence[str], operation: str) -> dict[str, UpstreamError]:
    """The records that failed, with what that means. Raises `UnreadableError`.

    An answer that does not say of every record whether it was written is no answer.
    """
    failed: dict[str, UpstreamError] = {}
    for key, row in zip(ids, _as_many(answer, ids), strict=True):
        result = members(row)
        success = result.get("success")
        if not isinstance(success, bool) or (success and not _same(result.get("id"), key)):
            raise UnreadableError("success")
        if not success:
            fault = fault_of_list(result.get("errors"), code_name="statusCode")
            status = 500 if fault.code in _NOBODY_KNOWS else 400
            failed[key] = Refusal(status, fault).error(operation, writes=True)
    return failed


def _as_many(answer: object, ids: Sequence[str]) -> list[Any]:
    if not isinstance(answer, list) or len(answer) != len(ids):
        raise UnreadableError("body")
    return answer


def _same(told: object, asked: str) -> bool:
    """Ids have 15 characters, or 18 with a check of their case."""
    return isinstance(told, str) and told[:15] == asked[:15]
