"""Relations: found or made as stubs, all of an attribute or none, readable from both sides."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.usecases.entity_related import related_entities
from tests.unit.usecases.entity_desk import EntityDesk, update

C = {"customer_number": "4711"}
K = {"contract_number": "K"}


@pytest.fixture
def desk() -> EntityDesk:
    return EntityDesk()


def to(*targets: tuple[str, dict[str, Any]], operation: str = "_set", **more: Any) -> Any:
    items = [{"entity_schema": slug, "unique_ids": ids, **more} for slug, ids in targets]
    return {"$relation": {operation: items}}


def targets(desk: EntityDesk, attribute: str, slug: str, **ids: Any) -> list[Any]:
    value = desk.attributes(slug, **ids)[attribute]
    return [item["entity_id"] for item in value["$relation"]]


def test_should_relate_to_what_is_there(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", C))
    desk.apply(2, update("contract", K, customer=to(("contact", C), _tags=["payer"])))
    assert desk.attributes("contract", **K)["customer"] == {
        "$relation": [{"entity_id": desk.id("contact", **C), "_tags": ["payer"]}]
    }


def test_should_make_a_stub_that_its_own_event_fills_later(desk: EntityDesk) -> None:
    stub, contract = desk.apply(2, update("contract", K, customer=to(("contact", C))))
    if stub.entity_slug != "contact":
        stub, contract = contract, stub
    assert (stub.code, dict(stub.detail)) == ("ENTITY_CREATED", {"stub": True})
    assert contract.code == "ENTITY_CREATED"
    assert desk.entity("contact", **C).stub
    assert desk.codes(1, update("contact", C, last_name="Muster")) == ["ENTITY_UPDATED"]
    assert not desk.entity("contact", **C).stub
    assert targets(desk, "customer", "contract", **K) == [desk.id("contact", **C)]


def test_should_relate_to_what_is_new_in_the_same_event_by_any_of_its_ids(desk: EntityDesk) -> None:
    contract = update("contract", K, customer=to(("contact", {"external_id": "E"})))
    contact = update("contact", C, external_id="E")
    assert desk.codes(1, contract, contact) == ["ENTITY_CREATED", "ENTITY_CREATED"]
    assert targets(desk, "customer", "contract", **K) == [desk.id("contact", **C)]


def test_should_leave_the_whole_attribute_out_when_one_target_cannot_be_told(
    desk: EntityDesk,
) -> None:
    desk.apply(1, update("contract", K, meters=to(("meter", {"external_id": "M"}))))
    before = targets(desk, "meters", "contract", **K)
    unknown = {"$relation": [{"entity_id": before[0]}, {"entity_id": "no-such-id"}]}
    codes = desk.codes(2, update("contract", K, meters=unknown, status="active"))
    assert codes == ["ENTITY_REFERENCE_NOT_FOUND", "RELATION_DEFERRED", "ENTITY_UPDATED"]
    assert targets(desk, "meters", "contract", **K) == before
    assert desk.attributes("contract", **K)["status"] == "active"


def test_should_plan_no_stub_for_an_attribute_that_is_left_out(desk: EntityDesk) -> None:
    bad = to(("contact", C), ("contact", {"customer_number": ""}))
    codes = desk.codes(1, update("contract", K, customer=bad))
    assert codes == ["MISSING_UNIQUE_IDENTIFIERS", "RELATION_DEFERRED", "ENTITY_CREATED"]
    assert not desk.entity("contact", **C).live


def test_should_heal_when_the_event_comes_again(desk: EntityDesk) -> None:
    for number in ("1", "2"):
        desk.apply(1, update("contact", {"external_id": number}, **C))
    event = update("contract", K, customer=to(("contact", C)))
    assert "UNIQUE_ID_MULTIPLE_MATCHES" in desk.codes(2, event)
    desk.apply(3, update("contact", {"external_id": "2"}, customer_number="4712"))
    assert desk.codes(2, event) == ["ENTITY_UPDATED"]
    assert targets(desk, "customer", "contract", **K) == [desk.id("contact", external_id="1")]


def test_should_add_relations_once_by_entity(desk: EntityDesk) -> None:
    one, two = ("meter", {"external_id": "1"}), ("meter", {"external_id": "2"})
    desk.apply(1, update("contract", K, meters=to(one)))
    desk.apply(2, update("contract", K, meters=to(one, two, operation="_append")))
    assert len(targets(desk, "meters", "contract", **K)) == 2
    desk.apply(3, update("contract", K, meters=to(one, operation="_append_all")))
    assert len(targets(desk, "meters", "contract", **K)) == 3


def test_should_read_relations_from_both_sides(desk: EntityDesk) -> None:
    desk.apply(1, update("contract", K, customer=to(("contact", C))))
    contact, contract = desk.id("contact", **C), desk.id("contract", **K)

    def neighbours(of: str, relation: str | None = None) -> list[tuple[str, str, str]]:
        slug = "contact" if of == contact else "contract"
        query = {"relation": relation} if relation else {}
        found = related_entities(desk.deps, slug, of, query, 50)["relations"]
        return [(i["direction"], i["relation"], i["entity"]["_id"]) for i in found]

    assert neighbours(contact) == [("in", "customer", contract)]
    assert neighbours(contract) == [("out", "customer", contact)]
    assert neighbours(contact, "other") == []
    desk.apply(2, update("contract", K, customer=to(("contact", {"customer_number": "2"}))))
    assert neighbours(contact) == []
    desk.apply(3, update("contract", K, customer=to(("contact", C))))
    desk.apply(4, update("contract", K, "delete"))
    assert neighbours(contact) == []


def test_should_write_more_relations_than_a_transaction_takes(desk: EntityDesk) -> None:
    many = [("meter", {"external_id": str(n)}) for n in range(150)]
    desk.apply(1, *(update(slug, ids) for slug, ids in many))
    desk.apply(2, update("contract", K, meters=to(*many)))
    contract = desk.id("contract", **K)
    assert all(
        related_entities(desk.deps, "meter", desk.id("meter", external_id=str(n)), {}, 50)[
            "relations"
        ]
        for n in (0, 75, 149)
    )
    desk.apply(3, update("contract", K, meters=to(*many[:1])))
    left = [k for k in desk.table.items if k.sk.startswith("I#") and contract in k.sk]  # type: ignore[attr-defined]
    assert len(left) == 1


ADDRESS = {"street": "Hof", "city": "Stadt"}


def refer(item: Any, operation: str = "_append") -> Any:
    value = {"attribute": "address", "operation": operation, "value": item}
    target = {"entity_schema": "contact", "unique_ids": C, "path": "address", "value": value}
    return {"$relation_ref": {"_set": [target]}}


def test_should_write_an_item_into_the_target_and_refer_to_it(desk: EntityDesk) -> None:
    desk.apply(1, update("contract", K, billing_address=refer(ADDRESS)))
    (item,) = desk.attributes("contact", **C)["address"]
    (reference,) = desk.attributes("contract", **K)["billing_address"]["$relation_ref"]
    assert {k: v for k, v in item.items() if k != "_id"} == ADDRESS
    known = {"entity_id": desk.id("contact", **C), "path": "address", "_id": item["_id"]}
    assert reference == known


def test_should_keep_the_id_of_an_item_that_is_there(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", C, address=[{**ADDRESS, "_id": "mine"}]))
    desk.apply(2, update("contract", K, billing_address=refer(ADDRESS)))
    assert len(desk.attributes("contact", **C)["address"]) == 1
    (reference,) = desk.attributes("contract", **K)["billing_address"]["$relation_ref"]
    assert reference["_id"] == "mine"


def test_should_give_an_item_without_id_the_one_that_it_is_referred_to_by(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", C, address=[ADDRESS]))
    desk.apply(2, update("contract", K, billing_address=refer(ADDRESS)))
    (item,) = desk.attributes("contact", **C)["address"]
    (reference,) = desk.attributes("contract", **K)["billing_address"]["$relation_ref"]
    assert reference["_id"] == item["_id"]


def test_should_say_that_an_item_did_not_get_where_it_is_referred_to(desk: EntityDesk) -> None:
    led = EntityDesk(leading={"contact.address": "crm"})
    led.apply(1, update("contact", C))
    codes = led.codes(2, update("contract", K, billing_address=refer(ADDRESS)))
    assert "RELATION_REF_ITEM_NOT_FOUND" in codes
    assert "billing_address" not in led.attributes("contract", **K)
    scalar = desk.codes(1, update("contract", K, billing_address=refer("Hof 1")))
    assert "RELATION_REF_VALUE_UNDEFINED" in scalar


UNKNOWN = "00000000-0000-4000-8000-000000000000"


def by_id(*ids: str, operation: str = "_set") -> Any:
    return {"$relation": {operation: [{"entity_id": one} for one in ids]}}


def test_should_wait_only_for_what_time_may_help(desk: EntityDesk) -> None:
    def waits(target: Any) -> list[Any]:
        outcomes = desk.apply(1, update("contract", K, customer=target))
        return [o.detail.get("waits") for o in outcomes if o.level == "error"]

    desk.apply(1, update("contact", C), update("contact", {"external_id": "E"}, **C))
    assert waits(by_id(UNKNOWN)) == [True]
    assert waits(to(("contact", C))) == [True]
    assert waits(by_id("no-such-id")) == [None]
    assert waits(to(("contact", {"customer_number": ""}))) == [None]
    other = {"entity_id": desk.id("contract", **K), "schema": "contact"}
    assert waits({"$relation": [other]}) == [None]


@pytest.mark.parametrize("operation", ["_set", "_append"])
@pytest.mark.parametrize("newer", ["set", "deleted", "purged"])
def test_should_not_ask_for_what_a_newer_event_has_made_past(
    desk: EntityDesk, operation: str, newer: str
) -> None:
    desk.apply(1, update("contact", C))
    if newer == "set":
        desk.apply(9, update("contract", K, customer=to(("contact", C))))
    else:
        desk.apply(9, update("contract", K, "delete" if newer == "deleted" else "purge"))
    late = update("contract", K, customer=by_id(UNKNOWN, operation=operation))
    assert "RELATION_DEFERRED" not in desk.codes(5, late)


def test_should_ask_for_an_addition_to_what_was_set_before_it(desk: EntityDesk) -> None:
    one, two = ("meter", {"external_id": "1"}), ("meter", {"external_id": "2"})
    desk.apply(2, update("contract", K, meters=to(one)))
    desk.apply(9, update("contract", K, meters=to(two, operation="_append")))
    late = update("contract", K, meters=by_id(UNKNOWN, operation="_append"))
    assert "RELATION_DEFERRED" in desk.codes(5, late)
    assert "RELATION_DEFERRED" not in desk.codes(1, late)


@pytest.mark.parametrize("operation", ["_set", "_append"])
def test_should_not_ask_again_for_what_is_done_already(desk: EntityDesk, operation: str) -> None:
    desk.apply(1, update("contact", C))
    there = desk.id("contact", **C)
    event = update("contract", K, customer=by_id(there, operation=operation))
    desk.apply(2, event)
    desk.apply(3, update("contact", C, "purge"))
    assert desk.codes(2, event) == ["ENTITY_NO_OP"]
