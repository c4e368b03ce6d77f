"""Ways out for a card that could not be brought to what was wanted of it: want it again, or not.

And for a driver who could not be made known to be.ENERGISED by his card.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from busbar.domain.cards import ChargeCard
from busbar.ports.outside import Found
from busbar.ports.store import Change, Save, Stored
from busbar.process import parked
from busbar.process.create import StepRow, StepState
from busbar.process.ledger import LedgerRow
from busbar.usecases.card_forward import (
    ENERGISED,
    NO_COMPANY,
    NO_CONTACT,
    asset_row_id,
    energised_row_id,
)
from busbar.usecases.card_registration import known, registration_row_id
from busbar.usecases.task_ways import Asked, at_fault, check_settled, overtaken


def want_again(asked: Asked) -> Sequence[Change]:
    """What was refused, or given up, is wanted anew, on top of all that is wanted now.

    The step contract does the rest: the object is read, and written only if it does not hold it.
    """
    card, rows = _card(asked), _parked_rows(asked)
    if card is None or not (rows or _waits_for_owner(asked, card)):
        raise overtaken("Something else was wanted of the card since, or it was done.")
    deps = asked.deps
    errand = deps.outbox.errand("card_forward", ChargeCard, card.record.id, token=asked.token)
    again = (Save(row.record.wanted_again(), row) for row in rows)
    return (*again, deps.outbox.awake(errand))


def drop_wish(asked: Asked) -> Sequence[Change]:
    """What was refused, or given up, is wanted no more, and nothing shows as refused."""
    card = _card(asked)
    rows = [Save(row.record.forgiven(), row) for row in _parked_rows(asked)]
    if card and _waits_for_owner(asked, card):
        return (Save(card.record.model_copy(update={"waiting_for": None}), card), *rows)
    return rows


def resume_registration(asked: Asked) -> Sequence[Change]:
    """The driver's registration goes on from where it stood, by a probe if anything was sent."""
    card, row = _registering(asked)
    after = parked.resumed(row.record, asked.deps.clock.now())
    return (Save(after, row), *_goes_on(asked, card))


def retry_registration(asked: Asked) -> Sequence[Change]:
    """Register again where nobody can search for it: the card itself shows that nobody has it."""
    card, row = _registering(asked)
    if _registered_contact(asked, card, row):
        raise overtaken("The card is somebody's in be.ENERGISED. Adopt his contact.")
    return (Save(parked.retried(row.record), row), *_goes_on(asked, card))


def adopt_contact(asked: Asked) -> Sequence[Change]:
    """The driver is the contact that the caller names, whose card it has to be there already."""
    card, row = _registering(asked)
    if _registered_contact(asked, card, row) != asked.external_id:
        raise at_fault("external_id", "is not the contact that holds this card in be.ENERGISED")
    found = Found(asked.external_id, {"card_id": card.record.energised_id})
    adopted = Save(parked.adopted(row.record, found), row)
    binding = known(card.record.customer_id, asked.external_id, asked.deps)
    return (adopted, *binding, *_goes_on(asked, card))


def _registering(asked: Asked) -> tuple[Stored[ChargeCard], Stored[StepRow]]:
    card = _card(asked)
    row_id = registration_row_id(card.record.customer_id) if card else ""
    row = asked.deps.store.get(StepRow, row_id) if card and card.record.customer_id else None
    if card is None or row is None or row.record.state is not StepState.PARKED:
        raise overtaken("The driver was registered since, or the card is his no more.")
    return card, row


def _registered_contact(asked: Asked, card: Stored[ChargeCard], row: Stored[StepRow]) -> str | None:
    """Who holds the card in be.ENERGISED, as soon as no attempt can change that any more."""
    deps = asked.deps
    check_settled(row.record, deps.settle_of(ENERGISED), deps.clock.now())
    backend = deps.systems.energised
    return backend.read_card(card.record.energised_id, deps.tuning.answer_within).contact_id


def _goes_on(asked: Asked, card: Stored[ChargeCard]) -> Sequence[Change]:
    errand = asked.deps.outbox.errand("card_forward", ChargeCard, card.record.id, token=asked.token)
    return Save(card.record, card), asked.deps.outbox.awake(errand)


def _card(asked: Asked) -> Stored[ChargeCard] | None:
    return asked.deps.store.get(ChargeCard, asked.task.record.subject_id)


def _waits_for_owner(asked: Asked, card: Stored[ChargeCard]) -> bool:
    waits_for = card.record.waiting_for
    return asked.task.record.kind == "waited_too_long" and waits_for in {NO_COMPANY, NO_CONTACT}


def _parked_rows(asked: Asked) -> list[Stored[LedgerRow]]:
    """The ledger rows that the task is about, as far as nothing else was wanted since."""
    rows = (asked.deps.store.get(LedgerRow, row_id) for row_id in _row_ids(asked))
    return [row for row in rows if row and row.record.parked]


def _row_ids(asked: Asked) -> Iterator[str]:
    task = asked.task.record
    if task.kind == "parked_state":
        yield task.cause.removeprefix("ledger#")
        return
    card = _card(asked)
    if card:
        yield energised_row_id(card.record)
        if card.record.asset_id:
            yield asset_row_id(card.record.asset_id)
