"""GET /v1/openapi.json, and the document itself: it is whole, valid, fresh, and true."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import schemathesis

from busbar.domain.authorisation import SIGNED, TABLE
from busbar.domain.webhook_signature import HEADERS, key_of, sign
from infra.catalog import USE_CASES, Route
from infra.openapi import WRITTEN, document, text
from infra.operations import operations
from tests.doubles.contract import hold, operation_of, resolved, validator
from tests.doubles.world import Reply, World
from tests.functions.given import ready
from tests.functions.people import allowed
from tests.functions.portal import answer, call_as
from tests.functions.sender import post, signed_headers

ROUTES = [route for case in USE_CASES for route in case.routes + case.signed_routes]
EVERY = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
BODIES = [(name, example) for name, o in operations().items() for example in o.bodies]


def test_driver_should_be_shown_the_document_as_it_lies(world: World, event: Any) -> None:
    shown = answer(world, "openapi", event)
    assert shown.status == 200
    assert shown.text == WRITTEN.read_text()


def test_should_be_written_as_it_is_made_now() -> None:
    assert WRITTEN.read_text() == text(), "run: python -m infra.openapi"


def test_should_be_a_valid_document() -> None:
    schemathesis.openapi.from_dict(document()).validate()


def test_should_describe_every_route_and_no_other() -> None:
    described = {
        (verb.upper(), path, entry["operationId"])
        for path, entries in document()["paths"].items()
        for verb, entry in entries.items()
    }
    assert described == {(r.method, r.path, r.operation) for r in ROUTES}
    assert set(operations()) == {*TABLE, *SIGNED}


def test_should_ask_for_the_three_headers_of_a_signature_where_no_token_is_taken() -> None:
    schemes = document()["components"]["securitySchemes"]
    for route in ROUTES:
        asked = operation_of(route.operation).get("security", document()["security"])
        names = [[schemes[name].get("name", name) for name in every] for every in asked]
        assert names == [list(HEADERS) if route.operation in SIGNED else ["token"]]


def test_should_sign_its_example_as_it_says() -> None:
    told = operation_of("salesforce_webhook")["description"]
    key, message_id, timestamp, signature = re.findall("`(.+?)`", told)
    body = re.search("\n    (.+)\n", told)
    assert body
    assert json.loads(body[1]) in operations()["salesforce_webhook"].bodies.values()
    assert sign(key_of(key), message_id, timestamp, body[1].encode()) == signature


# --- examples ----------------------------------------------------------------------------------


@EVERY
def test_should_have_an_example_of_every_answer_that_fits(route: Route) -> None:
    for status, answered in operation_of(route.operation)["responses"].items():
        for content_type, content in resolved(answered).get("content", {}).items():
            if content_type == "application/json" and int(status) >= 400:
                if "example" not in content:
                    continue  # API Gateway's own
                assert operations()[route.operation].toolkit
            faults = [
                f.message for f in validator(content["schema"]).iter_errors(content["example"])
            ]
            assert faults == [], status


@EVERY
def test_should_have_an_example_of_every_body_that_fits(route: Route) -> None:
    described = operations()[route.operation]
    assert bool(described.body) == bool(described.bodies)
    taken = operation_of(route.operation).get("requestBody", {"content": {}})["content"]
    kinds = ["application/json"] if described.body else []
    assert list(taken) == kinds + (["text/csv"] if described.csv else [])
    for content in taken.values():
        for example in content["examples"].values():
            assert validator(content["schema"]).is_valid(example["value"])


@EVERY
def test_should_be_granted_what_the_examples_ask_for(route: Route) -> None:
    described = operations()[route.operation]
    kind = "text/csv" if described.csv else "application/json"
    headers = {"Idempotency-Key": "any", "If-Match": "*", "Content-Type": kind}
    for body in described.bodies.values() or [described.csv or None]:
        world, ids = ready(route.operation)
        path = route.path.format(**ids)
        if route.operation in SIGNED:
            granted = sent(world, body)
        else:
            granted = call_as(world, allowed(route.operation), route.method, path, body, headers)
        assert granted.status in described.answers, granted.text


def sent(world: World, message: Any) -> Reply:
    """What the webhook answers to a message that is signed."""
    body = json.dumps(message).encode()
    return post(world, body, signed_headers(world, body))


# --- the contract by itself --------------------------------------------------------------------

WITH_ID = {"Content-Type": "application/json", "x-correlation-id": "portal-0001"}
PROBLEM = {**WITH_ID, "Content-Type": "application/problem+json"}


def problem_of(status: int, slug: str) -> Any:
    return {
        "type": f"urn:busbar:problem:{slug}",
        "title": "any",
        "status": status,
        "correlation_id": "portal-0001",
    }


def test_should_hold_what_is_declared() -> None:
    hold("my_charge_cards", 200, WITH_ID, {"cards": []})
    hold("my_charge_cards", 403, PROBLEM, problem_of(403, "forbidden"))


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (201, WITH_ID, {"cards": []}),
        (200, {"Content-Type": "application/json"}, {"cards": []}),
        (200, PROBLEM, {"cards": []}),
        (200, WITH_ID, {"cards": [], "secret": 1}),
        (200, WITH_ID, {}),
        (200, WITH_ID, {"cards": [{"id": "any"}]}),
        (403, WITH_ID, {"message": "Forbidden"}),
        (403, PROBLEM, problem_of(403, "never-heard-of")),
        (403, PROBLEM, problem_of(401, "forbidden")),
        (418, PROBLEM, problem_of(418, "teapot")),
    ],
)
def test_should_refuse_an_answer_that_is_not_declared(
    status: int, headers: dict[str, str], body: Any
) -> None:
    with pytest.raises(AssertionError, match="my_charge_cards answered"):
        hold("my_charge_cards", status, headers, body)
