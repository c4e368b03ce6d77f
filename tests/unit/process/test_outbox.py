"""Errands: one row per record and queue, which lives until its work has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from busbar.domain.tasks import Task, task_id
from busbar.ports.outside import Found
from busbar.ports.store import Change, Save
from busbar.process.contract import Done, Later, Outcome, Parked
from busbar.process.outbox import FORMAT, Command, Errand, Outbox, OutboxRow
from tests.unit.process.lab import TUNING, Entity, Lab

DONE = Done(Found("any"))


class Office:
    """An outbox and one errand in it."""

    def __init__(self) -> None:
        self.lab = Lab()
        self.outbox = Outbox(self.lab.store, self.lab.clock, TUNING, "any-id")

    def errand(self, wish: str = "1", queue: str = "forward", of: str = "1") -> Errand:
        """An errand."""
        return self.outbox.errand(queue, Entity, of, wish)

    def written(self, wish: str = "1") -> Errand:
        """An errand whose row wakes the relay."""
        errand = self.errand(wish)
        self.lab.store.commit(self.outbox.awake(errand))
        return errand

    def settle(self, errand: Errand, outcome: Outcome) -> Outcome:
        """Write down what the work came to."""
        return self.outbox.settle(errand, outcome, self.give_up)

    def give_up(self, reason: str) -> Sequence[Change]:
        """The entity shows why."""
        stored = self.lab.entity
        return [Save(stored.record.model_copy(update={"external_id": reason}), stored)]

    def later(self, seconds: float = 10.0) -> Later:
        """Work that is put off."""
        return Later(self.lab.after(seconds), "any_reason")

    @property
    def row(self) -> OutboxRow | None:
        """The errand's row."""
        stored = self.lab.store.get(OutboxRow, self.errand().row_id)
        return stored.record if stored else None

    @property
    def there(self) -> OutboxRow:
        """The errand's row, which has to be there."""
        assert self.row
        return self.row

    @property
    def current(self) -> Errand:
        """The errand as the row has it now."""
        return Errand(self.there.command)


@pytest.fixture
def office() -> Office:
    return Office()


def test_should_give_each_record_and_queue_its_own_row(office: Office) -> None:
    errands = [office.errand(queue=q, of=of) for q in ("a", "b") for of in ("1", "2", "1#a")]
    assert len({e.row_id for e in errands}) == len(errands)


def test_should_keep_one_row_for_all_wishes_of_a_record(office: Office) -> None:
    office.written("1")
    office.written("2")
    assert office.there.command.token == "2"
    assert not office.outbox.is_current(office.errand("1"))
    assert office.outbox.is_current(office.errand("2"))


def test_should_wake_the_relay_at_once_and_be_swept_later(office: Office) -> None:
    office.written()
    assert (office.there.wakes_relay(), office.there.not_before) == (True, office.lab.now)
    assert office.there.due_at() == office.lab.after(TUNING.sweep_after)


def test_should_lie_still_as_a_guard_while_its_author_can_be_at_work(office: Office) -> None:
    office.lab.store.commit(office.outbox.guard(office.errand()))
    assert (office.there.wakes_relay(), office.there.since) == (False, office.lab.now)
    assert office.there.not_before == office.lab.after(TUNING.lease)
    assert office.there.due_at() == office.lab.after(TUNING.lease + TUNING.sweep_after)


def test_should_wake_nobody_again_after_it_was_sent(office: Office) -> None:
    office.written()
    sent = office.there.sent(office.lab.after(3600))
    assert (sent.wakes_relay(), sent.due_at()) == (False, office.lab.after(3600))
    assert sent.command == office.there.command


@pytest.mark.parametrize("outcome", [DONE, Parked("any")])
def test_should_be_gone_when_the_work_has_ended(office: Office, outcome: Outcome) -> None:
    errand = office.written()
    assert office.settle(errand, outcome) == outcome
    assert office.row is None
    assert not office.outbox.is_current(errand)


@pytest.mark.parametrize("outcome", [DONE, Parked("any"), None])
def test_should_leave_the_row_of_a_newer_wish_alone(
    office: Office, outcome: Outcome | None
) -> None:
    old = office.written("1")
    office.written("2")
    before = office.there
    office.settle(old, outcome or office.later())
    assert office.there == before


def test_should_do_nothing_for_an_errand_that_is_gone(office: Office) -> None:
    assert office.settle(office.errand(), DONE) == DONE
    assert office.settle(office.errand(), office.later()) == office.later()
    assert office.row is None


def test_should_be_put_off_under_a_new_token_so_that_a_repeat_does_nothing(office: Office) -> None:
    errand = office.written()
    tokens = {errand.command.token}
    for tries in range(1, 5):
        before = office.current
        outcome = office.later()
        assert office.settle(before, outcome) == outcome
        assert not office.outbox.is_current(before)
        assert (office.there.tries, office.there.reason) == (tries, "any_reason")
        assert office.there.wakes_relay()
        tokens.add(office.there.command.token)
    assert len(tokens) == 5


def test_should_come_back_when_the_work_asked_for_it(office: Office) -> None:
    office.settle(office.written(), office.later(77.0))
    assert office.there.not_before == office.lab.after(77.0)
    assert office.there.due_at() == office.lab.after(77.0 + TUNING.sweep_after)


def test_should_come_back_less_and_less_often_whatever_the_work_asks_for(office: Office) -> None:
    office.written()
    waits = []
    for _ in range(40):
        office.settle(office.current, office.later(0.0))
        waits.append((office.there.not_before - office.lab.now).total_seconds())
    assert waits[0] == 0.0
    assert sum(waits[-10:]) / 10 > TUNING.retry_most / 4


def test_should_become_a_task_when_it_waited_too_long(office: Office) -> None:
    errand = office.written()
    office.settle(errand, office.later())
    office.lab.clock.advance(TUNING.wait_at_most - 1)
    assert isinstance(office.settle(office.current, office.later()), Later)
    office.lab.clock.advance(1)
    assert office.settle(office.current, office.later()) == Parked("any_reason")
    assert office.row is None
    task = office.lab.store.get(Task, task_id(f"errand#{errand.row_id}"))
    assert task
    assert (task.record.kind, task.record.subject_id) == ("waited_too_long", "1")
    assert office.lab.entity.record.external_id == "any_reason"


def test_should_count_the_wait_anew_for_a_new_wish(office: Office) -> None:
    office.written("1")
    office.lab.clock.advance(TUNING.wait_at_most)
    assert isinstance(office.settle(office.written("2"), office.later()), Later)


def test_should_settle_although_the_relay_marks_the_row_meanwhile(office: Office) -> None:
    errand, store = office.written(), office.lab.store
    inner, marked = office.lab.table.get, list[object]()

    def get(key: object) -> object:
        found = inner(key)  # type: ignore[arg-type]
        if not marked:
            marked.append(key)
            stored = store.get(OutboxRow, errand.row_id)
            assert stored
            store.commit(Save(stored.record.sent(office.lab.after(3600)), stored))
        return found

    office.lab.table.get = get  # type: ignore[method-assign, assignment]
    office.settle(errand, DONE)
    assert office.row is None


def test_should_carry_the_format_version_and_read_a_newer_one() -> None:
    command = Office().errand().command
    assert command.v == FORMAT
    newer = {**command.model_dump(), "priority": "high", "v": FORMAT + 1}
    assert Command.model_validate(newer).id == "1"


def test_should_survive_being_stored_and_read(office: Office) -> None:
    office.written()
    assert OutboxRow.model_validate_json(office.there.model_dump_json()) == office.there
    assert office.there.since + timedelta(0) == office.lab.now


# --- lanes -------------------------------------------------------------------------------------


def test_should_wait_in_the_lane_of_a_system_without_waking_anybody(office: Office) -> None:
    errand = office.written()
    since = office.there.since
    office.lab.clock.advance(30)
    office.settle(errand, replace(office.later(), lane="any_system"))
    row = office.there
    assert (row.lane, row.due_lane(), row.wakes_relay()) == ("any_system", "any_system", False)
    assert row.due_at() == since  # the place in the lane is that of the wish


def test_should_leave_the_lane_when_it_is_sent_and_come_back_to_its_place(office: Office) -> None:
    held = replace(office.later(), lane="any_system")
    office.settle(office.written(), held)
    since = office.there.due_at()
    stored = office.lab.store.get(OutboxRow, office.errand().row_id)
    assert stored
    office.lab.store.commit(Save(stored.record.sent(office.lab.after(3600)), stored))
    assert (office.there.lane, office.there.due_at()) == ("", office.lab.after(3600))
    office.lab.clock.advance(60)
    office.settle(office.current, held)
    assert office.there.due_at() == since


def test_should_never_give_up_what_a_system_that_is_down_holds_up(office: Office) -> None:
    errand = office.written()
    office.lab.clock.advance(TUNING.wait_at_most + 1)
    held = replace(office.later(), lane="any_system")
    assert office.settle(errand, held) == held
    assert office.there.lane == "any_system"


@pytest.mark.parametrize(
    ("system", "lane"), [("down", "down"), ("up", ""), ("", "")], ids=["down", "up", "none"]
)
def test_should_send_whoever_meets_a_system_that_is_down_into_its_lane(
    office: Office, system: str, lane: str
) -> None:
    errand = office.written()
    lab = office.lab
    office.outbox = Outbox(lab.store, lab.clock, TUNING, "any-id", lambda name: name == "down")
    office.settle(errand, replace(office.later(), system=system))
    assert office.there.lane == lane
