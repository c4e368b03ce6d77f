"""A driver's wallbox over HTTP: its tariff, and its proof of installation from browser to clerk."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest

from busbar.domain.private_customers import customer_id
from busbar.domain.wallboxes import Wallbox, wallbox_id
from busbar.ports.store import Bind, Save
from infra.local.people import PEOPLE
from infra.local.testing import RunningSystem
from infra.simulators.energised.stations import stations
from infra.simulators.sample_wallboxes import wallboxes
from tests.e2e.conftest import after_outage, eventually, rows, store_of

BOX, STATION = wallboxes(1)[0], stations(1)[0]
MINE, TARIFF, PROOF = "/v1/my/wallbox", "/v1/my/wallbox/tariff", "/v1/my/wallbox/proof"
WANTED = {"unit_price": "32.45", "currency": "EUR"}
PDF = b"%PDF-1.7 any"


@pytest.fixture
def wallbox(system: RunningSystem) -> Wallbox:
    """A wallbox that the driver has got, and that be.ENERGISED knows for his."""
    customer = customer_id("demo", PEOPLE["driver"])
    made = Wallbox(
        id=wallbox_id("demo", BOX.asset_id),
        asset_id=BOX.asset_id,
        serial_number=BOX.serial_number,
        order_id="0RDER00000001",
        customer_id=customer,
        user_id=PEOPLE["driver"],
        station_id=STATION.id,
        joined=True,
    )
    contact = Bind("private_customer", customer, "energised", "any-contact")
    store_of(system).commit(Save(made), contact)
    return made


def mine(system: RunningSystem) -> Any:
    (shown,) = system.call("GET", MINE, "driver").json()["wallboxes"]
    return shown


def told(system: RunningSystem) -> bool:
    return {one["state"] for one in mine(system)["systems"]} <= {"done", "none"}


def asset(system: RunningSystem) -> dict[str, Any]:
    return next(row for row in rows(system, "Asset") if row["Id"] == BOX.asset_id)


def in_a_month(system: RunningSystem) -> str:
    """A day that can be set, whatever the date is."""
    refused = system.call("PUT", TARIFF, "driver", json={**WANTED, "valid_from": "9999-12-31"})
    (fault,) = refused.json()["errors"]
    latest: str = fault["message"].split()[3]
    return latest


def form(system: RunningSystem) -> Any:
    asked = system.call("POST", PROOF, "driver")
    assert asked.status_code == 200, asked.text
    return asked.json()


def upload(
    system: RunningSystem, content: bytes, given: Any = None, **fields: str
) -> httpx.Response:
    """Send a file as a browser does, under a name and a type that say nothing."""
    given = given or form(system)
    files = {"file": ("../../proof.exe", content, "text/html")}
    sent = {**given["fields"], **fields}
    return system.http.post(given["url"], data=sent, files=files)


def test_should_bring_a_tariff_to_both_systems(system: RunningSystem, wallbox: Wallbox) -> None:
    day = in_a_month(system)
    kept = system.call("PUT", TARIFF, "driver", json={**WANTED, "valid_from": day})
    assert kept.status_code == 202, kept.text
    assert kept.json()["id"] == wallbox.id
    eventually(lambda: told(system))
    assert asset(system)["TariffPrice__c"] == 32.45
    assert asset(system)["TariffValidFrom__c"] == day
    shown = system.simulator("energised", "GET", "state")["stations"]
    station = next(one for one in shown if one["id"] == STATION.id)
    assert station["attributes"]["tariff"]["unitPrice"] == "32.45"


def test_should_bring_a_tariff_through_an_outage(system: RunningSystem, wallbox: Wallbox) -> None:
    assert wallbox.joined
    for name in ("energised", "salesforce"):
        system.simulator(name, "POST", "down")
    day = in_a_month(system)
    system.call("PUT", TARIFF, "driver", json={**WANTED, "valid_from": day})
    assert not told(system)
    for name in ("energised", "salesforce"):
        system.simulator(name, "POST", "up")
    after_outage(system, lambda: told(system))


def test_should_bring_a_proof_from_the_browser_to_the_clerk(
    system: RunningSystem, wallbox: Wallbox
) -> None:
    assert upload(system, PDF).status_code == 204
    proof = eventually(lambda: mine(system)["proof"])
    assert (proof["content_type"], proof["size"]) == ("application/pdf", len(PDF))
    assert proof["sha256"] == hashlib.sha256(PDF).hexdigest()
    eventually(lambda: told(system))
    assert asset(system)["InstallationProofHash__c"] == proof["sha256"]
    assert asset(system)["InstallationReview__c"] == "Zu prüfen"
    assert asset(system)["InstallationProof__c"].endswith(f"/v1/wallboxes/{wallbox.id}/proof")
    for user in ("driver", "service-agent"):
        link = system.call("GET", proof["link"], user).json()["url"]
        got = system.http.get(link)
        assert (got.content, got.headers["content-type"]) == (PDF, "application/pdf")
        assert got.headers["content-disposition"].startswith("attachment;")
    assert system.call("GET", proof["link"], "second-driver").status_code == 404


def test_should_refuse_what_is_none_and_delete_it(system: RunningSystem, wallbox: Wallbox) -> None:
    assert upload(system, b"MZ any").status_code == 204
    refused = eventually(lambda: mine(system)["refused_upload"])
    assert refused["reason"] == "no_pdf_or_picture"
    s3: Any = system.aws("s3")
    names = [b["Name"] for b in s3.list_buckets()["Buckets"] if "files" in b["Name"]]
    eventually(lambda: not s3.list_objects_v2(Bucket=names[0]).get("Contents"))
    assert mine(system)["proof"] is None
    assert wallbox.proof is None


def test_should_let_s3_itself_refuse_what_a_form_does_not_allow(
    system: RunningSystem, wallbox: Wallbox
) -> None:
    given = form(system)
    assert upload(system, b"", given).status_code == 400
    assert upload(system, PDF.ljust(given["largest"] + 1), given).status_code == 400
    assert upload(system, PDF, given, key=f"proofs/demo/{wallbox.id}/any").status_code == 403
    assert upload(system, PDF.ljust(given["largest"]), given).status_code == 204
    assert eventually(lambda: mine(system)["proof"])["size"] == given["largest"]
