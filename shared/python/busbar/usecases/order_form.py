"""What the order form needs: the company's data, one address for both, the quantity limits."""

from __future__ import annotations

from datetime import timedelta

from busbar.domain.customers import Caller, Company
from busbar.domain.orders import CardOffer, KnownOffer
from busbar.errors import Conflict, Problem, UpstreamError
from busbar.ports.runtime import Json
from busbar.ports.store import Put
from busbar.usecases.deps import Deps

REFRESH = timedelta(hours=1)
"""How old the kept offer may grow before an unchanged one is written again."""


def show_form(caller: Caller, deps: Deps) -> Json:
    """Company, addresses and limits. Raises a 503 `Problem` if the limits were never known."""
    company = own_company(caller, deps)
    offer, failure = current_offer(deps, deps.tuning.offer_within)
    if offer is None:
        raise Problem(
            503,
            "limits-unknown",
            "The quantity limits are not known yet",
            "Salesforce does not answer. An order can be sent all the same; it is checked later.",
            headers={"Retry-After": "30"},
        )
    address = company.address.model_dump()
    return {
        "company": {
            "id": company.id,
            "name": company.name,
            "customer_number": company.customer_number,
            "email": company.email,
            "phone": company.phone,
        },
        "invoice_address": address,
        "delivery_address": address,
        "delivery_differs": False,
        "product": {
            "code": offer.product_code,
            "unit_price": offer.unit_price,
            "currency": offer.currency,
        },
        "quantity": {"minimum": offer.minimum_quantity, "maximum": offer.maximum_quantity},
        "limits_are_live": failure is None,
    }


def own_company(caller: Caller, deps: Deps) -> Company:
    """The company in whose context the caller orders.

    Raises a 403 `Problem` if there is none, or if it is suspended.
    """
    company_id = caller.user.company_id
    stored = deps.store.get(Company, company_id) if company_id else None
    if stored is None or stored.record.removed_at:
        raise Problem(403, "no-company", "No company", "Your user belongs to no company.")
    if stored.record.suspended:
        detail = "It can order again when our service has lifted the suspension."
        raise Problem(403, "company-suspended", "Your company is suspended", detail)
    return stored.record


def current_offer(deps: Deps, timeout: float) -> tuple[CardOffer | None, UpstreamError | None]:
    """The offer as Salesforce gave it just now; else the last known one, or None, and why."""
    code = deps.salesforce.product_code
    known = deps.store.get(KnownOffer, code)
    try:
        offer = deps.systems.salesforce.read_offer(timeout)
    except UpstreamError as error:
        return (known.record.offer if known else None), error
    now = deps.clock.now()
    if known is None or known.record.offer != offer or now - known.record.read_at > REFRESH:
        _keep(deps, KnownOffer(id=code, offer=offer, read_at=now))
    return offer, None


def _keep(deps: Deps, known: KnownOffer) -> None:
    try:
        deps.store.commit(Put(known))
    except Conflict:
        return  # another request keeps the same thing at this moment
