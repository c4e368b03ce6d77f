"""sObject Collections: many rows in one call; each is written or fails by itself."""

from __future__ import annotations

from typing import Any

from infra.simulators.messages import Response, answer
from infra.simulators.salesforce import records
from infra.simulators.salesforce.failures import ApiError
from infra.simulators.salesforce.org import Org

MOST_WRITTEN = 200
MOST_CHUNKS = 10
LONGEST_ADDRESS = 16_384
_ROLLED_BACK = ApiError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone",
)


def update(org: Org, payload: Any) -> Response:
    """200 with a result per record, in their order. Raises `ApiError` where the shape is wrong."""
    rows, all_or_none = _asked(payload)
    org.rows.begin()
    org.events.begin()
    results = [_update_row(org, row) for row in rows]
    if all_or_none and not all(r["success"] for r in results):
        org.rows.roll_back()
        org.events.roll_back()
        results = [_result(_ROLLED_BACK) if r["success"] else r for r in results]
    else:
        org.rows.commit()
        org.events.commit()
    return answer(200, results)


def read(org: Org, version: str, name: str, ids: str, fields: str, address: str) -> Response:
    """200 with a row for each id, null where there is none. Raises `ApiError`."""
    if len(address) > LONGEST_ADDRESS:
        raise ApiError("URI_TOO_LONG", "URI Too Long", status=414, of_row=False)
    if not ids or not fields:
        raise _malformed("The ids and fields parameters are required")
    org.object(name)
    # A field that does not exist fails the call, also if no row is found.
    records.check_fields(org, name, fields)
    return answer(200, [_read_row(org, version, name, row_id, fields) for row_id in ids.split(",")])


def _read_row(org: Org, version: str, name: str, row_id: str, fields: str) -> Any:
    try:
        return records.read(org, version, name, row_id, fields).json()
    except ApiError:
        return None


def _asked(payload: Any) -> tuple[list[dict[str, Any]], bool]:
    rows = payload.get("records") if isinstance(payload, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _malformed("records has to be a list of objects")
    if len(rows) > MOST_WRITTEN:
        message = (
            f"record limit reached. cannot submit more than {MOST_WRITTEN} records into this call"
        )
        raise ApiError("EXCEEDED_ID_LIMIT", message, of_row=False)
    all_or_none = payload.get("allOrNone", False)
    if not isinstance(all_or_none, bool):
        raise _malformed("allOrNone has to be a boolean")
    types = [_type_of(row) for row in rows]
    chunks = sum(1 for before, here in zip([None, *types], types, strict=False) if before != here)
    if chunks > MOST_CHUNKS:
        raise ApiError("INVALID_INPUT", f"more than {MOST_CHUNKS} chunks", of_row=False)
    return rows, all_or_none


def _type_of(row: dict[str, Any]) -> str:
    attributes = row.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise ApiError("INVALID_INPUT", "Include an entity type with each record", of_row=False)
    return name


def _update_row(org: Org, row: dict[str, Any]) -> dict[str, Any]:
    keys = [key for key in row if key.lower() == "id"]
    row_id = row[keys[0]] if len(keys) == 1 else None
    if not isinstance(row_id, str):
        return _result(ApiError("MISSING_ARGUMENT", "Id not specified in an update call", "Id"))
    body = {k: v for k, v in row.items() if k not in keys}
    try:
        records.update(org, _type_of(row), row_id, body)
    except ApiError as error:
        return _result(error)
    return {"id": row_id, "success": True, "errors": []}


def _result(error: ApiError) -> dict[str, Any]:
    shown = {"statusCode": error.code, "message": str(error), "fields": error.fields or []}
    return {"success": False, "errors": [shown]}


def _malformed(message: str) -> ApiError:
    return ApiError("JSON_PARSER_ERROR", message, of_row=False)
