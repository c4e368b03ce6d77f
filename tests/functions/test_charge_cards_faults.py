"""/v1/charge-cards while be.ENERGISED is down, slow or refuses."""

from __future__ import annotations

from typing import Any

import pytest

from infra.simulators.faults import Fault
from tests.doubles.world import Reply, World
from tests.functions.given import any_blank_card, asset, card_in_portal, ours, tasks, writes
from tests.functions.portal import CARDS

BLANK = any_blank_card()
CARD = f"{CARDS}/{ours(BLANK)}"
REFUSED = Fault(
    "status", operation="write_card", status=422, body={"message": "label: is too long."}
)


@pytest.fixture(autouse=True)
def _card(world: World) -> None:
    card_in_portal(world)


def activate(world: World) -> Reply:
    """The fleet manager switches the card on."""
    return world.call("POST", f"{CARD}/activate")


def shown(world: World) -> Any:
    """The card as the portal shows it."""
    return world.call("GET", CARD).json


def test_should_answer_202_with_the_reason_while_energised_is_down_and_finish_later(
    world: World,
) -> None:
    world.energised.is_down = True
    pending = activate(world)
    assert (pending.status, pending.json["active"]) == (202, False)
    assert pending.json["energised"] == {
        "state": "pending",
        "reason": "unavailable",
        "wanted": {"active": True},
    }
    world.run_for(900)
    assert shown(world)["energised"]["state"] == "pending"
    world.energised.is_down = False
    world.run_for(600)
    assert (shown(world)["active"], shown(world)["energised"]) == (True, {"state": "done"})
    assert asset(world)["CardActive__c"] is True


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_after", "late_commit"])
def test_should_end_in_the_wanted_state_when_the_answer_to_the_write_is_lost(
    world: World, kind: str
) -> None:
    world.energised.add_fault(Fault(kind, operation="write_card", seconds=20))
    pending = activate(world)
    assert pending.status == 202
    assert pending.json["energised"]["reason"] == "outcome_unknown"
    world.run_for(900)
    assert (shown(world)["active"], shown(world)["energised"]) == (True, {"state": "done"})
    assert len(writes(world.energised)) == (2 if kind == "timeout_before" else 1)


def test_should_show_a_refusal_with_its_reason_and_open_a_task(world: World) -> None:
    world.energised.add_fault(REFUSED)
    refused = world.call("PATCH", CARD, body={"label": "x" * 300}, If_Match='"1"')
    assert refused.json["energised"] == {
        "state": "refused",
        "reason": "HTTP_422",
        "wanted": {"label": "x" * 300},
    }
    assert shown(world)["energised"]["state"] == "refused"
    assert [(t.kind, t.system) for t in tasks(world)] == [("parked_state", "energised")]
    world.run_for(600)
    assert len(writes(world.energised)) == 1


def test_should_go_on_after_a_refusal_when_something_else_is_wanted(world: World) -> None:
    world.energised.add_fault(REFUSED)
    world.call("PATCH", CARD, body={"label": "x" * 300}, If_Match='"1"')
    mended = world.call(
        "PATCH", CARD, body={"label": "kurz"}, If_Match=world.call("GET", CARD).etag
    )
    assert (mended.status, mended.json["label"]) == (200, "kurz")
    assert mended.json["energised"] == {"state": "done"}


def test_should_tell_salesforce_the_vehicle_of_a_card_whose_label_was_refused(
    world: World,
) -> None:
    world.energised.add_fault(REFUSED)
    world.call("PATCH", CARD, body={"label": "x" * 300}, If_Match='"1"')
    tag = world.call("GET", CARD).etag
    world.call("PATCH", CARD, body={"vehicle": "OL-NW 99"}, If_Match=tag)
    world.pump()
    assert asset(world)["CardVehicle__c"] == "OL-NW 99"


def test_should_carry_out_only_the_last_of_two_wishes_made_while_energised_was_down(
    world: World,
) -> None:
    world.energised.is_down = True
    activate(world)
    world.call("POST", f"{CARD}/deactivate")
    world.energised.is_down = False
    world.run_for(600)
    assert shown(world)["energised"] == {"state": "done"}
    assert world.energised.card(BLANK.energised_id).active is False
    assert not writes(world.energised)


def test_should_keep_pending_changes_of_two_kinds(world: World) -> None:
    world.energised.is_down = True
    activate(world)
    tag = world.call("GET", CARD).etag
    world.call("PATCH", CARD, body={"label": "Pool", "vehicle": "OL-NW 5"}, If_Match=tag)
    assert shown(world)["energised"]["wanted"] == {"active": True, "label": "Pool"}
    world.energised.is_down = False
    world.run_for(600)
    held = world.energised.card(BLANK.energised_id)
    assert (held.active, held.label) == (True, "Pool")
    assert asset(world)["CardVehicle__c"] == "OL-NW 5"


def test_should_not_wait_for_salesforce(world: World) -> None:
    world.salesforce.is_down = True
    assert activate(world).status == 200
    world.run_for(300)
    world.salesforce.is_down = False
    world.run_for(600)
    assert asset(world)["CardActive__c"] is True


def test_should_say_in_the_list_too_that_a_change_is_pending(world: World) -> None:
    world.energised.is_down = True
    activate(world)
    (listed,) = world.call("GET", CARDS).json["cards"]
    assert listed["energised"] == {
        "state": "pending",
        "reason": "in_progress",
        "wanted": {"active": True},
    }
