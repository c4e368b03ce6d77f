"""Ways out for a card that could not be brought to what was wanted of it: want it again, or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from busbar.domain.cards import ChargeCard
from busbar.ports import Change, Save, Stored
from busbar.process.ledger import LedgerRow
from busbar.usecases.card_forward import NO_COMPANY, asset_row_id, energised_row_id
from busbar.usecases.task_ways import Asked, overtaken


def want_again(asked: Asked) -> Sequence[Change]:
    """What was refused, or given up, is wanted anew, on top of all that is wanted now.

    The step contract does the rest: the object is read, and written only if it does not hold it.
    """
    card, rows = _card(asked), _parked_rows(asked)
    if card is None or not (rows or _waits_for_company(asked, card)):
        raise overtaken("Something else was wanted of the card since, or it was done.")
    deps = asked.deps
    errand = deps.outbox.errand("card_forward", ChargeCard, card.record.id, token=asked.token)
    again = (Save(row.record.wanted_again(), row) for row in rows)
    return (*again, deps.outbox.awake(errand))


def drop_wish(asked: Asked) -> Sequence[Change]:
    """What was refused, or given up, is wanted no more, and nothing shows as refused."""
    card = _card(asked)
    rows = [Save(row.record.forgiven(), row) for row in _parked_rows(asked)]
    if card and _waits_for_company(asked, card):
        return (Save(card.record.model_copy(update={"waiting_for": None}), card), *rows)
    return rows


def _card(asked: Asked) -> Stored[ChargeCard] | None:
    return asked.deps.store.get(ChargeCard, asked.task.record.subject_id)


def _waits_for_company(asked: Asked, card: Stored[ChargeCard]) -> bool:
    task = asked.task.record
    return task.kind == "waited_too_long" and card.record.waiting_for == NO_COMPANY


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
