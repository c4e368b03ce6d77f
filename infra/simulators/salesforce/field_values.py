"""Turns the JSON of a request into stored field values, as strictly as Salesforce does."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from infra.simulators.record_ids import canonical
from infra.simulators.salesforce.failures import (
    ApiError,
    no_such_column,
    not_writable,
    unparsable,
)
from infra.simulators.salesforce.fields import Field, SObject
from infra.simulators.salesforce.org import Org, stamp
from infra.simulators.salesforce.table_rows import Row

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def accepted(org: Org, sobject: SObject, body: Any, *, creating: bool) -> Row:
    """The field values of a request body. Raises `ApiError`."""
    if not isinstance(body, dict):
        raise ApiError(
            "JSON_PARSER_ERROR", "The HTTP entity body has to be an object", of_row=False
        )
    values: Row = {}
    for name, value in body.items():
        if name == "attributes":
            continue
        field = sobject.field(name)
        if field is None:
            field, value = _parent(org, sobject, name, value)  # noqa: PLW2901
        if not (field.createable if creating else field.updateable):
            raise not_writable(field.name)
        values[field.name] = _stored(org, field, value)
    return values


def _parent(org: Org, sobject: SObject, name: str, value: Any) -> tuple[Field, str]:
    """A parent named by its external id: `"Account": {"BusbarReference__c": "…"}`."""
    field = sobject.lookup(name) if isinstance(value, dict) and name else None
    keys = [k for k in value if k != "attributes"] if isinstance(value, dict) else []
    if field is None or len(keys) != 1:
        raise no_such_column(name, sobject.name)
    target = org.object(field.refers_to)
    key = target.field(keys[0])
    if key is None or not key.external_id:
        raise no_such_column(keys[0], target.name)
    rows = org.rows.having(target.name, key.name, value[keys[0]])
    if len(rows) != 1:
        message = (
            f"Foreign key external ID: {str(value[keys[0]]).lower()} not found for field "
            f"{key.name} in entity {target.name}"
        )
        raise ApiError("INVALID_FIELD", message)
    return field, rows[0]["Id"]


def _stored(org: Org, field: Field, value: Any) -> Any:
    if value is None or value == "":
        if field.kind == "boolean":
            raise unparsable("boolean", value)
        if field.required:
            raise missing(field.name)
        return None
    return _READERS[field.kind](org, field, value)


def missing(*names: str) -> ApiError:
    """400 for required fields that are not there."""
    message = f"Required fields are missing: [{', '.join(names)}]"
    return ApiError("REQUIRED_FIELD_MISSING", message, *names)


def _text(_org: Org, field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise unparsable("string", value)
    if len(value) > field.length:
        message = f"{field.name}: data value too large: {value} (max length={field.length})"
        raise ApiError("STRING_TOO_LONG", message, field.name)
    return value


def _number(_org: Org, _field: Field, value: Any) -> float:
    # Numbers in quotes are taken, as long as they are numbers.
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise unparsable("double", value)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise unparsable("double", value) from None
    if not math.isfinite(number):
        raise unparsable("double", value)
    return number


def _boolean(_org: Org, _field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise unparsable("boolean", value)
    return value


def _date(_org: Org, _field: Field, value: Any) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value[:10]):
        raise unparsable("date", value)
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError:
        raise unparsable("date", value) from None


def _moment(_org: Org, _field: Field, value: Any) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise unparsable("datetime", value) from None
    return stamp(moment.astimezone(UTC) if moment.tzinfo else moment)


def _link(org: Org, field: Field, value: Any) -> str:
    target = org.object(field.refers_to)
    row_id = canonical(value) if isinstance(value, str) else None
    if row_id is None or not row_id.startswith(target.prefix):
        message = f"{field.name}: id value of incorrect type: {value}"
        raise ApiError("MALFORMED_ID", message, field.name)
    if row_id in org.rows.deleted:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted")
    if org.rows.get(target.name, row_id) is None:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    return row_id


def _choice(_org: Org, field: Field, value: Any) -> str:
    if value not in field.values:
        message = f"{field.name}: bad value for restricted picklist field: {value}"
        raise ApiError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, field.name)
    return str(value)


_READERS: dict[str, Callable[[Org, Field, Any], Any]] = {
    "string": _text,
    "double": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _moment,
    "reference": _link,
    "picklist": _choice,
}
