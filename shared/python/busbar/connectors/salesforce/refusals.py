"""What an error answer of Salesforce means. Three shapes come, and all end in `busbar.errors`.

    [{"message": "…", "errorCode": "…", "fields": […]}]     every REST call       (documented)
    the same, as `body` of a node of a composite graph                             (documented)
    {"error": "invalid_client", "error_description": "…"}   the token call        (documented)

Messages may quote values and are never kept: only codes and field names are. One is looked into,
as `fields` is empty there (assumed): "duplicate value found: Field__c duplicates value on …".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from busbar.connectors.exchange import Answer
from busbar.connectors.reading import UnreadableError, field_names, json_of
from busbar.errors import Duplicate, Missing, Refused, Unavailable, Unknown, UpstreamError

_CODE = re.compile(r"^[A-Za-z][A-Za-z0-9_]{1,79}$")
_DUPLICATE_FIELD = re.compile(r"duplicate value found: (\w+) duplicates|\b([A-Za-z]\w*__c)\b")
"""Standard fields in English only; custom fields, as our references are, in any language."""

OVER_QUOTA = "REQUEST_LIMIT_EXCEEDED"
"""Comes with 403, which otherwise means missing rights."""
TRY_LATER = frozenset(
    {
        OVER_QUOTA,
        "UNABLE_TO_LOCK_ROW",  # after about 10 s; children of one parent were written in parallel
        "INVALID_SESSION_ID",
        "API_DISABLED_FOR_ORG",
        "API_CURRENTLY_DISABLED",
    }
)
NOT_UNIQUE = "DUPLICATE_VALUE"
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

    def error(
        self, operation: str, *, writes: bool, references: Collection[str] = ()
    ) -> UpstreamError:
        """The error that says what has to be done.

        `references` are the unique fields by which the caller can find what is there already.
        """
        kind = self._kind(writes, references)
        code = self.fault.code or f"HTTP_{self.status}"
        error = kind("salesforce", operation, self.fault.fields, code, self.request_id)
        if isinstance(error, Unavailable):
            error.retry_after = self.retry_after
        return error

    def _kind(self, writes: bool, references: Collection[str]) -> type[UpstreamError]:
        code = self.fault.code
        if self.status == 429 or code in TRY_LATER:
            return Unavailable
        if code == NOT_UNIQUE:
            return Duplicate if self._is_of(references) else Refused
        if code == "DUPLICATE_EXTERNAL_ID" or self.status == 300:
            # The external id of an upsert fits several rows, and nothing was written. The probe
            # finds the same rows and hands them to a person.
            return Duplicate
        if code in GONE:
            return Missing
        if self.status == 401 or (not code and self.status in _NOT_BY_SALESFORCE):
            return Unavailable
        if 400 <= self.status < 500:
            return Refused
        return Unknown if writes else Unavailable

    def _is_of(self, references: Collection[str]) -> bool:
        """Whether one of these fields is the one that is taken, or may be as none is named.

        If it is another one, no probe by our reference ever finds the row that holds it.
        """
        named = {name.lower() for name in self.fault.fields.split(", ") if name}
        ours = {name.lower() for name in references}
        return bool(ours & named) if named else bool(ours)


def fault_of_list(value: object, *, code_name: str = "errorCode") -> Fault:
    """The error in `[{"errorCode", "fields"}]`; an empty code if `value` has another shape.

    Records of a collection call the code `statusCode` (documented).
    """
    first = value[0] if isinstance(value, list) and value else None
    if not isinstance(first, dict):
        return Fault("", "")
    code = _clean(first.get(code_name))
    fields = field_names(first.get("fields"))
    if code == NOT_UNIQUE and not fields:
        fields = _fields_in(first.get("message"))
    return Fault(code, fields)


def fault_of_body(body: bytes) -> Fault:
    """The error in the body of a REST call or of the token call."""
    try:
        value = json_of(body)
    except UnreadableError:
        return Fault("", "")
    if isinstance(value, dict):
        return Fault(_clean(value.get("error")), "")
    return fault_of_list(value)


def out_of_quota(answer: Answer) -> bool:
    """Whether the org has used up its calls of the day: whatever is sent now is refused."""
    return answer.status == 403 and fault_of_body(answer.body).code == "REQUEST_LIMIT_EXCEEDED"


def first_cause(refusals: Sequence[Refusal]) -> Refusal:
    """The refusal that made the others fall."""
    causes = (r for r in refusals if r.fault.code not in FOLLOW_UP)
    return next(causes, refusals[0])


def _fields_in(message: object) -> str:
    found = _DUPLICATE_FIELD.findall(message) if isinstance(message, str) else []
    return field_names([english or custom for english, custom in found])


def _clean(code: object) -> str:
    return code if isinstance(code, str) and _CODE.match(code) else ""
