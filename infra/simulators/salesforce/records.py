"""Create, read, update, delete and upsert of single rows, with Salesforce's answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from infra.simulators.messages import Response, answer
from infra.simulators.record_ids import canonical
from infra.simulators.salesforce import notices
from infra.simulators.salesforce.failures import ApiError, no_such_column, not_found
from infra.simulators.salesforce.field_values import accepted
from infra.simulators.salesforce.fields import Field, SObject
from infra.simulators.salesforce.org import Org
from infra.simulators.salesforce.row_rules import check, consequences
from infra.simulators.salesforce.table_rows import Row


def create(org: Org, version: str, name: str, body: Any) -> Response:
    """201 `{id, success, errors}`."""
    return _created(org, version, org.object(name), body, {})


def changed_at(org: Org, name: str, row_id: str) -> datetime:
    """When a row was last changed, in whole seconds. Raises `ApiError`."""
    row = _row(org, org.object(name), row_id)
    return datetime.fromisoformat(row["LastModifiedDate"]).replace(microsecond=0)


def check_fields(org: Org, name: str, fields: str) -> None:
    """Raises `ApiError` if the object lacks one of the `fields` (comma-separated)."""
    sobject = org.object(name)
    for asked in filter(None, map(str.strip, fields.split(","))):
        _named(sobject, asked, sobject.field(asked))


def read(org: Org, version: str, name: str, row_id: str, fields: str | None) -> Response:
    """200 with the whole row, or with the `fields` (comma-separated) that were asked for."""
    sobject = org.object(name)
    return answer(200, _shown(sobject, version, _row(org, sobject, row_id), fields))


def update(org: Org, name: str, row_id: str, body: Any) -> Response:
    """204."""
    sobject = org.object(name)
    _write(org, sobject, _row(org, sobject, row_id), body)
    return answer(204)


def delete(org: Org, name: str, row_id: str) -> Response:
    """204. Rows that belong to the row go with it; other lookups to it are emptied."""
    sobject = org.object(name)
    row = _row(org, sobject, row_id)
    org.touch_lock()
    users = [
        (other, field, r)
        for other, field in _lookups(org, sobject)
        for r in org.rows.all(other.name)
        if r[field.name] == row["Id"]
    ]
    if any(field.required and not field.owned for _, field, _ in users):
        raise ApiError("DELETE_FAILED", "Your attempt to delete the record failed: it is in use")
    for other, field, user in users:
        if field.owned:
            org.rows.put(other.name, user["Id"], None)
        else:
            org.change(other.name, user["Id"], **{field.name: None})
    org.rows.put(sobject.name, row["Id"], None)
    return answer(204)


def read_by_key(
    org: Org, version: str, name: str, key: str, value: str, fields: str | None
) -> Response:
    """200 with the row, 300 with the URLs of several, 404."""
    sobject, field = _key(org, name, key)
    rows = org.rows.having(sobject.name, field.name, value)
    if not rows:
        raise not_found()
    if len(rows) > 1:
        return _several(sobject, version, rows)
    return answer(200, _shown(sobject, version, rows[0], fields))


def delete_by_key(org: Org, version: str, name: str, key: str, value: str) -> Response:
    """204, 300 with the URLs of several, 404."""
    sobject, field = _key(org, name, key)
    rows = org.rows.having(sobject.name, field.name, value)
    if not rows:
        raise not_found()
    if len(rows) > 1:
        return _several(sobject, version, rows)
    return delete(org, name, rows[0]["Id"])


def upsert(
    org: Org, version: str, name: str, key: str, value: str, body: Any, query: Mapping[str, str]
) -> Response:
    """201 created, 200 updated (`created` tells), 300 with the URLs of several; nothing written.

    With `updateOnly=true` in `query` a row that is not there is a 404.
    """
    sobject, field = _key(org, name, key)
    if isinstance(body, dict):
        for banned in (field.name, "Id"):
            if any(k.lower() == banned.lower() for k in body):
                message = f"The {banned} field should not be specified in the sobject data."
                raise ApiError("INVALID_FIELD", message, of_row=False)
    rows = org.rows.having(sobject.name, field.name, value)
    if len(rows) > 1:
        return _several(sobject, version, rows)
    if rows:
        _write(org, sobject, rows[0], body)
        done = {"id": rows[0]["Id"], "success": True, "errors": [], "created": False}
        return answer(200, done)
    if query.get("updateOnly", "").lower() == "true":
        raise not_found()
    return _created(org, version, sobject, body, {field.name: value})


def _key(org: Org, name: str, key: str) -> tuple[SObject, Field]:
    sobject = org.object(name)
    field = sobject.field(key)
    if field is None or not field.external_id:
        message = f"Provided external ID field does not exist or is not accessible: {key}"
        raise ApiError("NOT_FOUND", message, status=404, of_row=False)
    return sobject, field


def _row(org: Org, sobject: SObject, text: str) -> Row:
    row_id = canonical(text) or ""
    if row_id in org.rows.deleted:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404)
    row = org.rows.get(sobject.name, row_id)
    if row is None:
        raise not_found()
    return row


def _created(
    org: Org, version: str, sobject: SObject, body: Any, key: Mapping[str, str]
) -> Response:
    if not sobject.writable:
        message = f"entity type {sobject.name} does not support create"
        raise ApiError("INVALID_TYPE_FOR_OPERATION", message, of_row=False)
    # The key of an upsert is checked like any other value: it can be too long.
    merged = {**body, **key} if isinstance(body, dict) else body
    values = accepted(org, sobject, merged, creating=True)
    org.touch_lock()
    row = {**org.blank(sobject, ""), **values}
    check(org, sobject, row, None)
    new = org.insert(sobject, {k: v for k, v in row.items() if v not in (None, "")})
    notices.row_written(org, sobject.name, None, new)
    done = {"id": new["Id"], "success": True, "errors": []} | ({"created": True} if key else {})
    return answer(201, done, {"location": _url(sobject, version, new["Id"])})


def _write(org: Org, sobject: SObject, before: Row, body: Any) -> None:
    values = accepted(org, sobject, body, creating=False)
    org.touch_lock()
    wanted = {**before, **values}
    check(org, sobject, wanted, before)
    org.locks.take(before.get("AccountId"))
    followed = consequences(sobject, wanted, before)
    row = org.change(sobject.name, before["Id"], **values, **followed)
    if sobject.name == "Asset":
        org.note_written(row["Id"], values)
    notices.row_written(org, sobject.name, before, row)


def _shown(sobject: SObject, version: str, row: Row, fields: str | None) -> dict[str, Any]:
    names = [f.name for f in sobject.fields if f.visible]
    if fields is not None:
        asked = [name.strip() for name in fields.split(",") if name.strip()]
        found = {name: sobject.field(name) for name in asked}
        names = [_named(sobject, name, field) for name, field in found.items()]
        names = list(dict.fromkeys([*names, "Id"]))
    attributes = {"type": sobject.name, "url": _url(sobject, version, row["Id"])}
    return {"attributes": attributes} | {name: row[name] for name in names}


def _named(sobject: SObject, name: str, field: Field | None) -> str:
    if field is None:
        raise no_such_column(name, sobject.name)
    return field.name


def _several(sobject: SObject, version: str, rows: list[Row]) -> Response:
    return answer(300, [_url(sobject, version, row["Id"]) for row in rows])


def _url(sobject: SObject, version: str, row_id: str) -> str:
    return f"/services/data/{version}/sobjects/{sobject.name}/{row_id}"


def _lookups(org: Org, target: SObject) -> list[tuple[SObject, Field]]:
    return [
        (other, field)
        for other in org.schemas.values()
        for field in other.fields
        if field.refers_to == target.name
    ]
