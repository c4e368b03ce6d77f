"""The faults that only SAP has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from infra.simulators.faults import Fault
from infra.simulators.messages import Request, Response
from infra.simulators.sap.sessions import Sessions
from infra.simulators.sap.tenant import Tenant
from infra.simulators.simulator import FaultKind, Proceed

_MESSAGE = {
    "code": "R11/130",
    "message": "The entry was saved, but is not complete",
    "severity": "error",
    "target": "",
    "details": [],
}


def own_faults(tenant: Tenant, sessions: Sessions) -> dict[str, FaultKind]:
    """The kinds by name. All but two set something of the tenant for the calls that they hit."""

    def expired(_fault: Fault, _request: Request, proceed: Proceed) -> Response:
        sessions.end()
        return proceed()

    def setting(changes: Callable[[Fault], dict[str, Any]]) -> FaultKind:
        def kind(fault: Fault, _request: Request, proceed: Proceed) -> Response:
            with _set(tenant, changes(fault)):
                return proceed()

        return kind

    return {
        "expired_csrf": expired,
        "sap_message": _told,
        "locked": setting(lambda fault: {"lock_at": fault.number}),
        "stale_etag": setting(lambda _fault: {"overtaken": True}),
        "not_unique": setting(lambda _fault: {"refuses_references": True}),
        "search_lag": setting(lambda fault: {"search_lag": fault.seconds}),
        "page_clamp": setting(lambda fault: {"page_clamp": fault.number}),
    }


def _told(fault: Fault, _request: Request, proceed: Proceed) -> Response:
    """The answer, with a message in a header if it is a good one."""
    response = proceed()
    if response.status >= 300:
        return response
    message = json.dumps(_MESSAGE if fault.body is None else fault.body)
    return response.with_header("sap-message", message)


@contextmanager
def _set(tenant: Tenant, changes: Mapping[str, Any]) -> Iterator[None]:
    before = {name: getattr(tenant, name) for name in changes}
    for name, value in changes.items():
        setattr(tenant, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(tenant, name, value)
