"""Brings companies and drivers into be.ENERGISED as CRM contacts, and takes cards from who left.

What waits for a company to be bound looks again by itself, and goes on once it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from busbar.domain.customers import Company, User
from busbar.domain.lifecycle import is_parked
from busbar.ports.outside import Found
from busbar.ports.store import Change, Stored
from busbar.process.contract import Done, Later, Outcome, Parked
from busbar.process.create import Creator
from busbar.process.outbox import Errand
from busbar.usecases.card_forward import ENERGISED, NO_COMPANY
from busbar.usecases.card_return import take_cards
from busbar.usecases.contact_states import (
    LEAVING,
    WAITING,
    Owner,
    bound_contact,
    saying,
    waiting,
    wants_contact,
)
from busbar.usecases.contact_step import bind_found, contact_of, contact_step
from busbar.usecases.deps import Deps, revise

SCHEMAS: Mapping[str, type[Owner]] = {s.schema_name: s for s in (Company, User)}


def bring(errand: Errand, deps: Deps, timeout: float) -> Outcome:
    """Do what is to be done for a company or user now, within `timeout` seconds."""
    schema, owner_id = SCHEMAS[errand.command.schema_of], errand.command.id
    stored: Stored[Any] | None = deps.store.get(schema, owner_id)
    if stored is None:
        return deps.outbox.settle(errand, Done(Found(owner_id)), lambda _reason: ())
    owner = stored.record
    outcome = _try(owner, deps, timeout)
    if not isinstance(outcome, Later):
        _show(owner, outcome, deps)
    give_up = partial(waiting, owner, deps)
    settled = deps.outbox.settle(errand, outcome, lambda reason: give_up(f"task:{reason}"))
    if isinstance(settled, Later):
        _show(owner, settled, deps)
    return settled


def _word(outcome: Outcome) -> str | None:
    """What the portal is told of an outcome."""
    if isinstance(outcome, Later):
        return outcome.reason if outcome.reason in {NO_COMPANY, LEAVING} else WAITING
    return f"task:{outcome.reason}" if isinstance(outcome, Parked) else None


def _try(owner: Owner, deps: Deps, timeout: float) -> Outcome:
    if isinstance(owner, User) and not owner.has_access:
        return take_cards(owner, deps, LEAVING)
    if deps.org.energised is None or not wants_contact(owner):
        return Done(Found(owner.id))
    contact = contact_of(owner, deps)
    if contact is None:
        wait = timedelta(seconds=deps.tuning.wait_retry)
        return Later(deps.clock.now() + wait, NO_COMPANY)
    creator = Creator(deps.store, deps.clock, deps.tuning)
    if bound_contact(owner, deps) and not creator.is_open(ENERGISED, contact.reference):
        return Done(Found(owner.id))
    outcome = creator.run(contact_step(contact, deps, timeout))
    if isinstance(outcome, Done):
        bind_found(owner, outcome.found, deps)
    return outcome


def _show(owner: Owner, outcome: Outcome, deps: Deps) -> None:
    """Let the portal see what the owner waits for."""
    word = _word(outcome)

    def change(stored: Stored[Any]) -> Sequence[Change]:
        # Who comes late with a wait must not hide what another has parked meanwhile.
        parked = is_parked(stored.record.waiting_for)
        if parked and isinstance(outcome, Later):
            return ()
        return saying(owner, stored, word, deps)

    revise(deps.store, type(owner), owner.id, change)
