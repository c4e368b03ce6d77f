"""A company as it is shown, with its ids in the other systems."""

from __future__ import annotations

from busbar.domain.customers import Company
from busbar.errors import Conflict
from busbar.ports.runtime import Json
from busbar.ports.store import Stored
from busbar.usecases.changes import etag
from busbar.usecases.deps import Deps


def stored_company(company_id: str, deps: Deps) -> Stored[Company]:
    """The company as it stands now. Raises `Conflict` if it is gone in the same moment."""
    stored = deps.store.get(Company, company_id)
    if stored is None:
        raise Conflict(f"company {company_id}")
    return stored


def shown_company(stored: Stored[Company], deps: Deps) -> Json:
    """One company, with its ids in the other systems."""
    known = {
        field: deps.store.external_id(Company.schema_name, stored.record.id, system)
        for system, field in (
            ("energised", "energised_contact_id"),
            ("salesforce", "salesforce_account_id"),
        )
    }
    return {**view_company(stored), **known}


def view_company(stored: Stored[Company]) -> Json:
    """A company in a list."""
    company = stored.record
    return {
        "id": company.id,
        "name": company.name,
        "customer_number": company.customer_number,
        "email": company.email,
        "phone": company.phone,
        "address": company.address.model_dump(),
        "suspended": company.suspended,
        "waiting_for": company.waiting_for,
        "etag": etag(stored.version),
        "changed_at": stored.changed_at.isoformat(),
    }
