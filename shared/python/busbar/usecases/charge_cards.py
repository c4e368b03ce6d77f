"""The fleet manager's cards: see them, give them to drivers and vehicles, switch them on and off.

A change goes to be.ENERGISED at once. If be.ENERGISED does not take it within the time a portal can
wait, the answer says that it is pending and why, and `card_forward` goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from busbar.domain.authorisation import reaches
from busbar.domain.cards import ChargeCard
from busbar.domain.customers import Caller, Role, User, Vehicle
from busbar.domain.identifiers import is_id
from busbar.errors import Conflict, FieldError, Problem
from busbar.ports.runtime import Json
from busbar.ports.store import Change, Save, Stored
from busbar.process.contract import Later, Outcome, Parked
from busbar.process.ledger import LedgerRow
from busbar.usecases.card_forward import (
    card_errand,
    carry,
    driver_of,
    energised_row_id,
    tell_salesforce,
    wanting,
)
from busbar.usecases.changes import etag
from busbar.usecases.deps import TRIES, Deps
from busbar.usecases.inputs import Input, Line
from busbar.usecases.orders import scope
from busbar.usecases.pages import read_page

SHOWN = ("active", "label", "contact_id")
"""What a portal sees of the state that is wanted in be.ENERGISED; of a contact whose it is."""
DRIVERS = frozenset({Role.DRIVER, Role.FLEET_MANAGER})


class CardChange(Input):
    """What the portal may change; a field that is not sent stays."""

    driver_id: Line | None = Field(default=None, max_length=64)
    vehicle: Line = Field(default="", max_length=40)
    vehicle_id: Line | None = Field(default=None, max_length=64)
    """A vehicle of the company: its name becomes the text in `vehicle`."""
    label: Line = Field(default="", max_length=80)


@dataclass(frozen=True)
class CardView:
    """A card as the portal sees it, with the version for its ETag."""

    body: Json
    version: int
    pending: bool


def list_cards(
    caller: Caller, deps: Deps, *, company_id: str | None, limit: int, cursor: str | None
) -> Json:
    """A company's cards, newest change first; new ones have no driver."""
    company = scope(caller, "charge_cards_list", company_id, deps)
    page = read_page(deps, ChargeCard, f"company#{company}", limit, cursor)
    views = show_all(page.items, deps)
    return {"cards": [v.body for v in views], "next_cursor": page.cursor}


def show_card(caller: Caller, deps: Deps, card_id: str) -> CardView:
    """One card. Raises a 404 `Problem` if there is none within reach."""
    return show_all([_within_reach(caller, "charge_cards_show", card_id, deps)], deps)[0]


def change_card(
    caller: Caller,
    deps: Deps,
    card_id: str,
    change: CardChange,
    seen: int | None,
) -> CardView:
    """Change driver, vehicle or label. `seen` is the version of the caller's ETag.

    Raises `Problem` 404, 412 (somebody else was faster), 422 (no such driver).
    """
    stored = _within_reach(caller, "charge_cards_change", card_id, deps)
    _check_seen(stored, seen)
    sent = change.model_fields_set
    wanted: dict[str, Any] = {}
    if "driver_id" in sent:
        wanted["contact_id"] = _driver_uuid(change.driver_id, stored.record, deps)
    if "label" in sent:
        wanted["label"] = change.label
    card = stored.record
    if sent & {"vehicle", "vehicle_id"}:
        card = card.model_copy(update={"vehicle": _vehicle(change, card, deps)})
    return _want(stored, card, wanted, deps)


def switch_card(
    caller: Caller, deps: Deps, card_id: str, *, active: bool, seen: int | None
) -> CardView:
    """Activate or deactivate. The same twice is one effect."""
    operation = "charge_cards_activate" if active else "charge_cards_deactivate"
    for _ in range(TRIES):
        stored = _within_reach(caller, operation, card_id, deps)
        _check_seen(stored, seen)
        try:
            return _want(stored, stored.record, {"active": active}, deps)
        except Problem as problem:
            if problem.status != 412 or seen is not None:
                raise
    raise Conflict(f"charge_card {card_id}")


def _within_reach(caller: Caller, operation: str, card_id: str, deps: Deps) -> Stored[ChargeCard]:
    stored = deps.store.get(ChargeCard, card_id) if is_id(card_id) else None
    card = stored.record if stored else None
    # A driver's own card is nobody else's to see or to change, whatever his role is.
    visible = card is not None and card.is_fleet and card.in_portal_since is not None
    if stored is None or not visible or not reaches(caller, operation, stored.record.company_id):
        raise Problem(404, "card-not-found", "No such card")
    return stored


def _check_seen(stored: Stored[ChargeCard], seen: int | None) -> None:
    if seen is not None and seen != stored.version:
        raise _stale()


def _stale() -> Problem:
    return Problem(
        412,
        "card-changed",
        "The card was changed meanwhile",
        "Read the card again, look at what changed, and send your change with the new ETag.",
    )


def _driver_uuid(driver_id: str | None, card: ChargeCard, deps: Deps) -> str | None:
    if driver_id is None:
        return None
    stored = deps.store.get(User, driver_id)
    user = stored.record if stored else None
    known = user is not None and user.removed_at is None and user.company_id == card.company_id
    if user is None or not known or user.role not in DRIVERS:
        raise _driver_problem("driver-unknown", "is no driver of this company")
    if user.suspended:
        raise _driver_problem("driver-suspended", "is suspended")
    if not user.energised_uuid:
        raise _driver_problem("driver-not-in-energised", "is not known to be.ENERGISED yet")
    return user.energised_uuid


def _vehicle(change: CardChange, card: ChargeCard, deps: Deps) -> str:
    """The text that stands on the card. A vehicle's name is copied: it may go, the card stays."""
    if change.vehicle_id is None:
        return change.vehicle
    stored = deps.store.get(Vehicle, change.vehicle_id)
    if "vehicle" in change.model_fields_set:
        message = "cannot be sent beside vehicle"
    elif stored is None or stored.record.company_id != card.company_id:
        message = "is no vehicle of this company"
    else:
        return stored.record.shown_as
    title = "The card cannot be given to this vehicle"
    raise Problem(422, "vehicle-unknown", title, errors=(FieldError("vehicle_id", message),))


def _driver_problem(slug: str, message: str) -> Problem:
    return Problem(
        422,
        slug,
        "The card cannot be given to this driver",
        errors=(FieldError("driver_id", message),),
    )


def _want(
    stored: Stored[ChargeCard], card: ChargeCard, wanted: dict[str, Any], deps: Deps
) -> CardView:
    """Write down what is wanted, carry it out as far as it goes now, and show the card.

    Raises a 409 `Problem` if be.ENERGISED refuses it.
    """
    row = deps.store.get(LedgerRow, energised_row_id(card))
    if not wanted and not (row and row.record.open):
        return _keep(stored, card, deps)
    wants = wanting(row, card, wanted, insist=True) if wanted else ()
    errand = card_errand(card.id, stored.version + 1, deps)
    _commit(deps, Save(card, stored), *wants, deps.outbox.guard(errand))
    outcome = carry(card.id, deps, deps.tuning.card_answer_within, errand)
    if isinstance(outcome, Parked):
        raise _refused(outcome)
    return _seen(stored, deps, outcome)


def _keep(stored: Stored[ChargeCard], card: ChargeCard, deps: Deps) -> CardView:
    """be.ENERGISED has nothing to do: what is ours alone is kept, and Salesforce hears of it."""
    if card != stored.record:
        _commit(deps, Save(card, stored), *tell_salesforce(card, stored.version + 1, deps))
    return _seen(stored, deps, None)


def _commit(deps: Deps, *changes: Change) -> None:
    try:
        deps.store.commit(*changes)
    except Conflict:
        raise _stale() from None


def _refused(outcome: Parked) -> Problem:
    return Problem(
        409,
        "refused-by-energised",
        "be.ENERGISED refused the change",
        f"The card stays as it was; a task is open. The reason given is {outcome.reason}.",
    )


def _seen(stored: Stored[ChargeCard], deps: Deps, outcome: Outcome | None) -> CardView:
    """The card as it is now."""
    after = deps.store.get(ChargeCard, stored.record.id) or stored
    drivers = _drivers([after.record], deps)
    row = deps.store.get(LedgerRow, energised_row_id(after.record))
    return _view(after, row, drivers, outcome, deps)


def show_all(cards: Sequence[Stored[ChargeCard]], deps: Deps) -> list[CardView]:
    """Cards with what be.ENERGISED is still to take over."""
    rows = {
        row.record.id: row
        for row in deps.store.get_many(LedgerRow, [energised_row_id(c.record) for c in cards])
    }
    drivers = _drivers([c.record for c in cards], deps)
    return [_view(c, rows.get(energised_row_id(c.record)), drivers, None, deps) for c in cards]


def _drivers(cards: Sequence[ChargeCard], deps: Deps) -> dict[str, User]:
    """Who holds the cards, by id; nobody of another company, whatever be.ENERGISED says."""
    ids = list(dict.fromkeys(card.driver_id for card in cards if card.driver_id))
    users = {d.record.id: d.record for d in deps.store.get_many(User, ids)}
    of = {card.driver_id: card.company_id for card in cards}
    return {i: u for i, u in users.items() if u.company_id == of[i] and u.removed_at is None}


def _view(
    stored: Stored[ChargeCard],
    row: Stored[LedgerRow] | None,
    drivers: Mapping[str, User],
    outcome: Outcome | None,
    deps: Deps,
) -> CardView:
    card = stored.record
    state = _energised_state(card, row, outcome, deps)
    body = {
        "id": card.id,
        "number": card.number,
        "order_id": card.order_id,
        "label": card.label,
        "vehicle": card.vehicle,
        "driver": _driver(card, drivers),
        "active": card.active,
        "blocked": card.blocked,
        "energised": state,
        "etag": etag(stored.version),
        "changed_at": stored.changed_at.isoformat(),
    }
    return CardView(body, stored.version, state["state"] == "pending")


def _driver(card: ChargeCard, drivers: Mapping[str, User]) -> Json | None:
    """Who holds the card; a holder that is none of the company's users has no id and no name."""
    if card.holder_uuid is None:
        return None
    user = drivers.get(card.driver_id or "")
    return {
        "id": user.id if user else None,
        "name": user.name if user else None,
        "energised_uuid": card.holder_uuid if user else None,
    }


def _energised_state(
    card: ChargeCard, row: Stored[LedgerRow] | None, outcome: Outcome | None, deps: Deps
) -> Json:
    """`done`; `pending` with a reason and what is wanted; `refused` with what was not taken."""
    if row is not None and row.record.parked:
        refused = {k: v for k, v in row.record.refused.items() if k in SHOWN}
        return {"state": "refused", "reason": row.record.parked, "wanted": _told(refused, deps)}
    if row is None or not row.record.open:
        return {"state": "done"}
    shown = {"active": card.active, "label": card.label, "contact_id": card.holder_uuid}
    wanted = {k: v for k, v in row.record.wanted.items() if k in SHOWN and shown[k] != v}
    reason = outcome.reason if isinstance(outcome, Later) else "in_progress"
    return {"state": "pending", "reason": reason, "wanted": _told(wanted, deps)}


def _told(state: Json, deps: Deps) -> Json:
    """A state that is wanted, with the driver as the portal knows him."""
    told = dict(state)
    if "contact_id" in told:
        told["driver_id"] = driver_of(told.pop("contact_id"), deps)
    return told
