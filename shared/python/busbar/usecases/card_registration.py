"""Makes a driver known to be.ENERGISED by his first card, where a tenant has no other way.

Contact, portal user and card are made by one call, under the step contract. Nothing in be.ENERGISED
keeps a second call from making a second person, and what was made is only found by the number of
the card; so which card it is is written down before, and stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from busbar.domain.cards import CardPurpose, ChargeCard
from busbar.domain.customers import User
from busbar.domain.identifiers import reference
from busbar.domain.private_customers import PERSON_KIND, PrivateCustomer
from busbar.domain.record import Record
from busbar.errors import Conflict, Refused, UpstreamError
from busbar.ports.outside import Found
from busbar.ports.store import Bind, Change, Save
from busbar.process.contract import Outcome, failed
from busbar.process.create import CreateStep, Creator
from busbar.usecases.deps import TRIES, Deps
from busbar.usecases.wallbox_identities import with_contact

ENERGISED = "energised"
ANOTHER_CARD = "REGISTERED_ANOTHER_CARD"
"""be.ENERGISED has registered the person with another card than Salesforce has assigned."""


class Registration(Record):
    """By which card a private customer, whose id it has, is made known to be.ENERGISED."""

    schema_name: ClassVar[str] = "registration"

    card_id: str


def registers(card: ChargeCard, deps: Deps) -> bool:
    """Whether this is the card by which its driver is, or was, made known.

    The first private card of a driver is, for good: another one could not find what it has made.
    """
    if card.purpose is not CardPurpose.PRIVATE or deps.energised.contact_route != "register":
        return False

    for _ in range(TRIES):
        stored = deps.store.get(Registration, card.customer_id)
        if stored and not _is_free(stored.record, deps):
            return stored.record.card_id == card.id
        try:
            deps.store.commit(Save(Registration(id=card.customer_id, card_id=card.id), stored))
        except Conflict:
            continue
        return True
    raise Conflict(f"{Registration.schema_name} {card.customer_id}")


def is_registered(card: ChargeCard, deps: Deps) -> bool:
    """Whether its driver was made known by this card, which has to be confirmed then."""
    if card.purpose is not CardPurpose.PRIVATE or deps.energised.contact_route != "register":
        return False
    stored = deps.store.get(Registration, card.customer_id)
    return stored is not None and stored.record.card_id == card.id


def _is_free(chosen: Registration, deps: Deps) -> bool:
    """Whether the card that was chosen has left its driver before anything was sent."""
    stored = deps.store.get(ChargeCard, chosen.card_id)
    if stored and stored.record.customer_id == chosen.id:
        return False
    creator = Creator(deps.store, deps.clock, deps.tuning)
    return not creator.was_begun(ENERGISED, reference(PERSON_KIND, chosen.id))


def register(card: ChargeCard, deps: Deps, timeout: float) -> Outcome:
    """Have be.ENERGISED know the driver; `Done` names his contact there. Safe to call again."""
    try:
        # Salesforce may have assigned the card without its number.
        number = card.number or deps.systems.energised.read_card(card.energised_id, timeout).number
    except UpstreamError as error:
        wait = timedelta(seconds=deps.tuning.retry_first)
        return failed(deps.clock.now() + wait, "unavailable", error)
    return Creator(deps.store, deps.clock, deps.tuning).run(_step(card, number, deps, timeout))


def registration_row_id(customer_id: str) -> str:
    """Key of the journal row of a driver's registration."""
    return f"{ENERGISED}#{reference(PERSON_KIND, customer_id)}"


def _step(card: ChargeCard, number: str, deps: Deps, timeout: float) -> CreateStep:
    settings, registration = deps.energised, deps.systems.registration

    def find(ours: str, left: float) -> Sequence[Found]:
        return [_checked(card, hit) for hit in registration.find_registered(ours, number, left)]

    def create(ours: str, payload: Mapping[str, Any], left: float) -> Found:
        return _checked(card, registration.register(ours, payload, left))

    def payload() -> dict[str, Any]:
        customer = deps.store.get(PrivateCustomer, card.customer_id)
        if customer is None:
            raise LookupError(f"{PrivateCustomer.schema_name} {card.customer_id}")
        source = {
            "customer": customer.record.model_dump(mode="json", exclude={"iban"}),
            "card": {"number": number, "label": card.label},
            "company_id": settings.register_company_id,
            "billing_contact_id": settings.register_billing_contact_id,
            "rate_id": settings.private_rate_id,
        }
        return deps.mapper.run(ENERGISED, "register", source)

    return CreateStep(
        system=ENERGISED,
        reference=reference(PERSON_KIND, card.customer_id),
        process=f"{ChargeCard.schema_name}#{card.id}",
        mode=settings.register_mode,
        settle=deps.settle_of(ENERGISED),
        timeout=timeout,
        payload=payload,
        find=find,
        create=create,
        on_done=lambda found: known(card.customer_id, found.external_id, deps),
        on_parked=lambda _reason: (),
        task_schema=ChargeCard.schema_name,
        task_subject=card.id,
    )


def _checked(card: ChargeCard, found: Found) -> Found:
    if found.fields.get("card_id") != card.energised_id:
        raise Refused(ENERGISED, "register", "card_id", ANOTHER_CARD)
    return found


def known(customer_id: str, contact: str, deps: Deps) -> Sequence[Change]:
    """The changes by which all of ours knows a driver's contact in be.ENERGISED."""
    customer = deps.store.get(PrivateCustomer, customer_id)
    user = deps.store.get(User, customer.record.user_id) if customer else None
    return (
        Bind(PrivateCustomer.schema_name, customer_id, ENERGISED, contact),
        *(with_contact(user, contact, deps) if user else ()),
    )
