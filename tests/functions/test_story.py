"""A charging-card order from the portal to the driver's card, through all real handlers."""

from __future__ import annotations

from tests.doubles.world import World


def test_should_carry_an_order_from_the_portal_to_the_drivers_card() -> None:
    world = World()

    form = world.call("GET", "/v1/charge-card-orders/form")
    assert form.status == 200, form.text
    assert form.json["quantity"] == {"minimum": 1, "maximum": 50}
    assert form.json["invoice_address"] == form.json["delivery_address"]

    placed = world.call(
        "POST", "/v1/charge-card-orders", body={"quantity": 2}, Idempotency_Key="key-1"
    )
    assert placed.status == 201, placed.text
    number = placed.json["salesforce_order_number"]
    assert number == world.salesforce.records("Order")[0]["OrderNumber"]

    world.salesforce.assign_cards(number)
    world.pump()
    world.salesforce.set_order_status(
        number, "Geliefert", tracking_id="TRACK-1", delivery_date="2026-03-05"
    )
    world.pump()
    shown = world.call("GET", placed.headers["Location"]).json
    assert shown["status_text"] == "Geliefert"
    assert (shown["tracking_id"], shown["delivery_date"]) == ("TRACK-1", "2026-03-05")

    world.clock.advance(600)
    report = world.call("POST", "/v1/charge-cards/sync", "operator")
    assert report.json["taken_over"] == 2, report.text
    world.pump()

    cards = world.call("GET", "/v1/charge-cards").json["cards"]
    assert [c["driver"] for c in cards] == [None, None]
    card = cards[0]["id"]
    etag = world.call("GET", f"/v1/charge-cards/{card}").etag
    driver = world.claims("driver")["sub"]
    changed = world.call(
        "PATCH",
        f"/v1/charge-cards/{card}",
        body={"driver_id": driver, "vehicle": "OL-NW 17", "label": "Transporter"},
        If_Match=etag,
    )
    assert changed.status == 200, changed.text
    active = world.call("POST", f"/v1/charge-cards/{card}/activate")
    assert active.json["active"] is True
    assert active.json["energised"] == {"state": "done"}
    world.pump()

    mine = world.call("GET", "/v1/my/charge-cards", "driver").json["cards"]
    assert [c["id"] for c in mine] == [card]
    assert world.call("GET", "/v1/my/charge-cards", "second-driver").json["cards"] == []
    asset = next(a for a in world.salesforce.records("Asset") if a["CardActive__c"])
    assert asset["CardVehicle__c"] == "OL-NW 17"
