"""Events of ERPs as messages for the worker: what they carry, their order, and what a repeat is."""

from __future__ import annotations

import hashlib

from busbar.domain.erp_events import EventMessage, RequestVersion
from busbar.domain.integrations import IntegrationUseCase
from busbar.ports.queues import Message
from busbar.usecases.erp_requests import Incoming

LARGEST_MESSAGE = 200_000
"""Bytes of a message with the event in it; of a larger event it says where in S3 it is."""


def message_of(
    org: str,
    use_case: IntegrationUseCase,
    event: Incoming,
    *,
    ours: str,
    accepted: int,
    version: RequestVersion,
) -> Message:
    """The message of an event whose id is `ours`, accepted at `accepted` (µs since 1970)."""
    integration = use_case.integration_id
    message = EventMessage(
        org=org,
        integration_id=integration,
        use_case=use_case.slug,
        request_version=version,
        event_id=ours,
        correlation_id=event.correlation_id or ours,
        group=event.group_id,
        timestamp=event.timestamp,
        accepted=accepted,
        format=event.format,
        payload=None if event.payload_ref else event.payload,
    )
    body = message.text()
    return Message(
        body if len(body) <= LARGEST_MESSAGE else message.pointer().text(),
        group=group_of(org, integration, event.group_id),
        once=_once_of(integration, use_case.slug, event),
    )


def group_of(org: str, integration: str, group: str) -> str:
    """The queue's group: events of one group in order, those of no group all in one order."""
    digest = hashlib.sha256(group.encode()).hexdigest()[:32] if group else ""
    return f"{org}#{integration}#{digest}"[:128]


def _once_of(integration: str, use_case: str, event: Incoming) -> str:
    """By what the queue knows a repeat within five minutes: its id, or else all of its bytes."""
    said = event.deduplication_id or (
        f"{use_case}\0{event.timestamp}\0{event.payload}{event.payload_ref}{event.etag}"
    )
    kind = "id" if event.deduplication_id else "bytes"
    return hashlib.sha256(f"{integration}\0{kind}\0{said}".encode()).hexdigest()
