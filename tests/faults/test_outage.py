"""A system is down for hours: it is spared, nothing is lost, and what waits drains in order."""

from __future__ import annotations

import pytest

from tests.faults import outage
from tests.faults.setups import Mode


def test_should_spare_a_system_that_is_down_and_drain_what_waits_in_order() -> None:
    assert outage.sized(200, 90) == []


@pytest.mark.parametrize("mode", ["probe", "none"])
def test_should_lose_and_park_nothing_where_no_key_is_unique(mode: Mode) -> None:
    up, down = (outage.orders(60, down=down, limit=90, mode=mode) for down in (False, True))
    assert outage.compare(up, down) == []


def test_should_hold_the_limit_and_starve_nobody_while_everybody_looks_on() -> None:
    assert outage.crowded() == []


def test_should_spare_the_charging_backend_and_bring_every_card_to_its_state() -> None:
    up, down = (outage.cards(30, down=down) for down in (False, True))
    assert outage.compare(up, down) == []


def test_should_let_orders_of_wallboxes_wait_an_hour_for_sap_and_go_on_by_themselves() -> None:
    up, down = (outage.wallboxes(30, down=down) for down in (False, True))
    assert outage.compare(up, down) == []
