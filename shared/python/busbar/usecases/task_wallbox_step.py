"""The step at which a wallbox order waits for a person: what is there, and what shall be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from busbar.domain.private_customers import PrivateCustomer
from busbar.domain.task_texts import SYSTEMS
from busbar.domain.wallbox_orders import PERSONAL, Step, StepDone, WallboxOrder
from busbar.errors import Conflict, Missing, Refused
from busbar.ports.outside import Found
from busbar.ports.store import Bind, Change, Drop, Save, Stored
from busbar.process import parked
from busbar.process.create import StepRow, StepState
from busbar.usecases.deps import Deps
from busbar.usecases.task_orders import read_order
from busbar.usecases.task_ways import (
    Asked,
    at_fault,
    check_looked,
    check_settled,
    held_there,
    not_possible,
)
from busbar.usecases.wallbox_objects import undoing
from busbar.usecases.wallbox_steps import ADOPTED, THINGS, Thing, Way, differences, noted

NAMES = {
    Step.PARTNER: "business partner",
    Step.CONTRACT: "contract",
    Step.ACCOUNT: "account",
    Step.SHARED_CONTRACT: "shared contract",
    Step.CONTACT: "contact",
    Step.ORDER: "order",
}
ABSENT = (
    "has to be the time at which you looked into {system} and did not find this {name}: if it is"
    " there after all, {danger}"
)
DOUBLED = "it is made a second time"
ORPHANED = "it stays there, though the order is cancelled here"
PEOPLE = frozenset({Step.PARTNER, Step.CONTACT})
"""Steps whose object differs in the person's data at most: that is a person's to judge."""


@dataclass(frozen=True)
class At:
    """Where an order stands: what shall exist there, and the journal's row of it."""

    order: Stored[WallboxOrder]
    thing: Thing
    row: Stored[StepRow] | None
    way: Way

    @property
    def before(self) -> StepRow:
        """The row as it is, or one of a step that was never begun."""
        if self.row:
            return self.row.record
        now = self.way.deps.clock.now()
        return parked.unbegun(self.thing.system, self.thing.reference, self.way.process, now)

    @property
    def settle(self) -> float:
        """Seconds after an attempt's end in which its effect may still appear."""
        return self.way.deps.settle_of(self.thing.system)

    @property
    def is_shared(self) -> bool:
        """Whether another order of the same driver wants the same object."""
        others = {*self.way.customer.live_orders} - {self.order.record.id}
        return self.thing.step in PERSONAL and bool(others)


def at_step(order: Stored[WallboxOrder], deps: Deps) -> At:
    """Where an order stands that is not in Salesforce yet."""
    customer = deps.store.get(PrivateCustomer, order.record.customer_id)
    step = order.record.present_step
    if customer is None or step is None:
        raise Conflict(f"{WallboxOrder.schema_name} {order.record.id}")
    way = Way(order.record, customer.record, deps, deps.tuning.answer_within)
    thing = THINGS[step](way)
    return At(order, thing, deps.store.get(StepRow, thing.row_id), way)


def hold_settled(at: At, row: StepRow) -> None:
    """Hold that no attempt can take effect any more. Raises a 409 `Problem`."""
    check_settled(row, at.settle, at.way.deps.clock.now())


def hold_looked(asked: Asked, at: At, row: StepRow, danger: str) -> None:
    """Hold that somebody has looked for the object in vain. Raises `Problem` 409 or 422."""
    system, name = SYSTEMS[at.thing.system], NAMES[at.thing.step]
    check_looked(asked, row, at.settle, ABSENT.format(system=system, name=name, danger=danger))


# --- adopt -------------------------------------------------------------------------------------


def named(asked: Asked, at: At) -> Found:
    """The object that the caller names, as the system holds it. Raises `Problem` 409 or 422.

    Where it can be looked for it has to carry our reference. In mode `none` the caller vouches for
    that; it only has to be there, as far as that can be read.
    """
    thing, deps = at.thing, asked.deps
    if thing.step is Step.ORDER:
        linked = replace(thing, agrees={"account_id": at.way.id_of(Step.ACCOUNT)})
        found = _held_to(linked, read_order(asked, thing.reference))
    elif thing.mode == "none":
        found = _vouched(asked, at)
    else:
        found = _referenced(asked, at)
    schema, ours = thing.owner
    if deps.store.internal_id(schema, thing.system, found.external_id) not in {None, ours}:
        raise at_fault("external_id", "belongs to somebody else already")
    known = deps.store.external_id(schema, ours, thing.system)
    if known not in {None, found.external_id}:
        raise not_possible(
            f"This {NAMES[thing.step]} is {known} in {SYSTEMS[thing.system]} already."
            " Possible are: resume, cancel."
        )
    return replace(found, fields={**found.fields, ADOPTED: "true"})


def _number(asked: Asked, thing: Thing) -> str:
    # SAP's own screens leave the zeros out with which its services know the number.
    return asked.external_id.zfill(10) if thing.system == "sap" else asked.external_id


def _vouched(asked: Asked, at: At) -> Found:
    number, how = _number(asked, at.thing), undoing(at.thing.step, asked.deps)
    try:
        if how:
            how.read(number, asked.deps.tuning.answer_within)
    except (Missing, Refused):
        raise at_fault("external_id", f"is no {NAMES[at.thing.step]}") from None
    return Found(number)


def _referenced(asked: Asked, at: At) -> Found:
    thing, number = at.thing, _number(asked, at.thing)
    hits = thing.find(thing.reference, asked.deps.tuning.answer_within)
    found = next((hit for hit in hits if hit.external_id == number), None)
    if found is None:
        raise at_fault(
            "external_id",
            f"is no {NAMES[thing.step]} with the reference {thing.reference}; if it is the right"
            " one, enter that there first",
        )
    return found if thing.step in PEOPLE else _held_to(thing, found)


def _held_to(thing: Thing, found: Found) -> Found:
    """What is found, if it is linked to what it has to be. Raises a 422 `Problem`."""
    if names := differences(thing, found):
        raise at_fault("external_id", f"is linked to something else: {', '.join(names)}")
    return found


# --- cancel ------------------------------------------------------------------------------------


def closed(asked: Asked, at: At) -> tuple[StepDone | None, Sequence[Change]]:
    """What the step of a cancelled order has created, and the changes that end it.

    What an attempt of unknown outcome has made is found now, and taken back with the rest. Raises
    a `Problem` while that cannot be told, and if Salesforce has the order.
    """
    row = at.row
    if row and row.record.state is StepState.DONE:
        _not_the_order(at)
        found = Found(row.record.external_id, row.record.fields)
        return noted(at.thing, found, at.way), ()
    if row and _is_others(asked, at, row.record):
        return None, ()
    there = _there(asked, at, row.record) if row and row.record.attempt else None
    if row and there:
        made = noted(at.thing, there, at.way).model_copy(update={"made_here": True})
        bound = Bind(*at.thing.owner, at.thing.system, there.external_id)
        return made, (Save(parked.adopted(row.record, there), row), bound)
    if at.thing.step in PERSONAL:
        # As if it had never been begun: the next order of the same driver begins it anew.
        return None, (Drop(StepRow, row.record.id, row),) if row else ()
    return None, (Save(parked.cancelled(at.before), row),)


def _is_others(asked: Asked, at: At, row: StepRow) -> bool:
    """Whether the row is another order's: its task decides on it, or it goes on with it."""
    if row.state is StepState.PARKED:
        return asked.task.record.cause != f"step#{row.id}"
    return at.is_shared


def _there(asked: Asked, at: At, row: StepRow) -> Found | None:
    """The object that an attempt of ours has made; None if none has, and none can any more."""
    hold_settled(at, row)
    thing = at.thing
    unknown = row.may_be_ours and (parked.may_be_there(row) or row.attempt > 1)
    if thing.mode == "none":
        if unknown:
            hold_looked(asked, at, row, ORPHANED)
        return None
    if not unknown and thing.step is not Step.ORDER:
        return None  # what has our reference there was not made by us
    hits = thing.find(thing.reference, asked.deps.tuning.answer_within)
    if len(hits) > 1:
        system = SYSTEMS[thing.system]
        raise held_there(f"{system} holds several with our reference. Leave one there at most.")
    if not hits:
        return None
    _not_the_order(at)
    # Whoever differs from what we have sent is not what we have sent, and is not to be blocked.
    return None if differences(thing, hits[0]) else hits[0]


def _not_the_order(at: At) -> None:
    if at.thing.step is Step.ORDER:
        raise held_there(
            "Salesforce holds this order. Resume, and cancel it in Salesforce, or delete it there"
            " and cancel again."
        )
