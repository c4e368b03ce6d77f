"""The fleet manager's cards: see them, give them to drivers and vehicles, switch them on and off.

A change goes to be.ENERGISED at once. If be.ENERGISED does not take it within the time a portal can
wait, the answer says that it is pending and why, and `card_forward` goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from busbar.domain.authorisation import reaches
from busbar.domain.cards import ChargeCard
from busbar.domain.customers import Caller, Role, User
from busbar.domain.identifiers import is_id
from busbar.domain.record import Value
from busbar.errors import Conflict, FieldError, Problem
from busbar.ports import Json, Save, Stored
from busbar.process.contract import Later, Outcome, Parked
from busbar.process.ledger import LedgerRow
from busbar.usecases.card_forward import (
    carry,
    energised_row_id,
    guarded,
    tell_salesforce,
    wanting,
)
from busbar.usecases.deps import TRIES, Deps
from busbar.usecases.orders import LONGEST_PAGE, bad_parameter, scope

DRIVERS = frozenset({Role.DRIVER, Role.FLEET_MANAGER})


class CardChange(Value):
    """What the portal may change; a field that is not sent stays."""

    driver_id: str | None = None
    vehicle: str = ""
    label: str = ""


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
    company = scope(caller, "charge_cards_list", company_id)
    if not 1 <= limit <= LONGEST_PAGE:
        raise bad_parameter("limit", f"has to be between 1 and {LONGEST_PAGE}")
    try:
        page = deps.store.listed(ChargeCard, f"company#{company}", limit=limit, cursor=cursor)
    except ValueError:
        raise bad_parameter("cursor", "is no cursor of this list") from None
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
    if "vehicle" in sent:
        card = card.model_copy(update={"vehicle": change.vehicle})
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
    visible = stored is not None and stored.record.in_portal_since is not None
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
    if user is None or user.company_id != card.company_id or user.role not in DRIVERS:
        raise _driver_problem("driver-unknown", "is no driver of this company")
    if not user.energised_uuid:
        raise _driver_problem("driver-not-in-energised", "is not known to be.ENERGISED yet")
    return user.energised_uuid


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
    """Write down what is wanted, carry it out as far as it goes now, and show the card."""
    row = deps.store.get(LedgerRow, energised_row_id(card))
    wants = wanting(row, card, wanted)
    if not wants and not (row and row.record.open and not row.record.parked):
        return _keep(stored, card, deps)
    put, drop = guarded(card.id, stored.version + 1, deps)
    try:
        deps.store.commit(Save(card, stored), *wants, put)
    except Conflict:
        raise _stale() from None
    return _seen(stored, deps, carry(card.id, deps, deps.tuning.card_answer_within, (drop,)))


def _seen(stored: Stored[ChargeCard], deps: Deps, outcome: Outcome | None) -> CardView:
    """The card as it is now."""
    after = deps.store.get(ChargeCard, stored.record.id) or stored
    driver = after.record.driver_id
    user = deps.store.get(User, driver) if driver else None
    names = {user.record.id: user.record.name} if user else {}
    row = deps.store.get(LedgerRow, energised_row_id(after.record))
    return _view(after, row, names, outcome)


def _keep(stored: Stored[ChargeCard], card: ChargeCard, deps: Deps) -> CardView:
    """be.ENERGISED has nothing to do: what is ours alone is kept, and Salesforce hears of it."""
    if card == stored.record:
        return show_all([stored], deps)[0]
    try:
        deps.store.commit(Save(card, stored), *tell_salesforce(card, stored.version + 1, deps))
    except Conflict:
        raise _stale() from None
    return show_all([deps.store.get(ChargeCard, card.id) or stored], deps)[0]


def show_all(cards: Sequence[Stored[ChargeCard]], deps: Deps) -> list[CardView]:
    """Cards with what be.ENERGISED is still to take over."""
    rows = {
        row.record.id: row
        for row in deps.store.get_many(LedgerRow, [energised_row_id(c.record) for c in cards])
    }
    drivers = list(dict.fromkeys(c.record.driver_id for c in cards if c.record.driver_id))
    names = {d.record.id: d.record.name for d in deps.store.get_many(User, drivers)}
    return [_view(c, rows.get(energised_row_id(c.record)), names, None) for c in cards]


def _view(
    stored: Stored[ChargeCard],
    row: Stored[LedgerRow] | None,
    names: Mapping[str, str],
    outcome: Outcome | None,
) -> CardView:
    card = stored.record
    state = _energised_state(card, row, outcome)
    body = {
        "id": card.id,
        "number": card.number,
        "order_id": card.order_id,
        "label": card.label,
        "vehicle": card.vehicle,
        "driver": _driver(card, names),
        "active": card.active,
        "blocked": card.blocked,
        "energised": state,
        "changed_at": stored.changed_at.isoformat(),
    }
    return CardView(body, stored.version, state["state"] == "pending")


def _driver(card: ChargeCard, names: Mapping[str, str]) -> Json | None:
    """Who holds the card; a holder that is none of our users has no id and no name here."""
    if card.holder_uuid is None:
        return None
    return {
        "id": card.driver_id,
        "name": names.get(card.driver_id or ""),
        "energised_uuid": card.holder_uuid,
    }


def _energised_state(
    card: ChargeCard, row: Stored[LedgerRow] | None, outcome: Outcome | None
) -> Json:
    """`done`, or `pending` with a reason and what is wanted, or `refused` with a reason."""
    if row is None or not row.record.open:
        return {"state": "done"}
    shown = {"active": card.active, "label": card.label, "contact_id": card.holder_uuid}
    wanted = {k: v for k, v in row.record.wanted.items() if k in shown and shown[k] != v}
    if row.record.parked or isinstance(outcome, Parked):
        return {"state": "refused", "reason": row.record.parked, "wanted": wanted}
    reason = outcome.reason if isinstance(outcome, Later) else "in_progress"
    return {"state": "pending", "reason": reason, "wanted": wanted}
