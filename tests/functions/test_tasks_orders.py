"""POST /v1/tasks/{task_id}/…: an order that Salesforce has not taken goes on, or ends."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.orders import ChargeCardOrder
from busbar.domain.tasks import Task
from busbar.process.create import StepRow, StepState
from busbar.process.outbox import OutboxRow
from infra.local.people import PEOPLE
from infra.simulators.faults import Fault
from infra.simulators.sample import ELBE
from tests.doubles.world import WorkerDiedError, World
from tests.functions.given import (
    IDS,
    ORDER,
    REFERENCE,
    batch,
    command,
    errand,
    errands,
    order,
    ordered,
    several,
    shown,
    store,
    tasks,
)
from tests.functions.portal import answer, fields_at_fault, problem
from tests.functions.test_tasks import REFUSED, TASKS

TASK = f"{TASKS}/{IDS['task_id']}"
BODY = {"reason": "any reason"}
SETTLED = 600.0
"""Longer than any attempt can still take effect."""
LOST = Fault("timeout_before", match="composite/graph")
LOST_ANSWER = Fault("timeout_after", match="composite/graph")


def parked_by(world: World, fault: Fault) -> World:
    """A world whose order was parked by this fault of Salesforce, and has settled since."""
    order(world)
    world.salesforce.add_fault(fault)
    world.invoke("order_forward", batch(errand(world, command("order_forward", ORDER))))
    world.run_for(SETTLED)
    assert [task.id for task in tasks(world)] == [IDS["task_id"]]
    return world


@pytest.fixture
def refused(world: World) -> World:
    """Salesforce has refused the order; that is mended now."""
    return parked_by(world, REFUSED)


@pytest.fixture
def lost() -> World:
    """In mode `none` the create was lost on its way."""
    return parked_by(World(mode="none"), LOST)


@pytest.fixture
def unanswered() -> World:
    """In mode `none` Salesforce made the order, and its answer was lost."""
    return parked_by(World(mode="none"), LOST_ANSWER)


def decide(
    world: World,
    action: str,
    body: Any = BODY,
    *,
    tag: str | None = None,
    key: str = "any",
    user: str = "operator",
) -> Any:
    """Decide the task of the order, as it was seen last or as `tag` says."""
    tag = tag or world.call("GET", TASK, "operator").etag
    return world.call("POST", f"{TASK}/{action}", user, body, Idempotency_Key=key, If_Match=tag)


def looked(world: World) -> Any:
    """Somebody has looked into Salesforce just now, in vain."""
    return {**BODY, "not_found_at": world.clock.now().isoformat()}


def closed(world: World) -> Any:
    """The one closed task."""
    (one,) = world.call("GET", f"{TASKS}?status=closed", "operator").json["tasks"]
    return one


def has_arrived(world: World) -> bool:
    """Whether the order is in Salesforce once, the portal knows it, and nothing waits."""
    numbers = [o["OrderNumber"] for o in world.salesforce.records("Order")]
    return numbers == [shown(world)["salesforce_order_number"]] and not errands(world)


# --- resume ------------------------------------------------------------------------------------


def test_resume_should_bring_the_order_through_after_its_cause_is_mended(
    refused: World, event: Any
) -> None:
    reply = answer(refused, "tasks", event)
    assert (reply.status, reply.json["status"]) == (200, "closed")
    assert shown(refused)["waiting_text"] == "Die Bestellung wird gerade übertragen."
    refused.pump()
    assert has_arrived(refused)
    assert tasks(refused) == []


def test_should_show_who_decided_what_and_when(refused: World) -> None:
    decide(refused, "resume", user="service-agent")
    assert closed(refused)["decision"] == {
        "action": "resume",
        "by": PEOPLE["service-agent"],
        "role": "service_agent",
        "at": refused.clock.now().isoformat(),
        "reason": "any reason",
        "external_id": None,
    }
    assert closed(refused)["actions"] == []


def test_list_closed_should_show_what_was_decided_and_nothing_open(
    refused: World, event: Any
) -> None:
    assert answer(refused, "tasks", event).json["tasks"] == []
    decide(refused, "cancel")
    (one,) = answer(refused, "tasks", event).json["tasks"]
    assert (one["id"], one["status"]) == (IDS["task_id"], "closed")
    assert refused.call("GET", TASKS, "operator").json["tasks"] == []


def test_should_open_the_task_anew_when_its_cause_is_met_again(refused: World) -> None:
    decide(refused, "resume")
    refused.salesforce.add_fault(REFUSED)
    refused.pump()
    (again,) = tasks(refused)
    assert again.id == IDS["task_id"]
    assert again.decision is None
    assert decide(refused, "resume", key="second").status == 200
    refused.pump()
    assert has_arrived(refused)


def test_should_look_for_the_order_before_it_is_sent_again(refused: World) -> None:
    """Somebody has entered it by hand meanwhile, with our reference."""
    (there,) = several(refused, 1)
    decide(refused, "resume")
    refused.pump()
    assert shown(refused)["salesforce_order_number"]
    assert [o["Id"] for o in refused.salesforce.records("Order")] == [there]


def test_should_not_overlook_an_order_entered_so_late_that_no_search_shows_it() -> None:
    world = parked_by(World(mode="probe", search_lag_seconds=30.0), REFUSED)
    world.salesforce.org.search_lag = 30.0
    (there,) = several(world, 1)
    decide(world, "resume")
    world.run_for(SETTLED)
    assert [o["Id"] for o in world.salesforce.records("Order")] == [there]
    assert shown(world)["salesforce_order_number"]


def test_should_park_again_when_resumed_while_several_are_still_there() -> None:
    world = with_two()
    assert decide(world, "resume").status == 200
    world.pump()
    (again,) = tasks(world)
    assert again.reason == "several_found"


def test_should_go_on_with_an_order_that_waited_too_long(world: World) -> None:
    waited = waited_too_long(world)
    world.salesforce.is_down = False
    reply = decided(world, waited, "resume")
    assert reply.json["status"] == "closed"
    world.run_for(SETTLED)
    assert has_arrived(world)


# --- retry -------------------------------------------------------------------------------------


def test_retry_should_send_again_what_a_person_has_not_found(lost: World, event: Any) -> None:
    assert answer(lost, "tasks", event).status == 200
    lost.pump()
    assert has_arrived(lost)


def test_should_not_send_again_unless_somebody_says_when_he_looked(lost: World) -> None:
    refused = decide(lost, "retry")
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["not_found_at"]
    assert "a second time" in refused.text
    lost.pump()
    assert lost.counts()["Order"] == 0


def test_should_not_send_again_while_the_last_attempt_may_still_take_effect() -> None:
    world = World(mode="none")
    order(world)
    world.salesforce.add_fault(Fault("late_commit", match="composite/graph", seconds=100))
    world.invoke("order_forward", batch(errand(world, command("order_forward", ORDER))))
    world.run_for(60)
    early = looked(world)
    refused = decide(world, "retry", early)
    problem(refused, 409, "not-settled")
    problem(decide(world, "cancel", early), 409, "not-settled")
    world.clock.advance(int(refused.headers["Retry-After"]) + 1)
    # The order came after he had looked; that his decision comes late makes him no wiser.
    assert world.counts()["Order"] == 1
    problem(decide(world, "retry", early), 409, "not-settled")
    problem(decide(world, "cancel", early), 409, "not-settled")


@pytest.mark.parametrize("at", ["2026-03-02T23:00:00+00:00", "2026-03-02T08:00:00", "now", True])
def test_should_refuse_a_time_of_looking_that_cannot_be(lost: World, at: Any) -> None:
    refused = decide(lost, "retry", {**BODY, "not_found_at": at})
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["not_found_at"]


def test_should_name_what_can_be_done_where_an_action_is_not_possible(lost: World) -> None:
    body = problem(decide(lost, "resume"), 409, "action-not-possible")
    assert body["detail"] == "Possible are: retry, adopt, cancel."
    assert lost.call("GET", TASK, "operator").json["actions"] == ["retry", "adopt", "cancel"]


def test_should_have_a_person_look_in_mode_none_though_salesforce_refused_it() -> None:
    """He may have entered it by hand since."""
    world = parked_by(World(mode="none"), REFUSED)
    assert world.call("GET", TASK, "operator").json["actions"] == ["retry", "adopt", "cancel"]
    assert fields_at_fault(decide(world, "retry")) == ["not_found_at"]
    assert decide(world, "retry", looked(world)).status == 200
    world.pump()
    assert has_arrived(world)


def test_should_know_no_retry_where_the_order_can_be_looked_for(refused: World) -> None:
    body = problem(decide(refused, "retry", looked(refused)), 409, "action-not-possible")
    assert body["detail"] == "Possible are: resume, adopt, cancel."


@pytest.mark.parametrize(
    "at", [1772438400, 1772438400.5, "1772438400", "20260302", "2026-03-02", "08:00", True, ["now"]]
)
def test_should_not_take_for_a_time_what_is_none(lost: World, at: Any) -> None:
    told = decide(lost, "retry", {**BODY, "not_found_at": at})
    problem(told, 422, "fields-invalid")
    assert fields_at_fault(told) == ["not_found_at"]


# --- adopt -------------------------------------------------------------------------------------


def test_adopt_should_refuse_what_salesforce_does_not_hold(unanswered: World, event: Any) -> None:
    refused = answer(unanswered, "tasks", event)
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["external_id"]


def test_should_take_the_order_that_a_person_names(unanswered: World) -> None:
    (there,) = unanswered.salesforce.records("Order")
    reply = decide(unanswered, "adopt", {**BODY, "external_id": there["Id"]})
    assert reply.json["decision"]["external_id"] == there["Id"]
    unanswered.pump()
    assert has_arrived(unanswered)
    bound = store(unanswered).internal_id(ChargeCardOrder.schema_name, "salesforce", there["Id"])
    assert bound == ORDER
    step = store(unanswered).get(StepRow, f"salesforce#{REFERENCE}")
    assert step
    assert (step.record.state, step.record.external_id) == (StepState.DONE, there["Id"])


def test_should_choose_one_of_several() -> None:
    world = with_two()
    second = world.salesforce.records("Order")[1]
    assert decide(world, "adopt", {**BODY, "external_id": second["Id"]}).status == 200
    assert shown(world)["salesforce_order_number"] == second["OrderNumber"]
    world.run_for(SETTLED)
    assert tasks(world) == []


def test_should_not_take_an_order_without_our_reference(unanswered: World) -> None:
    with unanswered.salesforce.working():
        (there,) = unanswered.salesforce.records("Order")
        unanswered.salesforce.org.change("Order", there["Id"], BusbarReference__c="OTHER")
    refused = decide(unanswered, "adopt", {**BODY, "external_id": there["Id"]})
    problem(refused, 422, "fields-invalid")
    assert REFERENCE in refused.text
    assert shown(unanswered)["salesforce_order_number"] is None


def test_should_not_take_what_belongs_to_another_order(world: World) -> None:
    ordered(world, company=ELBE)
    (theirs,) = world.salesforce.records("Order")
    parked = parked_by_id(world, "0RDER00000002")
    with world.salesforce.working():
        world.salesforce.org.change("Order", theirs["Id"], BusbarReference__c="BBCO0RDER00000002")
    body = {**BODY, "external_id": theirs["Id"]}
    refused = decided(world, parked, "adopt", body)
    problem(refused, 422, "fields-invalid")
    assert "another order" in refused.text


# --- cancel ------------------------------------------------------------------------------------


def test_cancel_should_end_the_order_with_a_reason_that_its_customer_reads(
    refused: World, event: Any
) -> None:
    assert answer(refused, "tasks", event).json["status"] == "closed"
    refused.run_for(SETTLED)
    mine = shown(refused, user="fleet-manager")
    assert (mine["status"], mine["status_text"]) == ("rejected", "Abgelehnt")
    assert mine["waiting_for"] is None
    assert mine["rejected_text"] == (
        "Unser Service hat die Bestellung storniert. Grund: Mit dem Kunden abgestimmt"
    )
    assert refused.counts()["Order"] == 0
    assert (tasks(refused), errands(refused)) == ([], [])


def test_should_cancel_at_once_what_was_refused_and_wait_where_an_attempt_may_still_come(
    world: World,
) -> None:
    """The second attempt is refused at once, while the first was given up just before."""
    refused_now = parked_by_id(world, "0RDER00000002")
    assert decided(world, refused_now, "cancel").status == 200
    order(world)
    world.salesforce.add_fault(Fault("timeout_before", match="composite/graph"))
    world.salesforce.add_fault(REFUSED)
    world.invoke("order_forward", batch(errand(world, command("order_forward", ORDER))))
    world.run_for(60)
    problem(decide(world, "cancel", key="second"), 409, "not-settled")
    world.run_for(SETTLED)
    assert decide(world, "cancel", key="second").status == 200


def test_should_let_no_late_worker_send_what_was_cancelled(refused: World) -> None:
    decide(refused, "cancel")
    late = errand(refused, command("order_forward", ORDER))
    refused.invoke("order_forward", batch(late))
    refused.run_for(SETTLED)
    assert refused.counts()["Order"] == 0
    step = store(refused).get(StepRow, f"salesforce#{REFERENCE}")
    assert step
    assert (step.record.state, step.record.reason) == (StepState.PARKED, "cancelled")


def test_should_not_cancel_what_salesforce_holds(refused: World) -> None:
    several(refused, 1)
    body = problem(decide(refused, "cancel"), 409, "task-overtaken")
    assert "Salesforce holds this order" in body["detail"]
    assert shown(refused)["rejected_reason"] is None


def test_should_not_cancel_blindly_what_may_be_there(unanswered: World) -> None:
    refused = decide(unanswered, "cancel")
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["not_found_at"]
    assert decide(unanswered, "cancel", looked(unanswered)).status == 200
    assert shown(unanswered)["status"] == "rejected"


def test_should_cancel_an_order_that_never_came_to_a_step(world: World) -> None:
    waited = waited_too_long(world)
    assert decided(world, waited, "cancel").status == 200
    world.salesforce.is_down = False
    world.run_for(SETTLED)
    assert shown(world)["status"] == "rejected"
    assert world.counts()["Order"] == 0


# --- any decision ------------------------------------------------------------------------------


def test_without_reason_should_be_refused(refused: World, event: Any) -> None:
    reply = answer(refused, "tasks", event)
    problem(reply, 422, "fields-invalid")
    assert fields_at_fault(reply) == ["reason"]


def test_without_key_should_be_refused(refused: World, event: Any) -> None:
    problem(answer(refused, "tasks", event), 400, "idempotency-key-missing")


def test_without_if_match_should_be_refused(refused: World, event: Any) -> None:
    problem(answer(refused, "tasks", event), 428, "if-match-missing")


def test_should_let_only_the_faster_of_two_clerks_decide(refused: World) -> None:
    tag = refused.call("GET", TASK, "operator").etag
    assert decide(refused, "cancel", tag=tag).status == 200
    problem(decide(refused, "resume", tag=tag, key="other"), 412, "task-changed")
    problem(decide(refused, "resume", tag="*", key="other"), 409, "task-closed")
    assert shown(refused)["status"] == "rejected"


def test_should_answer_a_repeat_with_the_same_answer_and_do_nothing(refused: World) -> None:
    tag = refused.call("GET", TASK, "operator").etag
    first = decide(refused, "resume", tag=tag)
    refused.pump()
    again = decide(refused, "resume", tag=tag)
    assert (again.status, again.text) == (200, first.text)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(refused.call("GET", "/v1/audit", "operator").json["entries"]) == 1


def test_should_not_take_one_key_for_two_tasks(refused: World) -> None:
    other = parked_by_id(refused, "0RDER00000002")
    assert decide(refused, "resume", tag="*").status == 200
    problem(decided(refused, other, "resume"), 422, "idempotency-key-reused")


@pytest.mark.parametrize("action", ["resume", "retry", "adopt", "cancel"])
def test_should_refuse_fields_that_an_action_does_not_know(refused: World, action: str) -> None:
    reply = decide(refused, action, {**BODY, "force": True})
    problem(reply, 422, "fields-invalid")
    assert "force" in fields_at_fault(reply)


@pytest.mark.parametrize("reason", ["", "x" * 501, None, 1])
def test_should_refuse_a_reason_that_says_nothing_or_too_much(refused: World, reason: Any) -> None:
    reply = decide(refused, "cancel", {"reason": reason})
    assert fields_at_fault(reply) == ["reason"]


@pytest.mark.parametrize("user", ["fleet-manager", "driver", "machine"])
def test_should_let_nobody_but_staff_decide(refused: World, user: str) -> None:
    for action in ("resume", "retry", "adopt", "cancel"):
        problem(decide(refused, action, user=user), 403, "forbidden")


def test_should_answer_404_for_a_task_that_is_not_there(refused: World) -> None:
    missing = refused.call(
        "POST", f"{TASKS}/{ORDER}/cancel", "operator", BODY, Idempotency_Key="k", If_Match="*"
    )
    problem(missing, 404, "task-not-found")


def test_should_keep_what_is_not_decided_by_a_worker_that_dies(refused: World) -> None:
    """At each boundary either nothing stands or all of it, and a repeat finds its own work."""
    tag = refused.call("GET", TASK, "operator").etag
    for boundary in range(1, 40):
        refused.boundaries.count, refused.boundaries.die_at = 0, boundary
        try:
            reply = decide(refused, "resume", tag=tag)
        except WorkerDiedError:
            refused.boundaries.die_at = -1
            _all_or_nothing(refused)
            refused.clock.advance(31)  # the lease of the key
            continue
        refused.boundaries.die_at = -1
        assert reply.status == 200, reply.text
        break
    assert boundary > 4
    _all_or_nothing(refused)
    refused.run_for(SETTLED)
    assert has_arrived(refused)


def _all_or_nothing(world: World) -> None:
    decided = not tasks(world)
    trail = world.call("GET", "/v1/audit", "operator").json["entries"]
    row = store(world).get(StepRow, f"salesforce#{REFERENCE}")
    waits = store(world).get(OutboxRow, f"charge_card_order#{ORDER}#order_forward")
    assert row
    found = {len(trail) == 1, row.record.state is not StepState.PARKED, waits is not None}
    assert found == {decided}


# --- how it begins -----------------------------------------------------------------------------


def with_two() -> World:
    """Salesforce holds two orders with our reference, and the step is parked for it."""
    world = World(mode="probe")
    order(world)
    world.salesforce.add_fault(Fault("timeout_before", match="composite/graph"))
    world.invoke("order_forward", batch(errand(world, command("order_forward", ORDER))))
    several(world)
    world.run_for(SETTLED)
    (task,) = tasks(world)
    assert task.reason == "several_found"
    return world


def parked_by_id(world: World, order_id: str) -> Task:
    """Another order that Salesforce refused."""
    order(world, id=order_id)
    world.salesforce.add_fault(REFUSED)
    world.invoke("order_forward", batch(errand(world, command("order_forward", order_id))))
    return next(task for task in tasks(world) if task.subject_id == order_id)


def waited_too_long(world: World) -> Task:
    """Salesforce was out of reach for two weeks."""
    world.salesforce.is_down = True
    order(world)
    errand(world, command("order_forward", ORDER))
    world.clock.advance(15 * 86400)
    world.run_for(SETTLED)
    (task,) = tasks(world)
    assert task.kind == "waited_too_long"
    return task


def decided(world: World, task: Task, action: str, body: Any = BODY) -> Any:
    """Decide this task."""
    path = f"{TASKS}/{task.id}/{action}"
    return world.call("POST", path, "operator", body, Idempotency_Key="any", If_Match="*")
