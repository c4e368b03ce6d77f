"""What companies and drivers wait for on their way into be.ENERGISED, and who wants to be there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from busbar.domain.customers import Company, Role, User
from busbar.ports.store import Change, Save, Stored
from busbar.process.outbox import Errand
from busbar.usecases.card_forward import ENERGISED
from busbar.usecases.deps import Deps

QUEUE = "contact_forward"
WAITING = "contact_in_energised"
"""What a company or driver waits for until its contact is bound."""
LEAVING = "cards_taken_back"
"""What is still to be done for a user whose access has ended."""
Owner = Company | User


def contact_errand(owner: Owner, version: int, deps: Deps) -> Errand:
    """The errand of a wish. `version` is the one that the owner has after the wish is written."""
    return deps.outbox.errand(QUEUE, type(owner), owner.id, str(version))


def wants_contact(owner: Owner) -> bool:
    """Whether be.ENERGISED shall know it: companies and drivers that are there."""
    if owner.removed_at:
        return False
    return isinstance(owner, Company) or owner.role is Role.DRIVER


def bound_contact(owner: Owner, deps: Deps) -> str | None:
    """What be.ENERGISED calls it, as far as we know."""
    return deps.store.external_id(owner.schema_name, owner.id, ENERGISED)


def wish(owner: Owner) -> tuple[Any, ...]:
    """What is wanted of an owner: work that was begun for another wish must not end this one."""
    ended = getattr(owner, "access_ended_at", owner.removed_at)
    return ended, getattr(owner, "company_id", None), getattr(owner, "role", None)


def waiting(owner: Owner, deps: Deps, reason: str | None) -> Sequence[Change]:
    """The change by which the owner is seen to wait for this."""
    stored: Stored[Any] | None = deps.store.get(type(owner), owner.id)
    return saying(owner, stored, reason, deps) if stored else ()


def saying(owner: Owner, stored: Stored[Any], reason: str | None, deps: Deps) -> Sequence[Change]:
    """What is waited for. Nothing, if something else is wanted meanwhile: that has its own."""
    now = stored.record
    if now.waiting_for == reason or wish(now) != wish(owner):
        return ()
    if reason not in {None, LEAVING} and bound_contact(now, deps):
        return ()  # a person has given the contact
    return (Save(now.model_copy(update={"waiting_for": reason}), stored),)
