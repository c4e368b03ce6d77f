"""Every field of every body at its limits; a field without a limit turns the first test red.

The fields are read from the API's document, and so from the models that handlers parse with.

The toolkit's bodies may hold keys that nobody knows, and its events are refused one by one: that
their fields have limits is held here, that they are kept in `test_erp_events_limits.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

import pytest

from infra.catalog import USE_CASES, Route
from infra.operations import operations
from tests.doubles.contract import operation_of, resolved
from tests.doubles.world import Reply, World
from tests.functions.given import IDS, card_in_portal, ready
from tests.functions.people import allowed
from tests.functions.portal import CARDS, ORDERS, call_as, fields_at_fault, problem

WITH_BODY = [r for c in USE_CASES for r in c.routes if operations()[r.operation].body]
ROUTES = [r for r in WITH_BODY if not operations()[r.operation].toolkit]
KNOWN_THERE: Mapping[tuple[Route, tuple[str, ...]], str] = (
    {
        (route, ("external_id",)): "is no order in Salesforce"
        for route in ROUTES
        if route.operation == "tasks_adopt"
    }
    | {
        (route, tuple(field.split("."))): said
        for route in ROUTES
        if route.operation == "wallbox_order"
        for field, said in {
            "products": "stands there twice",
            "products.*.product_code": "is no product that can be ordered",
            "products.*.quantity": "has to be between",
            "person.first_name": "differs from your earlier orders",
            "person.last_name": "differs from your earlier orders",
            "person.iban": "is no IBAN",
        }.items()
    }
    | {
        (route, ("key",)): "has to begin with"
        for route in ROUTES
        if route.operation == "erp_loads_start"
    }
)
"""Fields whose value has to be right beyond its form: what is said when it fits, and is not."""
SIZES = {"string": "Length", "array": "Items"}
"""Type -> how the names of its limits end."""


class Field(NamedTuple):
    """A field of a body, or the whole of one: `path` leads to it, `*` through a list."""

    route: Route
    path: tuple[str, ...]
    schema: Any

    @property
    def name(self) -> str:
        """As a problem names it; of a list the first element."""
        return ".".join(self.path).replace(".*", "[0]")


def walk(route: Route, path: tuple[str, ...], schema: Any) -> Iterator[Field]:
    """A part of a body and all parts of it; null is no part."""
    schema = resolved(schema)
    for choice in schema.get("anyOf", []):
        yield from walk(route, path, choice)
    if "type" in schema and schema["type"] != "null":
        yield Field(route, path, schema)
    for name, part in schema.get("properties", {}).items():
        yield from walk(route, (*path, name), part)
    if "items" in schema:
        yield from walk(route, (*path, "*"), schema["items"])


def body_schema(route: Route) -> Any:
    """The schema of a route's body."""
    return operation_of(route.operation)["requestBody"]["content"]["application/json"]["schema"]


FIELDS = [field for route in ROUTES for field in walk(route, (), body_schema(route))]
OF_TOOLKIT = [
    field
    for route in WITH_BODY
    if route not in ROUTES
    for field in walk(route, (), body_schema(route))
    if field.schema["type"] != "object"  # what is unknown in them is passed over
]


def unlimited(schema: Any) -> str | None:
    """What a schema lacks that bounds its values, if it lacks anything."""
    if {"enum", "const", "format"} & set(schema):
        return None
    match schema["type"]:
        case "string":
            bounded = re.fullmatch(r"\^[^*+]*\$", schema.get("pattern", ""))
            return None if bounded or "maxLength" in schema else "maxLength"
        case "integer" | "number":
            return None if {"minimum", "maximum"} <= set(schema) else "minimum and maximum"
        case "array":
            return None if "maxItems" in schema else "maxItems"
        case "object":
            closed = schema.get("additionalProperties") is False or "maxProperties" in schema
            return None if closed else "additionalProperties"
        case _:
            return None


def test_should_have_no_field_without_a_limit() -> None:
    found = [
        f"{field.route.operation}: {field.name} has no {lacks}"
        for field in FIELDS + OF_TOOLKIT
        if (lacks := unlimited(field.schema))
    ]
    assert found == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "string", "minLength": 3},
        {"type": "string", "pattern": "^[a-z]+$"},
        {"type": "string", "pattern": "[a-z]{2}"},
        {"type": "integer", "minimum": 1},
        {"type": "array", "items": {"type": "boolean"}},
        {"type": "object", "properties": {}},
    ],
)
def test_should_find_a_field_without_a_limit(schema: Any) -> None:
    assert unlimited(schema)


def with_value(field: Field, value: Any) -> Any:
    """An example body with this value in the field. Fails if no example has the field."""
    for example in operations()[field.route.operation].bodies.values():
        body = deepcopy(example)
        here: Any = body
        try:
            for step in field.path[:-1]:
                here = here[0 if step == "*" else step]
            last = 0 if field.path[-1] == "*" else field.path[-1]
            here[last]
        except (KeyError, IndexError, TypeError):
            continue
        here[last] = value(here[last]) if callable(value) else value
        return body
    raise AssertionError(f"{field.route.operation}: no example of a body has {field.name}")


def sized(schema: Any, size: int) -> Any:
    """A value of this size: text, a number, or a function that makes the list longer."""
    if schema["type"] == "string":
        # Text of a form that has no end of its own: an e-mail address.
        form = "@x.example" if "@" in schema.get("pattern", "") else ""
        return "x" * (size - len(form)) + form
    if schema["type"] == "array":
        return lambda there: [there[0]] * size
    return size


class Case(NamedTuple):
    """A value just at a limit, or just beyond it."""

    field: Field
    size: int
    fits: bool


def cases() -> Iterator[Case]:
    """Every field at limit - 1, limit and limit + 1, at both ends."""
    for field in FIELDS:
        schema, suffix = field.schema, SIZES.get(field.schema["type"], "imum")
        if schema["type"] not in {*SIZES, "integer"} or {"enum", "const", "format"} & set(schema):
            continue
        low, high = schema.get(f"min{suffix}"), schema.get(f"max{suffix}")
        if low is not None and (low > 0 or schema["type"] == "integer"):
            yield Case(field, low - 1, False)
        if "@" in schema.get("pattern", ""):
            low = None  # an address of no length has another fault than its length
        if "pattern" not in schema or "@" in schema["pattern"]:  # else no other text is of its form
            yield from (Case(field, n, True) for n in (low, high) if n is not None)
            yield from (Case(field, n, True) for n in (high and high - 1,) if n and n >= (low or 0))
        if high is not None:
            yield Case(field, high + 1, False)


def send(field: Field, body: Any) -> Reply:
    """Send a body to the route of the field, where it can be granted."""
    route = field.route
    world, ids = ready(route.operation)
    headers = {"Idempotency-Key": "any", "If-Match": "*"}
    sub = allowed(route.operation)
    return call_as(world, sub, route.method, route.path.format(**ids), body, headers)


@pytest.mark.parametrize(
    "case", list(cases()), ids=lambda c: f"{c.field.route.operation}-{c.field.name}-{c.size}"
)
def test_should_take_a_field_up_to_its_limits_and_not_beyond(case: Case) -> None:
    body = with_value(case.field, sized(case.field.schema, case.size))
    reply = send(case.field, body)
    at_fault = fields_at_fault(reply) if reply.text.find('"errors"') > 0 else []
    if case.fits and case.field[:2] in KNOWN_THERE:
        assert reply.status < 300 or KNOWN_THERE[case.field[:2]] in reply.text
    elif case.fits:
        assert not (reply.json.get("type", "").endswith(":fields-invalid")), reply.text
        assert reply.status < 500
    else:
        problem(reply, 422, "fields-invalid")
        assert case.field.name in at_fault


OBJECTS = [field for field in FIELDS if field.schema["type"] == "object"]


@pytest.mark.parametrize("field", OBJECTS, ids=lambda f: f"{f.route.operation}-{f.name or 'body'}")
def test_should_refuse_an_unknown_field_in_every_object(field: Field) -> None:
    within = Field(field.route, (*field.path, "never_heard_of"), {})
    parent = next(iter(operations()[field.route.operation].bodies.values()))
    if field.path:
        body = with_value(field, lambda there: {**there, "never_heard_of": 1})
    else:
        body = {**parent, "never_heard_of": 1}
    reply = send(field, body)
    problem(reply, 422, "fields-invalid")
    assert within.name in fields_at_fault(reply)


# --- headers and paths -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "status"), [(0, 400), (1, 201), (254, 201), (255, 201), (256, 400)]
)
def test_should_take_a_key_of_255_characters_and_no_longer_one(
    world: World, length: int, status: int
) -> None:
    reply = world.call("POST", ORDERS, body={"quantity": 1}, Idempotency_Key="k" * length)
    assert reply.status == status, reply.text


@pytest.mark.parametrize("key", [" ", "\t", "ä", "a\x7f", "a\nb"])
def test_should_refuse_a_key_that_is_blank_or_cannot_be_printed(world: World, key: str) -> None:
    reply = world.call("POST", ORDERS, body={"quantity": 1}, Idempotency_Key=key)
    assert reply.status == 400
    assert "idempotency-key" in reply.json["type"]


@pytest.mark.parametrize(("length", "kept"), [(7, False), (8, True), (64, True), (65, False)])
def test_should_take_a_correlation_id_of_8_to_64_characters(
    world: World, length: int, kept: bool
) -> None:
    sent = "c" * length
    reply = world.call("GET", ORDERS, X_Correlation_Id=sent)
    assert (reply.headers["x-correlation-id"] == sent) is kept


@pytest.mark.parametrize(
    ("etag", "slug"),
    [('"999999999999999"', "card-changed"), ('"1000000000000000"', "etag-unknown")],
)
def test_should_know_an_etag_of_15_digits(world: World, etag: str, slug: str) -> None:
    card_in_portal(world)
    reply = world.call("PATCH", f"{CARDS}/{IDS['card_id']}", body={}, If_Match=etag)
    problem(reply, 412, slug)


SHOWN = [
    r
    for c in USE_CASES
    for r in c.routes
    # The toolkit asks of anything whether it is synced: what nobody knows has no state.
    if r.method == "GET" and "{" in r.path and r.operation != "erp_monitoring_synced"
]


@pytest.mark.parametrize("length", [1, 12, 13, 14, 2000])
@pytest.mark.parametrize("route", SHOWN, ids=lambda route: route.operation)
def test_should_answer_404_to_an_id_of_any_length(world: World, route: Route, length: int) -> None:
    path = re.sub(r"\{\w+\}", "0" * length, route.path)
    assert call_as(world, allowed(route.operation), "GET", path).status == 404
