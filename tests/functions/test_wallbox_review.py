"""Queue wallbox_review: `InstallationReviewed__e` approves an installation, or gives it back."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from busbar.domain.wallbox_assets import Review
from busbar.domain.wallboxes import Wallbox
from infra.simulators.faults import Fault
from tests.doubles.world import World
from tests.functions.given import batch, bodies, failed, forget_calls, store, sync, tasks, writes
from tests.functions.samples import read_event
from tests.functions.wallbox_given import (
    BOXES,
    HASH,
    ORDER,
    PRIVATE,
    REFUND,
    REFUND_CARD,
    SECOND_ORDER,
    approved,
    asset_there,
    assigned_in_salesforce,
    card,
    card_there,
    in_salesforce,
    my_cards,
    order_there,
    our_wallbox,
    proven,
    resume,
    reviewed,
    wallbox,
)
from tests.functions.wallbox_world import wallbox_world

NEWER = "1999999999999"


@pytest.fixture
def world() -> World:
    """A world with the order of the sample events, whose installation is proven."""
    made = wallbox_world()
    order_there(made)
    for asset in (BOXES[0], PRIVATE[0], REFUND[0]):
        assigned_in_salesforce(made, asset.asset_id)
    made.invoke("wallbox_event", read_event("wallbox_event", "all_three"))
    made.pump()
    proven(made)
    return made


def take(world: World, *messages: Any) -> None:
    """These are taken, and all that follows from them is done."""
    events = messages[0] if len(messages) == 1 and "Records" in messages[0] else batch(*messages)
    assert failed(world.invoke("wallbox_review", events)) == []
    world.pump()


def said(case: str, **changes: Any) -> Any:
    """The message of a sample event whose payload says something else."""
    message = bodies(read_event("wallbox_review", case))[0]
    payload = {**message["detail"]["payload"], **changes}
    return {**message, "detail": {**message["detail"], "payload": payload}}


# --- what each of them means -------------------------------------------------------------------


def test_approved_should_switch_the_refund_card_on(world: World, event: Any) -> None:
    assert not card_there(world, REFUND_CARD).active
    take(world, event)
    assert card_there(world, REFUND_CARD).active
    assert my_cards(world)[REFUND[0].number]["active"] is True
    assert not tasks(world)


def test_approved_should_be_recorded_on_the_wallbox(world: World, event: Any) -> None:
    take(world, event)
    known = wallbox(world)
    assert (known.review, known.approved_at) == (Review.APPROVED, world.clock.now())
    assert known.reviewed_by is not None


def test_approved_should_set_the_status_of_wallbox_and_cards_in_salesforce(
    world: World, event: Any
) -> None:
    take(world, event)
    status = [asset_there(world, a.asset_id)["Status"] for a in (BOXES[0], PRIVATE[0], REFUND[0])]
    assert status == ["Installed", "Registered", "Registered"]
    assert asset_there(world, REFUND[0].asset_id)["CardActive__c"] is True


def test_approved_should_call_no_system_while_the_event_is_taken(world: World, event: Any) -> None:
    forget_calls(world)
    assert failed(world.invoke("wallbox_review", event)) == []
    assert not world.energised.calls
    assert not world.salesforce.calls


def test_approved_should_count_for_an_installation_that_was_proven_elsewhere(event: Any) -> None:
    world = wallbox_world()
    order_there(world)
    world.invoke("wallbox_event", read_event("wallbox_event", "all_three"))
    world.pump()
    take(world, event)
    assert card_there(world, REFUND_CARD).active


def test_returned_should_keep_the_reason_and_the_refund_card_off(world: World, event: Any) -> None:
    take(world, event)
    known = wallbox(world)
    assert known.review is Review.RETURNED
    assert known.review_reason == "Das Typenschild ist nicht lesbar."
    assert known.approved_at is None
    assert not card_there(world, REFUND_CARD).active
    assert asset_there(world, BOXES[0].asset_id)["Status"] == "Purchased"


def test_to_review_should_forget_the_reason_of_before(world: World, event: Any) -> None:
    take(world, said("returned", SourceVersion__c="1"))
    take(world, event)
    assert (wallbox(world).review, wallbox(world).review_reason) == (Review.TO_REVIEW, "")


def test_another_proof_should_leave_ours_to_be_reviewed(world: World, event: Any) -> None:
    take(world, event)
    assert (wallbox(world).review, wallbox(world).approved_at) == (Review.TO_REVIEW, None)
    assert not card_there(world, REFUND_CARD).active


def test_another_proof_should_say_nothing_of_ours_when_it_is_given_back(
    world: World, event: Any
) -> None:
    take(
        world, said("returned", ProofHash__c=bodies(event)[0]["detail"]["payload"]["ProofHash__c"])
    )
    assert (wallbox(world).review, wallbox(world).review_reason) == (Review.TO_REVIEW, "")


def test_should_follow_a_review_through_to_its_end() -> None:
    world = wallbox_world()
    order = approved(world)
    reviewed(world, order, "Zurückgewiesen", "Falsche Wallbox.")
    assert not card_there(world, REFUND_CARD).active
    reviewed(world, order, "Abgeschlossen")
    assert card_there(world, REFUND_CARD).active
    assert not tasks(world)


# --- late, twice, out of order -----------------------------------------------------------------


def test_approved_should_be_one_write_when_it_comes_twice(world: World, event: Any) -> None:
    take(world, event)
    forget_calls(world)
    take(world, event)
    assert not writes(world.energised)
    assert not writes(world.salesforce)


def test_returned_should_not_be_taken_back_by_an_approval_that_comes_late(
    world: World, event: Any
) -> None:
    take(world, event)
    take(world, said("approved", SourceVersion__c="1"))
    assert wallbox(world).review is Review.RETURNED
    assert not card_there(world, REFUND_CARD).active


@pytest.mark.parametrize("order", sorted(permutations(range(3))), ids=str)
@pytest.mark.parametrize("last", ["approved", "returned", "to_review"])
def test_should_end_in_the_newest_review_whatever_order_they_come_in(
    world: World, order: tuple[int, ...], last: str
) -> None:
    messages = [
        said("approved", SourceVersion__c="1000"),
        said("returned", SourceVersion__c="2000"),
        said(last, SourceVersion__c="3000"),
    ]
    for position in (*order, *order):
        take(world, messages[position])
    assert wallbox(world).review == last
    assert card_there(world, REFUND_CARD).active is (last == "approved")


@pytest.mark.parametrize("positions", [(0, 1), (1, 0)], ids=["in_order", "out_of_order"])
@pytest.mark.parametrize("held", ["Abgeschlossen", "Zurückgewiesen"])
def test_should_ask_salesforce_when_two_reviews_of_one_version_differ(
    world: World, held: str, positions: tuple[int, ...]
) -> None:
    reason = "Das Typenschild ist nicht lesbar." if held == "Zurückgewiesen" else None
    changed = {"InstallationReview__c": held, "ReviewReason__c": reason}
    world.salesforce.org.change("Asset", BOXES[0].asset_id, **changed)
    both = (said("approved"), said("returned"))
    for position in positions:
        take(world, both[position])
    assert card_there(world, REFUND_CARD).active is (held == "Abgeschlossen")


def test_approved_should_not_switch_the_card_on_again_that_was_switched_off_in_energised(
    world: World, event: Any
) -> None:
    take(world, event)
    world.clock.advance(300)
    world.energised.change_card(REFUND[0].energised_id, active=False)
    sync(world)
    take(world, said("approved", SourceVersion__c=NEWER))
    assert not card_there(world, REFUND_CARD).active


# --- before the assignment ---------------------------------------------------------------------


@pytest.fixture
def early() -> World:
    """A world in which Salesforce has assigned all, and no event has told of it yet."""
    made = wallbox_world()
    order_there(made)
    for asset in (BOXES[0], PRIVATE[0], REFUND[0]):
        assigned_in_salesforce(made, asset.asset_id)
    in_salesforce(made)
    return made


def test_approved_should_not_be_lost_before_the_assignment(early: World, event: Any) -> None:
    take(early, event)
    assert wallbox(early).review is Review.APPROVED
    early.invoke("wallbox_event", read_event("wallbox_event", "all_three"))
    early.pump()
    assert card_there(early, REFUND_CARD).active
    assert wallbox(early).joined


def test_approved_should_not_be_lost_before_the_assignment_while_salesforce_is_down(
    early: World, event: Any
) -> None:
    early.salesforce.org.change("Asset", BOXES[0].asset_id, InstallationReview__c="Abgeschlossen")
    early.salesforce.is_down = True
    take(early, event)
    assert store(early).get(Wallbox, our_wallbox()) is None
    early.salesforce.is_down = False
    early.run_for(600)
    sync(early)
    assert wallbox(early).review is Review.APPROVED
    assert card_there(early, REFUND_CARD).active


def test_approved_should_be_a_task_when_the_order_has_no_such_wallbox(event: Any) -> None:
    world = wallbox_world()
    order_there(world)
    take(world, event)
    (task,) = tasks(world)
    assert (task.kind, task.reason, task.subject_id) == ("parked_event", "unknown_asset", ORDER)


def test_approved_should_be_passed_over_when_the_wallbox_went_to_another_driver(
    world: World, event: Any
) -> None:
    order_there(world, SECOND_ORDER, "second-driver")
    assigned_in_salesforce(world, BOXES[0].asset_id, SECOND_ORDER)
    message = bodies(read_event("wallbox_event", "wallbox"))[0]
    payload = {**message["detail"]["payload"], "OrderReference__c": f"BBWO{SECOND_ORDER}"}
    moved = {**message, "detail": {"payload": {**payload, "SourceVersion__c": NEWER}}}
    world.invoke("wallbox_event", batch(moved))
    take(world, event)
    assert wallbox(world).review is None
    assert not card_there(world, REFUND_CARD).active
    assert not tasks(world)


def test_approved_should_end_for_the_first_driver_when_the_wallbox_goes_to_another(
    world: World, event: Any
) -> None:
    take(world, event)
    order_there(world, SECOND_ORDER, "second-driver")
    message = bodies(read_event("wallbox_event", "wallbox"))[0]
    payload = {**message["detail"]["payload"], "OrderReference__c": f"BBWO{SECOND_ORDER}"}
    moved = {**message, "detail": {"payload": {**payload, "SourceVersion__c": NEWER}}}
    world.invoke("wallbox_event", batch(moved))
    world.pump()
    assert not card_there(world, REFUND_CARD).active
    assert (wallbox(world).review, wallbox(world).proof) == (None, None)


def test_approved_should_hold_for_a_refund_card_that_comes_later(event: Any) -> None:
    world = wallbox_world()
    order_there(world)
    world.invoke("wallbox_event", read_event("wallbox_event", "wallbox"))
    take(world, event)
    world.invoke("wallbox_event", read_event("wallbox_event", "refund_card"))
    world.pump()
    assert card_there(world, REFUND_CARD).active
    assert asset_there(world, REFUND[0].asset_id)["Status"] == "Registered"
    assert card(world, REFUND_CARD).approved_at is not None


# --- what fits nothing -------------------------------------------------------------------------


def test_unknown_review_should_be_parked_with_a_task_and_change_nothing(
    world: World, event: Any
) -> None:
    take(world, event)
    (task,) = tasks(world)
    assert (task.kind, task.reason, task.subject_id) == ("parked_event", "unknown_review", ORDER)
    assert wallbox(world).review is None


def test_unknown_review_should_be_read_again_when_a_clerk_resumes(world: World, event: Any) -> None:
    take(world, event)
    changed = {"InstallationReview__c": "Abgeschlossen", "InstallationProofHash__c": HASH}
    world.salesforce.org.change("Asset", BOXES[0].asset_id, **changed)
    assert resume(world).status == 200
    sync(world)
    assert card_there(world, REFUND_CARD).active


def test_unknown_order_should_be_parked_with_a_task(world: World, event: Any) -> None:
    take(world, event)
    (task,) = tasks(world)
    assert (task.reason, task.subject_id) == ("unknown_order", "BBWO0RDER0000000Z")


def test_invalid_should_be_parked_with_a_task_that_names_the_fields(
    world: World, event: Any
) -> None:
    take(world, event)
    assert tasks(world)[0].reason == "invalid_event: Review__c"


# --- systems that are down ---------------------------------------------------------------------


@pytest.mark.parametrize("system", ["energised", "salesforce"])
def test_approved_should_be_carried_through_once_the_system_is_back(
    world: World, event: Any, system: str
) -> None:
    getattr(world, system).is_down = True
    take(world, event)
    world.run_for(900)
    getattr(world, system).is_down = False
    world.run_for(900)
    assert card_there(world, REFUND_CARD).active
    assert asset_there(world, BOXES[0].asset_id)["Status"] == "Installed"
    assert asset_there(world, REFUND[0].asset_id)["Status"] == "Registered"
    assert not tasks(world)
    assert world.sqs.dead == {}


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_after", "late_commit"])
def test_approved_should_end_the_same_when_the_answer_to_the_card_is_lost(
    world: World, event: Any, kind: str
) -> None:
    world.energised.add_fault(Fault(kind, operation="write_card", seconds=20))
    take(world, event)
    world.run_for(900)
    assert card_there(world, REFUND_CARD).active
    assert not tasks(world)


def test_approved_should_be_wanted_anew_when_a_clerk_resumes_what_energised_refused(
    world: World, event: Any
) -> None:
    world.energised.add_fault(Fault("status", operation="write_card", status=422, body={}))
    take(world, event)
    assert not card_there(world, REFUND_CARD).active
    assert resume(world).status == 200
    assert card_there(world, REFUND_CARD).active


def test_approved_should_not_come_back_by_a_resume_after_it_was_taken_back(
    world: World, event: Any
) -> None:
    world.energised.add_fault(Fault("status", operation="write_card", status=422, body={}))
    take(world, event)
    take(world, said("returned", SourceVersion__c=NEWER))
    resume(world)
    assert not card_there(world, REFUND_CARD).active


# --- switched on by hand -----------------------------------------------------------------------


def test_should_switch_a_refund_card_off_again_that_somebody_has_switched_on(world: World) -> None:
    world.clock.advance(300)
    world.energised.change_card(REFUND[0].energised_id, active=True, label="by hand")
    sync(world)
    there = card_there(world, REFUND_CARD)
    assert (there.active, there.label) == (False, "by hand")
    (task,) = tasks(world)
    assert (task.kind, task.reason) == ("card_not_synchronised", "refund_card_switched_on")
    assert task.subject_id == card(world, REFUND_CARD).id


def test_approved_should_let_a_refund_card_be_switched_off_and_on_by_hand(
    world: World, event: Any
) -> None:
    take(world, event)
    for active in (False, True):
        world.clock.advance(300)
        world.energised.change_card(REFUND[0].energised_id, active=active)
        sync(world)
        assert card_there(world, REFUND_CARD).active is active
        assert card(world, REFUND_CARD).active is active
    assert not tasks(world)
