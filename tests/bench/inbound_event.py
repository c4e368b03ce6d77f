"""An event as an ERP sends it, 5 kB of JSON, and a mapping of 62 fields for it.

Made up, in the manner of SAP IS-U: a partner with addresses and bank accounts, a contract account,
two contracts, three readings and four lines of a statement. 18 of the fields are plain paths; the
others filter, look up, format dates, add up, group, sort and build arrays.
"""

from __future__ import annotations

from typing import Any

_CITIES = ("Köln", "Bonn", "Düsseldorf")


def _address(number: int) -> dict[str, Any]:
    return {
        "kind": ("main", "billing", "old")[number],
        "street": f"Ringstraße {number + 1}",
        "houseNumber": f"{number + 1}a",
        "postalCode": f"5066{number}",
        "city": _CITIES[number],
        "country": "DE",
        "validFrom": f"201{number}-01-01",
        "validTo": "9999-12-31" if number < 2 else "2012-12-31",
    }


def _contract(number: int) -> dict[str, Any]:
    return {
        "id": f"CON-2024-00{number}",
        "number": f"PWR-{5678 + number}",
        "division": ("01", "02")[number],
        "status": "ACTIVE" if number == 0 else "TERMINATED",
        "startDate": "2024-01-01",
        "endDate": None if number == 0 else "2025-12-31",
        "installment": 84.5 + number,
        "tariff": {"key": f"T{number}", "name": "Grün Basis", "pricePerKwh": 0.32, "baseFee": 12.5},
        "meter": {
            "id": f"1EMH001234567{number}",
            "type": ("three-phase-meter", "gas-meter")[number],
            "maLo": f"5100000000{number}",
            "meLo": f"DE000123456789000000000000000001{number}",
            "location": "Keller, hinter der Tür",
            "registers": [
                {"id": f"R{number}-1", "obis": "1-0:1.8.1", "rate": "HT", "unit": "kWh"},
                {"id": f"R{number}-2", "obis": "1-0:1.8.2", "rate": "NT", "unit": "kWh"},
            ],
        },
    }


def _reading(number: int) -> dict[str, Any]:
    return {
        "id": f"RDG-{number:04}",
        "meterId": "1EMH0012345670",
        "registerId": f"R0-{number % 2 + 1}",
        "at": f"2026-0{number + 1}-01T00:00:00Z",
        "value": 12345.67 + 100 * number,
        "unit": "kWh",
        "reason": "regular",
    }


def _line(number: int) -> dict[str, Any]:
    return {
        "document": f"5890840712{number:04}",
        "date": f"2026-0{number + 1}-15",
        "due": f"2026-0{number + 2}-01",
        "amount": (84.5, -12.25, 84.5, 230.0)[number],
        "type": ("INSTALLMENT", "CREDIT", "INSTALLMENT", "FINAL_BILL")[number],
        "open": number > 1,
        "text": "Abschlag Strom, zum Monatsersten fällig",
    }


EVENT: dict[str, Any] = {
    "header": {"messageId": "9f0c7d2e-11", "createdAt": "2026-06-01T08:15:30Z", "client": "100"},
    "partner": {
        "id": "1000042",
        "type": "1",
        "salutation": "0002",
        "title": "Dr.",
        "firstName": "Erika",
        "lastName": "Mustermann",
        "company": "",
        "birthDate": "19640812",
        "language": "DE",
        "emails": [
            {"address": "Erika@Example.org", "primary": True, "usage": "private"},
            {"address": "office@example.org", "primary": False, "usage": "business"},
        ],
        "phones": [
            {"number": "0221 / 123 456-7", "kind": "landline"},
            {"number": "0171 9876543", "kind": "mobile"},
        ],
        "addresses": [_address(n) for n in range(3)],
        "banks": [
            {"id": "0001", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX", "use": "DEBIT"},
            {"id": "0002", "iban": "DE02120300000000202051", "bic": "BYLADEM1001", "use": "CREDIT"},
        ],
        "consents": {"post": True, "mail": False, "phone": None},
    },
    "account": {
        "id": "200000777",
        "name": "Vertragskonto Mustermann",
        "dunningLevel": 0,
        "paymentMethod": "D",
        "currency": "EUR",
        "billingAddress": "billing",
    },
    "contracts": [_contract(n) for n in range(2)],
    "readings": [_reading(n) for n in range(3)],
    "statement": [_line(n) for n in range(4)],
    "remarks": "Kundin wünscht Rückruf zur Zählerablesung; bitte um Termin. " * 18,
}

_CURRENT = "partner.addresses[kind = 'main' and validTo > '2026-01-01'][0]"

PATHS = {
    "customer_number": "$.partner.id",
    "first_name": "$.partner.firstName",
    "last_name": "$.partner.lastName",
    "title": "$.partner.title",
    "language": "$.partner.language",
    "consent_post": "$.partner.consents.post",
    "consent_mail": "$.partner.consents.mail",
    "consent_phone": "$.partner.consents.phone",
    "account_number": "$.account.id",
    "account_name": "$.account.name",
    "currency": "$.account.currency",
    "dunning_level": "$.account.dunningLevel",
    "message_id": "$.header.messageId",
    "created_at": "$.header.createdAt",
    "tariff_key": "$.contracts[0].tariff.key",
    "meter_location": "$.contracts[0].meter.location",
    "first_contract": "$.contracts[0].id",
    "remarks": "remarks",
}

FORMULAS = {
    "full_name": "partner.firstName & ' ' & partner.lastName",
    "kind": "partner.type = '1' ? 'person' : 'organisation'",
    "salutation": "$lookup({'0001': 'Ms. / Mrs.', '0002': 'Ms. / Mrs.', '0003': 'Mr.'},"
    " partner.salutation)",
    "birthdate": "$fromMillis($toMillis(partner.birthDate, '[Y0001][M01][D01]'),"
    " '[Y0001]-[M01]-[D01]')",
    "email": "partner.emails.{'email': $lowercase(address), '_tags': [usage]}",
    "primary_email": "$lowercase(partner.emails[primary].address)",
    "phone": "partner.phones.{'phone': '+49' & $replace($replace(number, /[^0-9]/, ''), /^0/, ''),"
    " '_tags': [kind]}",
    "mobile": "partner.phones[kind = 'mobile'][0].number",
    "street": f"{_CURRENT}.street",
    "house_number": f"{_CURRENT}.houseNumber",
    "city": f"{_CURRENT}.city",
    "postal_code": f"$string({_CURRENT}.postalCode)",
    "country": f"{_CURRENT}.country",
    "address": "partner.addresses[validTo > '2026-01-01'].{'street': street, 'street_number':"
    " houseNumber, 'postal_code': postalCode, 'city': city, 'country': country, '_tags': [kind]}",
    "billing_city": "partner.addresses[kind = $$.account.billingAddress].city",
    "old_addresses": "$count(partner.addresses[validTo < '2026-01-01'])",
    "payment": "partner.banks.{'type': 'payment_sepa', 'data': {'iban': iban, 'bic_number': bic,"
    " 'fullname': $$.partner.firstName & ' ' & $$.partner.lastName}, '_tags': [use]}",
    "iban_masked": "$substring(partner.banks[0].iban, 0, 4) & '****' &"
    " $substring(partner.banks[0].iban, -4)",
    "debit_bank": "partner.banks[use = 'DEBIT'].id",
    "pays_by": "account.paymentMethod = 'D' ? 'payment_sepa' : 'payment_invoice'",
    "in_dunning": "account.dunningLevel > 0",
    "contract_count": "$count(contracts)",
    "active_contracts": "[contracts[status = 'ACTIVE'].number]",
    "terminated": "[contracts[status = 'TERMINATED'].id]",
    "installment": "$round($sum(contracts[status = 'ACTIVE'].installment) * 100)",
    "tariffs": "$distinct(contracts.tariff.name)",
    "yearly_base_fee": "$sum(contracts.tariff.baseFee) * 12",
    "branch": "contracts[0].division = '01' ? 'power' : 'gas'",
    "start_date": "$min(contracts.$toMillis(startDate)) ~> $fromMillis('[Y0001]-[M01]-[D01]')",
    "end_date": "contracts[0].endDate",
    "malo": "$join(contracts.meter.maLo, ',')",
    "meters": "contracts.meter.{'meter_number': id, 'meter_type': type, 'me_lo_id': meLo}",
    "registers": "$count(contracts.meter.registers)",
    "obis": "$sort($distinct(contracts.meter.registers.obis))",
    "day_registers": "contracts.meter.registers[rate = 'HT'].id",
    "last_reading": "$sort(readings, function($a, $b) { $a.at < $b.at })[0].value",
    "consumption": "$round($max(readings.value) - $min(readings.value), 2)",
    "reading_days": "readings.($substringBefore(at, 'T'))",
    "balance": "$sum(statement[open].amount)",
    "balance_cents": "$round($sum(statement[open].amount) * 100)",
    "by_type": "statement{type: $sum(amount)}",
    "open_items": "statement[open].{'document': document, 'due': due,"
    " 'cents': $round(amount * 100)}",
    "newest_item": "$sort(statement, function($a, $b) { $a.date < $b.date })[0].document",
    "has_credit": "$exists(statement[amount < 0])",
}

CONFIGURATION: dict[str, Any] = {
    "entities": [
        {
            "entity_schema": "contact",
            "unique_ids": ["customer_number"],
            "fields": [
                *({"attribute": name, "field": path} for name, path in PATHS.items()),
                *(
                    {"attribute": name, "jsonataExpression": text}
                    for name, text in FORMULAS.items()
                ),
            ],
        }
    ]
}
WHOLE = "{" + ", ".join(f'"{name}": ({text})' for name, text in FORMULAS.items()) + "}"
"""The formulas as one expression."""
