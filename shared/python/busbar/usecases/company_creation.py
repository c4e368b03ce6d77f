"""Creating companies, one by one or by CSV. The customer number says which company it is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from pydantic import Field

from busbar.domain.customers import CUSTOMER_NUMBERS, Caller, Company
from busbar.domain.identifiers import derived_id
from busbar.ports.runtime import Json
from busbar.ports.store import Change, Save, Stored
from busbar.usecases.changes import Ids, bindings, entry, fault, first_difference
from busbar.usecases.company_view import shown_company, stored_company
from busbar.usecases.contact_states import WAITING, contact_errand
from busbar.usecases.deps import Deps, until_written
from busbar.usecases.imports import Made, read_rows, run_import
from busbar.usecases.inputs import AccountId, AddressInput, ContactId, Email, Input, Line

ADDRESS = ("street", "house_number", "postal_code", "city", "country")
COLUMNS = (
    "name",
    "customer_number",
    "email",
    "phone",
    *ADDRESS,
    "energised_contact_id",
    "salesforce_account_id",
)
"""Columns of an import. The address bears the company's name; its country is DE if not given."""


class KnownIds(Input):
    """Ids that the company has already in the other systems."""

    energised_contact_id: ContactId | None = None
    salesforce_account_id: AccountId | None = None


class CompanyInput(KnownIds):
    """A new company. Ids in other systems are given where it is known there already."""

    name: Line = Field(min_length=1, max_length=80)
    customer_number: Line = Field(min_length=1, max_length=40)
    email: Email
    phone: Line = Field(default="", max_length=40)
    address: AddressInput


def known_ids(given: KnownIds) -> Ids:
    """The ids that were given, by system."""
    return {
        "energised": ("energised_contact_id", given.energised_contact_id),
        "salesforce": ("salesforce_account_id", given.salesforce_account_id),
    }


def create_company(given: CompanyInput, caller: Caller, deps: Deps) -> Json:
    """The company as it stands now. Raises a 409 `Problem` if it is there and differs."""
    made = make_company(given, deps, caller, operation="companies_create")
    return shown_company(stored_company(made.id, deps), deps)


def import_companies(text: str, caller: Caller, deps: Deps, *, dry_run: bool) -> Json:
    """The report of an import. Raises a 422 `Problem` for a file that cannot be read."""
    operation = "companies_import"
    make = partial(
        make_company,
        caller=caller,
        operation=operation,
        dry_run=dry_run,
    )
    rows = read_rows(text, COLUMNS)
    return run_import(rows, _parsed, make, lambda given: given.customer_number, deps)


def _parsed(values: Mapping[str, str]) -> CompanyInput:
    address = {"country": "DE", "house_number": "", "name": values.get("name", "")}
    address |= {name: values[name] for name in ADDRESS if name in values}
    rest = {name: value for name, value in values.items() if name not in ADDRESS}
    return CompanyInput.model_validate({**rest, "address": address})


def make_company(
    given: CompanyInput,
    deps: Deps,
    caller: Caller,
    *,
    operation: str,
    dry_run: bool = False,
) -> Made:
    """Create it, unless it is there just so. With `dry_run` only says what it would do."""

    def work() -> Made:
        company = _company(given, deps)
        ids: Ids = {
            **known_ids(given),
            CUSTOMER_NUMBERS: ("customer_number", given.customer_number),
        }
        bound = bindings(company, ids, deps)
        there = deps.store.get(Company, company.id)
        if there and not there.record.removed_at:
            _check_same(given, company, there.record, deps)
            return Made("unchanged", company.id)
        if dry_run:
            return Made("created", company.id)
        told = entry(caller, operation, company, deps, bound=bound)
        deps.store.commit(*_creation(company, there, bound, deps), *told)
        return Made("created", company.id)

    return until_written(work, deps.clock, deps.contest)


def _company(given: CompanyInput, deps: Deps) -> Company:
    """The company that shall be. Its id follows from its number, unless it had one before."""
    number, schema = given.customer_number, Company.schema_name
    ours = deps.store.internal_id(schema, CUSTOMER_NUMBERS, number)
    return Company(
        id=ours or derived_id(deps.store.org, schema, number),
        name=given.name,
        customer_number=number,
        email=given.email,
        phone=given.phone,
        address=given.address.address(),
    )


def _creation(
    company: Company, there: Stored[Company] | None, bound: list[Change], deps: Deps
) -> list[Change]:
    known = any(getattr(change, "system", "") == "energised" for change in bound)
    known = known or deps.store.external_id("company", company.id, "energised") is not None
    if known:
        return [Save(company, there), *bound]
    errand = contact_errand(company, there.version + 1 if there else 1, deps)
    waiting = company.model_copy(update={"waiting_for": WAITING})
    return [Save(waiting, there), *bound, deps.outbox.awake(errand)]


def _check_same(given: CompanyInput, company: Company, there: Company, deps: Deps) -> None:
    wanted = {name: getattr(company, name) for name in ("name", "email", "phone", "address")}
    differs = first_difference(there, wanted)
    for system, (field, value) in known_ids(given).items():
        if value and deps.store.external_id("company", there.id, system) != value:
            differs = differs or field
    if differs:
        message = "differs from the company that has this customer number; change that one"
        raise fault(409, "company-exists", "There is such a company", differs, message)
