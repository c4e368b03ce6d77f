"""The real connector against the simulated org: state, strictness and faults of several calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from busbar.connectors.reach import Reach
from busbar.connectors.salesforce.orders import SalesforceOrders
from busbar.errors import Duplicate, Missing, Refused, Unavailable, Unknown
from busbar.mapping.registry import MappingRegistry
from busbar.settings.salesforce import SalesforceSettings
from infra.simulators import sample
from infra.simulators.faults import Fault
from infra.simulators.salesforce import SalesforceSimulator
from infra.simulators.transport import SimulatorTransport
from tests.contracts.recording import FixedClock, Secrets

SOURCE = "aws.partner/salesforce.com/00D000000000001AAA/0YL000000000001AAA"
SETTINGS = SalesforceSettings(
    base_url="https://acme.my.salesforce.com", secret_id="any", event_source=SOURCE
)
SECRET = {"client_id": "id", "client_secret": "s3cret"}
REFERENCE = "BBCO0000000000001"
ADDRESS = {
    "name": "Nordwind Logistik GmbH",
    "street": "Hafenstraße",
    "house_number": "12",
    "postal_code": "26121",
    "city": "Oldenburg",
    "country": "DE",
}


class Rig:
    """A simulated org and the connector to it, with one clock."""

    def __init__(self, mode: Any = "unique_key") -> None:
        self.clock = FixedClock()
        non_unique = [] if mode == "unique_key" else ["Order.BusbarReference__c"]
        self.org = SalesforceSimulator(
            self.clock.now,
            event_source=SOURCE,
            non_unique=non_unique,
            client_id=SECRET["client_id"],
            client_secret=SECRET["client_secret"],
        )
        self.org.load_sample()
        self.orders = SalesforceOrders(
            replace(SETTINGS, mode=mode),
            Reach(
                Secrets([SECRET]),
                clock=self.clock,
                correlation=lambda: "corr-1",
                transport=SimulatorTransport(self.org),
            ),
        )

    def payload(self, **changes: Any) -> dict[str, Any]:
        """What the product's mapping makes of the offer."""
        source = {
            "reference": REFERENCE,
            "item_reference": "BBCI0000000000001",
            "account_id": sample.NORDWIND.account_id,
            "quantity": 5,
            "offer": self.orders.read_offer(5).model_dump(mode="json"),
            "invoice_address": ADDRESS,
            "delivery_address": ADDRESS,
            "note": "",
            "ordered_on": "2026-03-01",
            "company_id": "0000000000001",
        }
        return MappingRegistry().run("salesforce", "order_submit", {**source, **changes})

    def paths(self) -> list[str]:
        """The calls so far."""
        return [f"{c.method} {c.path}" for c in self.org.calls]


@pytest.fixture(params=["unique_key", "probe"])
def rig(request: pytest.FixtureRequest) -> Rig:
    return Rig(request.param)


def test_should_read_the_offer_of_the_sample(rig: Rig) -> None:
    offer = rig.orders.read_offer(5)
    assert (offer.product_code, offer.unit_price) == (sample.PRODUCT_CODE, "9.9")
    assert (offer.minimum_quantity, offer.maximum_quantity) == (1, 50)


def test_should_make_the_order_that_the_product_s_mapping_describes(rig: Rig) -> None:
    found = rig.orders.create_order(REFERENCE, rig.payload(), 5)
    order = rig.org.order(REFERENCE)
    assert (order["Id"], order["OrderNumber"]) == (
        found.external_id,
        found.fields["order_number"],
    )
    assert order["BillingStreet"] == "Nordwind Logistik GmbH\nHafenstraße 12"
    (item,) = rig.org.records("OrderItem")
    assert (item["OrderId"], item["Quantity"], item["UnitPrice"]) == (order["Id"], 5, 9.9)
    assert list(rig.orders.find_order(REFERENCE, 5)) == [found]
    assert {c.correlation_id for c in rig.org.calls} == {"corr-1"}


def test_should_make_the_order_and_read_its_number_in_one_call() -> None:
    rig = Rig()
    payload = rig.payload()
    before = len(rig.org.calls)
    found = rig.orders.create_order(REFERENCE, payload, 5)
    assert rig.paths()[before:] == ["POST /services/data/v60.0/composite/graph"]
    assert found.fields["order_number"] == rig.org.order(REFERENCE)["OrderNumber"]


def test_should_find_all_that_the_state_of_an_order_is_made_of(rig: Rig) -> None:
    made = rig.orders.create_order(REFERENCE, rig.payload(), 5)
    assert set(made.fields) == {"order_number", "status", "version"}
    rig.clock.at += timedelta(hours=1)
    rig.org.set_order_status(
        REFERENCE, "Geliefert", tracking_id="00340434161094", delivery_date="2026-03-04"
    )
    (found,) = rig.orders.find_order(REFERENCE, 5)
    assert found.fields == {
        "order_number": made.fields["order_number"],
        "status": "Geliefert",
        "version": str(_milliseconds(rig.clock.at)),
        "tracking_id": "00340434161094",
        "delivery_date": "2026-03-04",
    }
    assert int(found.fields["version"]) > int(made.fields["version"])


def test_should_find_nothing_before_an_order_is_made(rig: Rig) -> None:
    assert list(rig.orders.find_order(REFERENCE, 5)) == []


def test_should_call_a_repeated_upsert_a_duplicate_and_leave_the_order_as_it_is() -> None:
    rig = Rig()
    payload = rig.payload()
    rig.orders.create_order(REFERENCE, payload, 5)
    rig.org.set_order_status(REFERENCE, "Bearbeitung")
    with pytest.raises(Duplicate):
        rig.orders.create_order(REFERENCE, payload, 5)
    assert rig.org.order(REFERENCE)["Status"] == "Bearbeitung"


def test_should_find_both_orders_where_the_reference_is_not_unique() -> None:
    rig = Rig("probe")
    rig.orders.create_order(REFERENCE, rig.payload(), 5)
    with pytest.raises(Unknown, match="2_FOUND"):
        rig.orders.create_order(REFERENCE, rig.payload(item_reference="BBCI0000000000002"), 5)
    assert len(rig.orders.find_order(REFERENCE, 5)) == 2


def test_should_leave_no_order_behind_when_its_item_is_refused(rig: Rig) -> None:
    payload = rig.payload()
    payload["items"][0]["fields"]["PricebookEntryId"] = "01u000000000099AAA"
    with pytest.raises(Refused) as caught:
        rig.orders.create_order(REFERENCE, payload, 5)
    assert caught.value.code == "INVALID_CROSS_REFERENCE_KEY"
    assert list(rig.orders.find_order(REFERENCE, 5)) == []


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after"])
def test_should_not_know_and_then_find_the_order_when_the_answer_is_lost(
    rig: Rig, kind: str
) -> None:
    payload = rig.payload()
    rig.org.add_fault(Fault(kind, match="composite/graph"))
    with pytest.raises(Unknown):
        rig.orders.create_order(REFERENCE, payload, 5)
    assert len(rig.orders.find_order(REFERENCE, 5)) == 1


def test_should_know_that_nothing_happened_when_the_connection_is_refused(rig: Rig) -> None:
    payload = rig.payload()
    rig.org.add_fault(Fault("refuse", match="composite/graph"))
    with pytest.raises(Unavailable):
        rig.orders.create_order(REFERENCE, payload, 5)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("lock_row", match="composite/graph", number=2), "UNABLE_TO_LOCK_ROW"),
        (Fault("quota", match="composite/graph"), "REQUEST_LIMIT_EXCEEDED"),
    ],
)
def test_should_try_later_when_salesforce_is_busy(rig: Rig, fault: Fault, code: str) -> None:
    payload = rig.payload()
    rig.org.add_fault(fault)
    with pytest.raises(Unavailable) as caught:
        rig.orders.create_order(REFERENCE, payload, 5)
    assert caught.value.code == code
    assert list(rig.orders.find_order(REFERENCE, 5)) == []


def test_should_log_in_again_when_the_token_expires_between_two_calls(rig: Rig) -> None:
    payload = rig.payload()
    rig.org.add_fault(Fault("expired_token", match="composite/graph"))
    rig.orders.create_order(REFERENCE, payload, 5)
    assert rig.paths().count("POST /services/oauth2/token") == 2
    assert len(rig.org.records("Order")) == 1


def test_should_read_assigned_cards_over_several_pages(rig: Rig) -> None:
    rig.orders.create_order(REFERENCE, rig.payload(), 5)
    assert list(rig.orders.assets_of(REFERENCE, 5)) == []
    assigned = rig.org.assign_cards(REFERENCE)
    rig.org.add_fault(Fault("page_clamp", number=2, count=None))
    cards = list(rig.orders.assets_of(REFERENCE, 5))
    assert sorted(c.asset_id for c in cards) == sorted(assigned)
    assert len(assigned) == 5
    assert {c.version for c in cards} == {_milliseconds(rig.clock.at)}


def test_should_write_and_read_back_what_the_card_mapping_makes(rig: Rig) -> None:
    (asset_id,) = [c.asset_id for c in sample.cards(1)]
    card = {
        "active": True,
        "blocked": False,
        "holder_uuid": None,
        "label": "Van 7",
        "vehicle": "",
        "billing_contact_id": sample.NORDWIND.energised_id,
    }
    fields = MappingRegistry().run("salesforce", "sync_cards", {"card": card})
    rig.orders.write_asset(asset_id, fields, 5)
    assert rig.orders.read_asset(asset_id, 5) == fields


def test_should_read_an_order_by_its_record_id_with_the_reference_that_it_carries(rig: Rig) -> None:
    made = rig.orders.create_order(REFERENCE, rig.payload(), 5)
    found = rig.orders.read_order(made.external_id, 5)
    assert found.external_id == made.external_id
    more = {"reference": REFERENCE, "account_id": rig.payload()["order"]["AccountId"]}
    assert found.fields == {**made.fields, **more}


def test_should_read_an_order_that_carries_no_reference(rig: Rig) -> None:
    made = rig.orders.create_order(REFERENCE, rig.payload(), 5)
    with rig.org.working():
        rig.org.org.change("Order", made.external_id, BusbarReference__c=None)
    assert rig.orders.read_order(made.external_id, 5).fields["reference"] == ""


@pytest.mark.parametrize("record_id", ["801000000000099AAA", "no id", "..", "a/b", "", "ü"])
def test_should_miss_an_order_that_is_not_there(rig: Rig, record_id: str) -> None:
    with pytest.raises((Missing, Refused)):
        rig.orders.read_order(record_id, 5)


def test_should_miss_an_asset_that_is_not_there(rig: Rig) -> None:
    with pytest.raises(Missing):
        rig.orders.read_asset("02i00000000099AAAA", 5)


def test_should_miss_an_asset_that_was_deleted(rig: Rig) -> None:
    asset_id = sample.cards(1)[0].asset_id
    with rig.org.working():
        rig.org.org.rows.put("Asset", asset_id, None)
    with pytest.raises(Missing, match="ENTITY_IS_DELETED"):
        rig.orders.read_asset(asset_id, 5)
    with pytest.raises(Missing, match="ENTITY_IS_DELETED"):
        rig.orders.write_asset(asset_id, {"CardLabel__c": "x"}, 5)


def test_should_be_refused_where_another_record_has_the_value_of_a_unique_field(rig: Rig) -> None:
    first, second = sample.cards(2)
    with pytest.raises(Refused) as caught:
        rig.orders.write_asset(first.asset_id, {"EnergisedCardId__c": second.energised_id}, 5)
    assert (caught.value.code, caught.value.detail) == ("DUPLICATE_VALUE", "EnergisedCardId__c")


def test_should_quote_what_could_end_a_string_in_a_query() -> None:
    rig = Rig("probe")
    assert list(rig.orders.find_order("x' OR Status != '\\", 5)) == []


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


# --- collections -------------------------------------------------------------------------------

ASSETS = [card.asset_id for card in sample.cards(4)]


def test_should_read_and_write_assets_by_collections() -> None:
    rig = Rig()
    wanted = {key: {"CardActive__c": True, "CardLabel__c": key} for key in ASSETS}
    assert rig.orders.write_assets(wanted, 5) == {}
    found = rig.orders.read_assets(ASSETS, 5)
    assert {key: row["CardLabel__c"] for key, row in found.items()} == {k: k for k in ASSETS}
    assert found[ASSETS[0]] == rig.orders.read_asset(ASSETS[0], 5)
    assert rig.paths()[1:3] == [
        "PATCH /services/data/v60.0/composite/sobjects",
        "GET /services/data/v60.0/composite/sobjects/Asset",
    ]


def test_should_tell_of_each_asset_what_came_of_it() -> None:
    rig = Rig()
    rig.org.org.rows.put("Asset", ASSETS[1], None)
    rig.org.add_fault(Fault("lock_row", operation="update_rows", number=2))
    labels = ["a", "b", "c" * 256, "d"]
    wanted = {k: {"CardLabel__c": label} for k, label in zip(ASSETS, labels, strict=True)}
    failed = rig.orders.write_assets({**wanted, "02iWA0000000000AAA": {}}, 5)
    kinds = {key: (type(error), error.code) for key, error in failed.items()}
    assert kinds.pop("02iWA0000000000AAA")[0] is Missing
    assert kinds == {
        ASSETS[1]: (Missing, "ENTITY_IS_DELETED"),
        ASSETS[2]: (Refused, "STRING_TOO_LONG"),
        ASSETS[3]: (Unavailable, "UNABLE_TO_LOCK_ROW"),
    }
    assert rig.orders.read_assets(ASSETS, 5).keys() == {ASSETS[0], ASSETS[2], ASSETS[3]}


def test_should_take_200_assets_and_have_201_refused_as_a_whole() -> None:
    rig = Rig()
    ids = [card.asset_id for card in sample.cards(201)]
    wanted = {key: {"CardLabel__c": "a"} for key in ids}
    assert rig.orders.write_assets(dict(list(wanted.items())[:200]), 5) == {}
    with pytest.raises(Refused, match="EXCEEDED_ID_LIMIT"):
        rig.orders.write_assets(wanted, 5)
    assert len(rig.orders.read_assets(ids[:200], 5)) == 200


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after"])
def test_should_not_know_what_came_of_a_collection_without_an_answer(kind: str) -> None:
    rig = Rig()
    rig.org.add_fault(Fault(kind, operation="update_rows"))
    with pytest.raises(Unknown):
        rig.orders.write_assets({ASSETS[0]: {"CardLabel__c": "a"}}, 5)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        [{"id": ASSETS[0]}],
        [{"id": ASSETS[1], "success": True, "errors": []}],
        [{"id": ASSETS[0], "success": True, "errors": []}] * 2,
        [None],
    ],
    ids=["object", "empty", "no success", "other id", "too many", "null"],
)
def test_should_believe_no_answer_that_does_not_name_every_asset(body: Any) -> None:
    rig = Rig()
    rig.org.add_fault(Fault("status", operation="update_rows", status=200, body=body))
    with pytest.raises((Unknown, Unavailable)):
        rig.orders.write_assets({ASSETS[0]: {"CardLabel__c": "a"}}, 5)
    rig.org.add_fault(Fault("status", operation="read_rows", status=200, body=body))
    if body != [None]:
        with pytest.raises(Unavailable):
            rig.orders.read_assets(ASSETS[:1], 5)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UNABLE_TO_LOCK_ROW", Unavailable),
        ("REQUEST_LIMIT_EXCEEDED", Unavailable),
        ("UNKNOWN_EXCEPTION", Unknown),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", Refused),
        ("ENTITY_IS_DELETED", Missing),
        ("", Unknown),
    ],
)
def test_should_read_the_error_of_a_record_by_its_code(code: str, kind: type) -> None:
    rig = Rig()
    errors = [{"statusCode": code, "message": "Jana Petersen", "fields": ["CardLabel__c"]}]
    body = [{"success": False, "errors": errors}]
    rig.org.add_fault(Fault("status", operation="update_rows", status=200, body=body))
    failed = rig.orders.write_assets({ASSETS[0]: {"CardLabel__c": "a"}}, 5)
    assert type(failed[ASSETS[0]]) is kind
    assert "Petersen" not in str(failed[ASSETS[0]])
