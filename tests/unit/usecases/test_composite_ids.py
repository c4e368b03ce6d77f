"""Unique ids of which one finds an entity, and the others are asked of it (all have to fit)."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from busbar.domain.updates import PruneScope
from busbar.usecases.entities import find_entity
from tests.unit.usecases.entity_desk import EntityDesk, update

POWER: dict[str, Any] = {"contract_number": "1", "branch": "power"}
GAS: dict[str, Any] = {"contract_number": "1", "branch": "gas"}


@pytest.fixture
def desk() -> EntityDesk:
    return EntityDesk()


def test_should_tell_entities_apart_that_share_the_one_they_are_found_by(desk: EntityDesk) -> None:
    assert desk.codes(1, update("contract", POWER), update("contract", GAS)) == [
        *("ENTITY_CREATED", "ENTITY_CREATED")
    ]
    assert desk.codes(2, update("contract", POWER, note="p")) == ["ENTITY_UPDATED"]
    assert desk.codes(3, update("contract", GAS, note="g")) == ["ENTITY_UPDATED"]
    assert desk.codes(3, update("contract", GAS, note="g")) == ["ENTITY_NO_OP"]
    assert desk.attributes("contract", **POWER) == {**POWER, "note": "p"}
    assert desk.attributes("contract", **GAS) == {**GAS, "note": "g"}
    shown = find_entity(desk.deps, "contract", GAS)
    assert shown
    assert shown["note"] == "g"
    assert find_entity(desk.deps, "contract", {**GAS, "branch": "water"}) is None
    assert desk.codes(4, update("contract", {"contract_number": "1"})) == [
        "UNIQUE_ID_MULTIPLE_MATCHES"
    ]


def test_should_take_the_one_that_is_there_already(desk: EntityDesk) -> None:
    desk.apply(1, update("contract", {"external_id": "e"}, **POWER))
    assert desk.codes(2, update("contract", POWER, note="x")) == ["ENTITY_UPDATED"]
    assert desk.attributes("contract", external_id="e")["note"] == "x"
    desk.apply(3, update("contract", POWER, "delete"))
    assert not desk.entity("contract", external_id="e").live


def test_should_lead_a_relation_to_the_right_one_or_make_it(desk: EntityDesk) -> None:
    desk.apply(1, update("contract", POWER))
    to = {"$relation": {"_set": [{"entity_schema": "contract", "unique_ids": GAS}]}}
    assert desk.codes(2, update("meter", {"external_id": "m"}, contract=to)) == [
        *("ENTITY_CREATED", "ENTITY_CREATED")
    ]
    (item,) = desk.attributes("meter", external_id="m")["contract"]["$relation"]
    assert item["entity_id"] == desk.id("contract", **GAS)
    assert desk.attributes("contract", **GAS) == GAS
    assert desk.codes(3, update("contract", GAS, note="g")) == ["ENTITY_UPDATED"]


def test_should_prune_what_has_only_one_of_them(desk: EntityDesk) -> None:
    contact = {"customer_number": "4711"}
    to = {"$relation": {"_set": [{"entity_schema": "contact", "unique_ids": contact}]}}
    desk.apply(1, *(update("contract", ids, customer=to) for ids in (POWER, GAS)))
    scope = {"scope_mode": "relations", "schema": "contact", "unique_ids": contact}
    again = update("contract", GAS, customer=to)
    desk.apply(2, again, PruneScope("contract", scope, (GAS,), "delete"))
    assert desk.entity("contract", **GAS).live
    assert not desk.entity("contract", **POWER).live


def test_should_end_alike_in_any_order() -> None:
    events = (
        (1, update("contract", POWER, note="a")),
        (2, update("contract", GAS, note="b")),
        (3, update("contract", POWER, note="c", status="active")),
        (4, update("contract", GAS, "delete")),
    )
    ends = []
    for order in permutations(events):
        other = EntityDesk()
        for version, event in order:
            other.apply(version, event)
        ends.append(other.seen())
    assert all(end == ends[0] for end in ends)


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ({"branch": "gas"}, "UNIQUE_ID_NOT_IN_SCHEMA"),
        ({"contract_number": "1", "meters": "1"}, "UNIQUE_ID_NOT_IN_SCHEMA"),
        ({"contract_number": "1", "nothing": "1"}, "UNIQUE_ID_NOT_IN_SCHEMA"),
        ({"contract_number": "1", "branch": ""}, "MISSING_UNIQUE_IDENTIFIERS"),
        ({"contract_number": "1", "start_date": "soon"}, "MISSING_UNIQUE_IDENTIFIERS"),
        ({"contract_number": "", "branch": "gas"}, "MISSING_UNIQUE_IDENTIFIERS"),
    ],
)
def test_should_tell_what_nothing_can_be_found_by(
    desk: EntityDesk, ids: dict[str, str], code: str
) -> None:
    assert desk.codes(1, update("contract", ids)) == [code]
    assert desk.seen() == {}
