"""A file of the toolkit as a whole: what is not supported here yet is kept as it was put, and told.

Its use cases of other types than `inbound` are shown and counted like all others; none is ever run.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.world import World
from tests.functions.portal import answer, problem
from tests.functions.toolkit_given import (
    CONTACTS,
    EVENTS,
    INTEGRATION_ID,
    V1,
    V2,
    contact,
    integration,
    post,
    put,
)
from tests.functions.toolkit_given import event as sent

CASES = f"{V1}/use-cases"
ID = "0a7f1d1e-2b3c-4d4e-8f5a-6b7c8d9e0f1a"
OTHERS: dict[str, dict[str, Any]] = {
    "outbound": {
        "event_catalog_event": "MeterReadingAdded",
        "mappings": [
            {
                "name": "to the ERP",
                "enabled": True,
                "jsonata_expression": "{'id': meter.external_id}",
                "delivery": {"type": "webhook", "webhook_id": "any"},
            }
        ],
    },
    "file_proxy": {
        "steps": [
            {
                "url": "https://archive.example/{{documentId}}",
                "method": "GET",
                "response_type": "binary",
            }
        ],
        "auth": {
            "type": "oauth2_client_credentials",
            "token_url": "https://archive.example/token",
            "client_id": "{{env.archive.id}}",
            "client_secret": "{{env.archive.secret}}",
        },
        "response": {"body": "steps[0]", "encoding": "binary"},
    },
    "managed_call": {
        "operation": {"method": "POST", "path": "/prices/{{id}}"},
        "response_mapping": "$",
    },
    "secure_proxy": {"vpc_mode": "static_ip", "allowed_domains": ["partner.example"]},
}


def case(kind: str, **more: Any) -> dict[str, Any]:
    """A use case as a file of the toolkit has it."""
    slug = kind.replace("_", "-")
    return {
        "name": f"The {kind}",
        "slug": slug,
        "type": kind,
        "enabled": True,
        "configuration": OTHERS.get(kind, CONTACTS),
        **more,
    }


WHOLE: dict[str, Any] = {
    "name": "Test ERP",
    "use_cases": [case("inbound", slug="customer"), *(case(kind) for kind in OTHERS)],
}


@pytest.fixture
def erp(world: World) -> World:
    """The integration of the tests, put as a file of the toolkit says it."""
    integration(world)
    assert put(world, V2, WHOLE).status == 200
    return world


def cases(world: World) -> list[Any]:
    listed: list[Any] = world.call("GET", CASES, "operator").json["use_cases"]
    return listed


def warnings(of: Any) -> list[str]:
    return [f"{one['field']}: {one['message']}" for one in of["warnings"]]


def test_put_mixed_should_keep_what_it_does_not_run(world: World, event: Any) -> None:
    integration(world)
    after = answer(world, "integrations", event)
    assert after.status == 200
    (inbound, outbound) = after.json["use_cases"]
    assert inbound["warnings"] == []
    assert warnings(outbound) == [
        "type: outbound is unsupported here yet: it is kept as it is, and has no effect"
    ]


def test_should_show_all_of_it_as_it_was_put(erp: World) -> None:
    shown = {one["type"]: one["configuration"] for one in cases(erp)}
    assert shown == {"inbound": CONTACTS, **OTHERS}
    assert erp.call("GET", V2, "operator").json["use_cases"] == cases(erp)


def test_should_change_nothing_when_the_same_is_put_again(erp: World) -> None:
    before = cases(erp)
    erp.clock.advance(60)
    assert put(erp, V2, WHOLE).status == 200
    assert cases(erp) == before


def test_should_take_back_what_it_has_shown_without_a_warning_of_unknown_keys(erp: World) -> None:
    shown = erp.call("GET", V2, "operator").json
    after = put(erp, V2, shown).json
    assert "warnings" not in after
    assert not [w for one in after["use_cases"] for w in warnings(one) if "reads it" in w]
    assert cases(erp) == shown["use_cases"]


def test_should_remove_those_that_a_put_does_not_name(erp: World) -> None:
    put(erp, V2, {**WHOLE, "use_cases": WHOLE["use_cases"][:2]})
    assert [one["type"] for one in cases(erp)] == ["inbound", "outbound"]


@pytest.mark.parametrize("kind", OTHERS)
def test_should_make_change_and_remove_one_alone(world: World, kind: str) -> None:
    integration(world)
    made = world.call("POST", CASES, "operator", case(kind))
    assert made.status == 201
    assert "unsupported" in warnings(made.json)[0]
    path = f"{CASES}/{made.json['id']}"
    changed = put(world, path, {"enabled": False})
    assert (changed.status, changed.json["configuration"]) == (200, OTHERS[kind])
    assert world.call("DELETE", path, "operator").status == 200
    assert "inbound" in {one["type"] for one in cases(world)}


@pytest.mark.parametrize(("kind", "names"), [(k, sorted(c)[-1:]) for k, c in OTHERS.items()])
def test_should_warn_of_what_the_toolkit_would_want(
    world: World, kind: str, names: list[str]
) -> None:
    integration(world)
    made = world.call("POST", CASES, "operator", case(kind, configuration={"any": 1}))
    assert made.status == 201
    assert any("the toolkit wants one" in one for one in warnings(made.json))
    assert made.json["configuration"] == {"any": 1}
    assert names


def test_should_not_let_a_use_case_become_another(erp: World) -> None:
    body = {**WHOLE, "use_cases": [case("outbound", slug="customer")]}
    told = problem(put(erp, V2, body), 400, "invalid-request")
    assert "use_cases[0].type cannot be changed" in told["message"]
    one = next(c for c in cases(erp) if c["type"] == "outbound")
    refused = put(erp, f"{CASES}/{one['id']}", {"type": "inbound"})
    assert "type cannot be changed" in problem(refused, 400, "invalid-request")["message"]


@pytest.mark.parametrize(
    ("configuration", "path"),
    [
        ({"auth": {"client_secret": "any-secret"}}, "auth.client_secret"),
        ({"auth": {"password": "any-secret"}}, "auth.password"),
        ({"steps": [{"headers": {"Authorization": "any-secret"}}]}, "steps[0].headers"),
        ({"steps": [{}, {"headers": {"X-API-Key": "any-secret"}}]}, "steps[1].headers"),
        ({"auth": {"token": "any-secret"}, "api_key": "any-secret"}, "configuration.api_key"),
    ],
)
def test_should_take_no_secret_in_what_it_keeps(
    world: World, configuration: Any, path: str
) -> None:
    integration(world)
    body = {**WHOLE, "use_cases": [case("file_proxy", configuration=configuration)]}
    refused = put(world, V2, body)
    assert path in problem(refused, 400, "invalid-request")["message"]
    assert "any-secret" not in refused.text
    assert "any-secret" not in str(world.table.items)


def test_should_warn_of_keys_that_nothing_here_reads(world: World) -> None:
    integration(world)
    body = {
        "name": "Test ERP",
        "colour": "blue",
        "environment_config": [{"key": "a", "label": "a", "type": "String", "shade": 1}],
        "use_cases": [case("inbound", slug="customer", mood="good")],
    }
    after = put(world, V2, body).json
    assert warnings(after) == [
        "colour: nothing here reads it",
        "environment_config[0].shade: nothing here reads it",
    ]
    assert warnings(after["use_cases"][0]) == ["mood: nothing here reads it"]
    shown = world.call("GET", V2, "operator").json
    assert "colour" not in str(shown)
    assert "warnings" not in shown


def test_should_keep_a_connector_and_say_that_it_has_no_effect(world: World) -> None:
    config = {"base_url": "https://a.example", "auth": {"type": "bearer", "token": "{{env.key}}"}}
    body = {"name": "Prices", "integration_type": "connector", "connector_config": config}
    made = world.call("POST", "/v2/integrations", "operator", body).json
    assert [one.split(":")[0] for one in warnings(made)] == ["integration_type", "connector_config"]
    shown = world.call("GET", f"/v1/integrations/{made['id']}", "operator").json
    assert (shown["integration_type"], shown["connector_config"]) == ("connector", config)


# --- events never reach one ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("by", ["use_case_slug", "event_name"])
def test_should_ignore_an_event_for_one_and_say_so(erp: World, kind: str, by: str) -> None:
    wanted = kind.replace("_", "-") if by == "use_case_slug" else f"The {kind}"
    event = {k: v for k, v in sent().items() if k not in ("use_case_slug", "event_name")}
    body = {"integration_id": INTEGRATION_ID, "events": [{**event, by: wanted}]}
    (result,) = erp.call("POST", EVENTS, "machine", body).json["results"]
    assert (result["status"], kind in result["message"]) == ("ignored", True)
    query = {"event_id": result["event_id"], "use_case_type": kind}
    (row,) = erp.call("POST", f"{V2}/monitoring/events", "operator", query).json["data"]
    assert (row["code"], row["level"]) == ("USE_CASE_INVALID_TYPE", "error")
    again = {"event_ids": [result["event_id"]]}
    (told,) = erp.call("POST", f"{V1}/events/replay", "machine", again).json["results"]
    assert told["status"] == "ignored"


def test_should_lead_a_name_that_two_have_to_the_one_that_takes_events(world: World) -> None:
    integration(world)
    both = [case("outbound", name="Customer"), case("inbound", slug="customer", name="Customer")]
    put(world, V2, {"name": "Test ERP", "use_cases": both})
    event = {k: v for k, v in sent().items() if k != "use_case_slug"}
    post(world, {**event, "event_name": "Customer"})
    assert contact(world)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", V1, '{"settings": {"a": "HALF"}}'),
        ("PUT", V1, '{"connector_config": {"HALF": 1}}'),
        (
            "POST",
            f"{V1}/use-cases",
            '{"name": "n", "slug": "n", "type": "outbound", "enabled": true,'
            ' "configuration": {"a": ["HALF"]}}',
        ),
    ],
)
@pytest.mark.parametrize("half", ["\\ud800", "\\uDFFF", "\ud800"])
def test_should_refuse_half_of_a_character_which_could_not_be_kept(
    world: World, method: str, path: str, body: str, half: str
) -> None:
    integration(world)
    refused = world.call(method, path, "operator", body.replace("HALF", half))
    problem(refused, 400, "body-invalid")
    whole = world.call(method, path, "operator", body.replace("HALF", "\\ud83d\\ude00"))
    assert whole.status in {200, 201}


def test_should_keep_no_integration_that_is_small_only_as_it_is_compressed(world: World) -> None:
    """Each event of the org has it read: 80 MB of one letter would fill the worker of all orgs."""
    integration(world)
    large = {"name": "n", "type": "outbound", "enabled": True, "configuration": {"a": "x" * 10**6}}
    told = [
        world.call("POST", f"{V1}/use-cases", "operator", {**large, "slug": f"n{number}"}).status
        for number in range(6)
    ]
    assert told == [201, 201, 201, 201, 400, 400]
    assert world.call("GET", V1, "operator").status == 200


@pytest.mark.parametrize(
    "name",
    [
        *("client_secret", "clientSecret", "Client-Secret", "secret", "PASSWORD", "apiKey"),
        *("api_key", "X-API-Key", "access_token", "accessToken", "refresh_token", "Authorization"),
        *("private_key", "secretKey"),
    ],
)
def test_should_know_a_secret_in_any_spelling(world: World, name: str) -> None:
    integration(world)
    body = {"connector_config": {"auth": [{name: "any"}]}}
    refused = problem(world.call("PUT", V1, "operator", body), 400, "invalid-request")
    assert f"connector_config.auth[0].{name} is a secret" in refused["message"]
    named = {"connector_config": {"auth": [{name: "{{env.any}}"}], "token_url": "any"}}
    assert world.call("PUT", V1, "operator", named).status == 200
