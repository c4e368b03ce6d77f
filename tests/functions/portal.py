"""HTTP calls as the portal makes them, and the form that every refusal has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from busbar.api import code_of
from tests.doubles.world import Reply, World, http_event, route_of

Claims = Mapping[str, str | None]
"""Claims of a token; one that is None is left out."""
ORDERS = "/v1/charge-card-orders"
CARDS = "/v1/charge-cards"
SYNC = "/v1/charge-cards/sync"


def answer(world: World, use_case: str, event: Any) -> Reply:
    """The HTTP answer of a function to an event."""
    got = world.invoke(use_case, event)
    return Reply(got["statusCode"], got["headers"], got["body"])


def call_as(
    world: World,
    sub: str,
    method: str,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    *,
    claims: Claims | None = None,
) -> Reply:
    """An HTTP call with a token for `sub`; a claim that is None is left out."""
    found, parameters = route_of(method, path.partition("?")[0])
    held = {**world.claims("fleet-manager"), "sub": sub, **(claims or {})}
    given = {name: value for name, value in held.items() if value is not None}
    event = http_event(method, path, body, headers or {}, parameters, given)
    return answer(world, found.name, event)


def place(world: World, quantity: int = 2, user: str = "fleet-manager", key: str = "any") -> Reply:
    """Send an order through the portal."""
    body = {"quantity": quantity}
    return world.call("POST", ORDERS, user, body, Idempotency_Key=key)


def problem(reply: Reply, status: int, slug: str) -> Any:
    """Hold an answer to be this problem, in the form of RFC 9457 or the toolkit's; its body."""
    assert reply.status == status, reply.text
    if "code" in reply.json:
        assert reply.json == {"code": code_of(slug), "message": reply.json["message"]}
        return reply.json
    assert reply.headers["Content-Type"] == "application/problem+json"
    body = reply.json
    assert body["type"] == f"urn:busbar:problem:{slug}"
    assert body["status"] == status
    assert body["correlation_id"] == reply.headers["x-correlation-id"]
    return body


def fields_at_fault(reply: Reply) -> list[str]:
    """The fields that a problem names; the toolkit's say them in their message."""
    if "code" in reply.json:
        return re.findall(r"([\w.]+) (?:is|has|may)", reply.json["message"].rpartition(": ")[2])
    return [e["field"] for e in reply.json["errors"]]
