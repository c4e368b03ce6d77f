"""POST /v1/systems/salesforce/connection-check in an org that sells wallboxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from busbar.connectors.energised import wallbox_checks
from busbar.connectors.energised.connection import EnergisedConnection
from busbar.connectors.salesforce.connection import SalesforceConnection
from busbar.connectors.sap.connection import SapConnection
from busbar.domain.connection_texts import OK
from infra.simulators import sample_wallboxes
from infra.simulators.faults import Fault
from tests.doubles.world import World
from tests.functions.given import forget_calls, writes
from tests.functions.test_connection_check import checked, detail, found, schema

Json = dict[str, Any]


def selling(**settings: Any) -> World:
    """An org that sells wallboxes, and has all that this needs."""
    world = World(
        **{
            "wallbox_price_book_id": sample_wallboxes.PRICE_BOOK_ID,
            "wallbox_contract_id": sample_wallboxes.CONTRACT_ID,
            **settings,
        }
    )
    world.salesforce.load_sample(2, wallboxes=2)
    return world


def change(world: World, sobject: str, row_id: str, **values: Any) -> None:
    """A clerk changes a record."""
    with world.salesforce.working():
        world.salesforce.org.change(sobject, row_id, **values)


def test_should_be_green_and_write_nothing() -> None:
    world = selling()
    forget_calls(world)
    report = checked(world, "salesforce")
    assert (report["ok"], found(report), report["not_reached"]) == (True, {}, [])
    assert writes(world.salesforce) == []


def test_should_have_a_sentence_for_every_check_and_no_other() -> None:
    names = {c["name"] for c in checked(selling(), "salesforce")["checks"]}
    others = {*EnergisedConnection.names, *SapConnection.names, *wallbox_checks.ALL}
    assert names | others == set(OK)


def test_should_ask_nothing_about_wallboxes_where_none_are_sold(world: World) -> None:
    hidden = ["Asset.AssetKind__c", "Account.GpNumber__c", "Product2.TaxRate__c"]
    schema(world, hidden=hidden)
    forget_calls(world)
    report = checked(world, "salesforce")
    assert [c["name"] for c in report["checks"]] == list(SalesforceConnection.names)
    assert report["ok"]
    paths = [call.path for call in world.salesforce.calls]
    assert not any("Account" in path or "SharedContract" in path for path in paths)


@pytest.mark.parametrize(
    ("changes", "states", "says"),
    [
        (
            {"non_unique": ["Account.BusbarReference__c"]},
            {"wallbox_references": "failed"},
            "two accounts: tick External ID and Unique there, or set account_mode to probe",
        ),
        (
            {"non_unique": ["SharedContract__c.BusbarReference__c"]},
            {"wallbox_references": "failed"},
            "set shared_contract_mode to probe",
        ),
        (
            {"read_only": ["Account.BusbarActive__c"]},
            {"accounts": "failed"},
            "Account.BusbarActive__c cannot be changed",
        ),
        (
            {"read_only": ["Account.GpNumber__c"]},
            {"accounts": "failed"},
            "Account.GpNumber__c cannot be set at creation",
        ),
        (
            {"hidden": ["SharedContract__c.SapContractNumber__c"]},
            {"shared_contracts": "failed"},
            "SharedContract__c.SapContractNumber__c does not exist or is not visible",
        ),
        (
            {"hidden": ["Asset.AssetKind__c"]},
            {"wallbox_assets": "failed"},
            "Asset.AssetKind__c",
        ),
        (
            {"read_only": ["Asset.TariffPrice__c"]},
            {"wallbox_assets": "failed"},
            "Asset.TariffPrice__c cannot be changed",
        ),
        (
            {"hidden": ["Product2.TaxRate__c"]},
            {"wallbox_products": "failed", "wallbox_offer": "failed"},
            "Product2.TaxRate__c",
        ),
    ],
)
def test_should_name_what_the_org_is_not_set_up_for(
    changes: Json, states: Mapping[str, str], says: str
) -> None:
    world = selling()
    schema(world, **changes)
    report = checked(world, "salesforce")
    assert (report["ok"], found(report), report["not_reached"]) == (False, states, [])
    assert says in detail(report, next(iter(states)))


@pytest.mark.parametrize(
    ("settings", "states", "says"),
    [
        ({"wallbox_price_book_id": "01s000000000009AAA"}, {"wallbox_offer": "failed"}, "01s0"),
        ({"wallbox_contract_id": "800000000000009AAA"}, {"wallbox_contract": "failed"}, "8000"),
        ({"wallbox_contract_id": ""}, {"wallbox_contract": "warning"}, "not set"),
        ({"review_event": "Other__e"}, {"wallbox_events": "failed"}, "Other__e does not exist"),
        ({"account_mode": "probe"}, {"wallbox_references": "warning"}, "account_mode to unique"),
        (
            {"account_mode": "probe", "shared_contract_mode": "none"},
            {"wallbox_references": "warning"},
            "account_mode to unique",
        ),
    ],
)
def test_should_name_a_setting_that_does_not_fit(
    settings: Json, states: Mapping[str, str], says: str
) -> None:
    report = checked(selling(**settings), "salesforce")
    assert found(report) == states
    assert says in detail(report, next(iter(states)))


@pytest.mark.parametrize(
    ("mode", "states"), [("probe", {}), ("none", {"wallbox_references": "warning"})]
)
def test_should_say_which_mode_is_right_without_a_unique_field(
    mode: str, states: Mapping[str, str]
) -> None:
    world = selling(account_mode=mode, shared_contract_mode=mode)
    keys = ["Account.BusbarReference__c", "SharedContract__c.BusbarReference__c"]
    schema(world, non_unique=keys)
    report = checked(world, "salesforce")
    assert (report["ok"], found(report)) == (True, states)


def test_should_put_what_is_wrong_before_what_could_be_better() -> None:
    world = selling(account_mode="probe")
    schema(world, non_unique=["SharedContract__c.BusbarReference__c"])
    report = checked(world, "salesforce")
    assert found(report) == {"wallbox_references": "failed"}
    assert "two shared contracts" in detail(report, "wallbox_references")


def test_should_name_products_that_are_not_well_kept() -> None:
    world = selling()
    change(world, "Product2", sample_wallboxes.HOME.product_id, TaxRate__c=None)
    report = checked(world, "salesforce")
    assert (report["ok"], found(report)) == (True, {"wallbox_offer": "warning"})
    assert f"{sample_wallboxes.HOME.product_id}: TaxRate__c" in detail(report, "wallbox_offer")


def test_should_fail_when_no_product_is_well_kept() -> None:
    world = selling()
    for product in sample_wallboxes.PRODUCTS:
        change(world, "Product2", product.product_id, TaxRate__c=None)
    assert found(checked(world, "salesforce")) == {"wallbox_offer": "failed"}


def test_should_go_on_when_one_check_gets_no_answer() -> None:
    world = selling()
    world.salesforce.add_fault(Fault("status", match="SharedContract__c/describe", status=403))
    report = checked(world, "salesforce")
    assert report["ok"] is False
    assert "shared_contracts" in found(report)
