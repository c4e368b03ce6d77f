"""What entities cost on the table, in its own units: a rise turns red here first.

The double bills a whole transaction at twice the price, its index entries too; AWS does not double
those, so creates are a little cheaper than they stand here.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from busbar.domain.outcomes import Outcome
from tests.unit.usecases.entity_desk import EntityDesk, reading, update

WORDS = ["Muster", "Meier", "Straße", "Hof", "Weg", "Strom", "Gas", "Wasser", "aktiv", "Zähler"]
PARTNER = {"customer_number": "4711"}


@dataclass
class Paid:
    """What something cost."""

    table: float = 0.0
    index: float = 0.0
    read: float = 0.0
    calls: dict[str, int] = field(default_factory=dict)


@contextmanager
def paying(desk: EntityDesk) -> Iterator[Paid]:
    """What is done inside costs so much."""
    bill, paid = desk.table.bill, Paid()  # type: ignore[attr-defined]
    write, read, calls = bill.write_units, bill.read_units, dict(bill.calls)
    index = bill.index_units
    yield paid
    paid.index = bill.index_units - index
    paid.table = bill.write_units - write - paid.index
    paid.read = bill.read_units - read
    paid.calls = {n: c - calls.get(n, 0) for n, c in bill.calls.items() if c != calls.get(n, 0)}


def value(name: str, chance: random.Random) -> Any:
    """Something of the kind that an ERP writes into a field."""
    if name.endswith("_date"):
        return f"20{chance.randrange(10, 27)}-0{chance.randrange(1, 10)}-1{chance.randrange(10)}"
    if name.endswith("_number"):
        return str(chance.randrange(10**9))
    if name.endswith("_amount"):
        return chance.randrange(10**5)
    return " ".join(chance.choice(WORDS) for _ in range(chance.randrange(1, 4)))


def fields(count: int, seed: int) -> dict[str, Any]:
    """An entity as a mapping of so many fields makes it: 62 of them are 2.5 kB of JSON."""
    chance = random.Random(seed)  # noqa: S311
    ends = ("text", "date", "number", "amount")
    names = [f"erp_field_{n}_{ends[n % 4]}" for n in range(count - 5)]
    made = {name: value(name, chance) for name in names}
    return made | {
        "first_name": chance.choice(WORDS),
        "last_name": chance.choice(WORDS),
        "email": [
            {"email": f"{chance.choice(WORDS).lower()}{seed}@example.org", "_tags": ["main"]}
        ],
        "address": [{"street": "Hauptstraße", "street_number": str(seed), "city": "Musterstadt"}],
    }


def contact(number: int, **attributes: Any) -> Any:
    return update("contact", {"customer_number": f"47{number:05d}"}, **attributes)


def full_desk(entities: int = 20) -> EntityDesk:
    desk = EntityDesk()
    for n in range(entities):
        desk.apply(1, contact(n, **fields(62, n)))
    return desk


def changed(seed: int, version: int) -> dict[str, Any]:
    """The same fields, some of them changed."""
    chance = random.Random(version * 1000 + seed)  # noqa: S311
    known = fields(62, seed)
    names = chance.sample([n for n in known if n.startswith("erp")], 6)
    return known | {name: value(name, chance) for name in names}


def test_should_update_an_entity_for_two_units_and_two_on_the_list() -> None:
    desk, paid = full_desk(), []
    for version in range(2, 12):
        for n in range(20):
            with paying(desk) as units:
                (outcome,) = desk.apply(version, contact(n, **changed(n, version)))
            assert outcome.code == "ENTITY_UPDATED"
            assert units.calls == {"BatchGetItem": 2, "PutItem": 1}
            paid.append(units)
    assert statistics.median(p.table for p in paid) <= 2
    assert max(p.table for p in paid) <= 2
    assert {p.index for p in paid} == {2.0}
    assert statistics.median(p.read for p in paid) == 1.0


def test_should_pay_nothing_on_the_list_where_a_schema_declares_no_filters() -> None:
    desk = EntityDesk(attributes={"note.external_id": "string!"})
    note = {"external_id": "1"}
    desk.apply(1, update("note", note, text="a"))
    with paying(desk) as units:
        desk.apply(2, update("note", note, text="b"))
    assert (units.table, units.index, units.read) == (1, 0, 1.0)


def test_should_write_nothing_for_a_repeat() -> None:
    desk = full_desk(1)
    with paying(desk) as units:
        assert desk.codes(1, contact(0, **fields(62, 0))) == ["ENTITY_NO_OP"]
    assert (units.table, units.index, units.read) == (0, 0, 1.0)


def test_should_write_how_far_an_integration_has_come_once_an_hour_of_repeats() -> None:
    desk, written = full_desk(1), []
    for minutes in (0, 59, 2, 1, 58, 61, 0):
        desk.clock.advance(minutes * 60)
        with paying(desk) as units:
            assert desk.codes(1, contact(0, **fields(62, 0))) == ["ENTITY_NO_OP"]
        assert (units.index, units.read) == (0, 1.0)
        written.append(units.table)
    assert written == [0, 0, 2, 0, 0, 2, 0]


def test_should_not_note_a_repeat_where_the_event_was_late_or_of_a_deletion() -> None:
    desk = full_desk(1)
    desk.clock.advance(3600)
    with paying(desk) as units:
        desk.apply(0, contact(0, **changed(0, 3)))
    assert units.table == 0
    gone = update("contact", {"customer_number": "4700000"}, "delete")
    desk.apply(2, gone)
    desk.clock.advance(3600)
    with paying(desk) as units:
        assert desk.codes(2, gone) == ["ENTITY_NO_OP"]
        assert desk.codes(1, contact(0, **fields(62, 0))) == ["STALE_EVENT"]
    assert units.table == 0


def test_should_note_once_an_hour_that_readings_came_again() -> None:
    desk = EntityDesk()
    desk.apply(1, update("meter", {"external_id": "M1"}), reading("1", "2026-01-31", 1))
    written = []
    for minutes in (1, 60, 1):
        desk.clock.advance(minutes * 60)
        with paying(desk) as units:
            desk.apply(1, reading("1", "2026-01-31", 1))
        written.append(units.table)
    assert written == [0, 1, 0]


def test_should_write_nothing_for_a_late_event() -> None:
    desk = full_desk(1)
    with paying(desk) as units:
        assert desk.codes(0, contact(0, **changed(0, 3))) == ["STALE_EVENT"]
    assert (units.table, units.index) == (0, 0)


def test_should_write_once_for_the_same_content_in_a_newer_event() -> None:
    desk = full_desk(1)
    with paying(desk) as units:
        assert desk.codes(2, contact(0, **fields(62, 0))) == ["ENTITY_NO_OP"]
    assert units.calls == {"BatchGetItem": 2, "PutItem": 1}
    assert (units.table, units.index) == (2, 0)


def test_should_create_an_entity_for_what_stands_here() -> None:
    desk = EntityDesk()
    with paying(desk) as units:
        desk.apply(1, contact(0, **fields(62, 0)))
    # twice: the entity of 2 kB, customer number, one e-mail address; and once in the list
    assert (units.table, units.index) == (8, 2)
    # eventually: the lookup and the id; consistently, as it is written: two heads
    assert units.read == 3.0
    assert units.calls == {"BatchGetItem": 3, "TransactWriteItems": 1}
    small = EntityDesk()
    with paying(small) as units:
        small.apply(1, update("contact", PARTNER, last_name="Muster"))
    assert (units.table, units.index, units.read) == (4, 2, 2.0)


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ({"customer_number": "4712"}, 6),  # entity, old value, new value: twice
        ({"account": {"$relation": [{"entity_id": "$account"}]}}, 4),  # entity, edge: twice
    ],
)
def test_should_transact_only_where_a_unique_value_or_a_relation_changes(
    change: dict[str, Any], table: float
) -> None:
    desk = EntityDesk()
    desk.apply(1, update("contact", {"external_id": "E"}, **PARTNER))
    desk.apply(1, update("account", {"external_id": "A"}))
    if "account" in change:
        change = {"account": {"$relation": [{"entity_id": desk.id("account", external_id="A")}]}}
    for version, expected in ((2, table), (3, 1)):
        with paying(desk) as units:
            desk.apply(version, update("contact", {"external_id": "E"}, **change))
        assert units.table == expected


def test_should_read_the_entities_of_a_batch_together() -> None:
    desk = full_desk(10)
    with paying(desk) as units:
        answers = desk.batch(*((2, contact(n, **changed(n, 2))) for n in range(10)))
    assert [o.code for answer in answers for o in answer] == ["ENTITY_UPDATED"] * 10
    assert units.calls == {"BatchGetItem": 2, "PutItem": 10}
    assert units.read == 10.0


def test_should_see_in_a_batch_what_its_earlier_events_have_written() -> None:
    desk = full_desk(1)
    with paying(desk) as units:
        desk.batch(
            (2, contact(0, title="A")), (4, contact(0, title="C")), (3, contact(0, title="B"))
        )
    assert desk.attributes("contact", customer_number="4700000")["title"] == "C"
    assert units.calls == {"BatchGetItem": 2, "PutItem": 2}


def test_should_read_half_a_unit_more_per_relation() -> None:
    desk = EntityDesk()
    customer = {"$relation": [{"schema": "contact", "unique_ids": PARTNER}]}
    event = update("contract", {"contract_number": "1"}, customer=customer)
    desk.apply(1, event)
    with paying(desk) as units:
        assert desk.codes(2, event) == ["ENTITY_NO_OP"]
    assert units.read == 1.5
    assert units.calls == {"BatchGetItem": 2, "PutItem": 1}


def test_should_write_three_years_of_monthly_readings_as_three_items() -> None:
    desk = EntityDesk()
    desk.apply(1, update("meter", {"external_id": "M1"}))
    months = [f"{year}-{month:02d}-28" for year in (2024, 2025, 2026) for month in range(1, 13)]
    readings = [reading(f"ABL-{n:06d}", at, 1000 + n) for n, at in enumerate(months)]
    with paying(desk) as units:
        (outcome,) = desk.apply(2, *readings)
    assert outcome.detail["created"] == 36
    # three years of less than 1 kB each, and how far the series is synced
    assert (units.table, units.index, units.read) == (4, 0, 1.5)
    with paying(desk) as units:
        desk.apply(3, reading("ABL-000037", "2026-11-30", 2000))
    assert units.table == 1
    with paying(desk) as units:
        desk.apply(2, *readings)
    assert units.table == 0


def test_should_count_refused_writes_of_a_batch_by_one_write_per_attribute() -> None:
    desk = EntityDesk(leading={"contact.title": "crm"})
    desk.apply(1, contact(0), contact(1), contact(2))
    with paying(desk) as units:
        answers: list[list[Outcome]] = desk.batch(*((2, contact(n, title="Dr.")) for n in range(3)))
    assert sum(o.code == "NOT_LEADING_SYSTEM" for a in answers for o in a) == 3
    # three marks advance, and one task is opened, which stands in the list of open ones
    assert (units.table, units.index) == (4, 1)


def test_should_keep_the_lineage_of_many_events_and_some_history_in_two_units() -> None:
    desk = full_desk(1)
    for version in range(2, 40):
        desk.apply(version, contact(0, **changed(0, version)))
    entity = desk.entity("contact", customer_number="4700000")
    assert len(set(entity.lineage.values())) == 1
    assert len(entity.history) >= 3
