"""/v1/charge-cards while be.ENERGISED is down, slow or refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infra.local.people import PEOPLE
from infra.simulators.faults import Fault
from infra.simulators.sample import DRIVERS
from tests.doubles.world import Reply, World
from tests.functions.given import (
    any_blank_card,
    asset,
    card_in_portal,
    errands,
    forget_calls,
    ours,
    tasks,
    writes,
)
from tests.functions.portal import CARDS, problem

BLANK = any_blank_card()
CARD = f"{CARDS}/{ours(BLANK)}"
REFUSED = Fault(
    "status", operation="write_card", status=422, body={"message": "label: is too long."}
)
FORBIDDEN = Fault("status", operation="write_card", status=403, body={"message": "Not yours."})
LONG = "x" * 80


@pytest.fixture(autouse=True)
def _card(world: World) -> None:
    card_in_portal(world)


def activate(world: World) -> Reply:
    """The fleet manager switches the card on."""
    return world.call("POST", f"{CARD}/activate")


def change(world: World, body: dict[str, Any]) -> Reply:
    """The fleet manager changes the card as it is now."""
    return world.call("PATCH", CARD, body=body, If_Match=world.call("GET", CARD).etag)


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


@pytest.mark.parametrize(
    ("fault", "reason"), [(REFUSED, "HTTP_422"), (FORBIDDEN, "HTTP_403")], ids=["422", "403"]
)
def test_should_answer_409_to_what_is_refused_show_it_with_its_reason_and_open_a_task(
    world: World, fault: Fault, reason: str
) -> None:
    world.energised.add_fault(fault)
    refused = change(world, {"label": LONG})
    body = problem(refused, 409, "refused-by-energised")
    assert reason in body["detail"]
    assert "label: is too long" not in refused.text  # what be.ENERGISED says is not ours to show
    assert shown(world)["energised"] == {
        "state": "refused",
        "reason": reason,
        "wanted": {"label": LONG},
    }
    assert shown(world)["label"] == ""
    (listed,) = world.call("GET", CARDS).json["cards"]
    assert listed["energised"]["state"] == "refused"
    assert [(t.kind, t.system, t.reason) for t in tasks(world)] == [
        ("parked_state", "energised", reason)
    ]
    world.run_for(3600)
    assert len(writes(world.energised)) == 1
    assert errands(world) == []


def test_should_not_let_a_refused_wish_spoil_the_next_one(world: World) -> None:
    world.energised.add_fault(replace(REFUSED, match="PUT"))
    problem(change(world, {"label": LONG}), 409, "refused-by-energised")
    for operation, active in (("activate", True), ("deactivate", False)):
        switched = world.call("POST", f"{CARD}/{operation}")
        assert (switched.status, switched.json["active"]) == (200, active)
        assert switched.json["energised"] == {"state": "done"}
        held = world.energised.card(BLANK.energised_id)
        assert (held.active, held.label) == (active, "")


def test_should_try_again_what_was_refused_when_it_is_asked_for_again(world: World) -> None:
    world.energised.add_fault(replace(FORBIDDEN, count=2))
    for _ in range(2):
        problem(activate(world), 409, "refused-by-energised")
        assert shown(world)["energised"]["wanted"] == {"active": True}
    mended = activate(world)
    assert (mended.status, mended.json["active"]) == (200, True)
    assert mended.json["energised"] == {"state": "done"}
    assert len(writes(world.energised)) == 3


def test_should_take_a_refusal_that_came_after_the_answer_for_what_it_is(world: World) -> None:
    world.energised.is_down = True
    assert activate(world).status == 202
    world.energised.is_down = False
    world.energised.add_fault(FORBIDDEN)
    world.run_for(600)
    assert shown(world)["energised"] == {
        "state": "refused",
        "reason": "HTTP_403",
        "wanted": {"active": True},
    }
    assert [t.kind for t in tasks(world)] == ["parked_state"]
    assert errands(world) == []


def test_should_go_on_after_a_refusal_when_something_else_is_wanted(world: World) -> None:
    world.energised.add_fault(REFUSED)
    change(world, {"label": LONG})
    mended = change(world, {"label": "kurz"})
    assert (mended.status, mended.json["label"]) == (200, "kurz")
    assert mended.json["energised"] == {"state": "done"}


def test_should_tell_salesforce_the_vehicle_of_a_card_whose_label_was_refused(
    world: World,
) -> None:
    world.energised.add_fault(REFUSED)
    change(world, {"label": LONG})
    change(world, {"vehicle": "OL-NW 99"})
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


def test_should_still_tell_salesforce_when_the_next_wish_changes_nothing(world: World) -> None:
    # The second wish takes the errand over that Salesforce is still to be told by.
    world.salesforce.is_down = True
    activate(world)
    world.pump()
    assert activate(world).status == 200
    world.run_for(300)
    world.salesforce.is_down = False
    world.run_for(1200)
    assert asset(world)["CardActive__c"] is True
    assert errands(world) == []


def test_should_still_tell_salesforce_when_the_next_wish_is_refused(world: World) -> None:
    world.salesforce.is_down = True
    activate(world)
    world.pump()
    world.energised.add_fault(REFUSED)
    problem(change(world, {"label": LONG}), 409, "refused-by-energised")
    world.salesforce.is_down = False
    world.run_for(1200)
    assert asset(world)["CardActive__c"] is True
    assert errands(world) == []


# --- what is asked for is carried out, whatever was wanted before -------------------------------


@pytest.mark.parametrize("active", [True, False])
def test_should_switch_again_what_a_clerk_has_switched_meanwhile(
    world: World, *, active: bool
) -> None:
    word = "activate" if active else "deactivate"
    world.call("POST", f"{CARD}/{word}")
    world.energised.change_card(BLANK.energised_id, active=not active)
    switched = world.call("POST", f"{CARD}/{word}")
    assert (switched.status, switched.json["active"]) == (200, active)
    assert world.energised.card(BLANK.energised_id).active is active
    world.pump()
    assert asset(world)["CardActive__c"] is active


@pytest.mark.parametrize(
    ("body", "theirs"),
    [
        ({"label": "Pool"}, {"label": "Vom Innendienst"}),
        ({"driver_id": PEOPLE["driver"]}, {"contact_id": DRIVERS[1].energised_id}),
        ({"driver_id": PEOPLE["driver"]}, {"contact_id": None}),
        ({"driver_id": None}, {"contact_id": DRIVERS[0].energised_id}),
    ],
    ids=["label", "driver", "driver_gone", "no_driver"],
)
def test_should_set_again_what_a_clerk_has_changed_meanwhile(
    world: World, body: dict[str, Any], theirs: dict[str, Any]
) -> None:
    change(world, body)
    wanted = world.energised.card(BLANK.energised_id)
    world.energised.change_card(BLANK.energised_id, **theirs)
    assert change(world, body).status == 200
    held = world.energised.card(BLANK.energised_id)
    assert (held.label, held.contact_id) == (wanted.label, wanted.contact_id)


def test_should_not_write_when_be_energised_holds_what_is_asked_for(world: World) -> None:
    activate(world)
    forget_calls(world)
    assert activate(world).status == 200
    assert [c.operation for c in world.energised.calls] == ["read_card"]
