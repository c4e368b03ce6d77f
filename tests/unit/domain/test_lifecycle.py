"""Which state may follow which: every pair, against a table written out here."""

from __future__ import annotations

import itertools

import pytest

from busbar.domain.lifecycle import DEFAULT_STATUS_MAP, LIFECYCLE, OrderStatus
from tests.unit.domain.any_orders import after, any_order, any_submitted, event

S = OrderStatus
PATH_TO: dict[OrderStatus, tuple[OrderStatus, ...]] = {
    S.ACCEPTED: (),
    S.SUBMITTED: (S.SUBMITTED,),
    S.IN_PROGRESS: (S.IN_PROGRESS,),
    S.PARTLY_DELIVERED: (S.IN_PROGRESS, S.PARTLY_DELIVERED),
    S.DELIVERED: (S.IN_PROGRESS, S.DELIVERED),
    S.CANCELLED: (S.CANCELLED,),
    S.REJECTED: (S.REJECTED,),
}
ALLOWED = {
    "accepted": "submitted in_progress partly_delivered delivered cancelled rejected",
    "submitted": "in_progress partly_delivered delivered cancelled rejected",
    "in_progress": "partly_delivered delivered cancelled rejected",
    "partly_delivered": "in_progress delivered cancelled",
    "delivered": "in_progress partly_delivered",
    "cancelled": "",
    "rejected": "",
}
GERMAN = {
    "accepted": "Angenommen",
    "submitted": "Ausgangsstatus",
    "in_progress": "Bearbeitung",
    "partly_delivered": "Teilgeliefert",
    "delivered": "Geliefert",
    "cancelled": "Storniert",
    "rejected": "Abgelehnt",
}


@pytest.mark.parametrize(("here", "there"), list(itertools.product(S, S)))
def test_should_follow_or_refuse_as_the_table_says(here: OrderStatus, there: OrderStatus) -> None:
    order = after(any_order(), *(event(n, s) for n, s in enumerate(PATH_TO[here], 1)))
    assert order.status is here
    moved = order.with_event(event(9, there))
    allowed = there.value in ALLOWED[here.value].split()
    assert moved.status is (there if allowed else here)
    refused = [e.version for e in moved.refused_events]
    assert refused == ([] if allowed or here is there else [9])


@pytest.mark.parametrize("status", list(S))
def test_should_name_every_state_in_german(status: OrderStatus) -> None:
    assert LIFECYCLE[status].german == GERMAN[status.value]


@pytest.mark.parametrize("status", list(S))
def test_should_name_followers_exactly_as_written_here(status: OrderStatus) -> None:
    assert sorted(LIFECYCLE[status].followed_by) == sorted(ALLOWED[status.value].split())


@pytest.mark.parametrize("value", ["Ausgangsstatus", "Bearbeitung", "Teilgeliefert", "Geliefert"])
def test_should_map_each_german_word_onto_its_own_state(value: str) -> None:
    assert LIFECYCLE[DEFAULT_STATUS_MAP[value]].german == value


@pytest.mark.parametrize(
    ("value", "status"), [("Draft", S.SUBMITTED), ("Activated", S.IN_PROGRESS)]
)
def test_should_map_the_states_of_a_plain_org(value: str, status: OrderStatus) -> None:
    assert DEFAULT_STATUS_MAP[value] is status


def test_should_be_submitted_as_soon_as_salesforce_has_the_order() -> None:
    assert any_submitted().status is S.SUBMITTED


@pytest.mark.parametrize("status", list(S))
def test_should_stay_rejected_whatever_comes_when_it_never_reached_salesforce(
    status: OrderStatus,
) -> None:
    order = any_order(rejected_reason="quantity_out_of_range").with_event(event(1, status))
    assert order.status is S.REJECTED


@pytest.mark.parametrize("status", list(S))
def test_should_deliver_cards_only_when_some_were_delivered(status: OrderStatus) -> None:
    order = after(any_order(), *(event(n, s) for n, s in enumerate(PATH_TO[status], 1)))
    assert order.delivers_cards is (status in {S.DELIVERED, S.PARTLY_DELIVERED})
