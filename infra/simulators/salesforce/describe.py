"""What the org says of itself: its API versions, and its objects with their fields and rights."""

from __future__ import annotations

from typing import Any

from infra.simulators.messages import Response, answer
from infra.simulators.salesforce.failures import not_found
from infra.simulators.salesforce.fields import Field, SObject
from infra.simulators.salesforce.org import Org
from infra.simulators.salesforce.schema import EVENTS

OLDEST, NEWEST = 46, 62
_EVENTS = {event.name.lower(): event for event in EVENTS}


def versions() -> Response:
    """200 with every version that can be called, oldest first."""
    rows = [
        {"label": f"v{number}", "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(OLDEST, NEWEST + 1)
    ]
    return answer(200, rows)


def describe(org: Org, version: str, name: str) -> Response:
    """200 with an object or platform event as the integration user sees it. Raises `ApiError`."""
    sobject = _EVENTS.get(name.lower()) or org.schemas.get(name.lower())
    if sobject is None:
        raise not_found()
    is_event = sobject.name.lower() in _EVENTS
    shown = {
        "name": sobject.name,
        "label": sobject.name,
        "custom": sobject.name.endswith(("__c", "__e")),
        "keyPrefix": sobject.prefix,
        "createable": sobject.writable,
        "updateable": sobject.writable and not is_event,
        "deletable": sobject.writable and not is_event,
        "queryable": not is_event,
        "retrieveable": not is_event,
        "urls": {"sobject": f"/services/data/{version}/sobjects/{sobject.name}"},
        "fields": [_field(f, sobject) for f in sobject.fields if f.visible],
    }
    return answer(200, shown)


def _field(field: Field, sobject: SObject) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": field.name,
        "type": "id" if field.name == "Id" else field.kind,
        "length": field.length,
        "custom": field.name.endswith("__c"),
        "createable": field.createable and sobject.writable,
        "updateable": field.updateable and sobject.writable,
        "nillable": not field.required,
        "externalId": field.external_id,
        "unique": field.unique,
        "idLookup": field.external_id or field.name == "Id",
        "filterable": True,
        "referenceTo": [field.refers_to] if field.refers_to else [],
        "relationshipName": field.relationship or None,
    }
