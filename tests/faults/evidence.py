"""What a run is judged by: what was asked, what the systems hold, what the portal answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from busbar.domain.identifiers import reference
from busbar.domain.orders import KIND
from tests.faults.history import History
from tests.faults.moments import Activation
from tests.faults.stage import Held

if TYPE_CHECKING:
    from tests.faults.inbound_held import Inbound

Json = dict[str, Any]


@dataclass
class Portal:
    """What the portal answers at the end.

    Fleet managers' orders by id, cards by id (but the second one's), tasks by id, drivers' own
    cards; what is said of the audit trail, and its entries.
    """

    orders: dict[str, dict[str, Json]] = field(default_factory=dict)
    cards: dict[str, Json] = field(default_factory=dict)
    tasks: dict[str, Json] = field(default_factory=dict)
    own: dict[str, list[Json]] = field(default_factory=dict)
    trail: Json = field(default_factory=dict)
    wallbox_orders: dict[str, dict[str, Json]] = field(default_factory=dict)
    """Orders of wallboxes with their progress, by user and id."""
    wallboxes: dict[str, list[Json]] = field(default_factory=dict)
    """What drivers are shown of their wallboxes, by user."""
    entries: list[Json] = field(default_factory=list)
    people: dict[str, Json] = field(default_factory=dict)
    """Companies and drivers that the run has made, by id."""


@dataclass
class Evidence:
    """All that a judgement rests on; our own journal is no part of it.

    `may_park`: something went wrong in a mode in which nothing can be probed. `dead` are the
    messages in dead-letter queues, as (queue, body). `activations`: every moment at which a refund
    card was seen to be switched on.
    """

    history: History
    held: Held
    portal: Portal
    may_park: bool = False
    dead: list[tuple[str, str]] = field(default_factory=list)
    inbound: Inbound | None = None
    """What stands of an ERP's events, where there is one."""
    activations: list[Activation] = field(default_factory=list)

    def contact_with(self, reference: str) -> str | None:
        """What be.ENERGISED calls the contact that carries our reference, if it is one."""
        found = [c["id"] for c in self.held.contacts if c["customer_reference"] == reference]
        return str(found[0]) if len(found) == 1 else None

    def orders_of(self, order_id: str) -> list[Json]:
        """The orders in Salesforce that carry our reference of this one."""
        ours = reference(KIND, order_id)
        rows = self.held.salesforce["Order"]
        return [row for row in rows if row["BusbarReference__c"] == ours]


def differences(name: str, facts: Mapping[str, tuple[Any, Any]]) -> Iterator[str]:
    """A sentence for each fact that is not as expected: what -> (there, expected)."""
    for what, (there, expected) in facts.items():
        if there != expected:
            yield f"{name}: {what} is {there!r}, and not {expected!r}"
