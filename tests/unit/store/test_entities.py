"""Entities on DynamoDB's own rules: the same events end alike there and on the table in memory."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.usecases.entities import list_entities, restore_entity
from busbar.usecases.entity_related import related_entities
from busbar.usecases.entity_sync import meter_readings
from tests.unit.store.tables import a_table
from tests.unit.usecases.entity_desk import EntityDesk, origin, reading, update

C, E, K = {"customer_number": "1"}, {"external_id": "E"}, {"contract_number": "K"}
CUSTOMER = {"$relation": [{"schema": "contact", "unique_ids": C}]}


@pytest.mark.parametrize("kind", ["memory", "dynamo"])
def test_should_do_the_same_on_both_tables(kind: str) -> None:
    with a_table(kind) as table:
        desk = EntityDesk(table)
        contract = update("contract", K, customer=CUSTOMER, status="active")
        events: list[tuple[list[Any], list[str]]] = [
            (
                [contract, update("meter", {"external_id": "M1"}), reading("a", "2026-01-31", 1)],
                ["ENTITY_CREATED"] * 3 + ["METER_READING_UPSERTED"],
            ),
            ([update("contact", C, email="a@b.de")], ["ENTITY_UPDATED"]),
            ([update("contact", E, email="a@b.de")], ["ENTITY_CREATED"]),
            ([update("contact", {"email": "a@b.de"})], ["UNIQUE_ID_MULTIPLE_MATCHES"]),
            ([update("contact", C, "delete")], ["ENTITY_DELETED"]),
            ([update("contact", E, "purge")], ["ENTITY_DELETED"]),
            ([reading("a", "2025-12-31", 2)], ["METER_READING_UPSERTED"]),
        ]
        for version, (parts, codes) in enumerate(events, 1):
            assert desk.codes(version, *parts) == codes
        contact = desk.id("contact", **C)
        restore_entity(desk.deps, "contact", contact, origin(99).mark)
        (back,) = related_entities(desk.deps, "contact", contact, {}, 50)["relations"]
        assert (back["direction"], back["entity"]["_id"]) == ("in", desk.id("contract", **K))
        (listed,) = list_entities(desk.deps, "contract", {"status": "active"})["entities"]
        assert listed["_id"] == back["entity"]["_id"]
        (one,) = meter_readings(desk.deps, desk.id("meter", external_id="M1"))["readings"]
        assert (one["timestamp"], one["value"]) == ("2025-12-31T00:00:00Z", 2)


def test_should_let_the_table_forget_what_is_deleted_until_it_is_restored() -> None:
    with a_table("memory") as table:
        desk = EntityDesk(table)
        desk.apply(1, update("contact", C, email="a@b.de"))
        contact = desk.id("contact", **C)

        def ends() -> list[Any]:
            return [item.get("expires_at") for item in table.items.values()]  # type: ignore[attr-defined]

        desk.apply(2, update("contact", C, "delete"))
        accepted = int(origin(2).at.timestamp())
        assert ends() == [accepted + 30 * 86400] * 3  # the entity, and its two lookups
        restore_entity(desk.deps, "contact", contact, origin(3).mark)
        assert ends() == [None] * 3


def test_should_restore_though_the_clock_is_behind_that_of_the_deletion() -> None:
    with a_table("memory") as table:
        desk = EntityDesk(table)
        desk.apply(1, update("contact", C, email="a@b.de"))
        desk.apply(5, update("contact", C, "delete"))
        restore_entity(desk.deps, "contact", desk.id("contact", **C), origin(3).mark)
        assert desk.entity("contact", **C).live
        desk.apply(6, update("contact", C, "delete"))
        assert not desk.entity("contact", **C).live
