"""The steps that bring a wallbox order through SAP, Salesforce and be.ENERGISED.

Each is one create under the step contract. What belongs to the person (partner, account, contact)
carries a reference of the person, so the second order of a driver finds what the first one made;
what belongs to the order (contract, shared contract, order) carries one of the order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from busbar.domain.customers import User
from busbar.domain.identifiers import derived_id, reference
from busbar.domain.lifecycle import is_parked
from busbar.domain.private_customers import PERSON_KIND, PrivateCustomer, plain
from busbar.domain.wallbox_orders import (
    CONTRACT_KIND,
    PERSONAL,
    SHARED_CONTRACT,
    SHARED_CONTRACT_KIND,
    WALLBOX_ITEM_KIND,
    WALLBOX_KIND,
    Step,
    StepDone,
    WallboxOrder,
)
from busbar.errors import Refused
from busbar.ports.outside import Found
from busbar.ports.runtime import Json
from busbar.ports.store import Bind, Change, Save, Stored
from busbar.process.contract import Done, Later, Outcome, Parked
from busbar.process.create import CreateStep, Creator, StepRow, StepState
from busbar.process.parked import cancelled, unbegun
from busbar.settings.modes import Mode
from busbar.usecases.deps import Deps, revise
from busbar.usecases.wallbox_identities import with_contact
from busbar.usecases.wallbox_objects import parked, restore
from busbar.usecases.wallbox_products import products

SAP, SALESFORCE, ENERGISED = "sap", "salesforce", "energised"
ADOPTED = "adopted"
"""Field of a step's row: a person has said which object it is. So older releases marked what was
there before them too."""
NOT_SOLD = "product_not_sold"
"""Why an order is rejected: what it names is offered no more."""
IN_REVIEW = "customer_in_review"
"""Why an order waits: a person has to decide first about another one of the same driver."""
LONGEST_LOOK = timedelta(hours=6)
"""How long an order waits at most until it looks again whether a person has decided."""
Find = Callable[[str, float], Sequence[Found]]
Create = Callable[[str, Mapping[str, Any], float], Found]


@dataclass(frozen=True)
class Way:
    """What a step needs: the order, its customer, the outside world, and how long it may take."""

    order: WallboxOrder
    customer: PrivateCustomer
    deps: Deps
    timeout: float

    def id_of(self, step: Step) -> str:
        """What an earlier step has made. Raises `LookupError` if it did not."""
        done = self.order.done(step)
        if done is None:
            raise LookupError(f"{step.value} is not done")
        return done.external_id

    @property
    def process(self) -> str:
        """Who asks, as the journal names it."""
        return process_of(self.order.id)


def process_of(order_id: str) -> str:
    """An order, as the journal names it."""
    return f"{WallboxOrder.schema_name}#{order_id}"


@dataclass(frozen=True)
class Thing:
    """An object that shall exist in a system.

    `owner` is what the ID map binds it to: (schema, id). `agrees` are the fields in which one that
    is found has to be the one that is meant.
    """

    step: Step
    system: str
    reference: str
    owner: tuple[str, str]
    mode: Mode
    source: Callable[[], Json]
    mapping: str
    find: Find
    create: Create
    agrees: Mapping[str, str]

    @property
    def row_id(self) -> str:
        """Key of its row in the journal."""
        return f"{self.system}#{self.reference}"


def run_step(step: Step, way: Way) -> Outcome:
    """Bring one step as far as it goes now. Safe to call again at any time."""
    if step is Step.IDENTITIES:
        return _identities(way)
    if step is Step.CONTACT and way.deps.energised.contact_route == "register":
        # There a contact is made together with its first card, by one call.
        person = (PrivateCustomer.schema_name, way.customer.id)
        known = way.deps.store.external_id(*person, ENERGISED) or ""
        _write_down(_step_done(step, known, customer_reference(way), way, made_here=False), way)
        return Done(Found(known))
    if step is Step.ORDER and (gone := _no_longer_sold(way)):
        return gone
    thing = THINGS[step](way)
    deps = way.deps
    outcome = Creator(deps.store, deps.clock, deps.tuning).run(_create_step(thing, way))
    if isinstance(outcome, Parked):
        return _waits_with(thing, outcome, way)
    if isinstance(outcome, Later):
        return outcome
    done = noted(thing, outcome.found, way)
    restored = restore(done, way.order, deps, way.timeout)
    if isinstance(restored, Done):
        number = outcome.found.fields.get("order_number")
        _write_down(done, way, number)
    return restored


def _partner(way: Way) -> Thing:
    deps, sap, person = way.deps, way.deps.systems.sap, way.customer
    settings = deps.sap
    names = {"first_name": person.first_name, "last_name": person.last_name}
    return Thing(
        step=Step.PARTNER,
        system=SAP,
        reference=reference(PERSON_KIND, person.id),
        owner=(PrivateCustomer.schema_name, person.id),
        mode=settings.partner_mode,
        mapping="partner",
        source=lambda: {
            "customer": person.model_dump(mode="json"),
            "settings": {
                "category": settings.partner_category,
                "grouping": settings.partner_grouping,
                "roles": list(settings.partner_roles),
                "language": settings.language,
            },
        },
        find=sap.find_partners,
        create=sap.create_partner,
        agrees={**names, "birth_date": person.birth_date.isoformat()},
    )


def _contract(way: Way) -> Thing:
    deps, sap, order = way.deps, way.deps.systems.sap, way.order
    partner = way.id_of(Step.PARTNER)
    return Thing(
        step=Step.CONTRACT,
        system=SAP,
        reference=reference(CONTRACT_KIND, order.id),
        owner=(WallboxOrder.schema_name, order.id),
        mode=deps.sap.contract_mode,
        mapping="contract",
        source=lambda: {
            "partner": partner,
            "starts_on": order.ordered_at.date().isoformat(),
            "settings": {"division": deps.sap.contract_division},
        },
        find=sap.find_contracts,
        create=sap.create_contract,
        agrees={"partner": partner},
    )


def _account(way: Way) -> Thing:
    deps, sales, order = way.deps, way.deps.systems.wallbox_sales, way.order
    partner = way.id_of(Step.PARTNER)
    return Thing(
        step=Step.ACCOUNT,
        system=SALESFORCE,
        reference=reference(PERSON_KIND, way.customer.id),
        owner=(PrivateCustomer.schema_name, way.customer.id),
        mode=deps.salesforce.account_mode,
        mapping="account_private",
        source=lambda: {
            "customer": way.customer.model_dump(mode="json", exclude={"iban"}),
            "billing_address": order.billing_address.model_dump(),
            "delivery_address": order.delivery_address.model_dump(),
            "gp_number": partner,
            "contract_number": way.id_of(Step.CONTRACT),
        },
        find=sales.find_accounts,
        create=sales.create_account,
        agrees={"gp_number": partner},
    )


def _shared_contract(way: Way) -> Thing:
    deps, sales = way.deps, way.deps.systems.wallbox_sales
    contract, account = way.id_of(Step.CONTRACT), way.id_of(Step.ACCOUNT)
    return Thing(
        step=Step.SHARED_CONTRACT,
        system=SALESFORCE,
        reference=reference(SHARED_CONTRACT_KIND, way.order.id),
        owner=(SHARED_CONTRACT, way.order.id),
        mode=deps.salesforce.shared_contract_mode,
        mapping="shared_contract",
        source=lambda: {
            "account_id": account,
            "contract_number": contract,
            "wallbox_contract_id": deps.salesforce.wallbox_contract_id,
        },
        find=sales.find_shared_contracts,
        create=sales.create_shared_contract,
        agrees={"contract_number": contract, "account_id": account},
    )


def _contact(way: Way) -> Thing:
    deps, book, person = way.deps, way.deps.systems.contacts, way.customer
    return Thing(
        step=Step.CONTACT,
        system=ENERGISED,
        reference=reference(PERSON_KIND, person.id),
        owner=(PrivateCustomer.schema_name, person.id),
        mode=deps.energised.contact_mode,
        mapping="contact_private",
        source=lambda: {"customer": person.model_dump(mode="json", exclude={"iban"})},
        find=lambda ours, left: book.find_contacts("reference", ours, left),
        create=book.create_contact,
        agrees={"name": f"{person.first_name} {person.last_name}"},
    )


def _order(way: Way) -> Thing:
    deps, order = way.deps, way.order
    account, contract = way.id_of(Step.ACCOUNT), way.id_of(Step.SHARED_CONTRACT)

    def source() -> Json:
        lines = [
            {
                "reference": _item_reference(order, number, deps),
                "price_book_entry_id": line.product.price_book_entry_id,
                "quantity": line.quantity,
                "unit_price": line.product.unit_price,
            }
            for number, line in enumerate(order.lines, 1)
        ]
        return {
            "account_id": account,
            "shared_contract_id": contract,
            "ordered_on": order.ordered_at.date().isoformat(),
            "price_book_id": order.lines[0].product.price_book_id,
            "note": order.note,
            "lines": lines,
            "billing_address": order.billing_address.model_dump(),
            "delivery_address": order.delivery_address.model_dump(),
            "installation_address": order.installation_address.model_dump(),
        }

    return Thing(
        step=Step.ORDER,
        system=SALESFORCE,
        reference=reference(WALLBOX_KIND, order.id),
        owner=(WallboxOrder.schema_name, order.id),
        mode=deps.salesforce.mode,
        mapping="wallbox_order",
        source=source,
        find=deps.systems.salesforce.find_order,
        create=deps.systems.salesforce.create_order,
        agrees={},
    )


def _item_reference(order: WallboxOrder, number: int, deps: Deps) -> str:
    return reference(WALLBOX_ITEM_KIND, derived_id(deps.store.org, order.id, "item", str(number)))


THINGS: Mapping[Step, Callable[[Way], Thing]] = {
    Step.PARTNER: _partner,
    Step.CONTRACT: _contract,
    Step.ACCOUNT: _account,
    Step.SHARED_CONTRACT: _shared_contract,
    Step.CONTACT: _contact,
    Step.ORDER: _order,
}


# --- under the step contract ---------------------------------------------------------------------


def _create_step(thing: Thing, way: Way) -> CreateStep:
    deps = way.deps

    def find(ours: str, left: float) -> Sequence[Found]:
        return _agreed(thing, thing.find(ours, left))

    def create(ours: str, payload: Mapping[str, Any], left: float) -> Found:
        return _kept(thing, thing.create(ours, payload, left))

    return CreateStep(
        system=thing.system,
        reference=thing.reference,
        process=way.process,
        mode=thing.mode,
        settle=deps.settle_of(thing.system),
        timeout=way.timeout,
        payload=lambda: deps.mapper.run(thing.system, thing.mapping, thing.source()),
        find=find,
        create=create,
        on_done=lambda found: (Bind(*thing.owner, thing.system, found.external_id),),
        on_parked=lambda reason: parked(way.order.id, thing.step, reason, deps),
        task_schema=WallboxOrder.schema_name,
        task_subject=way.order.id,
        # A person's reference is older than the order: his object may be there before us. One of
        # the order's own is in the way only where nothing refuses a second one.
        looks_first=thing.step in PERSONAL or thing.mode == "probe",
    )


def _agreed(thing: Thing, hits: Sequence[Found]) -> Sequence[Found]:
    """The hits; a single one must be the one that is meant. Raises `Refused`: ask a person."""
    if len(hits) == 1 and (names := differences(thing, hits[0])):
        raise Refused(thing.system, f"find_{thing.step}", ", ".join(names), "OBJECT_DIFFERS")
    return [_kept(thing, hit) for hit in hits]


def _kept(thing: Thing, found: Found) -> Found:
    """What the journal may keep of it: nothing personal."""
    number = {k: v for k, v in found.fields.items() if k == "order_number"}
    return Found(found.external_id, number if thing.step is Step.ORDER else {})


def differences(thing: Thing, found: Found) -> list[str]:
    """The fields in which what is found is not what is meant."""
    there = found.fields
    return [n for n, v in thing.agrees.items() if plain(there.get(n, "")) != plain(v)]


def _waits_with(thing: Thing, outcome: Parked, way: Way) -> Outcome:
    """A task is open: about this order, or about an earlier one that wants the same object.

    What is decided of that one ends the wait of the others too.
    """
    deps = way.deps
    order = deps.store.get(WallboxOrder, way.order.id)
    if thing.step not in PERSONAL or order is None or is_parked(order.record.waiting_for):
        return outcome
    now = deps.clock.now()
    # People take hours or days: who has waited long looks less often, and not much later either.
    wait = max(timedelta(seconds=deps.tuning.wait_retry), (now - order.record.ordered_at) / 4)
    return Later(now + min(wait, LONGEST_LOOK), IN_REVIEW)


def noted(thing: Thing, found: Found, way: Way) -> StepDone:
    """How the step ended, and whether this order has made the object itself."""
    row = way.deps.store.get(StepRow, thing.row_id)
    asked_here = row is not None and row.record.process == way.process
    made = row is not None and row.record.may_be_ours and ADOPTED not in found.fields
    ours = asked_here and made
    return _step_done(thing.step, found.external_id, thing.reference, way, ours)


def _step_done(step: Step, external_id: str, ours: str, way: Way, made_here: bool) -> StepDone:
    return StepDone(
        step=step,
        reference=ours,
        external_id=external_id,
        at=way.deps.clock.now(),
        made_here=made_here,
    )


def _write_down(done: StepDone, way: Way, order_number: str | None = None) -> None:
    def change(stored: Stored[WallboxOrder]) -> Sequence[Change]:
        after = stored.record.with_step(done)
        if done.step is Step.ORDER and after.salesforce_order_id is None:
            update = {"salesforce_order_id": done.external_id, "submitted_at": done.at}
            after = after.model_copy(update={**update, "salesforce_order_number": order_number})
        return () if after == stored.record else (Save(after, stored),)

    revise(way.deps.store, WallboxOrder, way.order.id, change)


# --- the two steps that are more, or less, than a create -----------------------------------------


def _no_longer_sold(way: Way) -> Outcome | None:
    """Reject what cannot be ordered any more, while nothing was sent that could not go back.

    The step is closed in the same transaction. A worker that has found all of it on sale a moment
    ago may be about to begin it, and the order would be sent while the rest is taken back.
    """
    deps, ours = way.deps, reference(WALLBOX_KIND, way.order.id)
    if Creator(deps.store, deps.clock, deps.tuning).was_begun(SALESFORCE, ours):
        return None
    sold = {product.product_id for product in products(deps).products}
    if all(line.product.product_id in sold for line in way.order.lines):
        return None

    def change(stored: Stored[WallboxOrder]) -> Sequence[Change]:
        row = deps.store.get(StepRow, f"{SALESFORCE}#{ours}")
        if row and row.record.state is not StepState.PLANNED:
            return ()
        update = {"rejected_reason": NOT_SOLD, "waiting_for": None, "at_step": None}
        before = row.record if row else unbegun(SALESFORCE, ours, way.process, deps.clock.now())
        rejected = stored.record.model_copy(update=update)
        return Save(rejected, stored), Save(cancelled(before), row)

    order = revise(deps.store, WallboxOrder, way.order.id, change)
    return Parked(NOT_SOLD) if order and order.record.rejected_reason else None


def _identities(way: Way) -> Outcome:
    """Have the portal user carry the ids of all systems."""
    deps, user_id = way.deps, way.order.ordered_by
    ids = {SAP: way.id_of(Step.PARTNER), SALESFORCE: way.id_of(Step.ACCOUNT)}
    contact = way.id_of(Step.CONTACT)

    def change(stored: Stored[User]) -> Sequence[Change]:
        return with_contact(stored, contact, deps, also=ids)

    revise(deps.store, User, user_id, change)
    _write_down(_step_done(Step.IDENTITIES, "", customer_reference(way), way, False), way)
    return Done(Found(user_id))


def customer_reference(way: Way) -> str:
    """The reference by which all systems know the customer."""
    return reference(PERSON_KIND, way.customer.id)
