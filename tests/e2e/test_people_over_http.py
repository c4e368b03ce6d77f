"""People on the running local system: from a new company to the card that its driver sees."""

from __future__ import annotations

from typing import Any

import httpx

from infra.local.people import PEOPLE
from infra.local.testing import RunningSystem
from infra.simulators.sample import WATTWURM
from tests.e2e.conftest import eventually
from tests.faults.scenarios import COMPANY

MANAGER, DRIVER = "e2e-new-manager", "e2e-new-driver"
"""What the identity provider calls them: the local issuer mints a token for any `sub`."""
COMPANIES, USERS, VEHICLES = "/v1/companies", "/v1/users", "/v1/vehicles"
ORDERS, CARDS = "/v1/charge-card-orders", "/v1/charge-cards"
CSV = {"Content-Type": "text/csv"}


def as_user(system: RunningSystem, sub: str, method: str, path: str, **more: Any) -> httpx.Response:
    """A call with a token for somebody whom the run itself has invited."""
    headers = {"Authorization": f"Bearer {system.token('driver', sub=sub)}"}
    return system.call(method, path, headers={**headers, **more.pop("headers", {})}, **more)


def check_trail(system: RunningSystem) -> None:
    """Who did what is in the audit trail, which is as it was written and holds no names."""
    trail = system.call("GET", "/v1/audit", "operator")
    done = [(entry["action"], entry["actor"]) for entry in trail.json()["entries"][::-1]]
    agent = PEOPLE["service-agent"]
    assert done == [
        ("companies_create", agent),
        ("users_create", agent),
        ("users_import", MANAGER),
        ("vehicles_import", MANAGER),
        ("users_remove", MANAGER),
    ]
    assert not [name for name in ("Dörte", "Max", WATTWURM.name, "EMD") if name in trail.text]
    assert system.call("POST", "/v1/audit/verify", "operator").json()["intact"] is True


def test_should_take_a_new_company_from_its_creation_to_the_card_that_its_driver_sees(
    system: RunningSystem,
) -> None:
    # The service agent creates the company; be.ENERGISED hears of it by itself.
    key = {"Idempotency-Key": "company"}
    made = system.call("POST", COMPANIES, "service-agent", json=COMPANY, headers=key)
    assert made.status_code == 201, made.text
    assert made.json()["waiting_for"] == "contact_in_energised"
    company = made.json()["id"]

    def bound(path: str) -> str | None:
        shown = system.call("GET", path, "service-agent").json()
        return str(shown["energised_contact_id"] or "")

    contact = eventually(lambda: bound(f"{COMPANIES}/{company}"))
    again = system.call("POST", COMPANIES, "service-agent", json=COMPANY, headers=key)
    assert (again.status_code, again.content) == (201, made.content)

    # He invites its manager, who could do nothing before.
    assert as_user(system, MANAGER, "GET", CARDS).status_code == 403
    manager = {"sub": MANAGER, "role": "fleet_manager", "name": "Max", "company_id": company}
    key = {"Idempotency-Key": "manager"}
    invited = system.call("POST", USERS, "service-agent", json=manager, headers=key)
    assert invited.status_code == 201, invited.text

    # The manager adds his driver and a vehicle from his spreadsheet: dry first, then for good.
    for path, text in (
        (USERS, f"\ufeffsub;role;name\r\n{DRIVER};driver;Dörte Früh\r\n;driver;Nobody\r\n"),
        (VEHICLES, "label,plate\nTransporter,EMD-WW 1\n,EMD-WW 1\n"),
    ):
        expected = ["created", "refused"]
        for query in ("?dry_run=true", ""):
            report = as_user(
                system,
                MANAGER,
                "POST",
                f"{path}/import{query}",
                content=text.encode(),
                headers={**CSV, "Idempotency-Key": path},
            )
            assert report.status_code == 200, report.text
            found = [line["outcome"] for line in report.json()["lines"]]
            assert found == expected, report.text
    (vehicle,) = as_user(system, MANAGER, "GET", VEHICLES).json()["vehicles"]
    eventually(lambda: bound(f"{USERS}/{DRIVER}"))

    # He orders a card; it is delivered, and billed to the new company.
    placed = as_user(
        system,
        MANAGER,
        "POST",
        ORDERS,
        json={"quantity": 1},
        headers={"Idempotency-Key": "order"},
    )
    assert placed.status_code == 201, placed.text
    number = placed.json()["salesforce_order_number"]
    system.simulator("salesforce", "POST", f"orders/{number}/cards", {})
    system.simulator("salesforce", "POST", f"orders/{number}/status", {"status": "Geliefert"})

    def card() -> dict[str, Any] | None:
        system.call("POST", f"{CARDS}/sync", "operator")
        cards = as_user(system, MANAGER, "GET", CARDS).json()["cards"]
        return dict(cards[0]) if cards else None

    delivered = eventually(card)
    assert delivered
    held = system.simulator("energised", "GET", "state")["cards"]
    assert [c["billing_contact_id"] for c in held if c["billing_contact_id"]] == [contact]

    # He gives it to driver and vehicle; the driver sees it.
    given = as_user(
        system,
        MANAGER,
        "PATCH",
        f"{CARDS}/{delivered['id']}",
        json={"driver_id": DRIVER, "vehicle_id": vehicle["id"]},
        headers={"If-Match": delivered["etag"]},
    )
    assert given.status_code in {200, 202}, given.text

    def own() -> list[Any]:
        return list(as_user(system, DRIVER, "GET", "/v1/my/charge-cards").json()["cards"])

    (seen,) = eventually(own)
    assert (seen["id"], seen["vehicle"]) == (delivered["id"], "Transporter")

    # The driver leaves: his next request is refused, and the card is nobody's.
    assert as_user(system, MANAGER, "DELETE", f"{USERS}/{DRIVER}").status_code == 204
    assert as_user(system, DRIVER, "GET", "/v1/my/charge-cards").status_code == 403

    def freed() -> bool:
        (shown,) = as_user(system, MANAGER, "GET", CARDS).json()["cards"]
        return shown["driver"] is None

    assert eventually(freed)
    contacts = system.simulator("energised", "GET", "state")["contacts"]
    assert len([c for c in contacts if c["customer_reference"]]) == 2
    check_trail(system)


def test_should_refuse_orders_of_a_suspended_company_and_its_removal_while_it_is_used(
    system: RunningSystem,
) -> None:
    path = f"{COMPANIES}/00000000N0RDW"
    etag = system.call("GET", path, "operator").headers["etag"]
    suspended = system.call(
        "PATCH", path, "operator", json={"suspended": True}, headers={"If-Match": etag}
    )
    assert suspended.status_code == 200, suspended.text
    key = {"Idempotency-Key": "suspended"}
    refused = system.call("POST", ORDERS, "fleet-manager", json={"quantity": 1}, headers=key)
    assert (refused.status_code, refused.json()["type"]) == (
        403,
        "urn:busbar:problem:company-suspended",
    )
    removed = system.call("DELETE", path, "operator")
    assert removed.json()["type"] == "urn:busbar:problem:company-has-users"
