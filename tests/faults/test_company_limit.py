"""Fifty orders of one company at once: none passes the company's limit, whatever goes wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from busbar.domain.order_limit import OrderedCards
from busbar.domain.orders import ChargeCardOrder
from busbar.store.records import TableStore
from infra.local.sample import company_id
from infra.simulators.sample import NORDWIND
from tests.doubles.memory_table import PlainTable
from tests.doubles.world import ORG, Reply
from tests.faults.cloud import Cloud
from tests.faults.run import LONGEST, VirtualStage
from tests.faults.scenarios import MANAGER
from tests.faults.stage import ORDERS, Client
from tests.faults.trouble import Calm, Chance, Crowd, Trouble

ORDERED, LIMIT = 50, 20
TOLD = "urn:busbar:problem:company-limit-reached"
several = pytest.mark.parametrize(
    "trouble",
    [Calm(), Crowd(), *map(Chance, range(8))],
    ids=["calm", "crowd", *(f"seed_{n}" for n in range(8))],
)


def at_once(cloud: Cloud, trouble: Trouble, keys: list[str]) -> list[Reply]:
    """A card is ordered with each of the keys, all at once, until each has a final answer."""
    stage, finals = VirtualStage(cloud), list[Reply]()

    def line(key: str) -> None:
        client = Client(stage, MANAGER)
        finals.append(client.ask("POST", ORDERS, {"quantity": 1}, Idempotency_Key=key))

    cloud.layer.start(trouble)
    for key in keys:
        cloud.engine.start(partial(line, key))
    assert cloud.engine.run(LONGEST)
    return finals


def known(cloud: Cloud) -> tuple[int, int]:
    """Cards of all orders in the table, and cards that count."""
    store, company = TableStore(cloud.table, cloud.engine, ORG), company_id(NORDWIND)
    orders = store.listed(ChargeCardOrder, f"company#{company}", limit=100).items
    count = store.get(OrderedCards, company)
    return sum(o.record.quantity for o in orders), count.record.quantity if count else 0


@several
def test_should_accept_exactly_the_limit_of_fifty_orders_at_once(trouble: Trouble) -> None:
    cloud = Cloud(cards_per_company=LIMIT)
    finals = at_once(cloud, trouble, [f"key {n}" for n in range(ORDERED)])
    statuses = Counter(reply.status < 300 for reply in finals)
    assert statuses == {True: LIMIT, False: ORDERED - LIMIT}
    assert {r.json["type"] for r in finals if r.status >= 300} == {TOLD}
    assert known(cloud) == (LIMIT, LIMIT)
    at_once(cloud, Calm(), [])
    assert len(cloud.salesforce.records("Order")) == LIMIT


@several
def test_should_count_an_order_once_that_is_sent_five_times(trouble: Trouble) -> None:
    cloud = Cloud(cards_per_company=LIMIT)
    finals = at_once(cloud, trouble, [f"key {n % 10}" for n in range(ORDERED)])
    assert {reply.status for reply in finals} <= {201, 202}
    assert known(cloud) == (10, 10)


class Forgetful(PlainTable):
    """A table that looks at no version of the count: the guard is taken out."""

    def write(self, writes: Any) -> None:
        """Write, with the count unconditionally."""
        super().write(
            [replace(w, condition=None) if "#ordered_cards#" in w.key.pk else w for w in writes]
        )


def test_should_pass_the_limit_if_the_count_were_written_without_its_version() -> None:
    cloud = Cloud(cards_per_company=LIMIT, table=Forgetful())
    finals = at_once(cloud, Crowd(), [f"key {n}" for n in range(ORDERED)])
    assert sum(reply.status < 300 for reply in finals) > LIMIT
