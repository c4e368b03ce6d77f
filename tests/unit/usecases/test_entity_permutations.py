"""In whatever order six events and a repeat arrive, the end is that of their own order."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from busbar.domain.updates import PruneScope, ReadingPrune
from tests.doubles.memory_table import PlainTable
from tests.unit.usecases.entity_desk import EntityDesk, reading, update


def relation(slug: str, operation: str = "_set", **ids: str) -> dict[str, Any]:
    return {"$relation": {operation: [{"entity_schema": slug, "unique_ids": ids}]}}


def scope(*keep: str, mode: Any = "delete") -> PruneScope:
    found_by = {"scope_mode": "relations", "schema": "billing_account"}
    return PruneScope(
        "billing_event",
        {**found_by, "unique_ids": {"billing_account_number": "B"}},
        tuple({"external_id": k} for k in keep),
        mode,
    )


def billing(name: str, amount: int) -> Any:
    account = relation("billing_account", billing_account_number="B")
    return update(
        "billing_event", {"external_id": name}, billing_amount=amount, billing_account=account
    )


C = {"customer_number": "4711"}
B = {"billing_account_number": "B"}
K = {"contract_number": "K"}
M = {"external_id": "M1"}
MAIL = {"email": "a@b.de"}
REF = {"entity_schema": "contact", "unique_ids": C, "path": "address"}


def address(street: str) -> dict[str, Any]:
    return {
        "$relation_ref": {
            "_set": [
                {
                    **REF,
                    "value": {
                        "attribute": "address",
                        "operation": "_append",
                        "value": {"street": street},
                    },
                }
            ]
        }
    }


KINDS: dict[str, list[list[Any]]] = {
    "contact": [
        [update("contact", C, last_name="A", title="Dr.")],
        [update("contact", C, last_name="B", email=[MAIL])],
        [update("contact", C, email={"_append": [{"email": "c@d.de"}]})],
        [update("contact", C, email={"_append": [MAIL]}, title=None)],
        [update("contact", C, email={"_set": [MAIL]})],
        [update("contact", C, email={"_append": [{"email": "c@d.de"}]}, last_name="A")],
    ],
    "contact, deleted": [
        [update("contact", C, last_name="A")],
        [update("contact", C, "delete")],
        [update("contact", C, title="Dr.")],
        [update("contact", C, "delete")],
        [update("contact", C, last_name="B")],
        [update("contact", C, "delete")],
    ],
    "account, purged": [
        [update("account", C, name="A", website="w", industry={"_append": ["x"]})],
        [update("account", C, "purge")],
        [update("account", C, name="B", industry={"_append": ["y"]})],
        [update("account", C, "delete")],
        [update("account", C, "purge")],
        [update("account", C, name="C", industry={"_append": ["z"]})],
    ],
    "contract": [
        [update("contract", K, status="draft", customer=relation("contact", **C))],
        [update("contract", K, meters=relation("meter", **M))],
        [update("contract", K, meters=relation("meter", "_append", external_id="M2"))],
        [update("contract", K, status="active", meters=relation("meter", external_id="M3"))],
        [update("contact", C, last_name="A", contracts=relation("contract", "_append", **K))],
        [
            update("contract", K, meters=relation("meter", "_append", **M)),
            update("meter", M, sector="power"),
        ],
    ],
    "billing account": [
        [update("billing_account", B, billing_address={"street": "1"}, balance=1)],
        [
            update(
                "billing_account", B, payment_method=[{"type": "payment_sepa", "_tags": ["DEBIT"]}]
            )
        ],
        [update("billing_account", B, payment_method={"_append": [{"type": "payment_invoice"}]})],
        [update("billing_account", B, balance=2, billing_contact=relation("contact", **C))],
        [
            update(
                "contract",
                K,
                billing_address=address("S1"),
                billing_account=relation("billing_account", **B),
            )
        ],
        [update("contract", K, billing_address=address("S2"))],
    ],
    "billing events, pruned": [
        [billing("1", 1), billing("2", 2), scope("1", "2")],
        [billing("2", 3), scope("2")],
        [billing("3", 1), billing("4", 1), scope("3", "4")],
        [billing("1", 5), scope("1")],
        [billing("1", 6), billing("2", 2), scope("1", "2")],
        [billing("2", 7), billing("5", 2), scope("2", "5")],
    ],
    "billing events, purged": [
        [billing("1", 1), billing("2", 2), scope("1", "2", mode="purge")],
        [billing("2", 3), scope("2", mode="purge")],
        [billing("3", 1), scope("3", mode="purge")],
        [billing("1", 5), scope("1", mode="purge")],
        [scope(mode="purge")],
        [billing("2", 7), billing("5", 2), scope("2", "5", mode="purge")],
    ],
    "meter and counter": [
        [update("meter", M, status="active", counters=relation("meter_counter", external_id="C1"))],
        [update("meter_counter", {"external_id": "C1"}, obis_number="1.8.1", tariff_type="ht")],
        [
            update(
                "meter_counter",
                {"external_id": "C2"},
                obis_number="1.8.2",
                meter=relation("meter", **M),
            )
        ],
        [update("meter", M, counters=relation("meter_counter", "_append", external_id="C2"))],
        [update("meter", M, status="decommissioned")],
        [update("meter_counter", {"external_id": "C1"}, tariff_type="nt")],
    ],
    "portal user": [
        [update("portal_user", {"email": "a@b.de"}, origin="END_CUSTOMER_PORTAL")],
        [update("portal_user", {"email": "a@b.de"}, mapped_contact=relation("contact", **C))],
        [update("contact", C, _tags={"_append": ["PROFILE"]})],
        [update("portal_user", {"email": "a@b.de"}, mapping_status="Mapped")],
        [update("contact", C, _tags=["X"])],
        [update("portal_user", {"email": "a@b.de"}, "delete")],
    ],
}
for slug, ids in (
    ("order", {"order_number": "O"}),
    ("ticket", {"ticket_number": "T"}),
    ("file", {"external_id": "F"}),
    ("product", {"code": "P"}),
    ("price", {"code": "P"}),
):
    KINDS[slug] = [
        [update(slug, ids, _title="A", x=1)],
        [update(slug, ids, _tags={"_append": ["a"]}, y=2)],
        [update(slug, ids, _title="B", x=None)],
        [update(slug, ids, "delete")],
        [update(slug, ids, _tags={"_append": ["b"]})],
        [update(slug, ids, x=3)],
    ]

READINGS: dict[str, list[list[Any]]] = {
    "by external id": [
        [reading("1", "2026-01-31", 1), reading("2", "2026-02-28", 2)],
        [reading("1", "2026-01-31", 3, status="valid")],
        [reading("2", "2025-12-31", 2.5)],
        [reading("1", "2026-01-31", 3, mode="delete")],
        [reading("1", "2026-01-31", 4)],
        [reading("2", "2026-02-28", "5", remark="r")],
    ],
    "by day": [
        [reading("p", "2026-01-30T23:30:00Z", 1, matching="strict-date", source="ECP")],
        [reading("e", "2026-01-31", 1, matching="strict-date")],
        [reading("e", "2026-01-31", 2, matching="strict-date", reason="regular")],
        [reading("f", "2026-01-31", 2, matching="strict-date", direction="feed-in")],
        [reading("e", "2026-01-31", 2, matching="strict-date", mode="delete")],
        [reading("g", "2026-01-31", 7, matching="strict-date")],
    ],
    "pruned": [
        [
            reading("1", "2026-01-31", 1),
            reading("2", "2026-02-28", 2),
            ReadingPrune(M, None, ("1", "2")),
        ],
        [reading("2", "2026-02-28", 3), ReadingPrune(M, None, ("2",))],
        [reading("3", "2026-03-31", 3, source="ECP"), ReadingPrune(M, None, ("3",), "ERP")],
        [reading("1", "2026-01-31", 5)],
        [reading("4", "2026-01-31", 5), ReadingPrune(M, None, ("4",), "ERP")],
        [
            reading("4", "2026-01-31", 5),
            reading("3", "2026-03-31", 3),
            ReadingPrune(M, None, ("4", "3")),
        ],
    ],
}


def orders(count: int) -> list[tuple[int, ...]]:
    """All permutations of six events, each with one of them once more, somewhere behind."""
    chance = random.Random(6)  # noqa: S311
    made = []
    for order in itertools.permutations(range(6)):
        place = chance.randrange(6)
        again = chance.randrange(place + 1, 7)
        made.append((*order[:again], order[place], *order[again:]))
    return made if count == 0 else chance.sample(made, count)


def end_of(events: list[list[Any]], order: tuple[int, ...], *before: Any) -> dict[str, Any]:
    desk = EntityDesk(PlainTable())
    for part in before:
        desk.apply(0, part)
    for number in order:
        desk.apply(number + 1, *events[number])
    return desk.seen()


@pytest.mark.parametrize("kind", list(KINDS))
def test_should_end_in_the_state_of_the_events_own_order(kind: str) -> None:
    events = KINDS[kind]
    expected = end_of(events, tuple(range(6)))
    for order in orders(0):
        assert end_of(events, order) == expected, order


@pytest.mark.parametrize("kind", list(READINGS))
def test_should_end_with_the_readings_of_the_events_own_order(kind: str) -> None:
    events, meter = READINGS[kind], update("meter", M)
    expected = end_of(events, tuple(range(6)), meter)
    for order in orders(0):
        assert end_of(events, order, meter) == expected, order
