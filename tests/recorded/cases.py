"""At which points work in flight is recorded, and how people go on from there.

A case plays people's lines under one trouble until its `stop` holds. What lies in the table, on the
queues and in the systems at that moment is what a release leaves to the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from busbar.process.create import StepRow
from busbar.process.idempotency import KeyRecord
from busbar.process.ledger import LedgerRow
from busbar.process.outbox import OutboxRow
from tests.faults.cloud import Cloud
from tests.faults.inbound import ERP, OWNED
from tests.faults.inbound_held import QUEUE
from tests.faults.scenarios import (
    DRIVERS,
    LOOK,
    Line,
    arrived,
    cards_of,
    give,
    order,
    outage,
    place,
    switch,
)
from tests.faults.setups import SMALL, Mode, Tenant
from tests.faults.stage import Client, Stage
from tests.faults.trouble import Calm, Effect, Fault
from tests.recorded.records import records

Json = dict[str, Any]
Stop = Callable[[Cloud], bool]


@dataclass
class Once(Calm):
    """One thing goes wrong, at the first effect of that name."""

    word: str = ""
    effect: str = ""
    happened: list[float] = field(default_factory=list)

    @property
    def peaceful(self) -> bool:
        """Not if it was to go wrong."""
        return not self.word

    def at(self, effect: Effect, seconds: float) -> Fault | None:
        """The fault, once."""
        if self.happened or effect.name != self.effect:
            return None
        self.happened.append(seconds)
        return Fault(self.word)


@dataclass(frozen=True)
class Case:
    """One point. `word` happens to the first `effect`; `lines` are done until `stop` holds."""

    name: str
    stop: Stop
    mode: Mode = "unique_key"
    word: str = ""
    effect: str = ""
    lines: Sequence[Line] = (order("one", 2),)
    tenant: Tenant = SMALL


# --- when to stop ------------------------------------------------------------------------------


def _any(schema: str, test: Callable[[Json], bool]) -> Stop:
    return lambda cloud: any(test(body) for body in records(cloud, schema))


def _message_for(queue: str) -> Stop:
    return lambda cloud: any(m.queue == queue for m in cloud.waiting.values())


def _begun(state: str) -> Stop:
    return _any(StepRow.schema_name, lambda step: step["state"] == state)


def _errands_put_off(cloud: Cloud) -> bool:
    rows = list(records(cloud, OutboxRow.schema_name))
    return len(rows) > 1 and all(row["tries"] > 1 for row in rows)


def _relations_wait(cloud: Cloud) -> bool:
    rows = [r for r in records(cloud, OutboxRow.schema_name) if r["command"]["queue"] == QUEUE]
    return len(rows) == 2 and cloud.ordered[QUEUE].empty


def _delivered(cloud: Cloud) -> bool:
    rows = cloud.salesforce.state()["rows"]["Order"]
    return not cloud.waiting and any(row["Status"] == "Geliefert" for row in rows)


_OPEN_LEDGER = _any(LedgerRow.schema_name, lambda row: bool(row["intent"]))
_ANSWERED = _any(KeyRecord.schema_name, lambda row: row["status"] == 201)
_CLAIMED = _any(KeyRecord.schema_name, lambda row: row["status"] == 0)
_ACCEPTED = _any(KeyRecord.schema_name, lambda row: row["status"] == 202)
_UNANSWERED = _any(StepRow.schema_name, lambda step: bool(step["reason"]))

GRAPH, PUT = "salesforce POST graph", "energised PUT card"
TWO = (order("one", 2), order("two", 1, 1.0))


def _modes(name: str, stop: Stop, word: str) -> list[Case]:
    modes: tuple[Mode, ...] = ("unique_key", "probe", "none")
    return [Case(f"{name}_{mode}", stop, mode, word, GRAPH) for mode in modes]


CASES = {
    case.name: case
    for case in (
        Case("key_claimed", _CLAIMED, word="die_after", effect="write idempotency"),
        Case("answered", _ANSWERED),
        Case("accepted", _ACCEPTED, lines=(outage("salesforce", 9e9), order("one", 2))),
        *_modes("intent_carried_out", _begun("intent"), "die_after"),
        *_modes("intent_not_carried_out", _begun("intent"), "die_before"),
        *_modes("intent_unanswered", _UNANSWERED, "lost"),
        Case("step_parked", _begun("parked"), "none", "lost", GRAPH),
        Case("errands_put_off", _errands_put_off, lines=(outage("salesforce", 9e9), *TWO)),
        Case("cards_on_queue", _message_for("card_event")),
        Case("status_on_queue", _message_for("status_callback")),
        Case("ledger_carried_out", _OPEN_LEDGER, word="die_after", effect=PUT),
        Case("ledger_not_carried_out", _OPEN_LEDGER, word="die_before", effect=PUT),
        Case("ledger_put_off", _errands_put_off, lines=(outage("energised", 9e9), order("one", 2))),
        Case("delivered", _delivered, lines=TWO),
        Case("relations_wait", _relations_wait, lines=(OWNED,), tenant=ERP),
    )
}


# --- how people go on --------------------------------------------------------------------------


def go_on(user: str, key: str, quantity: int) -> Line:
    """Whoever ordered sends it again, and all that is not done yet of his order is done."""

    def line(stage: Stage) -> None:
        client = Client(stage, user)
        placed = place(stage, client, key, quantity, delivered=True)
        number = placed.json["salesforce_order_number"]
        number = number or client.until(lambda: arrived(client, placed), every=LOOK)
        if not number or number == "parked":
            return
        _work_on(stage, number)
        cards = client.until(lambda: cards_of(client, placed, quantity), every=2 * LOOK)
        for place_of, card in enumerate(cards or ()):
            give(stage, client, card, DRIVERS[place_of % 2], f"{key} {place_of}")
            switch(stage, client, card["id"], active=True)

    return line


def _work_on(stage: Stage, number: str) -> None:
    """The clerk in Salesforce does what he has not done yet."""
    rows = stage.held().salesforce
    (found,) = [row for row in rows["Order"] if row["OrderNumber"] == number]
    if found["Status"] == "Geliefert":
        return
    if not any(asset["BusbarOrder__c"] == found["Id"] for asset in rows["Asset"]):
        stage.assign_cards(number)
    stage.rest(LOOK)
    stage.set_status(number, "Bearbeitung")
    stage.rest(LOOK)
    stage.set_status(number, "Geliefert", tracking_id=f"T-{number}", delivery_date="2026-03-05")
