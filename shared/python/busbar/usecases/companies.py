"""The operator's companies: show, list, change, remove (`company_creation` makes them).

The call answers at once; the contact in be.ENERGISED follows by `contact_forward`, unless the
caller names one that is there. The customer number says which company it is, and never changes.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from busbar.domain.authorisation import reaches, require
from busbar.domain.cards import ChargeCard
from busbar.domain.customers import ALL_COMPANIES, Caller, Company, User
from busbar.domain.identifiers import is_id
from busbar.domain.lifecycle import LIFECYCLE
from busbar.domain.orders import ChargeCardOrder
from busbar.domain.record import Record
from busbar.errors import Problem
from busbar.ports.runtime import Json
from busbar.ports.store import Save, Stored
from busbar.usecases.changes import bindings, check_seen, entry
from busbar.usecases.company_creation import KnownIds, known_ids
from busbar.usecases.company_view import shown_company, stored_company, view_company
from busbar.usecases.deps import Deps, until_written
from busbar.usecases.inputs import AddressInput, Email, Line
from busbar.usecases.pages import every_page, read_page


class CompanyChange(KnownIds):
    """What may change; a field that is not sent stays."""

    name: Line = Field(default="", min_length=1, max_length=80)
    email: Email = ""
    phone: Line = Field(default="", max_length=40)
    address: AddressInput | None = None
    suspended: bool = Field(default=False, strict=True)


def list_companies(caller: Caller, deps: Deps, *, limit: int, cursor: str | None) -> Json:
    """All companies, newest change first."""
    require(caller, "companies_list")
    page = read_page(deps, Company, ALL_COMPANIES, limit, cursor)
    return {
        "companies": [view_company(stored) for stored in page.items],
        "next_cursor": page.cursor,
    }


def show_company(caller: Caller, deps: Deps, company_id: str) -> Json:
    """One company, with its ids in the other systems. Raises a 404 `Problem`."""
    return shown_company(_within_reach(caller, "companies_show", company_id, deps), deps)


def change_company(
    caller: Caller, deps: Deps, company_id: str, change: CompanyChange, seen: int | None
) -> Json:
    """Change what was sent. Raises `Problem` 404, 409 (an id of another), 412."""
    until_written(lambda: _change(caller, deps, company_id, change, seen), deps.clock)
    return shown_company(stored_company(company_id, deps), deps)


def _change(
    caller: Caller, deps: Deps, company_id: str, change: CompanyChange, seen: int | None
) -> None:
    stored = _within_reach(caller, "companies_change", company_id, deps)
    check_seen(stored, seen, "company")
    fields: dict[str, Any] = {
        name: getattr(change, name)
        for name in change.model_fields_set & {"name", "email", "phone", "suspended"}
    }
    if change.address:
        fields["address"] = change.address.address()
    bound = bindings(stored.record, known_ids(change), deps)
    if change.energised_contact_id:
        fields["waiting_for"] = None
    company = stored.record.model_copy(update=fields)
    if company != stored.record or bound:
        told = entry(caller, "companies_change", company, deps, before=stored.record, bound=bound)
        deps.store.commit(Save(company, stored), *bound, *told)


def remove_company(caller: Caller, deps: Deps, company_id: str, seen: int | None) -> None:
    """Remove it from the lists; orders and cards still name it.

    Raises `Problem` 404, 412, 409 while it has users, open orders or active cards.
    """
    until_written(lambda: _remove(caller, deps, company_id, seen), deps.clock)


def _remove(caller: Caller, deps: Deps, company_id: str, seen: int | None) -> None:
    stored = _within_reach(caller, "companies_remove", company_id, deps)
    check_seen(stored, seen, "company")
    if reason := _in_use(company_id, deps):
        slug, message = reason
        raise Problem(409, slug, "The company cannot be removed", message)
    gone = stored.record.model_copy(update={"removed_at": deps.clock.now(), "waiting_for": None})
    deps.store.commit(Save(gone, stored), *entry(caller, "companies_remove", gone, deps))


def _in_use(company_id: str, deps: Deps) -> tuple[str, str] | None:
    if any(_is_open(o) for o in _all(ChargeCardOrder, company_id, deps)):
        return "company-has-open-orders", "Orders are open; wait for their end or cancel them."
    if any(True for _ in _all(User, company_id, deps)):
        return "company-has-users", "It has users; remove them first."
    if any(getattr(card, "active", False) for card in _all(ChargeCard, company_id, deps)):
        return "company-has-active-cards", "Cards are active and bill to it; switch them off first."
    return None


def _is_open(order: Any) -> bool:
    ended = not LIFECYCLE[order.status].followed_by or order.status.value == "delivered"
    return not ended or order.next_takeover_at is not None


def _all(schema: type[Record], company_id: str, deps: Deps) -> Any:
    for page in every_page(deps, schema, f"company#{company_id}"):
        yield from (stored.record for stored in page.items)


def _within_reach(caller: Caller, operation: str, company_id: str, deps: Deps) -> Stored[Company]:
    require(caller, operation)
    stored = deps.store.get(Company, company_id) if is_id(company_id) else None
    if stored is None or stored.record.removed_at or not reaches(caller, operation, company_id):
        raise Problem(404, "company-not-found", "No such company")
    return stored
