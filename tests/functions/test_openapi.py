"""GET /v1/openapi.json, and the document itself: it is whole, valid, fresh, and true."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis

from busbar.domain.authorisation import TABLE
from infra.catalog import USE_CASES, Route
from infra.openapi import WRITTEN, document, text
from infra.operations import operations
from tests.doubles.contract import hold, operation_of, resolved, validator
from tests.doubles.world import World
from tests.functions.given import ready
from tests.functions.people import allowed
from tests.functions.portal import answer, call_as

ROUTES = [route for case in USE_CASES for route in case.routes]
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
    assert set(operations()) == set(TABLE)


# --- examples ----------------------------------------------------------------------------------


@EVERY
def test_should_have_an_example_of_every_answer_that_fits(route: Route) -> None:
    for status, answered in operation_of(route.operation)["responses"].items():
        for content_type, content in resolved(answered).get("content", {}).items():
            if content_type == "application/json" and int(status) >= 400:
                continue  # API Gateway's own
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
        granted = call_as(world, allowed(route.operation), route.method, path, body, headers)
        assert granted.status in described.answers, granted.text


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
