"""Puts platform events on an EventBridge bus, as Event Relay does for a real org."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from infra.simulators.salesforce.events import Envelope


class NotTakenError(Exception):
    """EventBridge refused an event. The message is its error code."""


def eventbridge_publisher(
    endpoint_url: str, bus: str, *, region: str = "eu-central-1", account: str = "123456789012"
) -> Callable[[Envelope], None]:
    """A publisher for `SalesforceSimulator(publish=…)`; raises what keeps an event from going.

    The local AWS takes any credentials; the account number doubles as the key id.
    """
    client: Any = boto3.client(
        "events",
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="local",  # noqa: S106  the local AWS looks at none
        # What does not go out waits for a later call anyhow; more tries would hold up the end.
        config=Config(retries={"mode": "standard", "total_max_attempts": 2}),
    )

    def publish(envelope: Envelope) -> None:
        entry = {
            "Source": envelope["source"],
            "DetailType": envelope["detail-type"],
            "Detail": json.dumps(envelope["detail"]),
            "EventBusName": bus,
        }
        result = client.put_events(Entries=[entry])
        if result.get("FailedEntryCount"):
            raise NotTakenError(result["Entries"][0].get("ErrorCode", "unknown"))

    return publish
