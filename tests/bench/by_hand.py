"""The mapping of `tests.bench.inbound_event` by hand: what a program of its own would be.

Its result is the same. Written for speed, not for beauty: it is what the engine is held against.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_SALUTATIONS = {"0001": "Ms. / Mrs.", "0002": "Ms. / Mrs.", "0003": "Mr."}
_NO_DIGIT = re.compile("[^0-9]")
_LEADING_ZERO = re.compile("^0")


def map_by_hand(event: dict[str, Any]) -> dict[str, Any]:
    """The attributes of the contact."""
    return {
        **_plain(event),
        **_person(event["partner"]),
        **_addresses(event["partner"], event["account"]["billingAddress"]),
        **_banks(event["partner"], event["account"]),
        **_contracts(event["contracts"]),
        **_readings(event["readings"]),
        **_statement(event["statement"]),
    }


def _plain(event: dict[str, Any]) -> dict[str, Any]:
    partner, account, contract = event["partner"], event["account"], event["contracts"][0]
    consents, header = partner["consents"], event["header"]
    return {
        "customer_number": partner["id"],
        "first_name": partner["firstName"],
        "last_name": partner["lastName"],
        "title": partner["title"],
        "language": partner["language"],
        "consent_post": consents["post"],
        "consent_mail": consents["mail"],
        "consent_phone": consents["phone"],
        "account_number": account["id"],
        "account_name": account["name"],
        "currency": account["currency"],
        "dunning_level": account["dunningLevel"],
        "message_id": header["messageId"],
        "created_at": header["createdAt"],
        "tariff_key": contract["tariff"]["key"],
        "meter_location": contract["meter"]["location"],
        "first_contract": contract["id"],
        "remarks": event["remarks"],
    }


def _person(partner: dict[str, Any]) -> dict[str, Any]:
    born, emails, phones = partner["birthDate"], partner["emails"], partner["phones"]
    return {
        "full_name": f"{partner['firstName']} {partner['lastName']}",
        "kind": "person" if partner["type"] == "1" else "organisation",
        "salutation": _SALUTATIONS[partner["salutation"]],
        "birthdate": f"{born[:4]}-{born[4:6]}-{born[6:]}",
        "email": [{"email": e["address"].lower(), "_tags": [e["usage"]]} for e in emails],
        "primary_email": next(e["address"].lower() for e in emails if e["primary"]),
        "phone": [
            {
                "phone": "+49" + _LEADING_ZERO.sub("", _NO_DIGIT.sub("", p["number"])),
                "_tags": [p["kind"]],
            }
            for p in phones
        ],
        "mobile": next(p["number"] for p in phones if p["kind"] == "mobile"),
    }


def _addresses(partner: dict[str, Any], billing: str) -> dict[str, Any]:
    there = partner["addresses"]
    valid = [a for a in there if a["validTo"] > "2026-01-01"]
    main = next(a for a in valid if a["kind"] == "main")
    return {
        "street": main["street"],
        "house_number": main["houseNumber"],
        "city": main["city"],
        "postal_code": str(main["postalCode"]),
        "country": main["country"],
        "address": [
            {
                "street": a["street"],
                "street_number": a["houseNumber"],
                "postal_code": a["postalCode"],
                "city": a["city"],
                "country": a["country"],
                "_tags": [a["kind"]],
            }
            for a in valid
        ],
        "billing_city": next(a["city"] for a in there if a["kind"] == billing),
        "old_addresses": sum(a["validTo"] < "2026-01-01" for a in there),
    }


def _banks(partner: dict[str, Any], account: dict[str, Any]) -> dict[str, Any]:
    banks = partner["banks"]
    name, iban = f"{partner['firstName']} {partner['lastName']}", banks[0]["iban"]
    return {
        "payment": [
            {
                "type": "payment_sepa",
                "data": {"iban": b["iban"], "bic_number": b["bic"], "fullname": name},
                "_tags": [b["use"]],
            }
            for b in banks
        ],
        "iban_masked": f"{iban[:4]}****{iban[-4:]}",
        "debit_bank": next(b["id"] for b in banks if b["use"] == "DEBIT"),
        "pays_by": "payment_sepa" if account["paymentMethod"] == "D" else "payment_invoice",
        "in_dunning": account["dunningLevel"] > 0,
    }


def _contracts(contracts: list[dict[str, Any]]) -> dict[str, Any]:
    active = [c for c in contracts if c["status"] == "ACTIVE"]
    meters = [c["meter"] for c in contracts]
    registers = [r for m in meters for r in m["registers"]]
    return {
        "contract_count": len(contracts),
        "active_contracts": [c["number"] for c in active],
        "terminated": [c["id"] for c in contracts if c["status"] == "TERMINATED"],
        "installment": round(sum(c["installment"] for c in active) * 100),
        "tariffs": _single(list(dict.fromkeys(c["tariff"]["name"] for c in contracts))),
        "yearly_base_fee": _number(sum(c["tariff"]["baseFee"] for c in contracts) * 12),
        "branch": "power" if contracts[0]["division"] == "01" else "gas",
        "start_date": min(c["startDate"] for c in contracts),
        "end_date": contracts[0]["endDate"],
        "malo": ",".join(m["maLo"] for m in meters),
        "meters": [
            {"meter_number": m["id"], "meter_type": m["type"], "me_lo_id": m["meLo"]}
            for m in meters
        ],
        "registers": len(registers),
        "obis": sorted({r["obis"] for r in registers}),
        "day_registers": [r["id"] for r in registers if r["rate"] == "HT"],
    }


def _readings(readings: list[dict[str, Any]]) -> dict[str, Any]:
    values = [r["value"] for r in readings]
    return {
        "last_reading": max(readings, key=_of("at"))["value"],
        "consumption": _number(round(max(values) - min(values), 2)),
        "reading_days": [r["at"].partition("T")[0] for r in readings],
    }


def _statement(lines: list[dict[str, Any]]) -> dict[str, Any]:
    unpaid = [line for line in lines if line["open"]]
    balance = sum(line["amount"] for line in unpaid)
    by_type: dict[str, float] = {}
    for line in lines:
        by_type[line["type"]] = by_type.get(line["type"], 0) + line["amount"]
    return {
        "balance": _number(balance),
        "balance_cents": round(balance * 100),
        "by_type": {kind: _number(amount) for kind, amount in by_type.items()},
        "open_items": [
            {
                "document": line["document"],
                "due": line["due"],
                "cents": round(line["amount"] * 100),
            }
            for line in unpaid
        ],
        "newest_item": max(lines, key=_of("date"))["document"],
        "has_credit": any(line["amount"] < 0 for line in lines),
    }


def _of(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda item: item[name]


def _single(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items


def _number(value: float) -> float:
    return int(value) if value == int(value) else value
