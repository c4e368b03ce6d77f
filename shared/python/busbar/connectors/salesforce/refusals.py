"""What an error answer of Salesforce means. Three shapes come, and all end in `busbar.errors`.

    [{"message": "…", "errorCode": "…", "fields": […]}]     every REST call       (documented)
    the same, as `body` of a node of a composite graph                             (documented)
    {"error": "invalid_client", "error_description": "…"}   the token call        (documented)

Messages may quote values and are never kept: only codes and field names are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from busbar.connectors.reading import UnreadableError, field_names, json_of
from busbar.errors import Duplicate, Missing, Refused, Unavailable, Unknown, UpstreamError

_CODE = re.compile(r"^[A-Za-z][A-Za-z0-9_]{1,79}$")

TRY_LATER = frozenset(
    {
        "REQUEST_LIMIT_EXCEEDED",  # comes with 403, which otherwise means missing rights
        "UNABLE_TO_LOCK_ROW",  # after about 10 s; children of one parent were written in parallel
        "INVALID_SESSION_ID",
        "API_DISABLED_FOR_ORG",
        "API_CURRENTLY_DISABLED",
    }
)
EXISTS = frozenset({"DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID"})
GONE = frozenset({"NOT_FOUND", "ENTITY_IS_DELETED"})
FOLLOW_UP = frozenset({"PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK"})
"""Codes of nodes that only fell because another one did."""
_NOT_BY_SALESFORCE = frozenset({401, 403, 404, 407, 408, 425})
"""Statuses that proxies and maintenance pages use too: without a code of Salesforce's, wait."""


class Fault(NamedTuple):
    """The first error of an answer: its code, and the names of the fields at fault."""

    code: str
    fields: str


@dataclass(frozen=True)
class Refusal:
    """An answer outside 2xx, of a call or of one node of a graph."""

    status: int
    fault: Fault
    retry_after: float | None = None
    request_id: str = ""

    def error(self, operation: str, *, writes: bool) -> UpstreamError:
        """The error that says what has to be done."""
        kind = self._kind(writes)
        code = self.fault.code or f"HTTP_{self.status}"
        error = kind("salesforce", operation, self.fault.fields, code, self.request_id)
        if isinstance(error, Unavailable):
            error.retry_after = self.retry_after
        return error

    def _kind(self, writes: bool) -> type[UpstreamError]:
        code = self.fault.code
        if self.status == 429 or code in TRY_LATER:
            return Unavailable
        if code in EXISTS or self.status == 300:
            # 300: the external id of an upsert fits several rows, and nothing was written. The
            # probe finds the same rows and hands them to a person.
            return Duplicate
        if code in GONE:
            return Missing
        if self.status == 401 or (not code and self.status in _NOT_BY_SALESFORCE):
            return Unavailable
        if 400 <= self.status < 500:
            return Refused
        return Unknown if writes else Unavailable


def fault_of_list(value: object) -> Fault:
    """The error in `[{"errorCode", "fields"}]`; an empty code if `value` has another shape."""
    first = value[0] if isinstance(value, list) and value else None
    if not isinstance(first, dict):
        return Fault("", "")
    code = first.get("errorCode")
    return Fault(_clean(code), field_names(first.get("fields")))


def fault_of_body(body: bytes) -> Fault:
    """The error in the body of a REST call or of the token call."""
    try:
        value = json_of(body)
    except UnreadableError:
        return Fault("", "")
    if isinstance(value, dict):
        return Fault(_clean(value.get("error")), "")
    return fault_of_list(value)


def first_cause(refusals: Sequence[Refusal]) -> Refusal:
    """The refusal that made the others fall."""
    causes = (r for r in refusals if r.fault.code not in FOLLOW_UP)
    return next(causes, refusals[0])


def _clean(code: object) -> str:
    return code if isinstance(code, str) and _CODE.match(code) else ""
