"""POST /v1/charge-card-orders where a company may order so many cards in 30 days."""

from __future__ import annotations

import pytest

from busbar.domain.order_limit import OrderedCards
from busbar.domain.orders import ChargeCardOrder
from tests.doubles.world import Reply, World
from tests.functions.given import NORDWIND_ID, store
from tests.functions.portal import ORDERS, fields_at_fault, place, problem

DAY = 86_400.0


@pytest.fixture
def world() -> World:
    """A company may order ten cards in 30 days."""
    return World(cards_per_company=10)


def counted(world: World) -> int:
    """Cards that count for the company."""
    stored = store(world).get(OrderedCards, NORDWIND_ID)
    return stored.record.quantity if stored else 0


def refused(reply: Reply) -> str:
    """The order is refused for the company's limit; what the portal is told."""
    told = problem(reply, 422, "company-limit-reached")
    assert fields_at_fault(reply) == ["quantity"]
    return str(told["detail"])


def test_should_take_all_that_is_left_and_nothing_more(world: World) -> None:
    assert place(world, 7, key="1").status == 201
    assert "10 cards in 30 days, 3 are left" in refused(place(world, 4, key="2"))
    assert place(world, 3, key="3").status == 201
    assert "0 are left" in refused(place(world, 1, key="4"))
    assert counted(world) == 10
    assert len(world.salesforce.records("Order")) == 2


def test_should_say_from_when_there_is_room(world: World) -> None:
    place(world, 6, key="1")
    world.clock.advance(10 * DAY)
    place(world, 4, key="2")
    assert "room for 6 from 2026-04-01T08:00:00Z on" in refused(place(world, 6, key="3"))
    assert "room for 7 from 2026-04-11T08:00:00Z on" in refused(place(world, 7, key="3"))
    assert "no order can have more" in refused(place(world, 11, key="3"))


def test_should_have_room_again_after_30_days(world: World) -> None:
    place(world, 10, key="1")
    world.clock.advance(30 * DAY - 1)
    refused(place(world, 1, key="2"))
    world.clock.advance(1)
    assert place(world, 10, key="2").status == 201
    assert counted(world) == 10


def test_should_take_the_same_key_again_after_a_refusal(world: World) -> None:
    place(world, 10, key="1")
    refused(place(world, 2, key="2"))
    refused(place(world, 2, key="2"))
    world.clock.advance(30 * DAY)
    assert place(world, 2, key="2").status == 201


def test_should_count_a_repeat_once(world: World) -> None:
    for _ in range(5):
        assert place(world, 6, key="1").status == 201
    assert counted(world) == 6


def test_should_count_an_order_once_whose_worker_died_anywhere() -> None:
    for die_at in range(1, 40):
        world = World(cards_per_company=10)
        world.boundaries.die_at = die_at
        try:
            place(world, 6, key="1")
        except BaseException:  # noqa: BLE001  (the worker died: that is the case)
            world.clock.advance(60)
            assert place(world, 6, key="1").status in {201, 202}
        assert counted(world) == 6, die_at


def test_should_not_count_what_is_refused_for_another_reason(world: World) -> None:
    problem(place(world, 51, key="1"), 422, "quantity-out-of-range")
    assert counted(world) == 0


def test_should_count_each_company_by_itself(world: World) -> None:
    place(world, 10, key="1")
    assert place(world, 10, "other-fleet-manager", key="1").status == 201


@pytest.mark.parametrize("status", ["Storniert", "Abgelehnt"])
def test_should_give_back_what_an_order_without_cards_took(world: World, status: str) -> None:
    number = place(world, 8, key="1").json["salesforce_order_number"]
    refused(place(world, 3, key="2"))
    world.salesforce.set_order_status(number, status)
    world.pump()
    assert place(world, 3, key="2").status == 201
    assert "7 are left" in refused(place(world, 8, key="3"))
    assert place(world, 7, key="3").status == 201
    refused(place(world, 1, key="4"))


def test_should_keep_what_a_cancelled_order_took_whose_cards_had_gone_out(world: World) -> None:
    number = place(world, 8, key="1").json["salesforce_order_number"]
    for status in ("Teilgeliefert", "Storniert"):
        world.clock.advance(60)
        world.salesforce.set_order_status(number, status)
        world.pump()
    assert "2 are left" in refused(place(world, 3, key="2"))


def test_should_count_while_salesforce_is_down(world: World) -> None:
    world.salesforce.is_down = True
    assert place(world, 8, key="1").status == 202
    refused(place(world, 3, key="2"))
    page = store(world).listed(ChargeCardOrder, f"company#{NORDWIND_ID}")
    assert len(page.items) == 1


def test_should_read_and_write_no_count_without_a_limit() -> None:
    world = World()
    assert place(world, 50).status == 201
    assert counted(world) == 0


def test_should_refuse_in_the_form_of_every_problem(world: World) -> None:
    refused(world.call("POST", ORDERS, body={"quantity": 11}, Idempotency_Key="any"))
