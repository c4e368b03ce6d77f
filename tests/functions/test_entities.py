"""/v1/entities: what became of an ERP's events, read over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.world import World
from tests.functions.portal import answer, fields_at_fault, problem
from tests.functions.toolkit_given import (
    CONTACT_ID,
    INTEGRATION_ID,
    METER_ID,
    contact,
    integration,
    post,
)
from tests.functions.toolkit_given import event as sent

ONE = f"/v1/entities/contact/{CONTACT_ID}"
READINGS = [
    {"id": "R2", "at": "2026-02-01", "value": 20},
    {"id": "R1", "at": "2026-01-01", "value": 10},
]


@pytest.fixture
def erp(world: World) -> World:
    """A customer has come, has married, and has a meter with two readings."""
    integration(world)
    post(world, sent(lastName="Ost"))
    post(world, sent(second=1))
    post(world, sent("meter", 2, meter="M1", readings=READINGS))
    return world


def test_list_should_show_the_entities_that_fit_a_filter(erp: World, event: Any) -> None:
    post(erp, sent(partner="1000043", lastName="Ost"))
    found = answer(erp, "entities", event).json
    assert [one["_id"] for one in found["entities"]] == [CONTACT_ID]
    assert found["next_cursor"] is None


def test_unique_id_should_find_the_one_with_its_lineage(erp: World, event: Any) -> None:
    (found,) = answer(erp, "entities", event).json["entities"]
    said = found["_lineage"]["last_name"]
    assert (found["last_name"], said["system"]) == ("Janssen", "sap")
    assert (said["integration_id"], said["use_case"]) == (INTEGRATION_ID, "customer")
    assert said["event_time"] == "2026-03-02T07:00:01.000000Z"


def test_unknown_filter_should_name_those_that_are_allowed(erp: World, event: Any) -> None:
    refused = answer(erp, "entities", event)
    problem(refused, 400, "invalid-parameter")
    assert fields_at_fault(refused) == ["filter"]
    assert "customer_number, last_name, communication_preference" in refused.text


def test_show_should_show_an_entity_as_its_events_have_made_it(erp: World, event: Any) -> None:
    shown = answer(erp, "entities", event).json
    assert (shown["salutation"], shown["_version"]) == ("Mr.", 2)
    assert set(shown["_lineage"]) == {"customer_number", "last_name", "salutation"}


def test_fleet_manager_should_see_none_of_it(erp: World, event: Any) -> None:
    problem(answer(erp, "entities", event), 403, "forbidden")


@pytest.mark.parametrize("user", ["service-agent", "machine"])
def test_should_be_shown_to_staff_and_machines(erp: World, user: str) -> None:
    assert erp.call("GET", ONE, user).status == 200


def test_relations_should_show_who_is_related_to_it(erp: World, event: Any) -> None:
    (one,) = answer(erp, "entities", event).json["relations"]
    assert (one["direction"], one["relation"]) == ("in", "customer")
    assert one["entity"]["_id"] == METER_ID


def test_relations_should_be_shown_page_by_page(erp: World) -> None:
    post(erp, sent("meter", 3, meter="M2"), sent("meter", 4, meter="M3"))
    seen, query = list[str](), "limit=2"
    for _ in range(2):
        page = erp.call("GET", f"{ONE}/relations?{query}", "operator").json
        seen += [one["entity"]["external_id"] for one in page["relations"]]
        query = f"limit=2&cursor={page['next_cursor']}"
    assert (sorted(seen), page["next_cursor"]) == (["M1", "M2", "M3"], None)
    for wrong, name in (("limit=0", "limit"), ("limit=101", "limit"), ("cursor=any", "cursor")):
        refused = erp.call("GET", f"{ONE}/relations?{wrong}", "operator")
        assert fields_at_fault(refused) == [name]


def test_history_should_tell_each_change_and_its_event(erp: World, event: Any) -> None:
    newest, first = answer(erp, "entities", event).json["changes"]
    assert newest["attributes"] == {"last_name": {"before": "Ost", "after": "Janssen"}}
    assert newest["by"]["use_case"] == "customer"
    assert first["operation"] == "create"


def test_version_should_show_the_attributes_of_then(erp: World, event: Any) -> None:
    assert answer(erp, "entities", event).json["attributes"]["last_name"] == "Ost"
    problem(erp.call("GET", f"{ONE}/history/7", "operator"), 404, "entity-not-found")


def test_restore_should_bring_back_what_an_event_has_deleted(erp: World, event: Any) -> None:
    post(erp, sent("customer_gone", 9))
    assert contact(erp) is None
    problem(erp.call("GET", ONE, "operator"), 404, "entity-not-found")
    for _ in range(2):  # asked for twice, it is done once
        assert answer(erp, "entities", event).json["last_name"] == "Janssen"
    assert contact(erp)["last_name"] == "Janssen"
    entries = erp.call("GET", "/v1/audit", "operator").json["entries"]
    assert [entry["action"] for entry in entries] == ["entities_restore"]
    by = erp.call("GET", f"{ONE}/history", "operator").json["changes"][0]["by"]
    assert (by["system"], by["use_case"]) == ("busbar", "entities_restore")


def test_should_be_deleted_again_by_an_event_that_is_newer(erp: World) -> None:
    post(erp, sent("customer_gone", 9))
    erp.call("POST", f"{ONE}/restore", "operator")
    post(erp, sent("customer", 8, lastName="Late"))
    assert contact(erp)["last_name"] == "Late"
    post(erp, sent("customer_gone", 10))
    assert contact(erp) is None


def test_readings_should_be_listed_by_time(erp: World, event: Any) -> None:
    found = answer(erp, "entities", event).json["readings"]
    assert [(one["external_id"], one["value"]) for one in found] == [("R1", 10), ("R2", 20)]
    assert {one["meter_id"] for one in found} == {METER_ID}
    of_contact = erp.call("GET", f"/v1/meters/{CONTACT_ID}/readings", "operator")
    problem(of_contact, 404, "entity-not-found")


def test_should_know_no_schema_but_those_that_are_declared(erp: World) -> None:
    refused = erp.call("GET", "/v1/entities/starship", "operator")
    assert "contact" in problem(refused, 404, "schema-not-found")["detail"]


def test_should_write_nothing_to_read(erp: World) -> None:
    written = erp.table.bill.write_units
    for path in (ONE, f"{ONE}/relations", f"{ONE}/history", "/v1/entities/contact"):
        assert erp.call("GET", path, "operator").status == 200
    assert erp.table.bill.write_units == written
