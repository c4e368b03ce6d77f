"""The create of a contact in be.ENERGISED, under the step contract.

It is found or created: by our reference, and a company's by its customer number too, where the
tenant can be searched. One that differs in what identifies it is for a person, never merged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from busbar.domain.customers import COMPANY_KIND, DRIVER_KIND, Company, User
from busbar.domain.identifiers import derived_id, reference
from busbar.domain.tasks import Task
from busbar.errors import Conflict, Refused
from busbar.ports.outside import Found
from busbar.ports.store import Bind, Change, Put, Save, Stored
from busbar.process.create import CreateStep
from busbar.usecases.card_forward import ENERGISED
from busbar.usecases.contact_states import Owner, bound_contact, waiting, wish
from busbar.usecases.deps import TRIES, Deps


@dataclass(frozen=True)
class Contact:
    """The contact that shall exist. `identity`: the fields in which a found one has to agree."""

    owner: Owner
    reference: str
    mapping: str
    source: Mapping[str, Any]
    identity: Mapping[str, str]


def contact_of(owner: Owner, deps: Deps) -> Contact | None:
    """The contact of a company or driver; None while the driver's company is not known there."""
    if isinstance(owner, Company):
        return Contact(
            owner,
            reference(COMPANY_KIND, owner.id),
            "contact_company",
            {"company": owner.model_dump(mode="json")},
            {"name": owner.name, "customer_number": owner.customer_number},
        )
    company_id = owner.company_id or ""
    company = deps.store.external_id(Company.schema_name, company_id, ENERGISED)
    if company is None:
        return None
    # His id is the token's, of any form; and with another company he is another contact.
    ours = derived_id(deps.store.org, User.schema_name, owner.id, company_id)
    return Contact(
        owner,
        reference(DRIVER_KIND, ours),
        "contact_driver",
        {"driver": owner.model_dump(mode="json"), "company_contact_id": company},
        {"name": owner.name, "company_id": company},
    )


def contact_step(contact: Contact, deps: Deps, timeout: float) -> CreateStep:
    """The create of the contact, as a step."""
    book, settings, owner = deps.systems.contacts, deps.energised, contact.owner

    def find(ours: str, left: float) -> Sequence[Found]:
        return _agreed(contact, book.find_contacts("reference", ours, left), deps)

    def create(ours: str, payload: Mapping[str, Any], left: float) -> Found:
        if given := bound_contact(owner, deps):
            return Found(given)  # by a person, while an attempt of ours was open
        until = deps.clock.now() + timedelta(seconds=left)
        there = _known(contact, deps, left) if settings.contact_mode == "probe" else ()
        if there:
            return there[0]
        rest = (until - deps.clock.now()).total_seconds()
        return book.create_contact(ours, payload, rest)

    return CreateStep(
        system=ENERGISED,
        reference=contact.reference,
        process=f"{owner.schema_name}#{owner.id}",
        mode=settings.contact_mode,
        settle=deps.settle_of(ENERGISED),
        timeout=timeout,
        payload=lambda: deps.mapper.run(ENERGISED, contact.mapping, contact.source),
        find=find,
        create=create,
        on_done=lambda found: _binding(owner, found, deps),
        on_parked=lambda reason: waiting(owner, deps, f"task:{reason}"),
        task_schema=owner.schema_name,
        task_subject=owner.id,
    )


def _known(contact: Contact, deps: Deps, left: float) -> Sequence[Found]:
    """The contact that is there before we have made any: at most one, and surely this one."""
    book, found = deps.systems.contacts, dict[str, Found]()
    for hit in book.find_contacts("reference", contact.reference, left):
        found[hit.external_id] = hit
    if number := contact.identity.get("customer_number"):
        for hit in book.find_contacts("customer_number", number, left):
            found[hit.external_id] = hit
    if len(found) > 1:
        raise Refused(ENERGISED, "find_contacts", code="SEVERAL_CONTACTS")
    return _agreed(contact, list(found.values()), deps)


def _agreed(contact: Contact, hits: Sequence[Found], deps: Deps) -> Sequence[Found]:
    """The hits; a single one must agree in what identifies it, and be nobody else's.

    Raises `Refused`: that is for a person.
    """
    if len(hits) != 1:
        return hits
    (hit,), schema = hits, contact.owner.schema_name
    names = [n for n, v in contact.identity.items() if _plain(hit.fields.get(n, "")) != _plain(v)]
    if names:
        raise Refused(ENERGISED, "find_contacts", ", ".join(names), "CONTACT_DIFFERS")
    if deps.store.internal_id(schema, ENERGISED, hit.external_id) not in {None, contact.owner.id}:
        raise Refused(ENERGISED, "find_contacts", code="CONTACT_OF_ANOTHER")
    return hits


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def bind_found(owner: Owner, found: Found, deps: Deps) -> None:
    """Bind what an earlier step has found or made, if that is still to be done."""
    for _ in range(TRIES):
        if bound_contact(owner, deps):
            return
        try:
            deps.store.commit(*_binding(owner, found, deps))
        except Conflict:
            continue
        return
    raise Conflict(f"{owner.schema_name} {owner.id}")


def _binding(owner: Owner, found: Found, deps: Deps) -> Sequence[Change]:
    """The contact is there: the ID map and the owner know it."""
    stored: Stored[Any] | None = deps.store.get(type(owner), owner.id)
    if stored is None or wish(owner) != wish(stored.record):
        return ()
    bound = bound_contact(owner, deps)
    if bound not in {None, found.external_id}:
        return (Put(_left_over(owner, deps)),)
    update: dict[str, Any] = {"waiting_for": None}
    if isinstance(owner, User):
        update["energised_uuid"] = found.external_id
    return (
        Save(stored.record.model_copy(update=update), stored),
        Bind(owner.schema_name, owner.id, ENERGISED, found.external_id),
    )


def _left_over(owner: Owner, deps: Deps) -> Task:
    """Somebody has bound another contact while this one was made: one of them is too many."""
    return Task.about(
        f"contact#{owner.schema_name}#{owner.id}",
        kind="parked_step",
        subject_schema=owner.schema_name,
        subject_id=owner.id,
        system=ENERGISED,
        reason="contact_not_used",
        opened_at=deps.clock.now(),
    )
