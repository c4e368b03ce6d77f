"""What a company has ordered in 30 days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from busbar.domain.order_limit import COUNTED_APART, PERIOD, CountedOrder, OrderedCards

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def counted(*orders: tuple[timedelta, int]) -> OrderedCards:
    """Orders of so many cards, so long ago; named by their place."""
    made = (CountedOrder(order_id=f"{n}", at=NOW - ago, quantity=q) for n, (ago, q) in _of(orders))
    return OrderedCards(id="any", orders=tuple(made))


def _of(orders: tuple[tuple[timedelta, int], ...]) -> enumerate[tuple[timedelta, int]]:
    return enumerate(orders)


def test_should_count_an_order_for_30_days_and_no_second_longer() -> None:
    company = counted((PERIOD, 5), (PERIOD - SECOND, 3), (SECOND, 2))
    assert company.at(NOW).quantity == 5
    assert company.at(NOW - SECOND).quantity == 10
    assert company.at(NOW + PERIOD).quantity == 0


def test_should_leave_out_orders_that_gave_back() -> None:
    company = counted((3 * SECOND, 5), (2 * SECOND, 3), (SECOND, 2))
    assert company.without(frozenset({"1"})).quantity == 7
    assert company.without(frozenset()).quantity == 10


@pytest.mark.parametrize(
    ("quantity", "room_after"), [(1, timedelta(9)), (5, timedelta(9)), (6, timedelta(20))]
)
def test_should_tell_when_there_is_room(quantity: int, room_after: timedelta) -> None:
    company = counted((timedelta(21), 5), (timedelta(10), 5))
    assert company.room_from(quantity, 10) == NOW + room_after


def test_should_tell_that_there_is_never_room() -> None:
    assert counted((SECOND, 5)).room_from(11, 10) is None
    assert counted().room_from(11, 10) is None
    assert counted((SECOND, 5)).room_from(10, 10) == NOW - SECOND + PERIOD


def test_should_count_all_orders_however_many_and_keep_the_record_small() -> None:
    company, orders = OrderedCards(id="any"), COUNTED_APART * 3
    for n in range(orders):
        order = CountedOrder(order_id=f"{n:013}", at=NOW + n * SECOND, quantity=2)
        company = company.plus(order)
    assert company.quantity == 2 * orders
    assert len(company.orders) == COUNTED_APART
    # What is counted together never leaves too early.
    together = company.orders[0]
    assert together.at == NOW + (orders - COUNTED_APART) * SECOND
    assert together.order_id == ""
    assert [o.order_id for o in company.orders[1:3]] == [f"{n:013}" for n in (401, 402)]
