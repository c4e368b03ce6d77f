"""An order's state is the fold of its events: arrival order and repeats do not matter."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busbar.domain.lifecycle import OrderStatus
from busbar.domain.orders import ChargeCardOrder
from busbar.domain.tracked_orders import EVENTS_KEPT, StatusEvent
from tests.unit.domain.any_orders import NOON, after, any_order, any_submitted, event

S = OrderStatus
LATER = NOON + timedelta(hours=1)
FIVE = (
    event(10, S.IN_PROGRESS),
    event(20, S.PARTLY_DELIVERED, tracking_id="T-1", delivered_quantity=4),
    event(30, S.DELIVERED, delivery_date=date(2026, 3, 9)),
    event(40, S.CANCELLED),
    event(50, S.IN_PROGRESS, tracking_id="T-2"),
)


def view(order: ChargeCardOrder) -> tuple[object, ...]:
    """All that an order shows."""
    return (
        order.status,
        order.refused_events,
        order.tracking_id,
        order.delivery_date,
        order.history(),
        order.delivers_cards,
    )


def any_events() -> st.SearchStrategy[list[StatusEvent]]:
    """Up to eight events with distinct versions, in order."""

    def made(versions: list[int], statuses: list[OrderStatus]) -> list[StatusEvent]:
        pairs = zip(sorted(versions), statuses, strict=False)
        return [event(v, s, tracking_id=f"T-{v}" if v % 3 else None) for v, s in pairs]

    versions = st.lists(st.integers(1, 10**9), unique=True, max_size=8)
    return st.builds(made, versions, st.lists(st.sampled_from(S), min_size=8, max_size=8))


def test_should_end_in_the_state_of_the_in_order_run_for_all_orders_of_five_events() -> None:
    expected = view(after(any_submitted(), *FIVE))
    for arrival in itertools.permutations(FIVE):
        assert view(after(any_submitted(), *arrival)) == expected


@pytest.mark.parametrize("repeated", range(5))
def test_should_not_care_about_a_repeat_wherever_it_comes(repeated: int) -> None:
    expected = view(after(any_submitted(), *FIVE))
    for arrival in itertools.permutations(FIVE):
        assert view(after(any_submitted(), *arrival, FIVE[repeated])) == expected


@given(any_events(), st.data())
def test_should_fold_any_events_in_any_order_with_any_repeats(
    events: list[StatusEvent], data: st.DataObject
) -> None:
    repeats = data.draw(st.lists(st.sampled_from(events), max_size=6)) if events else []
    arrival = data.draw(st.permutations([*events, *repeats]))
    assert view(after(any_submitted(), *arrival)) == view(after(any_submitted(), *events))


@given(any_events())
def test_should_not_care_whether_salesforce_answered_before_or_after_the_events(
    events: list[StatusEvent],
) -> None:
    late = after(any_order(), *events).model_copy(update={"submitted_at": NOON})
    early = after(any_order(submitted_at=NOON), *events)
    assert view(late) == view(early)


def test_should_be_the_same_object_when_an_event_changes_nothing() -> None:
    order = after(any_submitted(), *FIVE)
    assert order.with_event(FIVE[2]) is order


def test_should_survive_being_stored_and_read() -> None:
    order = after(any_submitted(), *FIVE)
    assert view(ChargeCardOrder.model_validate_json(order.model_dump_json())) == view(order)


@given(any_events(), any_events(), st.data())
def test_should_keep_what_an_order_shows_when_old_events_are_folded_away(
    early: list[StatusEvent], late: list[StatusEvent], data: st.DataObject
) -> None:
    shifted = [e.model_copy(update={"version": e.version + 10**10}) for e in late]
    middle = [event(10**9 + n, S.IN_PROGRESS) for n in range(1, EVENTS_KEPT + 1)]
    order = after(any_submitted(), *early, *data.draw(st.permutations(middle)), *shifted)
    whole = (*early, *middle, *shifted)
    status, tracking = reference_fold(whole)
    assert len(order.events) == EVENTS_KEPT
    assert (order.status, order.tracking_id) == (status, tracking)


def reference_fold(events: tuple[StatusEvent, ...]) -> tuple[OrderStatus, str | None]:
    """What all events say, folded in small portions that are never compacted."""
    order, tracking = any_submitted(), None
    for one in events:
        portion = order.with_event(one)
        tracking = one.tracking_id or tracking
        order = any_order(base_status=portion.status, submitted_at=order.submitted_at)
    return order.status, tracking


def test_should_refuse_an_event_older_than_what_was_folded_away() -> None:
    events = [event(n, S.IN_PROGRESS) for n in range(10, 10 + EVENTS_KEPT + 1)]
    order = after(any_submitted(), *events)
    assert order.base_version == 10
    assert order.with_event(event(9, S.CANCELLED)) is order
    assert order.with_event(event(10, S.CANCELLED)) is order
    assert order.status is S.IN_PROGRESS


def test_should_keep_the_delivery_when_its_event_was_folded_away() -> None:
    delivery = event(1, S.DELIVERED, tracking_id="T-1", delivery_date=date(2026, 3, 9))
    later = [event(n, S.DELIVERED) for n in range(2, EVENTS_KEPT + 2)]
    order = after(any_submitted(), delivery, *later)
    assert (order.tracking_id, order.delivery_date) == ("T-1", date(2026, 3, 9))


@pytest.mark.parametrize("arrival", list(itertools.permutations(range(3))))
def test_should_show_the_newest_tracking_id_and_delivery_date(arrival: tuple[int, ...]) -> None:
    events = [
        event(1, S.DELIVERED, tracking_id="old", delivery_date=date(2026, 3, 1)),
        event(2, S.DELIVERED, tracking_id="new", delivery_date=date(2026, 2, 1)),
        event(3, S.DELIVERED),
    ]
    order = after(any_submitted(), *(events[n] for n in arrival))
    assert (order.tracking_id, order.delivery_date) == ("new", date(2026, 2, 1))


def test_should_tell_the_history_from_the_order_to_its_newest_event() -> None:
    lines = after(any_submitted(), *reversed(FIVE)).history()
    assert [(line.status.value, line.source, line.refused) for line in lines] == [
        ("accepted", "portal", False),
        ("submitted", "salesforce", False),
        ("in_progress", "salesforce", False),
        ("partly_delivered", "salesforce", False),
        ("delivered", "salesforce", False),
        ("cancelled", "salesforce", True),
        ("in_progress", "salesforce", False),
    ]
    assert [line.at for line in lines] == sorted(line.at for line in lines)


@pytest.mark.parametrize(
    ("other", "contradicts"),
    [
        (event(20, S.PARTLY_DELIVERED, tracking_id="T-1", delivered_quantity=4), False),
        (FIVE[1].model_copy(update={"event_id": "other"}), False),
        (FIVE[1].model_copy(update={"occurred_at": NOON + timedelta(days=1)}), False),
        (FIVE[1].model_copy(update={"status": S.DELIVERED}), True),
        (FIVE[1].model_copy(update={"tracking_id": "T-9"}), True),
        (FIVE[1].model_copy(update={"delivery_date": date(2026, 3, 1)}), True),
        (FIVE[1].model_copy(update={"delivered_quantity": 5}), True),
        (event(21, S.DELIVERED), False),
    ],
)
def test_should_see_a_contradiction_only_in_one_version_with_other_content(
    other: StatusEvent, contradicts: bool
) -> None:
    known = after(any_submitted(), *FIVE).contradicted_by(other)
    assert known == (FIVE[1] if contradicts else None)


def test_should_be_as_if_a_version_had_never_come_without_it() -> None:
    without = after(any_submitted(), *FIVE).without_version(20)
    assert view(without) == view(after(any_submitted(), FIVE[0], *FIVE[2:]))


@pytest.mark.parametrize(
    ("events", "due"),
    [(FIVE[:1], None), (FIVE[:2], LATER), (FIVE[:3], LATER), ((FIVE[1], FIVE[3]), LATER)],
    ids=["in_progress", "partly", "delivered", "cancelled_after_a_part"],
)
def test_should_be_due_for_a_card_only_while_its_cards_are_on_their_way(
    events: tuple[StatusEvent, ...], due: datetime | None
) -> None:
    order = after(any_submitted(cards_taken_over=("a", "b")), *events).expecting("b", LATER)
    assert (order.cards_taken_over, order.next_takeover_at) == (("a",), due)


def test_should_not_put_off_what_is_due_for_one_more_card() -> None:
    order = after(any_submitted(next_takeover_at=NOON), FIVE[2])
    assert order.expecting("any", LATER) == order
