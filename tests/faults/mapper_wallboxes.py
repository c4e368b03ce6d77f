"""The mappings of wallbox orders once more, in Python (see `mapper.py`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


def _day(text: str) -> str:
    at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return f"/Date({int(at.timestamp()) * 1000})/"


def _street(address: Json) -> str:
    return f"{address['street']} {address['house_number']}".strip()


def _given(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value not in {None, ""}}


def _many(row: Json) -> Json:
    return {"results": [row]}


def _partner(source: Mapping[str, Any]) -> Json:
    customer, settings = source["customer"], source["settings"]
    address, iban = customer["address"], customer["iban"]
    full_name = f"{customer['first_name']} {customer['last_name']}"
    email = {"EmailAddress": customer["email"], "IsDefaultEmailAddress": True}
    phone = {"PhoneNumber": customer["phone"], "IsDefaultPhoneNumber": True}
    where = _given(
        StreetName=address["street"],
        HouseNumber=address["house_number"],
        PostalCode=address["postal_code"],
        CityName=address["city"],
        Country=address["country"],
    )
    roles = [
        {"BusinessPartnerRole": role, "ValidTo": _day("9999-12-31")} for role in settings["roles"]
    ]
    made = {
        **_given(BusinessPartnerGrouping=settings["grouping"]),
        "BusinessPartnerCategory": settings["category"],
        "FirstName": customer["first_name"],
        "LastName": customer["last_name"],
        "BirthDate": _day(customer["birth_date"]),
        "CorrespondenceLanguage": settings["language"],
        "to_BusinessPartnerRole": {"results": roles},
        "to_BusinessPartnerAddress": _many(
            {**where, "to_EmailAddress": _many(email), "to_PhoneNumber": _many(phone)}
        ),
    }
    if iban:
        bank = {"BankCountryKey": iban[:2], "IBAN": iban, "BankAccountHolderName": full_name[:60]}
        made["to_BusinessPartnerBank"] = _many(bank)
    return made


def _contract(source: Mapping[str, Any]) -> Json:
    division = _given(DivisionID=source["settings"]["division"])
    return {"AccountID": source["partner"], **division, "MoveInDate": _day(source["starts_on"])}


def _account(source: Mapping[str, Any]) -> Json:
    customer = source["customer"]
    made = {
        "Name": f"{customer['first_name']} {customer['last_name']}",
        "Phone": customer["phone"],
        "ContactEmail__c": customer["email"],
        "GpNumber__c": source["gp_number"],
        "SapContractNumber__c": source["contract_number"],
    }
    return made | _addresses(source)


def _addresses(source: Mapping[str, Any]) -> Json:
    made: Json = {}
    for name, of in (("Billing", "billing_address"), ("Shipping", "delivery_address")):
        address = source[of]
        made |= {
            f"{name}Street": f"{address['name']}\n{_street(address)}",
            f"{name}City": address["city"],
            f"{name}PostalCode": address["postal_code"],
            f"{name}Country": address["country"],
        }
    return made


def _shared_contract(source: Mapping[str, Any]) -> Json:
    return {
        "Account__c": source["account_id"],
        "SapContractNumber__c": source["contract_number"],
        "WallboxContract__c": source["wallbox_contract_id"] or None,
        "Status__c": "Aktiv",
    }


def _order(source: Mapping[str, Any]) -> Json:
    there = source["installation_address"]
    order = {
        "AccountId": source["account_id"],
        "SharedContract__c": source["shared_contract_id"],
        "EffectiveDate": source["ordered_on"],
        "Status": "Draft",
        "Pricebook2Id": source["price_book_id"],
        "InstallationStreet__c": _street(there),
        "InstallationCity__c": there["city"],
        "InstallationPostalCode__c": there["postal_code"],
        "InstallationCountry__c": there["country"],
        "Description": source["note"],
    }
    items = [
        {
            "reference": line["reference"],
            "fields": {
                "PricebookEntryId": line["price_book_entry_id"],
                "Quantity": line["quantity"],
                "UnitPrice": float(line["unit_price"]),
            },
        }
        for line in source["lines"]
    ]
    return {"order": order | _addresses(source), "items": items}


def _contact(source: Mapping[str, Any]) -> Json:
    customer = source["customer"]
    address = customer["address"]
    return {
        "name": f"{customer['first_name']} {customer['last_name']}",
        "first_name": customer["first_name"],
        "street": _street(address),
        "zip": address["postal_code"],
        "city": address["city"],
        "country": address["country"],
        "email": customer["email"],
        "phone": customer["phone"],
        "user": {"email": customer["email"], "account_locale": "de_DE"},
    }


def _asset(source: Mapping[str, Any]) -> Json:
    made: Json = {}
    if tariff := source.get("tariff"):
        made |= {
            "TariffPrice__c": float(tariff["unit_price"]),
            "TariffCurrency__c": tariff["currency"],
            "TariffValidFrom__c": tariff["valid_from"],
        }
    if proof := source.get("proof"):
        made |= {
            "InstallationProofHash__c": proof["sha256"],
            "InstallationProofAt__c": f"{proof['uploaded_at'][:19]}.000+0000",
        }
        made |= _given(InstallationProof__c=proof.get("url", ""))
    if source.get("approved"):
        made["Status"] = "Installed" if source["kind"] == "wallbox" else "Registered"
    return made


def _station(source: Mapping[str, Any]) -> Json:
    station = source["station"]
    names = {"contact_id": "contactUuid", "tariff": "tariff", "proof": "installationProof"}
    made = {names[name]: value for name, value in station.items()}
    if tariff := station.get("tariff"):
        made["tariff"] = {
            "unitPrice": tariff["unit_price"],
            "unit": tariff["unit"],
            "currency": tariff["currency"],
            "validFrom": tariff["valid_from"],
        }
    return made


MADE: Mapping[tuple[str, str], Callable[[Mapping[str, Any]], Json]] = {
    ("sap", "partner"): _partner,
    ("sap", "contract"): _contract,
    ("salesforce", "account_private"): _account,
    ("salesforce", "shared_contract"): _shared_contract,
    ("salesforce", "wallbox_order"): _order,
    ("salesforce", "wallbox_asset"): _asset,
    ("energised", "contact_private"): _contact,
    ("energised", "station"): _station,
}
