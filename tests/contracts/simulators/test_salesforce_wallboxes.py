"""What the simulated org has for orders of wallboxes: rows, rules, clerks and events."""

from __future__ import annotations

from typing import Any

import pytest

from infra.simulators import sample, sample_wallboxes
from infra.simulators.messages import Response
from infra.simulators.salesforce import SalesforceSimulator
from infra.simulators.salesforce.clerk import ClerkError
from tests.contracts.simulators.any_values import (
    BASE,
    Caller,
    TurnedClock,
    any_item,
    any_order,
    any_salesforce,
    logged_in,
)

REFERENCE = "BBWO0123456789ABC"
ROWS = f"{BASE}/sobjects"


class Shop:
    """An org that sells wallboxes, and what it has told."""

    def __init__(self, clock: TurnedClock) -> None:
        self.told: list[dict[str, Any]] = []
        self.org: SalesforceSimulator = any_salesforce(clock, publish=self.told.append)
        self.org.load_sample(cards=20, wallboxes=3)
        self.call: Caller = logged_in(self.org)

    def order(self, *products: tuple[sample_wallboxes.SampleProduct, int]) -> str:
        """An order of these products; its id."""
        fields = any_order(Pricebook2Id=sample_wallboxes.PRICE_BOOK_ID)
        made = self.call("PATCH", f"{ROWS}/Order/BusbarReference__c/{REFERENCE}", fields).json()
        for product, quantity in products:
            answer = self.item(made["id"], product, quantity)
            assert answer.status == 201, answer.json()
        return str(made["id"])

    def item(self, order_id: str, product: Any, quantity: int = 1) -> Response:
        """One more item."""
        fields = any_item(order_id, PricebookEntryId=product.entry_id, Quantity=quantity)
        return self.call("POST", f"{ROWS}/OrderItem", fields)

    def assets(self) -> dict[str, dict[str, Any]]:
        """The Assets of all orders, by kind."""
        rows = self.org.records("Asset")
        return {r["AssetKind__c"]: r for r in rows if r["BusbarOrder__c"]}

    def prove(self, proof: str) -> None:
        """The product writes a proof of installation to the wallbox."""
        asset = self.assets()["wallbox"]["Id"]
        body = {"InstallationProofHash__c": proof}
        assert self.call("PATCH", f"{ROWS}/Asset/{asset}", body).status == 204

    def events(self, name: str) -> list[dict[str, Any]]:
        """The payloads of this event."""
        return [e["detail"]["payload"] for e in self.told if e["detail-type"] == name]


@pytest.fixture
def shop(clock: TurnedClock) -> Shop:
    return Shop(clock)


# --- products, accounts, contracts ---------------------------------------------------------------


def test_should_hold_no_wallboxes_unless_asked(clock: TurnedClock) -> None:
    assert {a["AssetKind__c"] for a in any_salesforce(clock).records("Asset")} == {None}


def test_should_load_wallboxes_again_at_a_reset(shop: Shop) -> None:
    before = shop.org.records("Asset")
    shop.org.reset()
    assert [a["Id"] for a in shop.org.records("Asset")] == [a["Id"] for a in before]


def test_should_list_the_active_entries_of_active_products(shop: Shop) -> None:
    where = f"Pricebook2Id = '{sample_wallboxes.PRICE_BOOK_ID}' AND IsActive = true"
    soql = f"SELECT Product2.ProductCode FROM PricebookEntry WHERE {where}"  # noqa: S608
    soql += " AND Product2.IsActive = true AND Pricebook2.IsActive = true ORDER BY Id"
    found = shop.call("GET", f"{BASE}/query?q={soql.replace(' ', '+')}").json()["records"]
    codes = [r["Product2"]["ProductCode"] for r in found]
    assert codes == ["WALLBOX-11", "WALLBOX-22", "CABLE-5", "STAND-1"]


@pytest.mark.parametrize("product", [sample_wallboxes.OLD, sample_wallboxes.UNPRICED])
def test_should_take_no_item_that_is_sold_no_more(shop: Shop, product: Any) -> None:
    refused = shop.item(shop.order(), product)
    assert (refused.status, refused.json()[0]["errorCode"]) == (400, "FIELD_INTEGRITY_EXCEPTION")


def test_should_upsert_accounts_and_shared_contracts_by_our_reference(shop: Shop) -> None:
    account = f"{ROWS}/Account/BusbarReference__c/BBPE0123456789ABC"
    fields = {"Name": "Erika Muster", "GpNumber__c": "0000000017"}
    made = shop.call("PATCH", account, fields)
    assert made.status == 201
    assert shop.call("PATCH", account, {**fields, "Phone": "0441 1"}).status == 200
    assert shop.call("GET", account).json()["BusbarActive__c"] is True
    contract = f"{ROWS}/SharedContract__c/BusbarReference__c/BBSC0123456789ABC"
    body = {
        "Account__c": made.json()["id"],
        "SapContractNumber__c": "4711",
        "WallboxContract__c": sample_wallboxes.CONTRACT_ID,
        "Status__c": "Aktiv",
    }
    assert shop.call("PATCH", contract, body).json()["created"] is True
    read = shop.call("GET", contract).json()
    assert (read["Name"], read["Account__c"]) == ("SC-000001", made.json()["id"])
    assert shop.call("DELETE", f"{ROWS}/Account/{made.json()['id']}").status == 400  # in use


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Account__c": sample.STOCK_ACCOUNT_ID, "Status__c": "Aktiv"}, "REQUIRED_FIELD_MISSING"),
        ({"SapContractNumber__c": "1", "Status__c": "Aktiv"}, "REQUIRED_FIELD_MISSING"),
        ({"WallboxContract__c": sample.STOCK_ACCOUNT_ID}, "MALFORMED_ID"),
        ({"Status__c": "Vielleicht"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Name": "SC-1"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    ],
)
def test_should_refuse_a_shared_contract_that_says_too_little_or_wrong(
    shop: Shop, body: dict[str, Any], code: str
) -> None:
    refused = shop.call("POST", f"{ROWS}/SharedContract__c", body)
    assert (refused.status, refused.json()[0]["errorCode"]) == (400, code)


def test_should_let_no_program_make_a_contract_of_the_sub_cpo(shop: Shop) -> None:
    assert shop.call("POST", f"{ROWS}/Contract", {}).status == 400
    assert shop.call("GET", f"{ROWS}/Contract/describe").json()["createable"] is False


# --- clerks --------------------------------------------------------------------------------------


def test_should_assign_what_was_ordered_with_one_event_each(shop: Shop) -> None:
    order_id = shop.order((sample_wallboxes.HOME, 2), (sample_wallboxes.CABLE, 1))
    assigned = shop.org.assign_wallbox(REFERENCE)
    kinds = [e["AssetKind__c"] for e in shop.events("WallboxAssigned__e")]
    assert kinds == ["wallbox", "wallbox", "private", "refund"]
    box, card = sample_wallboxes.wallboxes(1)[0], sample_wallboxes.private_cards(1)[0]
    told = shop.events("WallboxAssigned__e")
    assert told[0] | {"EventUuid": "any"} == {
        "OrderReference__c": REFERENCE,
        "OrderNumber__c": "00000101",
        "AssetId__c": box.asset_id,
        "AssetKind__c": "wallbox",
        "SerialNumber__c": box.serial_number,
        "CardId__c": None,
        "SourceVersion__c": "1748851200000",
        "CreatedDate": "2025-06-02T08:00:00.000Z",
        "CreatedById": "005000000000001AAA",
        "EventUuid": "any",
    }
    assert (told[2]["CardId__c"], told[2]["SerialNumber__c"]) == (card.energised_id, None)
    assert {r["BusbarOrder__c"] for r in shop.assets().values()} == {order_id}
    assert len(assigned) == 4
    assert shop.org.assign_wallbox(REFERENCE) == []
    assert shop.events("ChargeCardAssigned__e") == []


def test_should_tell_of_wallboxes_and_cards_again(shop: Shop) -> None:
    shop.order((sample_wallboxes.HOME, 1))
    assigned = shop.org.assign_wallbox(REFERENCE)
    assert shop.org.announce_cards(REFERENCE) == assigned
    told = shop.events("WallboxAssigned__e")
    assert [e["AssetId__c"] for e in told] == [*assigned, *assigned]
    assert len({e["SourceVersion__c"] for e in told}) == 6


def test_should_ship_wallbox_and_cards_with_geliefert(shop: Shop) -> None:
    shop.order((sample_wallboxes.HOME, 1))
    shop.org.assign_wallbox(REFERENCE)
    shop.org.set_order_status(REFERENCE, "Geliefert", tracking_id="T-1")
    assert {a["Status"] for a in shop.assets().values()} == {"Shipped"}
    assert shop.events("OrderStatusChanged__e")[0]["Status__c"] == "Geliefert"


def test_should_keep_wallbox_cards_out_of_the_stock_of_blank_cards(shop: Shop) -> None:
    blank = shop.org.enter_order("BBCO0123456789ABC", sample.NORDWIND.account_id, 20)
    ids = set(shop.org.assign_cards(blank["Id"]))
    assert ids == {c.asset_id for c in sample.cards(20)}
    with pytest.raises(ClerkError, match="only 0"):
        shop.org.assign_cards(blank["Id"], 1)


@pytest.mark.parametrize(
    ("asset_ids", "says"),
    [
        (["nonsense"], "no Asset"),
        ([sample_wallboxes.wallboxes(1)[0].asset_id] * 2, ""),
    ],
)
def test_should_assign_only_what_is_in_stock(shop: Shop, asset_ids: list[str], says: str) -> None:
    shop.order((sample_wallboxes.HOME, 1))
    if says:
        with pytest.raises(ClerkError, match=says):
            shop.org.assign_wallbox(REFERENCE, asset_ids)
    else:
        shop.org.assign_wallbox(REFERENCE, asset_ids[:1])
        with pytest.raises(ClerkError, match="not in stock"):
            shop.org.assign_wallbox(REFERENCE, asset_ids[1:])


def test_should_say_when_too_few_are_left(shop: Shop) -> None:
    shop.order((sample_wallboxes.HOME, 4))
    with pytest.raises(ClerkError, match="only 3 of kind wallbox"):
        shop.org.assign_wallbox(REFERENCE)
    assert shop.events("WallboxAssigned__e") == []


# --- the review ----------------------------------------------------------------------------------


@pytest.fixture
def installed(shop: Shop) -> Shop:
    shop.order((sample_wallboxes.HOME, 1))
    shop.org.assign_wallbox(REFERENCE)
    return shop


def test_should_put_a_new_proof_up_for_review(installed: Shop) -> None:
    installed.prove("a" * 64)
    assert installed.assets()["wallbox"]["InstallationReview__c"] == "Zu prüfen"
    (told,) = installed.events("InstallationReviewed__e")
    assert (told["Review__c"], told["ProofHash__c"]) == ("Zu prüfen", "a" * 64)


def test_should_leave_a_review_alone_when_the_same_proof_comes_again(installed: Shop) -> None:
    installed.prove("a" * 64)
    installed.org.set_review(REFERENCE, "Abgeschlossen")
    installed.prove("a" * 64)
    assert installed.assets()["wallbox"]["InstallationReview__c"] == "Abgeschlossen"
    assert len(installed.events("InstallationReviewed__e")) == 2


def test_should_give_a_proof_back_with_a_reason_and_begin_anew_with_the_next(
    installed: Shop,
) -> None:
    installed.prove("a" * 64)
    installed.org.set_review(REFERENCE, "Zurückgewiesen", "Unterschrift fehlt")
    installed.prove("b" * 64)
    told = [
        (e["Review__c"], e["ReviewReason__c"]) for e in installed.events("InstallationReviewed__e")
    ]
    assert told == [
        ("Zu prüfen", None),
        ("Zurückgewiesen", "Unterschrift fehlt"),
        ("Zu prüfen", None),
    ]
    versions = [int(e["SourceVersion__c"]) for e in installed.events("InstallationReviewed__e")]
    assert versions == sorted(set(versions))


@pytest.mark.parametrize(
    ("status", "says"), [("Vielleicht", "known are"), ("Zurückgewiesen", "with a reason")]
)
def test_should_set_no_review_that_says_too_little(installed: Shop, status: str, says: str) -> None:
    installed.prove("a" * 64)
    with pytest.raises(ClerkError, match=says):
        installed.org.set_review(REFERENCE, status)


def test_should_review_nothing_without_a_proof(installed: Shop) -> None:
    with pytest.raises(ClerkError, match="no proof"):
        installed.org.set_review(REFERENCE, "Abgeschlossen")


def test_should_do_all_of_it_over_http(shop: Shop) -> None:
    shop.order((sample_wallboxes.HOME, 1))
    call = Caller(shop.org)
    done = call("POST", f"/_sim/orders/{REFERENCE}/wallbox")
    assert len(done.json()["asset_ids"]) == 3
    shop.prove("a" * 64)
    path = f"/_sim/orders/{REFERENCE}/review"
    assert call("POST", path, {"status": "Abgeschlossen"}).status == 200
    assert call("POST", path, {}).status == 400
    assert call("POST", path, {"state": "x"}).status == 400
    assert call("POST", path, {"status": "Zurückgewiesen"}).status == 409
    assert call("POST", "/_sim/orders/nobody/wallbox").status == 404
    assert "SharedContract__c" in call("GET", "/_sim").body.decode()


def test_should_tell_of_assignments_by_api_when_the_org_has_triggers(clock: TurnedClock) -> None:
    told: list[dict[str, Any]] = []
    org = any_salesforce(clock, publish=told.append, triggers=True)
    org.load_sample(cards=1, wallboxes=1)
    call = logged_in(org)
    order = any_order(BusbarReference__c=REFERENCE)
    order_id = call("POST", f"{ROWS}/Order", order).json()["id"]
    box = sample_wallboxes.wallboxes(1)[0].asset_id
    call("PATCH", f"{ROWS}/Asset/{box}", {"BusbarOrder__c": order_id})
    assert [e["detail-type"] for e in told] == ["OrderStatusChanged__e", "WallboxAssigned__e"]
