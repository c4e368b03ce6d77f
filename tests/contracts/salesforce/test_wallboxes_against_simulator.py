"""The wallbox part of the real connector against the simulated org."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from busbar.connectors.reach import Reach
from busbar.connectors.salesforce.orders import SalesforceOrders
from busbar.connectors.salesforce.wallbox_sales import SalesforceWallboxSales
from busbar.domain.wallbox_assets import AssetKind
from busbar.errors import Duplicate, Missing, Refused, Unavailable, Unknown, UpstreamError
from busbar.mapping.registry import MappingRegistry
from busbar.ports.outside import Found
from busbar.settings.salesforce import SalesforceSettings
from infra.simulators import sample, sample_wallboxes
from infra.simulators.faults import Fault
from infra.simulators.salesforce import SalesforceSimulator
from infra.simulators.transport import SimulatorTransport
from tests.contracts.recording import FixedClock, Secrets

SOURCE = "aws.partner/salesforce.com/00D000000000001AAA/0YL000000000001AAA"
SETTINGS = SalesforceSettings(
    base_url="https://acme.my.salesforce.com",
    secret_id="any",
    event_source=SOURCE,
    wallbox_price_book_id=sample_wallboxes.PRICE_BOOK_ID,
    wallbox_contract_id=sample_wallboxes.CONTRACT_ID,
)
SECRET = {"client_id": "id", "client_secret": "s3cret"}
PERSON, CONTRACT, ORDER = "BBPE0000000000001", "BBSC0000000000001", "BBWO0000000000001"
KEYS = ("Account.BusbarReference__c", "SharedContract__c.BusbarReference__c")
ADDRESS = {
    "name": "Erika Muster",
    "street": "Birkenallee",
    "house_number": "40",
    "postal_code": "26121",
    "city": "Oldenburg",
    "country": "DE",
}


class Rig:
    """A simulated org that sells wallboxes and the connector to it, with one clock."""

    def __init__(self, mode: Any = "unique_key", **settings: Any) -> None:
        self.clock = FixedClock()
        self.org = SalesforceSimulator(
            self.clock.now,
            event_source=SOURCE,
            non_unique=[] if mode == "unique_key" else KEYS,
            client_id=SECRET["client_id"],
            client_secret=SECRET["client_secret"],
        )
        self.org.load_sample(cards=2, wallboxes=5)
        chosen = replace(SETTINGS, account_mode=mode, shared_contract_mode=mode, **settings)
        self.orders = SalesforceOrders(
            chosen,
            Reach(
                Secrets([SECRET]),
                clock=self.clock,
                correlation=lambda: "corr-1",
                transport=SimulatorTransport(self.org),
            ),
        )
        self.sales = SalesforceWallboxSales(chosen, self.orders.client)

    def account(self, **changes: Any) -> Found:
        """A driver's account, as the product's mapping describes it."""
        source = {
            "customer": {
                "first_name": "Erika",
                "last_name": "Muster",
                "birth_date": "1980-02-29",
                "email": "erika@muster.example",
                "phone": "+49 441 1",
            },
            "billing_address": ADDRESS,
            "delivery_address": ADDRESS,
            "gp_number": "0000000017",
            "contract_number": "4711",
            **changes,
        }
        payload = MappingRegistry().run("salesforce", "account_private", source)
        return self.sales.create_account(PERSON, payload, 5)

    def contract(self, account_id: str) -> Found:
        """His shared contract."""
        source = {
            "account_id": account_id,
            "contract_number": "4711",
            "wallbox_contract_id": sample_wallboxes.CONTRACT_ID,
        }
        payload = MappingRegistry().run("salesforce", "shared_contract", source)
        return self.sales.create_shared_contract(CONTRACT, payload, 5)

    def order_payload(self, *lines: tuple[sample_wallboxes.SampleProduct, int]) -> dict[str, Any]:
        """An order of these products, with account and shared contract."""
        account = self.account().external_id
        source = {
            "account_id": account,
            "shared_contract_id": self.contract(account).external_id,
            "ordered_on": "2026-03-01",
            "price_book_id": sample_wallboxes.PRICE_BOOK_ID,
            "note": "",
            "billing_address": ADDRESS,
            "delivery_address": ADDRESS,
            "installation_address": ADDRESS,
            "lines": [
                {
                    "reference": f"BBWI000000000000{number}",
                    "price_book_entry_id": product.entry_id,
                    "quantity": quantity,
                    "unit_price": str(product.price),
                }
                for number, (product, quantity) in enumerate(lines, start=1)
            ],
        }
        return MappingRegistry().run("salesforce", "wallbox_order", source)

    def ordered(self) -> Found:
        """An order of one wallbox, with everything assigned."""
        payload = self.order_payload((sample_wallboxes.HOME, 1))
        made = self.orders.create_order(ORDER, payload, 5)
        self.org.assign_wallbox(ORDER)
        return made

    def rows(self, sobject: str, reference: str) -> list[dict[str, Any]]:
        """The records that carry our reference."""
        return [r for r in self.org.records(sobject) if r["BusbarReference__c"] == reference]

    def change(self, sobject: str, row_id: str, **values: Any) -> None:
        """Somebody changes a record."""
        with self.org.working():
            self.org.org.change(sobject, row_id, **values)


@pytest.fixture(params=["unique_key", "probe", "none"])
def rig(request: pytest.FixtureRequest) -> Rig:
    return Rig(request.param)


# --- the catalogue -------------------------------------------------------------------------------


def test_should_read_what_can_be_ordered_of_the_price_book_and_nothing_else() -> None:
    products = Rig().sales.read_products(5)
    assert [p.code for p in products] == ["WALLBOX-11", "WALLBOX-22", "CABLE-5", "STAND-1"]
    assert products[2].model_dump() == {
        "code": "CABLE-5",
        "name": "Ladekabel Typ 2, 5 m",
        "family": "Zubehör",
        "product_id": sample_wallboxes.CABLE.product_id,
        "price_book_id": sample_wallboxes.PRICE_BOOK_ID,
        "price_book_entry_id": sample_wallboxes.CABLE.entry_id,
        "unit_price": "119.99",
        "currency": "EUR",
        "tax_rate": "19",
        "minimum_quantity": 1,
        "maximum_quantity": 4,
    }


def test_should_read_all_pages_of_the_catalogue() -> None:
    rig = Rig()
    rig.org.add_fault(Fault("page_clamp", number=1, count=None))
    assert len(rig.sales.read_products(5)) == 4
    assert sum("/query" in call.path for call in rig.org.calls) == 4


@pytest.mark.parametrize("price", [0.1, 749.0, 1249.55, 99999999999.0, 12345.6789])
def test_should_read_a_price_without_a_loss(price: float) -> None:
    rig = Rig()
    rig.change("PricebookEntry", sample_wallboxes.HOME.entry_id, UnitPrice=price)
    assert float(rig.sales.read_products(5)[0].unit_price) == price


def test_should_read_the_currency_of_each_price_in_an_org_with_several() -> None:
    rig = Rig(currency="")
    rig.change("PricebookEntry", sample_wallboxes.HOME.entry_id, CurrencyIsoCode="CHF")
    assert [p.currency for p in rig.sales.read_products(5)] == ["CHF", "EUR", "EUR", "EUR"]


def test_should_offer_nothing_of_a_price_book_that_is_closed() -> None:
    rig = Rig()
    rig.change("Pricebook2", sample_wallboxes.PRICE_BOOK_ID, IsActive=False)
    assert rig.sales.read_products(5) == []


@pytest.mark.parametrize(
    "lacks",
    [
        {"TaxRate__c": None},
        {"MinimumQuantity__c": None},
        {"MaximumQuantity__c": 0.0},
        {"MaximumQuantity__c": 1.5},
        {"MinimumQuantity__c": 0.0},
        {"ProductCode": None},
    ],
)
def test_should_leave_out_a_product_that_is_not_well_kept_and_name_it(
    lacks: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig()
    rig.change("Product2", sample_wallboxes.HOME.product_id, **lacks)
    with caplog.at_level(logging.WARNING):
        codes = [p.code for p in rig.sales.read_products(5)]
    assert codes == ["WALLBOX-22", "CABLE-5", "STAND-1"]
    (told,) = [getattr(r, "product", "") for r in caplog.records if "left out" in r.message]
    assert sample_wallboxes.HOME.product_id in told


# --- accounts and shared contracts ---------------------------------------------------------------


def test_should_make_an_account_and_a_shared_contract_that_are_found_again(rig: Rig) -> None:
    account = rig.account()
    assert account.fields == {
        "gp_number": "0000000017",
        "contract_number": "4711",
        "active": "true",
    }
    contract = rig.contract(account.external_id)
    assert contract.fields == {
        "contract_number": "4711",
        "account_id": account.external_id,
        "status": "Aktiv",
    }
    assert list(rig.sales.find_accounts(PERSON, 5)) == [account]
    assert list(rig.sales.find_shared_contracts(CONTRACT, 5)) == [contract]
    (row,) = rig.rows("SharedContract__c", CONTRACT)
    assert row["WallboxContract__c"] == sample_wallboxes.CONTRACT_ID
    (row,) = rig.rows("Account", PERSON)
    assert (row["Name"], row["Phone"]) == ("Erika Muster", "+49 441 1")
    assert "1980" not in str(row)


def test_should_find_nothing_before_anything_is_made(rig: Rig) -> None:
    assert list(rig.sales.find_accounts(PERSON, 5)) == []
    assert list(rig.sales.find_shared_contracts(CONTRACT, 5)) == []


def test_should_make_and_read_an_account_in_one_call() -> None:
    rig = Rig()
    rig.account()
    assert [c.path for c in rig.org.calls if "oauth" not in c.path] == [
        "/services/data/v60.0/composite/graph"
    ]


def test_should_make_one_account_of_a_repeated_upsert_and_leave_it_blocked() -> None:
    rig = Rig()
    first = rig.account()
    rig.sales.write_account(first.external_id, {"active": False}, 5)
    again = rig.account()
    assert again.external_id == first.external_id
    assert again.fields["active"] == "false"
    assert len(rig.rows("Account", PERSON)) == 1


def test_should_not_know_which_is_right_when_there_are_two() -> None:
    rig = Rig("probe")
    rig.account()
    with pytest.raises(Unknown, match="2_FOUND"):
        rig.account()
    assert len(rig.sales.find_accounts(PERSON, 5)) == 2


def test_should_hand_out_both_where_a_key_that_should_be_unique_is_not() -> None:
    rig = Rig("probe")
    rig.account()
    with pytest.raises(Unknown):
        rig.account()
    sales = SalesforceWallboxSales(SETTINGS, rig.orders.client)
    assert [found.fields for found in sales.find_accounts(PERSON, 5)] == [{}, {}]
    with pytest.raises(Duplicate):
        sales.create_account(PERSON, {"Name": "Erika Muster"}, 5)


def test_should_not_let_a_mapping_choose_the_reference(rig: Rig) -> None:
    payload = {"Name": "Erika Muster", "BusbarReference__c": "BBPE9999999999999"}
    rig.sales.create_account(PERSON, payload, 5)
    assert len(rig.rows("Account", PERSON)) == 1


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after"])
def test_should_not_know_and_then_find_it_when_the_answer_is_lost(rig: Rig, kind: str) -> None:
    rig.org.add_fault(Fault(kind, match="composite/graph"))
    with pytest.raises(Unknown):
        rig.account()
    assert len(rig.sales.find_accounts(PERSON, 5)) == 1


@pytest.mark.parametrize("kind", ["timeout_before", "reset_before"])
def test_should_not_know_and_then_find_nothing_when_the_call_was_lost(rig: Rig, kind: str) -> None:
    rig.org.add_fault(Fault(kind, match="composite/graph"))
    with pytest.raises(Unknown):
        rig.account()
    assert list(rig.sales.find_accounts(PERSON, 5)) == []


def test_should_end_with_one_account_when_the_first_attempt_takes_effect_late() -> None:
    rig = Rig()
    rig.org.add_fault(Fault("late_commit", match="composite/graph", seconds=30))
    with pytest.raises(Unknown):
        rig.account()
    assert list(rig.sales.find_accounts(PERSON, 5)) == []
    made = rig.account()
    rig.clock.at += timedelta(seconds=31)
    assert list(rig.sales.find_accounts(PERSON, 5)) == [made]


def test_should_see_an_attempt_that_takes_effect_late_where_keys_are_not_unique() -> None:
    rig = Rig("probe")
    rig.org.add_fault(Fault("late_commit", match="composite/graph", seconds=30))
    with pytest.raises(Unknown):
        rig.account()
    rig.clock.at += timedelta(seconds=31)
    with pytest.raises(Unknown, match="2_FOUND"):
        rig.account()


def test_should_not_know_when_it_cannot_see_whether_there_are_two() -> None:
    rig = Rig("probe")
    rig.org.add_fault(Fault("status", operation="run_query", status=503))
    with pytest.raises(Unknown, match="READ_AFTER_CREATE"):
        rig.account()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("lock_row", match="composite/graph", number=1), "UNABLE_TO_LOCK_ROW"),
        (Fault("quota", match="composite/graph"), "REQUEST_LIMIT_EXCEEDED"),
        (Fault("refuse", match="composite/graph"), "ConnectError"),
    ],
)
def test_should_try_later_when_salesforce_is_busy_or_away(
    rig: Rig, fault: Fault, code: str
) -> None:
    rig.org.add_fault(fault)
    with pytest.raises(Unavailable) as caught:
        rig.account()
    assert caught.value.code == code
    assert list(rig.sales.find_accounts(PERSON, 5)) == []


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"gp_number": "00000000017"}, "STRING_TOO_LONG", "GpNumber__c"),
        ({"customer": {"first_name": "", "last_name": ""}}, "REQUIRED_FIELD_MISSING", "Name"),
    ],
)
def test_should_name_the_field_that_salesforce_refuses(
    rig: Rig, changes: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(Refused) as caught:
        rig.account(**changes)
    assert (caught.value.code, caught.value.detail) == (code, field)
    assert "Muster" not in str(caught.value)


def test_should_be_refused_a_shared_contract_of_nobody(rig: Rig) -> None:
    with pytest.raises(Refused) as caught:
        rig.contract("001000000000099AAA")
    assert caught.value.code == "INVALID_CROSS_REFERENCE_KEY"
    assert rig.org.records("SharedContract__c") == []


# --- the way back --------------------------------------------------------------------------------


def test_should_block_an_account_and_cancel_a_shared_contract() -> None:
    rig = Rig()
    account = rig.account().external_id
    contract = rig.contract(account).external_id
    assert rig.sales.read_account(account, 5) == {"active": True}
    assert rig.sales.read_shared_contract(contract, 5) == {"status": "Aktiv"}
    rig.sales.write_account(account, {"active": False}, 5)
    word = SETTINGS.shared_contract_cancelled_status
    rig.sales.write_shared_contract(contract, {"status": word}, 5)
    assert rig.sales.read_account(account, 5) == {"active": False}
    assert rig.sales.read_shared_contract(contract, 5) == {"status": "Storniert"}


Step = Callable[[Rig], object]
READS: list[Step] = [
    lambda rig: rig.sales.read_account("001000000000099AAA", 5),
    lambda rig: rig.sales.read_shared_contract("a00000000000099AAA", 5),
    lambda rig: rig.sales.read_wallbox_asset("02i000000000099AAA", 5),
    lambda rig: rig.sales.read_account("..", 5),
]
WRITES: list[Step] = [
    lambda rig: rig.sales.write_account(sample.STOCK_ACCOUNT_ID, {"active": False}, 5),
    lambda rig: rig.sales.write_wallbox_asset(
        sample_wallboxes.wallboxes(1)[0].asset_id, {"TariffPrice__c": 32.45}, 5
    ),
]


@pytest.mark.parametrize("read", READS)
def test_should_miss_what_is_not_there(read: Step) -> None:
    with pytest.raises(Missing):
        read(Rig())


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("timeout_after", operation="update_row"), Unknown),
        (Fault("status", operation="update_row", status=503), Unknown),
        (Fault("status", operation="update_row", status=200, body={}), Unknown),
        (Fault("lock_row", operation="update_row", number=1), Unavailable),
        (Fault("refuse", operation="update_row"), Unavailable),
    ],
)
def test_should_say_what_became_of_a_write(
    write: Step, fault: Fault, kind: type[UpstreamError]
) -> None:
    rig = Rig()
    rig.org.add_fault(fault)
    with pytest.raises(kind):
        write(rig)


@pytest.mark.parametrize("operation", ["read_row", "run_query"])
def test_should_try_later_when_an_answer_cannot_be_read(operation: str) -> None:
    rig = Rig()
    rig.org.add_fault(Fault("status", operation=operation, status=200, body={}, count=None))
    steps: list[Step] = [
        lambda rig: rig.sales.read_account(sample.STOCK_ACCOUNT_ID, 5),
        lambda rig: rig.sales.read_shared_contract(sample.STOCK_ACCOUNT_ID, 5),
    ]
    if operation == "run_query":
        steps = [
            lambda rig: rig.sales.read_products(5),
            lambda rig: rig.sales.wallbox_assets_of(ORDER, 5),
        ]
    for step in steps:
        with pytest.raises(Unavailable, match="UNREADABLE_ANSWER"):
            step(rig)


# --- orders --------------------------------------------------------------------------------------


def test_should_make_an_order_of_several_items_that_refers_to_account_and_contract() -> None:
    rig = Rig()
    payload = rig.order_payload((sample_wallboxes.HOME, 1), (sample_wallboxes.CABLE, 2))
    made = rig.orders.create_order(ORDER, payload, 5)
    (order,) = rig.rows("Order", ORDER)
    assert (order["Id"], order["OrderNumber"]) == (made.external_id, made.fields["order_number"])
    (account,), (contract,) = rig.rows("Account", PERSON), rig.rows("SharedContract__c", CONTRACT)
    assert (order["AccountId"], order["SharedContract__c"]) == (account["Id"], contract["Id"])
    assert order["InstallationStreet__c"] == "Birkenallee 40"
    items = {i["BusbarReference__c"]: i for i in rig.org.records("OrderItem")}
    assert {k: (i["Quantity"], i["UnitPrice"]) for k, i in items.items()} == {
        "BBWI0000000000001": (1, 749),
        "BBWI0000000000002": (2, 119.99),
    }
    assert {i["OrderId"] for i in items.values()} == {made.external_id}
    assert list(rig.orders.find_order(ORDER, 5)) == [made]


@pytest.mark.parametrize("product", [sample_wallboxes.OLD, sample_wallboxes.UNPRICED])
def test_should_leave_nothing_behind_of_an_order_with_a_product_that_is_sold_no_more(
    product: sample_wallboxes.SampleProduct,
) -> None:
    rig = Rig()
    payload = rig.order_payload((sample_wallboxes.HOME, 1), (product, 1))
    with pytest.raises(Refused) as caught:
        rig.orders.create_order(ORDER, payload, 5)
    assert caught.value.code == "FIELD_INTEGRITY_EXCEPTION"
    assert rig.org.records("Order") == rig.org.records("OrderItem") == []


@pytest.mark.parametrize("row", [1, 2, 3])
def test_should_leave_nothing_behind_when_any_row_is_locked(row: int) -> None:
    rig = Rig()
    payload = rig.order_payload((sample_wallboxes.HOME, 1), (sample_wallboxes.CABLE, 2))
    rig.org.add_fault(Fault("lock_row", match="composite/graph", number=row))
    with pytest.raises(Unavailable, match="UNABLE_TO_LOCK_ROW"):
        rig.orders.create_order(ORDER, payload, 5)
    assert rig.org.records("OrderItem") == []


def test_should_call_a_second_order_of_several_items_a_duplicate() -> None:
    rig = Rig()
    payload = rig.order_payload((sample_wallboxes.HOME, 1), (sample_wallboxes.CABLE, 2))
    rig.orders.create_order(ORDER, payload, 5)
    with pytest.raises(Duplicate):
        rig.orders.create_order(ORDER, payload, 5)
    assert len(rig.org.records("OrderItem")) == 2


# --- Assets --------------------------------------------------------------------------------------


def test_should_tell_wallbox_private_and_refund_card_from_each_other() -> None:
    rig = Rig()
    rig.ordered()
    assets = {a.kind: a for a in rig.sales.wallbox_assets_of(ORDER, 5)}
    box, private = sample_wallboxes.wallboxes(1)[0], sample_wallboxes.private_cards(1)[0]
    refund = sample_wallboxes.refund_cards(1)[0]
    assert {k: (a.asset_id, a.serial_number, a.card_id) for k, a in assets.items()} == {
        AssetKind.WALLBOX: (box.asset_id, box.serial_number, ""),
        AssetKind.PRIVATE_CARD: (private.asset_id, private.number, private.energised_id),
        AssetKind.REFUND_CARD: (refund.asset_id, refund.number, refund.energised_id),
    }
    assert assets[AssetKind.WALLBOX].product_id == sample_wallboxes.HOME.product_id
    assert not any(a.delivered for a in assets.values())
    rig.org.set_order_status(ORDER, "Geliefert")
    assert all(a.delivered for a in rig.sales.wallbox_assets_of(ORDER, 5))


def test_should_read_all_pages_of_an_order_s_assets() -> None:
    rig = Rig()
    rig.ordered()
    rig.org.add_fault(Fault("page_clamp", number=1, count=None))
    assert len(rig.sales.wallbox_assets_of(ORDER, 5)) == 3


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"AssetKind__c": None}, None),  # something that goes with a wallbox, and no card
        ({"SerialNumber": None}, None),
        ({"AssetKind__c": None, "EnergisedCardId__c": "c-1"}, AssetKind.UNKNOWN),
        ({"AssetKind__c": "bonus", "SerialNumber": None}, AssetKind.UNKNOWN),
        ({"AssetKind__c": "refund"}, None),  # nobody has entered the card's id yet
        ({"AssetKind__c": "refund", "EnergisedCardId__c": "c-1"}, AssetKind.REFUND_CARD),
    ],
)
def test_should_never_guess_what_an_asset_is(
    changes: dict[str, Any], kind: AssetKind | None
) -> None:
    rig = Rig()
    rig.ordered()
    asset_id = sample_wallboxes.wallboxes(1)[0].asset_id
    rig.change("Asset", asset_id, **changes)
    found = {a.asset_id: a.kind for a in rig.sales.wallbox_assets_of(ORDER, 5)}
    assert found.get(asset_id) == kind


def test_should_tell_kinds_by_the_words_of_the_org() -> None:
    rig = Rig(asset_kinds={"bonus": "refund_card"})
    rig.ordered()
    box, private = sample_wallboxes.wallboxes(1)[0], sample_wallboxes.private_cards(1)[0]
    rig.change("Asset", private.asset_id, AssetKind__c="bonus")
    found = {a.asset_id: a.kind for a in rig.sales.wallbox_assets_of(ORDER, 5)}
    assert found[private.asset_id] is AssetKind.REFUND_CARD
    assert found[box.asset_id] is AssetKind.UNKNOWN


def test_should_write_and_read_back_tariff_proof_and_status_and_see_the_review() -> None:
    rig = Rig()
    rig.ordered()
    asset_id = sample_wallboxes.wallboxes(1)[0].asset_id
    source = {
        "kind": "wallbox",
        "tariff": {"unit_price": "32.4567", "currency": "EUR", "valid_from": "2026-04-01"},
        "proof": {"url": "https://x.example/1", "sha256": "a" * 64}
        | {"uploaded_at": "2026-03-01T12:00:00.123Z"},
        "approved": True,
    }
    fields = MappingRegistry().run("salesforce", "wallbox_asset", source)
    rig.sales.write_wallbox_asset(asset_id, fields, 5)
    assert rig.sales.read_wallbox_asset(asset_id, 5) == fields
    rig.org.set_review(ORDER, "Zurückgewiesen", "Unterschrift fehlt")
    (box,) = [a for a in rig.sales.wallbox_assets_of(ORDER, 5) if a.kind is AssetKind.WALLBOX]
    assert (box.review, box.review_reason) == ("Zurückgewiesen", "Unterschrift fehlt")
    assert box.proof_hash == "a" * 64
    assert SETTINGS.review_map[box.review] == "returned"


def test_should_leave_the_cards_of_wallbox_orders_out_of_those_of_companies() -> None:
    rig = Rig()
    rig.ordered()
    ids = {asset.card.asset_id for asset in rig.orders.all_assets(5)}
    assert ids == {card.asset_id for card in sample.cards(2)}
    assert list(rig.orders.all_orders(5)) == []
