"""An order of a wallbox from the portal to the activated refund card, over HTTP.

The way itself is the demo's story, which looks into every system at every step; here is what may go
wrong at its end, and who may see it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from busbar.domain.wallboxes import Wallbox
from infra.demo.installation_story import (
    PHOTO,
    REASON,
    REPORT,
    Things,
    give_back,
    my_cards,
    my_wallbox,
    prove,
    refund_is_active,
    set_tariff,
)
from infra.demo.stage import Stage
from infra.demo.wallbox_story import assign, deliver, held, order, provision, tell
from infra.local.testing import RunningSystem
from tests.e2e.conftest import after_outage, eventually, store_of
from tests.faults.local_cloud import LocalCloud

STORY_WITHIN = 60.0
"""Seconds from the running system to the end of the story."""
APPROVED = {"status": "Abgeschlossen"}
RETURNED = {"status": "Zurückgewiesen", "reason": REASON}


@dataclass(frozen=True)
class Delivered:
    """A wallbox that its driver has got, with a tariff and a proof that is to be reviewed."""

    system: RunningSystem
    stage: Stage
    order_id: str
    number: str
    assets: Things

    def review(self, said: dict[str, str]) -> None:
        """The clerk in Salesforce has looked at the proof."""
        self.stage.clerk("salesforce", "POST", f"orders/{self.number}/review", said)

    @property
    def box(self) -> dict[str, Any]:
        """The wallbox as its driver sees it."""
        return my_wallbox(self.stage, self.assets)

    @property
    def unchanged(self) -> dict[str, Any]:
        """The same, without the time at which something of ours was last written."""
        return {name: shown for name, shown in self.box.items() if name != "changed_at"}

    @property
    def state(self) -> str:
        """How far the review is, as the driver sees it."""
        return str(self.box["review"]["state"])

    @property
    def is_active(self) -> bool:
        """Whether the refund card is, in be.ENERGISED; no approval recorded is a failure then."""
        return refund_is_active(self.stage, self.assets)

    def all_reviewed(self) -> None:
        """Wait until all reviews that Salesforce has told of are worked off."""
        cloud = LocalCloud(self.system)
        eventually(lambda: "wallbox_review" not in cloud.work_left())


@pytest.fixture(scope="module")
def stage(running: RunningSystem) -> Iterator[Stage]:
    """One system for all of them: each orders another wallbox for the same driver."""
    running.reset()
    with closing(Stage(vars(running))) as made:
        yield made


@pytest.fixture
def delivered(running: RunningSystem, stage: Stage) -> Iterator[Delivered]:
    shown = provision(stage, order(stage))
    held(stage, shown)
    assets = assign(stage, shown)
    deliver(stage, shown)
    set_tariff(stage, assets)
    prove(stage, assets, REPORT, "application/pdf")
    yield Delivered(running, stage, shown["id"], shown["salesforce_order_number"], assets)
    running.simulator("energised", "POST", "up")
    running.simulator("salesforce", "POST", "events/release", {"keep_holding": False})


def test_should_tell_the_whole_story_of_the_demo_twice(
    running: RunningSystem, stage: Stage
) -> None:
    began = time.monotonic()
    tell(stage)
    assert time.monotonic() - began < STORY_WITHIN
    tell(stage)
    boxes = stage.portal("GET", "/v1/my/wallbox", "driver").json()["wallboxes"]
    stored = store_of(running).get_many(Wallbox, [box["id"] for box in boxes])
    approved = [one.record for one in stored if one.record.approved_at]
    assert len([wallbox for wallbox in approved if wallbox.is_approved]) >= 2
    contracts = stage.rows("SharedContract__c")
    assert len(contracts) == len(stage.rows("Order")) >= 2
    assert len({row["Account__c"] for row in contracts}) == 1


# --- whose it is -------------------------------------------------------------------------------


def test_should_show_and_give_nothing_of_it_to_another_driver(delivered: Delivered) -> None:
    system, box, before = delivered.system, delivered.box, delivered.unchanged
    ours = {"wallbox_id": box["id"]}
    tariff = {"unit_price": "1", "currency": "EUR", "valid_from": box["tariff"]["valid_from"]}
    calls: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", f"/v1/wallbox-orders/{delivered.order_id}", None),
        ("GET", box["proof"]["link"], None),
        ("PUT", "/v1/my/wallbox/tariff", {**tariff, **ours}),
        ("POST", "/v1/my/wallbox/proof", ours),
    ]
    for method, path, body in calls:
        refused = system.call(method, path, "second-driver", json=body)
        assert refused.status_code == 404, f"{method} {path}: {refused.status_code}"
    for path in ("/v1/my/wallbox", "/v1/my/charge-cards", "/v1/wallbox-orders"):
        (shown, *_) = system.call("GET", path, "second-driver").json().values()
        assert shown == [], path
    assert delivered.unchanged == before


def test_should_show_it_to_the_clerk_who_may_change_nothing_of_it(delivered: Delivered) -> None:
    system, box, before = delivered.system, delivered.box, delivered.unchanged
    for path in (f"/v1/wallbox-orders/{delivered.order_id}", box["proof"]["link"]):
        assert system.call("GET", path, "service-agent").status_code == 200
    asked = {"wallbox_id": box["id"]}
    asking = system.call("POST", "/v1/my/wallbox/proof", "service-agent", json=asked)
    assert asking.status_code == 403
    assert delivered.unchanged == before


# --- only the approval activates it ------------------------------------------------------------


def test_should_refuse_a_proof_once_one_is_approved(delivered: Delivered) -> None:
    delivered.review(APPROVED)
    eventually(lambda: delivered.is_active)
    body = {"wallbox_id": delivered.box["id"]}
    asked = delivered.system.call("POST", "/v1/my/wallbox/proof", "driver", json=body)
    assert (asked.status_code, asked.json()["title"]) == (409, "The installation is approved")


def test_should_not_activate_it_by_an_approval_of_the_proof_before(delivered: Delivered) -> None:
    delivered.system.simulator("salesforce", "POST", "events/hold")
    delivered.review(APPROVED)
    prove(delivered.stage, delivered.assets, PHOTO, "image/png")
    delivered.system.simulator("salesforce", "POST", "events/release", {"keep_holding": False})
    delivered.all_reviewed()
    assert (delivered.state, delivered.is_active) == ("to_review", False)
    give_back(delivered.stage, delivered.number, delivered.assets)
    prove(delivered.stage, delivered.assets, REPORT, "application/pdf")
    delivered.review(APPROVED)
    eventually(lambda: delivered.is_active)


@pytest.mark.parametrize(
    ("said", "state"),
    [((RETURNED, APPROVED), "approved"), ((APPROVED, RETURNED), "returned")],
)
def test_should_go_by_the_newest_review_when_they_come_twice_and_out_of_order(
    delivered: Delivered, said: tuple[dict[str, str], ...], state: str
) -> None:
    delivered.system.simulator("salesforce", "POST", "events/hold")
    for review in said:
        delivered.review(review)
    late_first = {"order": [1, 1, 0], "keep_holding": False}
    delivered.system.simulator("salesforce", "POST", "events/release", late_first)
    eventually(lambda: delivered.state == state)
    delivered.all_reviewed()
    assert delivered.state == state
    eventually(lambda: delivered.is_active == (state == "approved"))


def test_should_activate_it_after_an_outage_of_be_energised(delivered: Delivered) -> None:
    system = delivered.system
    system.simulator("energised", "POST", "down")
    delivered.review(APPROVED)
    eventually(lambda: delivered.state == "approved")
    assert not my_cards(delivered.stage, delivered.assets)["refund"]["active"]
    assert not delivered.is_active
    system.simulator("energised", "POST", "up")
    after_outage(system, lambda: delivered.is_active)
    eventually(lambda: my_cards(delivered.stage, delivered.assets)["refund"]["active"])
    refund = delivered.assets["refund"]["Id"]
    state = {"Status": "Registered", "CardActive__c": True}
    eventually(lambda: delivered.stage.rows("Asset", Id=refund, **state))


def test_should_deactivate_it_when_the_approval_is_taken_back(delivered: Delivered) -> None:
    delivered.review(APPROVED)
    eventually(lambda: delivered.is_active)
    delivered.review(RETURNED)
    refund = delivered.assets["refund"]["EnergisedCardId__c"]
    # Not by `is_active`: the card is still on for as long as be.ENERGISED takes to be told.
    eventually(lambda: delivered.stage.card(refund)["active"] == "false")
    assert delivered.state == "returned"
