"""Conditional requests on single rows: `If-Modified-Since` and `If-Unmodified-Since`."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

from infra.simulators.messages import Response, answer
from infra.simulators.routing import Call
from infra.simulators.salesforce import records
from infra.simulators.salesforce.failures import ApiError
from infra.simulators.salesforce.org import Org


def refused(org: Org, call: Call) -> Response | None:
    """304 or 412 where a condition does not hold. Raises `ApiError` 400 for a malformed time.

    Times are in whole seconds, so two changes within one second look like one.
    """
    since = _moment(call, "if-modified-since")
    unless = _moment(call, "if-unmodified-since")
    if since is None and unless is None:
        return None
    changed = records.changed_at(org, call.path["object"], call.path["id"])
    if since is not None and call.request.method == "GET" and changed <= since:
        return answer(304)
    return answer(412) if unless is not None and changed > unless else None


def _moment(call: Call, header: str) -> datetime | None:
    text = call.request.headers.get(header)
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        message = f"The value of the header {header} is no HTTP date"
        raise ApiError("INVALID_HEADER", message, of_row=False) from None
