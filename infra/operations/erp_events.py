"""/v1, /v2, /v3/erp/updates/events: an ERP's events, in the toolkit's wire format.

The handler reads bodies by hand, event by event, as one bad event is no fault of its neighbours;
these models say what it takes. `tests/functions/test_erp_events_limits.py` holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from busbar.domain.erp_events import LARGEST_PAYLOAD, MOST_EVENTS, UPLOAD_PATTERN
from busbar.domain.integrations import SLUG_PATTERN, integration_id
from busbar.usecases.erp_payloads import UploadWish
from busbar.usecases.erp_requests import LONGEST_CORRELATION, LONGEST_GROUP, LONGEST_NAME
from infra.operations import Json, Operation, Says, View

Correlation = Annotated[str, Field(max_length=LONGEST_CORRELATION)]
Group = Annotated[str, Field(max_length=LONGEST_GROUP)]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Payload = (
    Annotated[str, Field(min_length=2, max_length=5 * 1024 * 1024)]
    | Annotated[dict[str, Any], Field(min_length=1)]
)


class Taken(BaseModel):
    """Keys that are unknown are passed over."""

    model_config = ConfigDict(extra="allow")


class ErpEventBase(Taken):
    """An event. A payload that is an object is made a text by us.

    `deduplication_id`: the same once more within 24 hours, for the same integration, is `skipped`.
    """

    timestamp: datetime
    format: Literal["json", "xml"] = "json"
    deduplication_id: Annotated[str, Field(pattern="^[a-zA-Z0-9_-]{1,255}$")] | None = None
    correlation_id: Correlation | None = None


class ErpEvent(ErpEventBase):
    """An event of versions 1 and 2. What it does says its use case, not its type."""

    payload: Payload
    event_type: Literal["CREATE", "UPDATE", "DELETE"]
    object_type: Name


class ErpEventV3(ErpEventBase):
    """An event. It names its use case by the slug, which wins, or by a name.

    In the place of `payload` it may have `payload_ref`: that of an uploaded one.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["event_name"]}, {"required": ["use_case_slug"]}],
            "oneOf": [{"required": ["payload"]}, {"required": ["payload_ref"]}],
        }
    )

    payload: Payload | None = None
    payload_ref: Annotated[str, Field(pattern=UPLOAD_PATTERN)] | None = None

    event_name: Name | None = None
    use_case_slug: Annotated[str, Field(pattern=SLUG_PATTERN)] | None = None
    group_id: Group | None = None


class Meta(Taken):
    """Of a request of version 1."""

    correlation_id: Correlation | None = None


class ErpEventsV1(Taken):
    """Events for the integration that an app and its component stand for."""

    app_id: UUID
    component_id: UUID
    meta: Meta
    events: Annotated[list[ErpEvent], Field(max_length=MOST_EVENTS)]


class ErpEventsV2(Taken):
    """Events for an integration."""

    integration_id: UUID
    correlation_id: Correlation | None = None
    events: Annotated[list[ErpEvent], Field(max_length=MOST_EVENTS)]


class ErpEventsV3(Taken):
    """Events for an integration. Those of one group are applied in their order, groups side by
    side; without a group all of the integration's are one."""

    integration_id: UUID
    correlation_id: Correlation | None = None
    group_id: Group | None = None
    events: Annotated[list[ErpEventV3], Field(max_length=MOST_EVENTS)]


class UploadForm(View):
    """A form (`multipart/form-data`) that takes one payload: its `fields` first, in it, then the
    `file`. An event names it by `payload_ref`, until `name_until`."""

    payload_ref: str
    url: str
    fields: Mapping[str, str]
    largest: int
    valid_until: datetime
    name_until: datetime


class ErpResult(View):
    """What became of an event: on its way, refused, come before, or nobody's."""

    event_id: str
    status: Literal["success", "error", "skipped", "ignored"]
    message: str


class ErpResults(View):
    """One result per event, in their order."""

    results: list[ErpResult]


INTEGRATION = integration_id("demo", "erp")
APP, COMPONENT = "0c4f1b5e-93a0-4ad5-8b39-6f6c7a0f5a11", "5a1f7a52-6a1d-4c0e-9a55-3c7e6d4f2b10"
PAYLOAD: Json = {"AccountID": "0001000042", "FirstName": "Wiebke", "LastName": "Janssen"}
EVENT: Json = {
    "event_name": "customer",
    "timestamp": "2026-03-02T08:00:00Z",
    "format": "json",
    "payload": PAYLOAD,
}
OLD_EVENT: Json = {
    "event_type": "UPDATE",
    "object_type": "customer",
    "timestamp": "2026-03-02T08:00:00Z",
    "format": "json",
    "payload": '{"AccountID":"0001000042","LastName":"Janssen"}',
    "deduplication_id": "customer-1000042-1",
}
ANSWER = {
    200: Says(
        "One result per event",
        ErpResults,
        {
            "results": [
                {"event_id": "202603020RDER00000001-000", "status": "success", "message": ""},
                {
                    "event_id": "202603020RDER00000001-001",
                    "status": "ignored",
                    "message": "no use case of this name",
                },
            ]
        },
    )
}
REFUSED = {
    422: Says(
        "One result per event: a direct payload among them was refused",
        ErpResults,
        {
            "results": [
                {"event_id": "202603020RDER00000001-000", "status": "success", "message": ""},
                {
                    "event_id": "202603020RDER00000001-001",
                    "status": "error",
                    "message": "operations[0].attributes: is required",
                },
            ]
        },
    )
}
PROBLEMS = {400: ("invalid-request",), 404: ("integration-not-found",)}
OPERATIONS = {
    "erp_events_v1": Operation(
        "Take events of an ERP; deprecated, use version 3",
        ANSWER,
        body=ErpEventsV1,
        bodies={
            "one": {
                "app_id": APP,
                "component_id": COMPONENT,
                "meta": {"correlation_id": "erp-run-17"},
                "events": [OLD_EVENT],
            }
        },
        problems=PROBLEMS,
        toolkit=True,
    ),
    "erp_events_v2": Operation(
        "Take events of an ERP; deprecated, use version 3",
        ANSWER,
        body=ErpEventsV2,
        bodies={
            "one": {
                "integration_id": INTEGRATION,
                "correlation_id": "erp-run-17",
                "events": [OLD_EVENT],
            }
        },
        problems=PROBLEMS,
        toolkit=True,
    ),
    "erp_events_upload": Operation(
        "A form to upload a payload that is too large for a request; an event then names it",
        {
            200: Says(
                "The form",
                UploadForm,
                {
                    "payload_ref": "202603020RDER00000001",
                    "url": "https://any-bucket.s3.eu-central-1.amazonaws.com/",
                    "fields": {
                        "Content-Type": "application/json",
                        "key": "payloads/demo/202603020RDER00000001",
                        "policy": "eyJleHBpcmF0aW9uIjog",
                        "x-amz-signature": "0f1e2d3c",
                    },
                    "largest": LARGEST_PAYLOAD,
                    "valid_until": "2026-03-02T08:15:00+00:00",
                    "name_until": "2026-03-03T08:00:00+00:00",
                },
            )
        },
        body=UploadWish,
        bodies={"an XML document": {"format": "xml"}},
        body_optional=True,
        problems={400: ("invalid-request",)},
        toolkit=True,
    ),
    "erp_events_v3": Operation(
        "Take events of an ERP: each is answered for itself, and safe before it is answered",
        {**ANSWER, **REFUSED},
        body=ErpEventsV3,
        bodies={
            "one": {"integration_id": INTEGRATION, "events": [EVENT]},
            "two groups": {
                "integration_id": INTEGRATION,
                "correlation_id": "erp-run-17",
                "group_id": "customer-1000042",
                "events": [
                    {**EVENT, "use_case_slug": "customer", "deduplication_id": "1000042-1"},
                    {
                        "use_case_slug": "customer",
                        "timestamp": "2026-03-02T08:00:01.5+01:00",
                        "format": "xml",
                        "payload": "<AccountID>0001000043</AccountID>",
                        "group_id": "customer-1000043",
                        "correlation_id": "erp-run-17-b",
                    },
                ],
            },
            "an uploaded payload": {
                "integration_id": INTEGRATION,
                "events": [
                    {
                        "use_case_slug": "customer",
                        "timestamp": "2026-03-02T08:00:00Z",
                        "format": "json",
                        "payload_ref": "202603020RDER00000001",
                    }
                ],
            },
        },
        problems=PROBLEMS,
        toolkit=True,
    ),
}
