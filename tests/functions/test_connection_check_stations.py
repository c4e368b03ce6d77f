"""POST /v1/systems/energised/connection-check, of an org that sells wallboxes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from busbar.domain.connection_texts import OK
from infra.simulators import sample
from infra.simulators.faults import Fault
from tests.doubles.world import ORG, World
from tests.functions.given import forget_calls, writes
from tests.functions.test_connection_check import Json, checked, detail, found

CARDS = ["login", "clock", "card_list", "card_read"]
REGISTER: Json = {
    "contact_route": "register",
    "register_company_id": sample.NORDWIND.energised_id,
    "register_billing_contact_id": sample.NORDWIND.energised_id,
    "private_rate_id": "any",
}


def selling(**energised: Any) -> World:
    """A world that has wallboxes, and a tenant that private persons reach by the route set."""
    world = World()
    org = world.settings.orgs[ORG]
    assert org.energised
    known = replace(org.energised, wallboxes=True, **energised)
    world.settings = replace(world.settings, orgs={ORG: replace(org, energised=known)})
    world.energised.load_sample(20, wallboxes=4)
    world.energised.backend.contact_route = known.contact_route
    return world


def names(report: Json) -> list[str]:
    return [check["name"] for check in report["checks"]]


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        ({}, ["contacts", "cpo_login", "stations"]),
        ({"contact_mode": "none"}, ["cpo_login", "stations"]),
        (REGISTER, ["register", "cpo_login", "stations"]),
        ({**REGISTER, "register_mode": "none"}, ["register", "cpo_login", "stations"]),
    ],
)
def test_should_be_green_and_look_at_what_the_org_uses(settings: Json, more: list[str]) -> None:
    world = selling(**settings)
    forget_calls(world)
    report = checked(world, "energised")
    assert (report["ok"], found(report), names(report)) == (True, {}, [*CARDS, *more])
    assert [c["text"] for c in report["checks"][4:]] == [
        OK[name].format(system="be.ENERGISED") for name in more
    ]
    # The login is a POST, and changes nothing.
    assert {w.operation for w in writes(world.energised)} <= {"cpo_token"}


def test_should_name_a_secret_without_the_cpo_api_and_reach_no_further() -> None:
    world = selling()
    world.secrets.values["energised"] = {"api_token": "not-secret-2"}
    report = checked(world, "energised")
    assert (report["ok"], found(report)) == (False, {"cpo_login": "failed"})
    assert report["not_reached"] == ["stations"]
    assert "client_id and client_secret" in detail(report, "cpo_login")


@pytest.mark.parametrize("error", ["invalid_client", "invalid_scope", "unauthorized_client"])
def test_should_say_that_the_cpo_client_is_refused(error: str) -> None:
    world = selling()
    world.energised.add_fault(
        Fault("status", operation="cpo_token", status=400, body={"error": error})
    )
    report = checked(world, "energised")
    assert found(report) == {"cpo_login": "failed"}
    assert "lehnt die Anmeldung ab" in report["checks"][-1]["text"]
    assert error in detail(report, "cpo_login")
    assert "not-secret" not in json.dumps(report)


def test_should_say_that_the_client_may_not_see_stations() -> None:
    world = selling()
    world.energised.logins.scope = "emsp:*"
    report = checked(world, "energised")
    assert found(report) == {"stations": "failed"}
    assert "erlaubt diese Prüfung nicht" in report["checks"][-1]["text"]


def test_should_warn_of_a_token_that_sees_no_station() -> None:
    world = selling()
    world.energised.backend.stations.clear()
    report = checked(world, "energised")
    assert (report["ok"], found(report)) == (True, {"stations": "warning"})


@pytest.mark.parametrize(
    ("settings", "passes_over", "says"),
    [
        ({"station_identity_field": "ocppId"}, False, "shows no ocppId"),
        ({"station_contact_field": "owner", "station_tariff_field": "rate"}, False, "owner, rate"),
        ({"station_filter": ""}, False, "the whole list is read"),
        ({}, True, "the whole list is read"),
    ],
)
def test_should_warn_of_settings_that_the_stations_do_not_bear_out(
    settings: Json, passes_over: bool, says: str
) -> None:
    world = selling(**settings)
    world.energised.backend.filters_stations = not passes_over
    report = checked(world, "energised")
    assert (report["ok"], found(report)) == (True, {"stations": "warning"})
    assert says in detail(report, "stations")


def test_should_fail_where_the_search_for_contacts_shows_others() -> None:
    world = selling()
    body = {"data": [{"id": "1", "customer_reference": "Erika Muster"}]}
    world.energised.add_fault(Fault("status", operation="find_contacts", status=200, body=body))
    report = checked(world, "energised")
    assert found(report) == {"contacts": "failed"}
    assert "set contact_mode to none" in detail(report, "contacts")
    assert "Erika" not in json.dumps(report)


def test_should_fail_where_there_is_no_route_for_contacts() -> None:
    world = selling()
    world.energised.backend.contact_route = "register"
    report = checked(world, "energised")
    assert found(report) == {"contacts": "failed"}
    assert "names in the settings" in detail(report, "contacts")


def test_should_say_that_the_search_for_contacts_is_refused() -> None:
    world = selling(contact_reference_field="other")
    assert found(checked(world, "energised")) == {"contacts": "failed"}


def test_should_fail_where_the_search_for_a_card_shows_others() -> None:
    report = checked(selling(**REGISTER, card_number_query="unknown"), "energised")
    assert found(report) == {"register": "failed"}
    assert "set register_mode to none" in detail(report, "register")


def test_should_fail_where_a_card_is_not_found_by_its_number() -> None:
    world = selling(**REGISTER)
    forget_calls(world)
    checked(world, "energised")
    lists = [call for call in world.energised.calls if call.operation == "list_cards"]
    nothing = {"data": [], "meta": {"total": 0}}
    # The search is the last of them.
    last = len(lists) - 1
    world.energised.add_fault(
        Fault("status", operation="list_cards", status=200, body=nothing, skip=last)
    )
    assert found(checked(world, "energised")) == {"register": "failed"}


def test_should_warn_of_a_tenant_without_a_card_to_search_for() -> None:
    world = selling(**REGISTER)
    for card in world.energised.backend.current():
        world.energised.backend.remove(card.id)
    report = checked(world, "energised")
    assert found(report) == {"card_read": "warning", "register": "warning"}


def test_should_fail_where_there_is_no_fleet_api() -> None:
    world = selling(**REGISTER)
    world.energised.routes = [r for r in world.energised.routes if "fleet" not in r.pattern]
    assert found(checked(world, "energised")) == {"register": "failed"}
