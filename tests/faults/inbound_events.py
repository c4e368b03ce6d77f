"""What an ERP says in a run, and what has to stand of it in the end.

An event carries the facts that it tells, so that the judge knows them without any mapping. `second`
is when it happened in the ERP: the later one holds, whenever it comes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from busbar.domain.entities import entity_id
from busbar.domain.integrations import Integration, IntegrationUseCase, integration_id, use_case_id
from busbar.usecases.integration_store import BUILT_IN_SINCE, built_in
from tests.doubles.world import ORG
from tests.faults.inbound_kinds import OWN

INTEGRATION = integration_id(ORG, "erp")
PATH = "/v3/erp/updates/events"
HAPPENED = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
KNOWN_BY = {
    "contact": "customer_number",
    "contract": "contract_number",
    "billing_account": "billing_account_number",
    "meter": "meter_number",
    "meter_counter": "external_id",
    "billing_event": "external_id",
}
"""By what entities are found."""
GONE, GROWN = "_gone", "_tags"
"""The fact that an entity is gone, and the attribute to which is only added."""
NOTE: dict[str, Any] = {
    "entities": [
        {
            "entity_schema": "contact",
            "unique_ids": ["customer_number"],
            "fields": [
                {"attribute": "customer_number", "field": "AccountID"},
                {"attribute": GROWN, "jsonataExpression": "{'_append_all': [Note]}"},
            ],
        }
    ]
}
"""A use case that adds to what is there: applied twice, it would show."""
OWNER: dict[str, Any] = {
    "entities": [
        {
            "entity_schema": "contract",
            "unique_ids": ["contract_number"],
            "fields": [
                {"attribute": "contract_number", "field": "ContractID"},
                {"attribute": "contract_name", "field": "ProductName"},
                {
                    "attribute": "customer",
                    "relations": {"jsonataExpression": "[Owners.{'entity_id': $}]"},
                },
            ],
        }
    ]
}
"""A use case that names customers by our ids of them: who is not there cannot be made a stub."""


def integration(**instead: dict[str, Any]) -> Integration:
    """The integration that comes with the product, with one use case more; others `instead`."""
    given = {"note": NOTE, "owner": OWNER, "deductions": OWN["deductions_deleted"], **instead}
    known = built_in(ORG)[INTEGRATION]
    more = tuple(
        IntegrationUseCase(
            id=use_case_id(INTEGRATION, slug),
            integration_id=INTEGRATION,
            slug=slug,
            name=slug,
            configuration=configuration,
            changed_at=BUILT_IN_SINCE,
        )
        for slug, configuration in given.items()
    )
    kept = tuple(one for one in known.use_cases if one.slug not in given)
    return known.model_copy(update={"use_cases": (*kept, *more)})


class Fact(NamedTuple):
    """An attribute of an entity, or that it is gone. Of a relation `value` are the others' numbers.

    A reading is `reading <meter>`, `number` its own.
    """

    slug: str
    number: str
    attribute: str
    value: Any


class Link(NamedTuple):
    """The value of a relation: entities of a schema, by their numbers."""

    slug: str
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """One event. `name` is its correlation id, and is nobody else's."""

    name: str
    use_case: str
    second: int
    payload: dict[str, Any] | str
    facts: Sequence[Fact] = ()
    group: str = ""
    once: str = ""
    poisoned: bool = False
    ref: str = ""
    """What names its payload, of one that was uploaded."""

    @property
    def text(self) -> str:
        """Its payload, as it is uploaded."""
        return self.payload if isinstance(self.payload, str) else json.dumps(self.payload)

    def event(self) -> dict[str, Any]:
        """As it is sent."""
        at = HAPPENED + timedelta(seconds=self.second)
        more = {"group_id": self.group, "deduplication_id": self.once}
        return {
            "use_case_slug": self.use_case,
            "timestamp": at.isoformat(),
            "format": "json",
            "correlation_id": self.name,
            **({"payload_ref": self.ref} if self.ref else {"payload": self.payload}),
            **{name: value for name, value in more.items() if value},
        }


def customer(name: str, second: int, number: str, **fields: Any) -> Said:
    """A customer, or what has changed of him."""
    group, once = fields.pop("group", ""), fields.pop("once", "")
    words = {"title": "AcademicTitle", "first_name": "FirstName", "last_name": "LastName"}
    payload: dict[str, Any] = {"AccountID": number, "AccountTypeID": "1"}
    payload |= {words[field]: value for field, value in fields.items() if field in words}
    facts = [Fact("contact", number, f, v) for f, v in fields.items() if f in words]
    if contracts := fields.get("contracts"):
        payload["Contracts"] = [{"ContractID": one} for one in contracts]
        facts.append(Fact("contact", number, "contracts", Link("contract", contracts)))
    return Said(name, "customer", second, payload, facts, group, once)


def archived(name: str, second: int, number: str, group: str = "") -> Said:
    """A customer who is none any more."""
    payload = {"AccountID": number, "AccountTypeID": "1", "ArchivingFlag": True}
    return Said(name, "customer", second, payload, (Fact("contact", number, GONE, True),), group)


def note(name: str, second: int, number: str, group: str = "") -> Said:
    """Something that is added to a customer."""
    payload = {"AccountID": number, "Note": name}
    return Said(
        name,
        "note",
        second,
        payload,
        (Fact("contact", number, GROWN, name),),
        group,
        f"once-{name}",
    )


def contract(name: str, second: int, number: str, **fields: Any) -> Said:
    """A contract of a customer, with its meters."""
    payload = {"ContractID": number, "ProductName": fields["contract_name"]}
    facts = [Fact("contract", number, "contract_name", fields["contract_name"])]
    if of := fields.get("customer"):
        payload |= {"AccountID": of, "ContractAccountID": f"A-{of}"}
        facts.append(Fact("contract", number, "customer", Link("contact", (of,))))
        facts.append(
            Fact("contract", number, "billing_account", Link("billing_account", (f"A-{of}",)))
        )
    if meters := fields.get("meters"):
        payload |= {"Devices": [{"SerialNumber": one} for one in meters]}
        facts.append(Fact("contract", number, "meters", Link("meter", meters)))
    return Said(name, "contract", second, payload, facts, fields.get("group", ""))


def owner(name: str, second: int, number: str, *of: str, told: str = "", group: str = "") -> Said:
    """A contract with its customers by our ids. `told`: with its name, and nothing of customers
    holds in the end, as a newer event tells others."""
    ids = [entity_id(ORG, "contact", {"customer_number": one}) for one in of]
    payload = {"ContractID": number, "ProductName": told or None, "Owners": ids}
    fact = Fact("contract", number, "customer", Link("contact", of))
    if told:
        fact = Fact("contract", number, "contract_name", told)
    kept = {key: value for key, value in payload.items() if value}
    return Said(name, "owner", second, kept, (fact,), group)


def meter(name: str, second: int, number: str, **fields: Any) -> Said:
    """A meter with two counters; a `note` may be what makes it too large for a message."""
    registers = ("001", "002")
    payload: dict[str, Any] = {"SerialNumber": number, "Location": fields["location"]}
    payload["Registers"] = [{"RegisterID": one, "OBIS": f"1-0:1.8.{one}"} for one in registers]
    counters = tuple(f"{number}-{one}" for one in registers)
    facts = [
        Fact("meter", number, "location", fields["location"]),
        Fact("meter", number, "counters", Link("meter_counter", counters)),
        *(Fact("meter_counter", c, "meter", Link("meter", (number,))) for c in counters),
    ]
    if "note" in fields:
        payload["Note"] = fields["note"]
    if of := fields.get("contract"):
        payload["ContractID"] = of
        facts.append(Fact("meter", number, "contract", Link("contract", (of,))))
    return Said(
        name, "meter", second, payload, facts, fields.get("group", ""), fields.get("once", "")
    )


def readings(name: str, second: int, number: str, values: dict[str, int], group: str = "") -> Said:
    """Readings of a meter's first counter: ERP's number -> value."""
    payload = {
        "Readings": [
            {
                "MeterReadingResultID": one,
                "SerialNumber": number,
                "RegisterID": "001",
                "ReadingResult": value,
                "ReadingDateTime": "2026-02-28",
            }
            for one, value in values.items()
        ]
    }
    facts = [Fact(f"reading {number}", one, "value", value) for one, value in values.items()]
    return Said(name, "meter_readings", second, payload, facts, group)


def deductions(
    name: str, second: int, account: str, amounts: dict[str, int], *gone: str, group: str = ""
) -> Said:
    """All that there is of an account: ERP's number -> amount. `gone` are not among it any more."""
    listed = [{"ID": number, "Amount": amount} for number, amount in amounts.items()]
    facts = [
        fact
        for number, amount in amounts.items()
        for fact in (
            Fact("billing_event", number, "billing_amount", amount),
            Fact("billing_event", number, "billing_account", Link("billing_account", (account,))),
        )
    ]
    facts += [Fact("billing_event", number, GONE, True) for number in gone]
    payload = {"ContractAccountID": account, "Deductions": listed}
    return Said(name, "deductions", second, payload, facts, group)


def poison(name: str, second: int, payload: dict[str, Any] | str, group: str = "") -> Said:
    """What nobody can apply."""
    return Said(name, "customer", second, payload, (), group, poisoned=True)
