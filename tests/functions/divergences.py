"""Divergences as they come about: a deletion, a clerk's hand, a lost event, a lost message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from busbar.domain.cards import ChargeCard
from busbar.domain.identifiers import derived_id, reference
from busbar.domain.orders import KIND, ChargeCardOrder
from busbar.domain.record import Record
from busbar.ports.store import Put, Save, Stored
from busbar.process.create import StepRow, StepState
from busbar.process.ledger import LedgerRow, ledger_id
from busbar.store import keys
from infra.simulators.sample import ELBE
from tests.doubles.world import ORG, World
from tests.functions.given import store

NOBODY = "NB0DYS0RDER00"


@dataclass(frozen=True)
class Thing:
    """An order with its cards, as all systems hold it."""

    world: World
    order: str
    cards: tuple[str, ...]

    @property
    def reference(self) -> str:
        return reference(KIND, self.order)

    @property
    def card(self) -> ChargeCard:
        card: ChargeCard = self.stored(ChargeCard, self.cards[0]).record
        return card

    def stored(self, schema: type[Any], record_id: str) -> Stored[Any]:
        found = store(self.world).get(schema, record_id)
        assert found is not None
        return found

    def save(self, schema: type[Any], record_id: str, **fields: Any) -> None:
        stored = self.stored(schema, record_id)
        store(self.world).commit(Save(stored.record.model_copy(update=fields), stored))

    def forget(self, schema: type[Record], record_id: str) -> None:
        """As if it had never been written."""
        first = keys.record(ORG, schema.schema_name, record_id).pk
        for key in [k for k in self.world.table.items if k.pk == first]:
            del self.world.table.items[key]
        into = f"{ORG}#X#"
        for key, item in list(self.world.table.items.items()):
            if key.pk.startswith(into) and item.get("bound_to") == record_id:
                del self.world.table.items[key]

    @property
    def row(self) -> dict[str, Any]:
        """The order in Salesforce."""
        return self.world.salesforce.order(self.reference)

    def change_order(self, **fields: Any) -> None:
        self.world.salesforce.org.change("Order", self.row["Id"], **fields)

    def change_asset(self, **fields: Any) -> None:
        self.world.salesforce.org.change("Asset", str(self.card.asset_id), **fields)

    def copy_row(self, sobject: str, row: dict[str, Any], number: int, **fields: Any) -> None:
        """Another one of it, past every rule of the org."""
        rows = self.world.salesforce.org.rows
        record_id = f"{row['Id'][:3]}{number:012d}{row['Id'][-3:]}"
        rows.put(sobject, record_id, {**row, "Id": record_id, **fields})


# --- what goes wrong ---------------------------------------------------------------------------


def order_deleted(thing: Thing) -> None:
    thing.world.salesforce.org.rows.put("Order", thing.row["Id"], None)


def order_doubled(thing: Thing) -> None:
    thing.copy_row("Order", thing.row, abs(hash(thing.order)) % 10**9)


def order_of_nobody(thing: Thing) -> None:
    nobody = reference(KIND, derived_id("nobody", thing.order))
    number = int.from_bytes(thing.order.encode()[-4:], "big")
    thing.copy_row("Order", thing.row, number, BusbarReference__c=nobody)


def order_of_another_account(thing: Thing) -> None:
    thing.change_order(AccountId=ELBE.account_id)


def status_never_told(thing: Thing) -> None:
    thing.change_order(Status="Bearbeitung")


def tracking_never_told(thing: Thing) -> None:
    thing.change_order(TrackingId__c="T-LATER")


def same_version_other_tracking(thing: Thing) -> None:
    order = thing.stored(ChargeCardOrder, thing.order).record
    last = order.events[-1].model_copy(update={"tracking_id": "T-WRONG"})
    thing.save(ChargeCardOrder, thing.order, events=(*order.events[:-1], last))


def answer_never_taken(thing: Thing) -> None:
    thing.save(ChargeCardOrder, thing.order, salesforce_order_id=None)
    row = thing.stored(StepRow, f"salesforce#{thing.reference}")
    planned = row.record.model_copy(update={"state": StepState.INTENT})
    store(thing.world).commit(Save(planned, row))


def message_never_sent(thing: Thing) -> None:
    """Another order, accepted; its errand is gone."""
    order = thing.stored(ChargeCardOrder, thing.order).record
    fresh = ChargeCardOrder(
        **{
            **order.model_dump(include={"company_id", "ordered_by", "ordered_at", "offer"}),
            "id": derived_id("unsent", thing.order),
            "quantity": 1,
            "invoice_address": order.invoice_address,
            "delivery_address": order.delivery_address,
            "correlation_id": "correlation",
        }
    )
    store(thing.world).commit(Put(fresh))


def card_deleted(thing: Thing) -> None:
    del thing.world.energised.backend._cards[thing.card.energised_id]


def asset_unassigned(thing: Thing) -> None:
    thing.change_asset(BusbarOrder__c=None)


def asset_doubled(thing: Thing) -> None:
    rows = thing.world.salesforce.org.rows
    row = rows.get("Asset", str(thing.card.asset_id))
    assert row is not None
    number = int.from_bytes(thing.order.encode()[-4:], "big")
    thing.copy_row("Asset", row, number, SerialNumber=None)


def asset_of_another_account(thing: Thing) -> None:
    thing.change_asset(AccountId=ELBE.account_id)


def card_bills_another(thing: Thing) -> None:
    card = thing.card
    thing.world.energised.change_card(card.energised_id, billing_contact_id=ELBE.energised_id)
    thing.save(ChargeCard, card.id, billing_contact_id=ELBE.energised_id)


def card_renamed_there(thing: Thing) -> None:
    thing.world.energised.change_card(thing.card.energised_id, label="renamed")


def asset_overwritten(thing: Thing) -> None:
    thing.change_asset(CardLabel__c="by hand")


def assignment_never_told(thing: Thing) -> None:
    order = thing.stored(ChargeCardOrder, thing.order).record
    taken = tuple(c for c in order.cards_taken_over if c != thing.cards[0])
    card = thing.card
    for row_id in (
        ledger_id("energised", "card", card.energised_id),
        ledger_id("salesforce", "asset", str(card.asset_id)),
    ):
        thing.forget(LedgerRow, row_id)
    thing.forget(ChargeCard, card.id)
    thing.save(ChargeCardOrder, thing.order, cards_taken_over=taken)


def wish_nobody_carries(thing: Thing) -> None:
    row_id = ledger_id("energised", "card", thing.card.energised_id)
    stored = thing.stored(LedgerRow, row_id)
    wanted = stored.record.wanting({"label": "wanted"})
    store(thing.world).commit(Save(wanted, stored))


@dataclass(frozen=True)
class Plant:
    """What is planted, and what has to be found: kind, system, detail."""

    plant: Callable[[Thing], None]
    found: tuple[str, str, str]
    repaired: bool = False


PLANTS = (
    Plant(order_deleted, ("missing", "salesforce", "order")),
    Plant(order_doubled, ("doubled", "salesforce", "reference")),
    Plant(order_of_nobody, ("orphan", "salesforce", "no_such_order")),
    Plant(order_of_another_account, ("wrongly_linked", "salesforce", "account")),
    Plant(status_never_told, ("stale", "salesforce", "status"), repaired=True),
    Plant(tracking_never_told, ("stale", "salesforce", "status"), repaired=True),
    Plant(same_version_other_tracking, ("drifted", "salesforce", "status"), repaired=True),
    Plant(answer_never_taken, ("stuck", "salesforce", "answer_never_taken"), repaired=True),
    Plant(message_never_sent, ("unsent", "salesforce", "no_errand"), repaired=True),
    Plant(card_deleted, ("missing", "energised", "card")),
    Plant(asset_unassigned, ("missing", "salesforce", "assignment")),
    Plant(asset_doubled, ("doubled", "salesforce", "asset")),
    Plant(asset_of_another_account, ("wrongly_linked", "salesforce", "account")),
    Plant(card_bills_another, ("wrongly_linked", "energised", "billing")),
    Plant(card_renamed_there, ("drifted", "energised", "card"), repaired=True),
    Plant(asset_overwritten, ("drifted", "salesforce", "asset"), repaired=True),
    Plant(assignment_never_told, ("stale", "salesforce", "assignment"), repaired=True),
    Plant(wish_nobody_carries, ("stuck", "energised", "no_errand"), repaired=True),
)
NAMES = [p.plant.__name__ for p in PLANTS]
