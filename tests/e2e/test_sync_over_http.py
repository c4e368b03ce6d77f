"""The sync of a fleet on the running local system: Salesforce follows by collections, and only what
changed is written."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from busbar.domain.cards import ChargeCard, card_id
from busbar.ports.store import Save
from infra.local.sample import company_id
from infra.local.testing import RunningSystem
from infra.simulators.sample import ELBE, NORDWIND, cards
from tests.e2e.conftest import rows, store_of

FLEET = 200
SYNC = "/v1/charge-cards/sync"
LONGEST = 400.0


def in_portal(system: RunningSystem) -> None:
    """A fleet of two companies stands in the portal, as be.ENERGISED holds it."""
    store = store_of(system)
    for number, card in enumerate(cards(FLEET)):
        made = ChargeCard(
            id=card_id("demo", card.energised_id),
            energised_id=card.energised_id,
            asset_id=card.asset_id,
            number=card.number,
            order_id="any",
            company_id=company_id((NORDWIND, ELBE)[number % 2]),
            in_portal_since=datetime.now(UTC),
        )
        store.commit(Save(made))


def blocked(system: RunningSystem) -> int:
    """How many Assets say that their card is blocked."""
    return sum(row["CardBlocked__c"] for row in rows(system, "Asset"))


def errands(system: RunningSystem) -> list[str]:
    """The rows of the outbox."""
    return [key for key in items(system) if "#outbox#" in key]


def items(system: RunningSystem) -> dict[str, Any]:
    """All that the table holds."""
    client: Any = system.aws("dynamodb")
    (name,) = client.list_tables()["TableNames"]
    pages = client.get_paginator("scan").paginate(TableName=name)
    return {f"{i['pk']['S']}|{i['sk']['S']}": i for page in pages for i in page["Items"]}


def await_all(system: RunningSystem) -> None:
    """Until every Asset says so, and no work is left. Looking costs the system time."""
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        if blocked(system) == FLEET and not errands(system):
            return
        time.sleep(3.0)
    raise AssertionError(f"{blocked(system)} of {FLEET} are blocked; left: {errands(system)[:5]}")


def calls(system: RunningSystem) -> Counter[str]:
    """The calls to Salesforce by operation."""
    found = system.simulator("salesforce", "GET", "calls")
    return Counter(call["operation"] for call in found)


def test_should_bring_a_mass_change_to_salesforce_by_collections_and_write_nothing_again(
    system: RunningSystem,
) -> None:
    in_portal(system)
    for card in cards(FLEET):
        system.simulator("energised", "POST", f"cards/{card.energised_id}/block")
    report = system.call("POST", SYNC, "operator").json()
    assert report["followed"] > 0
    # What one run has no time for, goes on by itself.
    await_all(system)
    made = calls(system)
    assert made["update_rows"] >= 1
    assert made["update_row"] <= FLEET // 10, made  # who was overtaken by time goes by himself

    before, table = calls(system), items(system)
    again = system.call("POST", SYNC, "operator").json()
    assert (again["followed"], again["complete"]) == (0, True)
    assert calls(system) == before
    assert items(system) == table
