"""Recorded answers of Salesforce about wallbox orders, read by the real connector."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from busbar.connectors.reach import Reach
from busbar.connectors.salesforce.client import SalesforceClient
from busbar.connectors.salesforce.wallbox_sales import SalesforceWallboxSales
from busbar.errors import Duplicate, Refused, Unavailable, Unknown, UpstreamError
from busbar.settings.salesforce import SalesforceSettings
from tests.contracts.recording import FixedClock, Player, Secrets

RECORDED = Path(__file__).parent / "recorded"
SETTINGS = SalesforceSettings(
    base_url="https://acme.my.salesforce.com",
    secret_id="any",
    event_source="any",
    wallbox_price_book_id="01s'2",
)
REFERENCE = "BBPE0000000000001"
ACCOUNT_ID = "001000000000001AAA"
COLUMNS = "Id,GpNumber__c,SapContractNumber__c,BusbarActive__c"
ROWS = "/services/data/v60.0/sobjects"


def connected(*steps: Any, **settings: Any) -> tuple[SalesforceWallboxSales, Player]:
    player = Player(RECORDED, ["token", *steps])
    chosen = replace(SETTINGS, **settings)
    client = SalesforceClient(
        chosen,
        Reach(
            Secrets([{"client_id": "id", "client_secret": "s3cret"}]),
            clock=FixedClock(),
            correlation=lambda: "corr-1",
            transport=player.transport,
        ),
    )
    return SalesforceWallboxSales(chosen, client), player


def asked(player: Player) -> str:
    """The query that was sent."""
    return player.sent[1].url.params["q"]


def test_should_ask_for_active_entries_of_the_one_price_book() -> None:
    sales, player = connected("wallbox_products", currency="")
    assert sales.read_products(5) == []  # no row of that answer has a currency
    assert asked(player).endswith(
        "FROM PricebookEntry WHERE Pricebook2Id = '01s\\'2' AND IsActive = true"
        " AND Pricebook2.IsActive = true AND Product2.IsActive = true ORDER BY Id"
    )
    assert "CurrencyIsoCode" in asked(player)


def test_should_read_prices_and_taxes_as_decimals() -> None:
    sales, _ = connected("wallbox_products")
    (product,) = sales.read_products(5)  # the other one has no largest quantity
    assert (product.unit_price, product.tax_rate, product.currency) == ("749", "19", "EUR")
    assert list(connected("wallbox_products")[0].listed_products(5))[1] == (
        "01t0000000000013AAA: MaximumQuantity__c"
    )


def test_should_not_believe_a_row_that_does_not_name_its_product() -> None:
    broken = {"totalSize": 1, "done": True, "records": [{"Product2": {}}]}
    sales, _ = connected(httpx.Response(200, json=broken))
    with pytest.raises(Unavailable, match="Product2Id"):
        sales.read_products(5)


def test_should_read_fields_by_the_names_of_the_org() -> None:
    sales, player = connected("wallbox_products", maximum_field="MinimumQuantity__c")
    assert [p.tax_rate for p in sales.read_products(5)] == ["19", "7.5"]
    assert "Product2.TaxRate__c" in asked(player)


def test_should_find_an_account_by_its_external_id() -> None:
    sales, player = connected("account_found")
    (found,) = sales.find_accounts(REFERENCE, 5)
    assert found.external_id == ACCOUNT_ID
    assert found.fields == {"gp_number": "0000000017", "contract_number": "", "active": "true"}
    assert player.calls()[1] == f"GET {ROWS}/Account/BusbarReference__c/{REFERENCE}"
    assert player.sent[1].url.params["fields"] == COLUMNS


def test_should_search_for_an_account_where_the_field_is_not_unique() -> None:
    sales, player = connected("no_records", account_mode="probe")
    assert sales.find_accounts("x' OR Name != '", 5) == []
    head, _, where = asked(player).partition(" FROM Account WHERE ")
    assert head == f"SELECT {COLUMNS.replace(',', ', ')}"
    assert where == "BusbarReference__c = 'x\\' OR Name != \\'' LIMIT 3"


def test_should_upsert_an_account_and_read_it_in_one_graph() -> None:
    sales, player = connected("graph_account_created")
    made = sales.create_account(REFERENCE, {"Name": "Erika Muster"}, 5)
    assert made.external_id == ACCOUNT_ID
    (graph,) = player.json_sent(1)["graphs"]
    assert graph["compositeRequest"] == [
        {
            "method": "PATCH",
            "url": f"{ROWS}/Account/BusbarReference__c/{REFERENCE}",
            "referenceId": "record",
            "body": {"Name": "Erika Muster"},
        },
        {
            "method": "GET",
            "url": f"{ROWS}/Account/@{{record.id}}?fields={COLUMNS}",
            "referenceId": "read",
        },
    ]


def test_should_create_with_the_reference_as_a_field_and_not_look_in_mode_none() -> None:
    sales, player = connected("graph_account_created", account_mode="none")
    sales.create_account(REFERENCE, {"Name": "Erika Muster"}, 5)
    made = player.json_sent(1)["graphs"][0]["compositeRequest"][0]
    assert (made["method"], made["url"]) == ("POST", f"{ROWS}/Account")
    assert made["body"] == {"Name": "Erika Muster", "BusbarReference__c": REFERENCE}
    assert len(player.sent) == 2


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ("graph_duplicate_rule", Refused, "DUPLICATES_DETECTED"),  # a near match: a person decides
        ("graph_duplicate_value", Duplicate, "DUPLICATE_VALUE"),
        ("graph_required_field", Refused, "REQUIRED_FIELD_MISSING"),
        ("graph_row_locked", Unavailable, "UNABLE_TO_LOCK_ROW"),
        ("html_success", Unknown, "UNREADABLE_ANSWER"),
        ("server_error", Unknown, "UNKNOWN_EXCEPTION"),
        (httpx.ReadTimeout("slow"), Unknown, "ReadTimeout"),
        (httpx.ConnectError("refused"), Unavailable, "ConnectError"),
    ],
)
def test_should_say_what_became_of_a_create(
    answer: Any, kind: type[UpstreamError], code: str
) -> None:
    sales, _ = connected(answer)
    with pytest.raises(kind) as caught:
        sales.create_account(REFERENCE, {"Name": "Erika Muster"}, 5)
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert "Muster" not in str(caught.value)


@pytest.mark.parametrize("active", [None, "true", 1])
def test_should_not_take_just_anything_for_a_checkbox(active: object) -> None:
    row = {"Id": ACCOUNT_ID, "BusbarActive__c": active}
    sales, _ = connected(httpx.Response(200, json=row), httpx.Response(200, json=row))
    with pytest.raises(Unavailable, match="BusbarActive__c"):
        sales.find_accounts(REFERENCE, 5)
    with pytest.raises(Unavailable, match="BusbarActive__c"):
        sales.read_account(ACCOUNT_ID, 5)
