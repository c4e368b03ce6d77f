"""The deployable metadata for wallboxes agrees with the settings, the mappings and itself."""

from __future__ import annotations

import json
import re

import pytest

from busbar.mapping.registry import MAPPINGS
from tests.unit.connectors.test_salesforce_metadata import (
    CALLER,
    NS,
    ROOT,
    SETTINGS,
    is_balanced,
    parsed,
    quoted,
)

FILES = sorted(ROOT.glob("wallbox*/**/*-meta.xml"))
CODE = (ROOT / "wallbox/classes/BusbarWallboxEvents.cls").read_text(encoding="utf-8")
TEST = (ROOT / "wallbox/classes/BusbarWallboxEventsTest.cls").read_text(encoding="utf-8")
EVERY = {"OrderReference__c", "OrderNumber__c", "AssetId__c", "SourceVersion__c"}
EVENTS = {
    SETTINGS.wallbox_assigned_event: EVERY | {"AssetKind__c", "SerialNumber__c", "CardId__c"},
    SETTINGS.review_event: EVERY | {"Review__c", "ReviewReason__c", "ProofHash__c"},
}
WRITTEN = {"account_private": "Account", "shared_contract": "SharedContract__c"} | {
    "wallbox_order": "Order",
    "wallbox_asset": "Asset",
}
"""Mapping -> the object whose fields it writes."""
IN_BUSBAR = {"Account.BusbarReference__c"}
"""Fields that the part for every org has already."""


def fields(folder: str = "wallbox") -> dict[str, dict[str, str]]:
    """Custom fields: `Object.Field__c` -> its tags."""
    return {
        f"{p.parts[-3]}.{p.name.removesuffix('.field-meta.xml')}": {
            tag.tag.removeprefix(NS): tag.text or "" for tag in parsed(p)
        }
        for p in ROOT.glob(f"{folder}/objects/*/fields/*-meta.xml")
    }


def mapped() -> set[str]:
    """Fields that the mappings of wallbox orders write."""
    return {
        f"{sobject}.{field}"
        for name, sobject in WRITTEN.items()
        for field in re.findall(
            r'"(\w+__c)":', (MAPPINGS / "salesforce" / f"{name}.jsonata").read_text("utf-8")
        )
    }


def used() -> set[str]:
    """Custom fields that connector and mappings touch for wallboxes."""
    names = {
        "Account": (
            SETTINGS.account_reference_field,
            SETTINGS.account_gp_number_field,
            SETTINGS.account_contract_number_field,
            SETTINGS.account_active_field,
        ),
        "SharedContract__c": (
            SETTINGS.shared_contract_reference_field,
            SETTINGS.shared_contract_account_field,
            SETTINGS.shared_contract_number_field,
            SETTINGS.shared_contract_status_field,
        ),
        "Asset": (
            SETTINGS.asset_kind_field,
            SETTINGS.asset_review_field,
            SETTINGS.asset_review_reason_field,
            SETTINGS.asset_proof_hash_field,
            *(name for name in SETTINGS.wallbox_fields if name.endswith("__c")),
        ),
        "Product2": (SETTINGS.tax_rate_field,),
    }
    return mapped() | {f"{sobject}.{n}" for sobject, listed in names.items() for n in listed}


def grants() -> dict[str, bool]:
    """Field -> whether the integration may write it."""
    permissions = parsed(ROOT / "wallbox/permissionsets/Busbar_Wallboxes.permissionset-meta.xml")
    return {
        row.findtext(f"{NS}field") or "": row.findtext(f"{NS}editable") == "true"
        for row in permissions.iter(f"{NS}fieldPermissions")
    }


def test_should_hold_exactly_the_fields_that_settings_and_mappings_name() -> None:
    own = {name for name in fields() if "__e." not in name}
    assert own == used() - IN_BUSBAR
    assert set(fields("busbar")) >= IN_BUSBAR


def test_should_read_back_every_field_that_is_written_to_an_asset() -> None:
    text = (MAPPINGS / "salesforce/wallbox_asset.jsonata").read_text("utf-8")
    sent = set(re.findall(r'"(\w+__c|Status)":', text))
    assert sent == set(SETTINGS.wallbox_fields)


def test_should_make_our_reference_a_key_that_is_unique() -> None:
    field = fields()["SharedContract__c.BusbarReference__c"]
    assert (field["externalId"], field["unique"], field["length"]) == ("true", "true", "20")
    for name, other in fields().items():
        assert other.get("externalId") != "true" or other["unique"] == "true", name


def test_should_grant_the_fields_in_use_but_those_that_salesforce_grants_by_itself() -> None:
    required = {name for name, field in fields().items() if field.get("required") == "true"}
    assert required == {
        f"SharedContract__c.{name}" for name in ("Account__c", "SapContractNumber__c", "Status__c")
    }
    assert {name for name in grants() if name.endswith("__c")} == used() - required
    assert {name for name in grants() if not name.endswith("__c")} == {
        "Account.BillingAddress",
        "Account.Phone",
        "Account.ShippingAddress",
        "Asset.Product2Id",
        "Asset.Status",
        "Product2.Family",
    }


def test_should_let_the_integration_write_only_what_it_sends() -> None:
    editable = {name for name, may in grants().items() if may}
    own = {"Account.BusbarActive__c", "Account.BusbarReference__c"}
    own |= {"SharedContract__c.BusbarReference__c", "Asset.Status"}
    standard = {"Account.BillingAddress", "Account.Phone", "Account.ShippingAddress"}
    assert editable <= mapped() | own | standard
    assert f"Asset.{SETTINGS.asset_review_field}" not in editable  # Salesforce leads the review
    assert f"Asset.{SETTINGS.asset_kind_field}" not in editable


def test_should_grant_no_delete_and_no_sight_of_everything() -> None:
    permissions = parsed(ROOT / "wallbox/permissionsets/Busbar_Wallboxes.permissionset-meta.xml")
    rows = list(permissions.iter(f"{NS}objectPermissions"))
    assert {row.findtext(f"{NS}object"): row.findtext(f"{NS}allowCreate") for row in rows} == {
        "Account": "true",
        "Contract": "false",
        "SharedContract__c": "true",
    }
    for row in rows:
        for right in ("allowDelete", "modifyAllRecords", "viewAllRecords"):
            assert row.findtext(f"{NS}{right}") == "false"


def test_should_define_the_events_that_settings_name_on_the_one_channel() -> None:
    for event, expected in EVENTS.items():
        assert {n.partition(".")[2] for n in fields() if n.startswith(event)} == expected
    members = [parsed(p) for p in FILES if "ChannelMember" in p.name]
    assert {m.findtext(f"{NS}selectedEntity") for m in members} == set(EVENTS)
    assert {m.findtext(f"{NS}eventChannel") for m in members} == {"Busbar__chn"}


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_should_publish_and_send_by_webhook_every_field_of_an_event(event: str) -> None:
    (made,) = re.findall(rf"new {event}\((.*?)\n\s*\)\)", CODE, re.DOTALL)
    assert set(re.findall(r"(?<!\.)\b(\w+__c) =(?!=)", made)) == EVENTS[event]
    (every,) = re.findall(r"OF_EVERY_EVENT = new List<String>\{(.*?)\}", CALLER, re.DOTALL)
    (own,) = re.findall(rf"'{event}' => new List<String>\{{(.*?)\}}", CALLER, re.DOTALL)
    sent = quoted(every) | quoted(own)
    assert sent == EVENTS[event] | {"EventUuid", "CreatedDate", "CreatedById"}
    triggers = [p.read_text("utf-8") for p in ROOT.glob("wallbox_webhook/triggers/*.trigger")]
    assert sum(f"on {event} (after insert)" in text for text in triggers) == 1


def test_should_tell_of_each_order_by_one_event_only() -> None:
    base = (ROOT / "busbar/classes/BusbarEvents.cls").read_text(encoding="utf-8")
    assert "(NOT BusbarOrder__r.BusbarReference__c LIKE 'BBWO%')" in base
    assert "WALLBOX_ORDERS = 'BBWO%'" in CODE


def test_should_put_a_new_proof_up_for_review_in_a_word_that_settings_know() -> None:
    (word,) = re.findall(r"TO_REVIEW = '(.*?)';", CODE)
    assert SETTINGS.review_map[word] == "to_review"
    picked = parsed(ROOT / "wallbox/objects/Asset/fields/InstallationReview__c.field-meta.xml")
    words = [v.findtext(f"{NS}fullName") for v in picked.iter(f"{NS}value")]
    assert words == list(SETTINGS.review_map)


def test_should_offer_the_kinds_and_states_that_settings_and_mappings_name() -> None:
    kinds = parsed(ROOT / "wallbox/objects/Asset/fields/AssetKind__c.field-meta.xml")
    assert [v.findtext(f"{NS}fullName") for v in kinds.iter(f"{NS}value")] == list(
        SETTINGS.asset_kinds
    )
    states = parsed(ROOT / "wallbox/objects/SharedContract__c/fields/Status__c.field-meta.xml")
    words = {v.findtext(f"{NS}fullName") for v in states.iter(f"{NS}value")}
    mapping = (MAPPINGS / "salesforce/shared_contract.jsonata").read_text("utf-8")
    (first,) = re.findall(r'"Status__c": "(\w+)"', mapping)
    assert words == {first, SETTINGS.shared_contract_cancelled_status}


def test_should_hold_every_field_that_the_apex_names() -> None:
    known = {name.partition(".")[2] for name in (*fields(), *fields("busbar"))} | set(EVENTS)
    for code in (CODE, TEST):
        assert set(re.findall(r"\w+__[ce]\b", code)) <= known


def test_should_be_deployable_after_the_part_for_every_org() -> None:
    project = json.loads((ROOT / "sfdx-project.json").read_text())
    paths = [folder["path"] for folder in project["packageDirectories"]]
    assert paths == ["busbar", "relay", "webhook", "wallbox", "wallbox_webhook"]
    for path in ROOT.glob("wallbox*/**/*.trigger"):
        assert path.with_name(f"{path.name}-meta.xml").exists()


@pytest.mark.parametrize("code", [CODE, TEST], ids=["events", "test"])
def test_should_pair_its_brackets(code: str) -> None:
    assert is_balanced(code)
