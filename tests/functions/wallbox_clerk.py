"""What clerks find in the systems of a wallbox order that waits for them, and enter by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from busbar.domain.identifiers import reference
from busbar.domain.private_customers import PERSON_KIND
from busbar.domain.wallbox_orders import (
    CONTRACT_KIND,
    SHARED_CONTRACT_KIND,
    WALLBOX_KIND,
    Step,
)
from infra.simulators import sample, sample_wallboxes
from infra.simulators.energised.records import Contact
from tests.doubles.world import Reply, World
from tests.functions.wallbox_world import stored_customer, stored_order

HAND_MADE = "c0c7ac70-0000-4000-8000-0000000000aa"
"""The contact that a clerk enters in be.ENERGISED."""
KINDS: Mapping[Step, str] = {
    Step.PARTNER: PERSON_KIND,
    Step.CONTRACT: CONTRACT_KIND,
    Step.ACCOUNT: PERSON_KIND,
    Step.SHARED_CONTRACT: SHARED_CONTRACT_KIND,
    Step.CONTACT: PERSON_KIND,
    Step.ORDER: WALLBOX_KIND,
}
"""What kind of reference the object of a step carries."""
_SETS = {Step.PARTNER: ("A_BusinessPartner", "BusinessPartnerIDByExtSystem", "BusinessPartner")}
_SETS |= {Step.CONTRACT: ("Contracts", "ExternalReference", "ContractID")}
_OBJECTS = {Step.ACCOUNT: "Account", Step.SHARED_CONTRACT: "SharedContract__c", Step.ORDER: "Order"}


def ours(world: World, placed: Reply, step: Step) -> str:
    """The reference that the object of a step has to carry."""
    order = stored_order(world, placed)
    return reference(KINDS[step], order.customer_id if KINDS[step] == PERSON_KIND else order.id)


def there(world: World, placed: Reply, step: Step) -> list[str]:
    """Ids of the objects that carry the reference of a step, oldest first."""
    wanted = ours(world, placed, step)
    if step in _SETS:
        name, field, key = _SETS[step]
        return [str(row[key]) for row in world.sap.records(name) if row[field] == wanted]
    if step is Step.CONTACT:
        contacts = world.energised.backend.contacts.values()
        return [c.id for c in contacts if c.customer_reference == wanted]
    rows = world.salesforce.records(_OBJECTS[step])
    return [str(row["Id"]) for row in rows if row["BusbarReference__c"] == wanted]


def enter(world: World, placed: Reply, step: Step, **fields: Any) -> str:
    """A clerk enters the object of a step by hand, right but for these fields; its id."""
    wanted = ours(world, placed, step)
    row = {**_right(world, placed, step, wanted), **fields}
    if step in _SETS:
        name, _, key = _SETS[step]
        return str(world.sap.enter(name, **row)[key])
    if step is Step.CONTACT:
        world.energised.put_contact(Contact(**row))
        return str(row["id"])
    with world.salesforce.working():
        org = world.salesforce.org
        return str(org.insert(org.object(_OBJECTS[step]), row)["Id"])


def unlink(world: World, step: Step, object_id: str) -> None:
    """A clerk takes our reference off an object."""
    if step in _SETS:
        name, field, _ = _SETS[step]
        world.sap.change(name, object_id, **{field: "OTHER"})
    elif step is Step.CONTACT:
        world.energised.put_contact(Contact(id=object_id, name="Any", customer_reference="OTHER"))
    else:
        with world.salesforce.working():
            world.salesforce.org.change(_OBJECTS[step], object_id, BusbarReference__c="OTHER")


def _right(world: World, placed: Reply, step: Step, wanted: str) -> dict[str, Any]:
    """The fields of an object that is the one which is meant."""
    order, person = stored_order(world, placed), stored_customer(world)
    made = {done.step: done.external_id for done in order.steps}
    name = {"FirstName": person.first_name, "LastName": person.last_name}
    rows: Mapping[Step, Any] = {
        Step.PARTNER: lambda: {
            "BusinessPartnerCategory": "1",
            "BusinessPartnerIDByExtSystem": wanted,
            "BirthDate": f"{person.birth_date}T00:00:00",
            "to_BusinessPartnerRole": [{"BusinessPartnerRole": "MKK"}],
            **name,
        },
        Step.CONTRACT: lambda: {
            "ExternalReference": wanted,
            "AccountID": made[Step.PARTNER],
            "DivisionID": "01",
            "MoveInDate": "2026-03-02T00:00:00",
        },
        Step.ACCOUNT: lambda: {
            "Name": person.last_name,
            "BusbarReference__c": wanted,
            "GpNumber__c": made[Step.PARTNER],
            "SapContractNumber__c": made[Step.CONTRACT],
            "BusbarActive__c": True,
        },
        Step.SHARED_CONTRACT: lambda: {
            "BusbarReference__c": wanted,
            "Account__c": made[Step.ACCOUNT],
            "SapContractNumber__c": made[Step.CONTRACT],
            "WallboxContract__c": sample_wallboxes.CONTRACT_ID,
            "Status__c": "Aktiv",
        },
        Step.CONTACT: lambda: {
            "id": HAND_MADE,
            "name": f"{person.first_name} {person.last_name}",
            "customer_reference": wanted,
        },
        Step.ORDER: lambda: {
            "BusbarReference__c": wanted,
            "AccountId": made[Step.ACCOUNT],
            "SharedContract__c": made[Step.SHARED_CONTRACT],
            "EffectiveDate": "2026-03-02",
            "Status": "Draft",
        },
    }
    found: dict[str, Any] = rows[step]()
    return found


def enter_wrongly(world: World, placed: Reply, step: Step) -> str:
    """A clerk enters an object that belongs to somebody else, or is somebody else; its id."""
    elbe = sample.ELBE.account_id
    fields: dict[Step, Any] = {
        Step.PARTNER: lambda: {"LastName": "Harms"},
        Step.CONTRACT: lambda: {"AccountID": _other_partner(world, placed)},
        Step.ACCOUNT: lambda: {"GpNumber__c": "0000000007"},
        Step.SHARED_CONTRACT: lambda: {"Account__c": elbe},
        Step.ORDER: lambda: {"AccountId": elbe},
    }
    return enter(world, placed, step, **fields[step]())


def _other_partner(world: World, placed: Reply) -> str:
    return enter(world, placed, Step.PARTNER, BusinessPartnerIDByExtSystem="OTHER")
