"""What SAP says no with: an error in the body, or in a header beside a 2xx.

Texts of SAP quote names, numbers and users, so none is kept: of an error we keep its codes, the
names of the fields at fault, and the id under which SAP's administrator finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from busbar.connectors.reading import UnreadableError, field_names, json_of
from busbar.errors import Duplicate, Missing, Refused, Unavailable, Unknown, UpstreamError

NOT_UNIQUE = frozenset({"BPEXT_NOT_UNIQUE", "R1/451"})
"""The external number of a partner is taken: as an exception, and as a message (documented)."""
LOCKED = frozenset({"MC/601", "R1/203"})
"""Somebody is working on the object. Assumed: what an application says then is its own affair."""
_TRY_LATER = frozenset({401, 407, 408, 412, 423, 425, 428, 429})
"""401: the password is a matter for an alarm, and what waits for it must not die. 412, 428: the row
has changed since we read it; nothing was written."""
_ALSO_OF_PROXIES = frozenset({403, 404})
"""Without an error of SAP's not SAP but something before it has answered."""
_CODE = re.compile(r"^[A-Z0-9_/]{1,60}$")
_TRANSACTION = re.compile(r"^[A-Za-z0-9-]{1,64}$")
_WRAPPER = "/IWBEP/CX_"
"""How the code of a bare exception begins: what it wraps says more."""


@dataclass(frozen=True)
class Fault:
    """What an error says that is safe to keep. `code` is empty if SAP said nothing."""

    code: str = ""
    fields: str = ""
    transaction: str = ""


@dataclass(frozen=True)
class Refusal:
    """An answer outside 2xx."""

    status: int
    fault: Fault
    wants_token: bool
    retry_after: float | None
    request_id: str

    def error(self, operation: str, *, writes: bool) -> UpstreamError:
        """The error that says what has to be done."""
        fault = self.fault
        # Who reads of a refused password looks for one code, whatever stands beside it.
        code = fault.code if fault.code and self.status != 401 else f"HTTP_{self.status}"
        request_id = fault.transaction or self.request_id
        error = self._kind(writes=writes)("sap", operation, fault.fields, code, request_id)
        if isinstance(error, Unavailable):
            error.retry_after = self.retry_after
        return error

    def _kind(self, *, writes: bool) -> type[UpstreamError]:
        code = self.fault.code
        if code in NOT_UNIQUE:
            return Duplicate
        if code in LOCKED or self.wants_token or self.status in _TRY_LATER:
            return Unavailable
        if self.status in _ALSO_OF_PROXIES and not code:
            return Unavailable
        if self.status == 404:
            return Missing
        if 400 <= self.status < 500:
            return Refused
        return Unknown if writes else Unavailable


def wants_token(headers: Mapping[str, str]) -> bool:
    """Whether a write was turned away for want of a CSRF token: it was not looked at."""
    return headers.get("x-csrf-token", "").lower() == "required"


def fault_of_body(body: bytes) -> Fault:
    """The error in `{"error": {"code", "innererror": {"transactionid", "errordetails"}}}`."""
    error = _members(_parsed(body), "error")
    inner = _members(error, "innererror")
    details = [d for d in _rows(inner.get("errordetails")) if d.get("severity", "error") == "error"]
    code = _telling([_clean(said.get("code")) for said in (*details, error)])
    named = field_names([_last_part(d.get("propertyref") or d.get("target")) for d in details])
    transaction = inner.get("transactionid")
    known = isinstance(transaction, str) and _TRANSACTION.fullmatch(transaction)
    return Fault(code, named, transaction if known else "")  # type: ignore[arg-type]


def error_beside(headers: Mapping[str, str]) -> str | None:
    """The code of an error in `sap-message` beside a 2xx, or None if there is no error.

    That a number is taken counts as one, though SAP calls it a warning: two carry it now.
    """
    said = _parsed(headers.get("sap-message", "").encode())
    if not isinstance(said, dict):
        return None
    codes = list(_bad(said))
    return _telling(codes) or "SAP_MESSAGE" if codes else None


def _bad(said: dict[str, Any]) -> Iterator[str]:
    for message in (said, *_rows(said.get("details"))):
        code = _clean(message.get("code"))
        if message.get("severity") == "error" or code in NOT_UNIQUE:
            yield code


def _telling(codes: Sequence[str]) -> str:
    """The code that says most: one that we know, else the first that is no bare exception."""
    known = [code for code in codes if code in NOT_UNIQUE or code in LOCKED]
    plain = [code for code in codes if code and not code.startswith(_WRAPPER)]
    return next(iter([*known, *plain, *filter(None, codes)]), "")


def _parsed(body: bytes) -> object:
    try:
        return json_of(body)
    except UnreadableError:
        return None


def _members(value: object, name: str) -> dict[str, Any]:
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _rows(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _clean(code: object) -> str:
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _last_part(path: object) -> object:
    return path.rpartition("/")[2] if isinstance(path, str) else path
