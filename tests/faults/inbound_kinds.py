"""Six events of an ERP for each kind of entity that the built-in integration knows, and for what
other mappings do to entities: add, delete, purge, prune, wait for one another.

They stand in the order in which things happened. `before` is told first of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from busbar.domain.entities import entity_id
from tests.doubles.world import ORG

Json = dict[str, Any]
Told = tuple[str, Json]
"""A use case, and the payload of an event of it."""


@dataclass(frozen=True)
class Kind:
    """Six events, of which each may come at any place, and one of them twice."""

    name: str
    events: tuple[Told, Told, Told, Told, Told, Told]
    before: tuple[Told, ...] = ()


def _of(use_case: str, known: Json, *events: Json) -> Any:
    """Events of one use case about one thing."""
    return tuple((use_case, {**known, **event}) for event in events)


def _field(attribute: str, field: str) -> Json:
    return {"attribute": attribute, "field": field}


def _ids(attribute: str, field: str) -> list[Json]:
    return [{"attribute": attribute, "field": field}]


def _deductions(mode: str) -> Json:
    """A mapping by which an event names all that there is of a billing account."""
    account = _ids("billing_account_number", "$$.ContractAccountID")
    of = {"items": [{"entity_schema": "billing_account", "unique_ids": account}]}
    scope = {"scope_mode": "relations", "schema": "billing_account"}
    return {
        "entities": [
            {
                "entity_schema": "billing_event",
                "unique_ids": ["external_id"],
                "jsonataExpression": "Deductions",
                "mode": f"upsert-prune-scope-{mode}",
                "scope": {**scope, "unique_ids": _ids("billing_account_number", ACCOUNT_FIELD)},
                "fields": [
                    _field("external_id", "ID"),
                    _field("billing_amount", "Amount"),
                    {"attribute": "billing_account", "relations": of},
                ],
            }
        ]
    }


def _all_readings() -> Json:
    """A mapping by which an event names all readings that there are of a meter."""
    fields = [_field("external_id", "ID"), _field("timestamp", "At"), _field("value", "Value")]
    fields.append({"attribute": "source", "constant": "ERP"})
    meter = {"unique_ids": _ids("meter_number", "$$.SerialNumber")}
    reading = {"jsonataExpression": "All", "meter": meter, "mode": "upsert-prune-scope"}
    return {"meter_readings": [{**reading, "fields": fields}]}


def _orders(mode: str) -> Json:
    fields = [
        _field("order_number", "OrderID"),
        _field("status", "Status"),
        {"attribute": "_tags", "jsonataExpression": "Added ? {'_append': [Added]}"},
    ]
    known = {"entity_schema": "order", "unique_ids": ["order_number"], "fields": fields}
    return {"entities": [{**known, "mode": mode}]}


ACCOUNT_FIELD = "ContractAccountID"
OWN = {
    "deductions_deleted": _deductions("delete"),
    "deductions_purged": _deductions("purge"),
    "all_readings": _all_readings(),
    "order": _orders("upsert"),
    "order_deleted": _orders("delete"),
    "order_purged": _orders("purge"),
}
"""Use cases that the built-in integration has not, by their slugs."""
PARTNER, OTHER = {"AccountID": "0000004711"}, {"AccountID": "0000004712"}
ACCOUNT = {ACCOUNT_FIELD: "000200012345"}
CONTRACT = {"ContractID": "0020001234"}
METER = {"SerialNumber": "1ISK0070012345"}
IDENTITY = {"IdentityID": "8c1f1c52-6a0e-4c7b-9b2e-3d2f5a1b7c90"}
HIGH = {"RegisterID": "001", "OBIS": "1-0:1.8.1", "ReadingUnit": "KWH"}
LOW = {"RegisterID": "002", "OBIS": "1-0:1.8.2", "ReadingUnit": "KWH", "IntegerPlaces": 6}
METER_IS_THERE = (("meter", {**METER, "Registers": [HIGH, LOW]}),)
BANK = {"BankAccountID": "0001", "IBAN": "XXXXXXXXXXXXXXXXXX2051"}
OTHER_BANK = {"BankAccountID": "0002", "IBAN": "XXXXXXXXXXXXXXXXXX3000"}


def _place(street: str, kind: str = "XXDEFAULT") -> Json:
    return {"AddressTypeID": kind, "Street": street, "PostalCode": "01067", "City": "Dresden"}


def _reading(number: int, value: Any, register: str = "001", **more: Any) -> Json:
    day = {"ReadingDateTime": f"2026-02-{number:02}", **METER, "RegisterID": register}
    return {**day, "MeterReadingResultID": f"{number:020}", "ReadingResult": value, **more}


def _read(*readings: Json) -> Json:
    return {"Readings": list(readings)}


def _deducted(**amounts: int) -> Json:
    return {"Deductions": [{"ID": name, "Amount": amount} for name, amount in amounts.items()]}


def _all(**values: int) -> Json:
    days = {"r1": "2026-01-31", "r2": "2026-02-28", "r3": "2025-12-31", "r4": "2026-03-31"}
    return {"All": [{"ID": n, "At": days[n], "Value": value} for n, value in values.items()]}


def _contact(number: str) -> str:
    return entity_id(ORG, "contact", {"customer_number": number})


KINDS: tuple[Kind, ...] = (
    Kind(
        "customer",
        _of(
            "customer",
            {**PARTNER, "AccountTypeID": "1"},
            {"LastName": "Petersen", "EmailAddress": "a@example.com", "BirthDate": "1990-05-17"},
            {"ContractAccounts": [ACCOUNT], "Contracts": [CONTRACT, {"ContractID": "2"}]},
            {"LastName": "Janssen", "Addresses": [_place("Am Deich"), _place("Hof", "CORR")]},
            {"ArchivingFlag": True},
            {"AcademicTitle": "Dr.", "Phones": [{"PhoneTypeID": "HOME", "PhoneNumber": "1"}]},
            {"EmailAddress": "b@example.com", "BirthDate": "", "Contracts": [CONTRACT]},
        ),
    ),
    Kind(
        "company",
        _of(
            "customer",
            {**OTHER, "AccountTypeID": "2"},
            {"Name1": "Nordwind", "Name2": "GmbH", "VATID": "DE1"},
            {"ArchivingFlag": True},
            {"Website": "w.example", "Addresses": [_place("Am Deich")]},
            {"ContractAccounts": [ACCOUNT], "Contracts": [CONTRACT]},
            {"Name1": "Südwind", "RegistryNumber": "HRB 1"},
            {"ArchivingFlag": True},
        ),
    ),
    Kind(
        "billing account, its address and its payment method",
        (
            ("billing_account", {**ACCOUNT, **PARTNER, **IDENTITY, "Contracts": [CONTRACT]}),
            ("billing_address", {**ACCOUNT, "BillingAddress": _place("Postfach 1")}),
            (
                "payment_method",
                {**ACCOUNT, "IncomingPaymentBankAccountID": "0001", "BankAccounts": [BANK]},
            ),
            ("billing_account", {**ACCOUNT, **PARTNER, "BillToAccountID": "0000004712"}),
            ("billing_address", {**ACCOUNT, "BillingAddress": None}),
            ("payment_method", {**ACCOUNT, "BankAccounts": [BANK, OTHER_BANK]}),
        ),
    ),
    Kind(
        "billing address",
        _of(
            "billing_address",
            ACCOUNT,
            {"BillingAddress": _place("A")},
            {"BillingAddress": None},
            {"BillingAddress": _place("B")},
            {"BillingAddress": ""},
            {"BillingAddress": _place("A")},
            {"BillingAddress": _place("C")},
        ),
    ),
    Kind(
        "payment method",
        _of(
            "payment_method",
            ACCOUNT,
            {"IncomingPaymentBankAccountID": "0001", "BankAccounts": [BANK]},
            {"OutgoingPaymentBankAccountID": "0002", "BankAccounts": [BANK, OTHER_BANK]},
            {"BankAccounts": []},
            {"IncomingPaymentBankAccountID": "0002", "BankAccounts": [OTHER_BANK]},
            {},
            {"IncomingPaymentBankAccountID": "0001", "BankAccounts": [BANK]},
        ),
    ),
    Kind(
        "contract",
        _of(
            "contract",
            CONTRACT,
            {**PARTNER, **ACCOUNT, "ProductName": "Deichstrom", "InstallmentAmount": "89.50"},
            {"Devices": [METER], "DivisionID": "01"},
            {"Devices": [{"SerialNumber": "NEW"}], "MoveInDate": "2023-04-01"},
            {**OTHER, "TerminationDate": "2026-01-31", "ContractStatusID": "2"},
            {"ProductName": "Deichstrom 24", "TerminationDate": ""},
            {"InstallmentAmount": "", "Devices": []},
        ),
    ),
    Kind(
        "meter and counters",
        _of(
            "meter",
            METER,
            {**CONTRACT, "Registers": [HIGH, LOW], "Location": "Keller"},
            {"Registers": [{**HIGH, "DecimalPlaces": 1}]},
            {**PARTNER, "DeviceStatusID": "INST", "Address": _place("Am Deich")},
            {"Registers": [HIGH, {**LOW, "OBIS": "1-0:2.8.2"}], "Location": "Flur"},
            {"DeviceStatusID": "DEMO"},
            {"ContractID": "2", "Manufacturer": "ISKRA", "Registers": []},
        ),
    ),
    Kind(
        "readings",
        _of(
            "meter_readings",
            {},
            _read(_reading(1, "10"), _reading(2, "20", "002")),
            _read(_reading(1, "11", MeterReadingStatusID="4")),
            _read(_reading(3, 30), _reading(2, 21, "002", Note="kein Zutritt")),
            _read(_reading(1, "12")),
            _read(),
            _read(_reading(3, "31"), _reading(4, "40", "002")),
        ),
        METER_IS_THERE,
    ),
    Kind(
        "readings by their day",
        (
            ("meter_readings_portal", _read(_reading(1, "10", ChannelID="PORTAL"))),
            ("meter_readings", _read(_reading(2, "20"))),
            ("meter_readings_portal", _read(_reading(2, "21", ChannelID="PORTAL"))),
            ("meter_readings", _read(_reading(2, "22"))),
            ("meter_readings_portal", _read(_reading(2, "22", ChannelID="PORTAL"))),
            ("meter_readings", _read(_reading(2, "23", MeterReadingStatusID="4"))),
        ),
        METER_IS_THERE,
    ),
    Kind(
        "readings of a meter that may come later",
        (
            METER_IS_THERE[0],
            ("meter_readings", _read(_reading(1, "10"))),
            ("meter", {**METER, "Location": "Flur"}),
            ("meter_readings", _read(_reading(1, "11"), _reading(2, "20", "002"))),
            ("meter", {**METER, "Registers": [LOW]}),
            ("meter_readings", _read(_reading(2, "21", "002"))),
        ),
    ),
    Kind(
        "all readings of a meter",
        _of(
            "all_readings",
            METER,
            _all(r1=10, r2=20),
            _all(r2=21),
            _all(r3=30),
            _all(r1=11, r3=30),
            _all(r1=12),
            _all(r2=22, r4=40),
        ),
        METER_IS_THERE,
    ),
    Kind(
        "portal user",
        (
            ("portal_user", {**IDENTITY, "EmailAddress": "a@example.com", "FirstName": "Jana"}),
            ("customer", {**PARTNER, "AccountTypeID": "1", "LastName": "Petersen"}),
            ("portal_user", {**IDENTITY, **PARTNER}),
            ("portal_user", {**IDENTITY, "EmailAddress": "b@example.com", "LastName": "P."}),
            ("customer", {**PARTNER, "AccountTypeID": "1", "EmailAddress": "a@example.com"}),
            ("portal_user", {**IDENTITY, **OTHER, "FirstName": "J."}),
        ),
    ),
    *(
        Kind(
            f"what a scope does not name is {mode}",
            _of(
                f"deductions_{mode}",
                ACCOUNT,
                _deducted(d1=1, d2=2),
                _deducted(d2=3),
                _deducted(d3=1, d4=1),
                {"Deductions": []},
                _deducted(d1=6, d2=2),
                _deducted(d2=7, d5=2),
            ),
        )
        for mode in ("deleted", "purged")
    ),
    *(
        Kind(
            name,
            (
                ("order", {"OrderID": "O", "Status": "draft", "Added": "a"}),
                ("order", {"OrderID": "O", "Added": "b"}),
                (ended, {"OrderID": "O"}),
                ("order", {"OrderID": "O", "Added": "c"}),
                ("order", {"OrderID": "O", "Status": "placed", "Added": "b"}),
                (last, {"OrderID": "O", "Added": "d"}),
            ),
        )
        for name, ended, last in (
            ("deleted, and added to", "order_deleted", "order"),
            ("purged, and added to", "order_purged", "order"),
            ("purged, and deleted", "order_purged", "order_deleted"),
        )
    ),
    Kind(
        "owners who may be told of later",
        (
            ("owner", {**CONTRACT, "Owners": [_contact("0000004711")]}),
            ("customer", {**PARTNER, "AccountTypeID": "1", "LastName": "Petersen"}),
            ("owner", {**CONTRACT, "Owners": [_contact(n) for n in ("0000004711", "0000004712")]}),
            ("owner", {"ContractID": "2", "Owners": [_contact("0000004712")]}),
            ("customer", {**OTHER, "AccountTypeID": "1", "LastName": "Janssen"}),
            ("customer", {**PARTNER, "AccountTypeID": "1", "LastName": "Feddersen"}),
        ),
    ),
)
