"""Orders of wallboxes: what was ordered, by whom, and how far it has come through the systems."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Literal, NamedTuple

from pydantic import AwareDatetime

from busbar.domain.customers import Address
from busbar.domain.record import Record, Value
from busbar.domain.tracked_orders import TrackedOrder
from busbar.domain.wallbox_products import WallboxProduct

WALLBOX_KIND = "WO"
"""Kind of our reference of a wallbox order in Salesforce."""
WALLBOX_ITEM_KIND = "WI"
"""Kind of our reference of one of its items."""
CONTRACT_KIND = "CT"
"""Kind of our reference of its contract in SAP."""
SHARED_CONTRACT_KIND = "SC"
"""Kind of our reference of its shared contract in Salesforce."""
SHARED_CONTRACT = "shared_contract"
"""The ID map's name of shared contracts: each belongs to one order."""


class Step(StrEnum):
    """A step of an order's way through the systems, in the order in which they follow."""

    PARTNER = "partner"
    CONTRACT = "contract"
    ACCOUNT = "account"
    SHARED_CONTRACT = "shared_contract"
    CONTACT = "contact"
    ORDER = "order"
    IDENTITIES = "identities"


class StepText(NamedTuple):
    """What a step does, where, in the words of the portal."""

    system: str
    german: str


PERSONAL = frozenset({Step.PARTNER, Step.ACCOUNT, Step.CONTACT})
"""Steps whose object belongs to the person: all his orders share it."""
STEPS: dict[Step, StepText] = {
    Step.PARTNER: StepText("sap", "Geschäftspartner in SAP"),
    Step.CONTRACT: StepText("sap", "Vertrag in SAP"),
    Step.ACCOUNT: StepText("salesforce", "Kundenkonto in Salesforce"),
    Step.SHARED_CONTRACT: StepText("salesforce", "Shared Contract in Salesforce"),
    Step.CONTACT: StepText("energised", "Kontakt in be.ENERGISED"),
    Step.ORDER: StepText("salesforce", "Bestellung in Salesforce"),
    Step.IDENTITIES: StepText("busbar", "Kennungen des Portalnutzers"),
}


class OrderLine(Value):
    """One product of an order, as it was offered then."""

    product: WallboxProduct
    quantity: int


class StepDone(Value):
    """A step that is done: the object that is there for it now.

    `made_here` tells whether this order has created it; what was there before is never undone.
    """

    step: Step
    reference: str
    external_id: str
    at: AwareDatetime
    made_here: bool


class WallboxOrder(TrackedOrder):
    """An order of wallboxes and what goes with them, by a portal user for himself."""

    schema_name: ClassVar[str] = "wallbox_order"
    kind: ClassVar[str] = WALLBOX_KIND

    customer_id: str
    lines: tuple[OrderLine, ...]
    billing_address: Address
    delivery_address: Address
    installation_address: Address
    way: Literal["forward", "back"] = "forward"
    executions: int = 1
    """Number of the newest execution of the state machine; its name is `<id>-<number>`."""
    steps: tuple[StepDone, ...] = ()
    undone: tuple[Step, ...] = ()
    """Steps whose objects were blocked or cancelled on the way back."""
    kept: tuple[Step, ...] = ()
    """Steps whose objects the way back has left as they are: others refer to them, they do no
    harm, or a person has said so."""
    gone_back_at: AwareDatetime | None = None
    """When the way back was at its end."""
    at_step: Step | None = None
    """The step that waits, as `waiting_for` says."""
    wallboxes: tuple[str, ...] = ()
    """Ids of the wallboxes that Salesforce has assigned to it."""
    cards: tuple[str, ...] = ()
    """Ids of the cards. Whoever gives a card to the order, or approves an installation of it,
    writes the order too: so neither can miss the other."""

    def listed_by(self) -> str | None:
        """By the user who ordered."""
        return f"user#{self.ordered_by}"

    @property
    def execution(self) -> str:
        """Name of the newest execution."""
        return f"{self.id}-{self.executions}"

    @property
    def goes_back(self) -> bool:
        """Whether it has ended before Salesforce had it, and is not all undone yet."""
        return self.rejected_reason is not None and self.gone_back_at is None

    @property
    def is_through(self) -> bool:
        """Whether nothing is left to do, forward or back, until it is delivered."""
        return self.done(Step.IDENTITIES) is not None or self.gone_back_at is not None

    @property
    def present_step(self) -> Step | None:
        """The step that it has come to, forward or back; None where none is left."""
        if self.rejected_reason:
            return next((done.step for done in self.to_undo), None)
        return next((step for step in Step if not self.done(step)), None)

    @property
    def to_undo(self) -> tuple[StepDone, ...]:
        """What it has created and the way back has not looked at yet, the newest first."""
        seen = {*self.undone, *self.kept}
        return tuple(d for d in reversed(self.steps) if d.made_here and d.step not in seen)

    def done(self, step: Step) -> StepDone | None:
        """How a step ended, if it did."""
        return next((done for done in self.steps if done.step is step), None)

    def with_step(self, done: StepDone) -> WallboxOrder:
        """The order after a step; what it waited for there is over."""
        if self.done(done.step):
            return self
        update = {"steps": (*self.steps, done), "at_step": None, "waiting_for": None}
        return self.model_copy(update=update)

    def with_contact(self, contact_id: str | None) -> WallboxOrder:
        """The order once its customer's contact is known, if that was left for later."""
        done = self.done(Step.CONTACT)
        if not contact_id or done is None or done.external_id:
            return self
        made = done.model_copy(update={"external_id": contact_id})
        steps = tuple(made if step is done else step for step in self.steps)
        return self.model_copy(update={"steps": steps})

    def quantity_of(self, family: str) -> int:
        """How many it has ordered of a product family."""
        return sum(line.quantity for line in self.lines if line.product.family == family)

    def with_wallbox(self, wallbox_id: str) -> WallboxOrder:
        """The order after a wallbox has come to it."""
        return self.model_copy(update={"wallboxes": _with(self.wallboxes, wallbox_id)})

    def with_card(self, card_id: str) -> WallboxOrder:
        """The order after a card has come to it."""
        return self.model_copy(update={"cards": _with(self.cards, card_id)})

    def without(self, thing_id: str) -> WallboxOrder:
        """The order after a wallbox or card has left it."""
        wallboxes = tuple(one for one in self.wallboxes if one != thing_id)
        cards = tuple(one for one in self.cards if one != thing_id)
        return self.model_copy(update={"wallboxes": wallboxes, "cards": cards})


def _with(ids: tuple[str, ...], one: str) -> tuple[str, ...]:
    return tuple(sorted({*ids, one}))


class WaitingStep(Record):
    """A task of the state machine, which waits for the answer to its token.

    `id` is `<order>#<step>`: of two executions, the newer one's task is what stands here. A task
    whose sending was repeated has several tokens, and nobody knows which of them waits.
    """

    schema_name: ClassVar[str] = "waiting_step"

    order_id: str
    step: str
    execution: str
    task_tokens: tuple[str, ...]
    asked_at: AwareDatetime

    def kept_until(self) -> datetime:
        """Long after the machine has given up waiting."""
        return self.asked_at + timedelta(days=90)
