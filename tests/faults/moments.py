"""What may not be so at any moment of a run, however it ends: looked at as it happens."""

from __future__ import annotations

from dataclasses import dataclass, field

from infra.simulators.energised import EnergisedSimulator
from infra.simulators.salesforce import SalesforceSimulator
from infra.simulators.salesforce.wallbox_schema import APPROVED
from infra.simulators.sample_wallboxes import refund_cards
from tests.faults.stage import reviews_in


@dataclass(frozen=True)
class Activation:
    """A refund card was switched on in be.ENERGISED, `at` a time; whether Salesforce held an
    approval of its order by then."""

    card_id: str
    at: str
    approved: bool


@dataclass
class RefundWatch:
    """Sees every refund card that is switched on, at the moment at which it is.

    `look` has to be called after every change of be.ENERGISED.
    """

    salesforce: SalesforceSimulator
    energised: EnergisedSimulator
    wallboxes: int
    activations: list[Activation] = field(default_factory=list)
    """What was seen, oldest first."""

    def __post_init__(self) -> None:
        self._cards = [card.energised_id for card in refund_cards(self.wallboxes)]
        self._active: set[str] = set()

    def look(self) -> None:
        """Note every refund card that is active since the last look."""
        for card_id in self._cards:
            if not self.energised.backend.card(card_id)[1].active:
                self._active.discard(card_id)
            elif card_id not in self._active:
                self._active.add(card_id)
                at = self.energised.now().isoformat(timespec="milliseconds")
                self.activations.append(Activation(card_id, at, self._is_approved(card_id)))

    def _is_approved(self, card_id: str) -> bool:
        """Whether Salesforce has told by now that an installation of the card's order is approved.

        It tells of a review in the transaction that records it.
        """
        assets = list(self.salesforce.org.rows.all("Asset"))
        orders = {a["BusbarOrder__c"] for a in assets if a["EnergisedCardId__c"] == card_id}
        boxes = [a["Id"] for a in assets if a["BusbarOrder__c"] in orders - {None}]
        told = reviews_in(self.salesforce.events.sent)
        return any(APPROVED in told.get(box, ()) for box in boxes)
