"""Compares field values with the literals of a query, by the type of the field."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from infra.simulators.record_ids import canonical
from infra.simulators.salesforce.failures import ApiError
from infra.simulators.salesforce.fields import Field
from infra.simulators.salesforce.soql import Comparison, Literal

_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LITERAL_OF = {
    "string": "string",
    "reference": "string",
    "picklist": "string",
    "double": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
}


def comparable(field: Field, value: Any) -> Any:
    """A stored value in the form in which it is compared: text without case, times as times."""
    if value is None:
        return None
    if field.kind == "datetime":
        return datetime.fromisoformat(str(value))
    if field.kind == "reference" or field.name == "Id":
        return canonical(str(value)) or str(value)
    if field.kind in {"string", "picklist"}:
        return str(value).casefold()
    return value


def holds(field: Field, comparison: Comparison) -> Callable[[Any], bool]:
    """The test that a comparison makes of a stored value. Raises `ApiError` INVALID_FIELD."""
    for literal in comparison.literals:
        _check(field, literal)
    wanted = [comparable(field, literal.value) for literal in comparison.literals]
    sign = comparison.sign
    if sign in {"=", "IN"}:
        return lambda value: comparable(field, value) in wanted
    if sign in {"!=", "NOT IN"}:
        return lambda value: comparable(field, value) not in wanted
    if sign == "LIKE":
        return _like(comparison.literals[0])
    compare = _SIGNS[sign]

    def ordered(value: Any) -> bool:
        mine = comparable(field, value)
        return mine is not None and wanted[0] is not None and compare(mine, wanted[0])

    return ordered


def _like(literal: Literal) -> Callable[[Any], bool]:
    inner = re.escape(str(literal.value)).replace("%", ".*").replace("_", ".")
    regex = re.compile(inner, re.IGNORECASE | re.DOTALL)
    return lambda value: value is not None and bool(regex.fullmatch(str(value)))


def _check(field: Field, literal: Literal) -> None:
    wanted = _LITERAL_OF[field.kind]
    if literal.kind in {"null", wanted}:
        return
    message = f"value of filter criterion for field '{field.name}' must be of type {field.kind}"
    if wanted == "string":
        message += " and should be enclosed in quotes"
    elif literal.kind == "string":
        message += " and should not be enclosed in quotes"
    raise ApiError("INVALID_FIELD", message, of_row=False)
