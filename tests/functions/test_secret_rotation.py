"""Secrets are rotated while the workers go on: none is restarted, and nothing is parked for it."""

from __future__ import annotations

from collections import Counter

import pytest

from infra.simulators.faults import Fault
from tests.doubles.world import World
from tests.functions.given import (
    asset,
    card_in_portal,
    errands,
    forget_calls,
    stored_card,
    tasks,
    writes,
)
from tests.functions.portal import CARDS, place

NEW = "not-secret-9"


def rotate(world: World, system: str, *, known: bool = True) -> None:
    """An administrator gives another secret; `known`: Secrets Manager has it too."""
    if system == "salesforce":
        world.salesforce.rotate_secret(NEW)
    else:
        world.energised.rotate_token(NEW)
    if known:
        learn(world, system)


def learn(world: World, system: str) -> None:
    """Secrets Manager is told of the new secret."""
    of = world.secrets.values[system]
    of["client_secret" if system == "salesforce" else "api_token"] = NEW


def log_out(world: World) -> None:
    """All sessions in Salesforce end."""
    world.salesforce.org.tokens.clear()


def switched(world: World) -> bool:
    """Switch the card on; whether be.ENERGISED holds it so now."""
    card = stored_card(world)
    answer = world.call("POST", f"{CARDS}/{card.id}/activate")
    assert answer.status in {200, 202}, answer.text
    return world.energised.card(card.energised_id).active


def logins(world: World) -> Counter[int]:
    """Answers to logins in Salesforce, by status."""
    return Counter(c.status for c in world.salesforce.calls if c.operation == "token")


# --- the new secret is known ---------------------------------------------------------------------


def test_should_log_in_with_the_new_secret_without_a_restart(world: World) -> None:
    assert place(world, key="before").status == 201
    handler = world.handler("order_submit")
    rotate(world, "salesforce")
    log_out(world)
    forget_calls(world)
    assert place(world, key="after").status == 201
    assert world.handler("order_submit") is handler
    assert logins(world) == {400: 1, 200: 1}  # the cached one is refused, and read anew once
    assert tasks(world) == []


def test_should_use_the_new_api_token_without_a_restart(world: World) -> None:
    card_in_portal(world)
    world.call("GET", CARDS)
    assert switched(world)
    handler = world.handler("charge_cards")
    world.energised.change_card(stored_card(world).energised_id, active=False)
    rotate(world, "energised")
    assert switched(world)
    assert world.handler("charge_cards") is handler
    assert tasks(world) == []


def test_should_go_on_with_a_session_that_outlives_its_secret(world: World) -> None:
    place(world, key="before")
    rotate(world, "salesforce")
    forget_calls(world)
    assert place(world, key="after").status == 201
    assert not logins(world)


def test_should_do_once_what_was_on_its_way_with_an_old_session(world: World) -> None:
    place(world, key="before")
    rotate(world, "salesforce")
    world.salesforce.add_fault(Fault("expired_token", operation="run_graph"))
    forget_calls(world)
    assert place(world, key="after").status == 201
    graphs = [c.status for c in world.salesforce.calls if c.operation == "run_graph"]
    assert graphs == [401, 200]
    assert world.counts() == {"Order": 2, "OrderItem": 2}


def test_should_write_once_what_was_on_its_way_with_an_old_api_token(world: World) -> None:
    card_in_portal(world)
    assert switched(world)
    world.energised.change_card(stored_card(world).energised_id, active=False)
    rotate(world, "energised")
    forget_calls(world)
    assert switched(world)
    assert [c.status for c in writes(world.energised)] == [200]


def test_should_read_a_secret_anew_after_five_minutes_and_no_sooner(world: World) -> None:
    card_in_portal(world)
    switched(world)
    read = world.secrets.reads_of["energised"]
    world.clock.advance(299)
    switched(world)
    assert world.secrets.reads_of["energised"] == read
    world.clock.advance(2)
    switched(world)
    assert world.secrets.reads_of["energised"] == read + 1


def test_should_go_on_with_the_secret_it_has_while_none_can_be_read(world: World) -> None:
    card_in_portal(world)
    assert switched(world)
    del world.secrets.values["energised"]
    world.clock.advance(301)
    world.energised.change_card(stored_card(world).energised_id, active=False)
    assert switched(world)


# --- Secrets Manager does not have it yet --------------------------------------------------------


def test_should_keep_an_order_until_the_secret_is_known(world: World) -> None:
    place(world, key="before")
    rotate(world, "salesforce", known=False)
    log_out(world)
    placed = place(world, key="after")
    assert placed.status == 202
    world.run_for(3600)
    assert world.counts() == {"Order": 1, "OrderItem": 1}
    assert tasks(world) == []
    assert len(errands(world)) == 1
    learn(world, "salesforce")
    world.run_for(3600)
    assert world.counts() == {"Order": 2, "OrderItem": 2}
    assert (tasks(world), errands(world)) == ([], [])


def test_should_keep_a_card_until_the_token_is_known(world: World) -> None:
    card_in_portal(world)
    assert switched(world)
    world.run_for(600)
    world.energised.change_card(stored_card(world).energised_id, active=False)
    rotate(world, "energised", known=False)
    assert not switched(world)
    world.run_for(3600)
    assert tasks(world) == []
    learn(world, "energised")
    world.run_for(3600)
    assert world.energised.card(stored_card(world).energised_id).active
    assert (tasks(world), errands(world)) == ([], [])


@pytest.mark.parametrize("value", [{}, {"client_id": "busbar"}, None])
def test_should_keep_an_order_while_the_secret_is_empty_or_gone(
    world: World, value: dict[str, str] | None
) -> None:
    held = world.secrets.values.pop("salesforce")
    if value is not None:
        world.secrets.values["salesforce"] = value
    assert place(world).status == 202
    world.run_for(1800)
    assert (world.counts()["Order"], tasks(world)) == (0, [])
    world.secrets.values["salesforce"] = held
    world.run_for(3600)
    assert (world.counts()["Order"], tasks(world), errands(world)) == (1, [], [])


@pytest.mark.parametrize("value", [{}, {"client_id": "busbar"}])
def test_should_keep_what_is_to_be_written_of_a_card_while_the_secret_is_empty(
    world: World, value: dict[str, str]
) -> None:
    card_in_portal(world)
    held, world.secrets.values["salesforce"] = world.secrets.values["salesforce"], value
    assert switched(world)
    world.run_for(1800)
    assert (asset(world)["CardActive__c"], tasks(world)) == (False, [])
    world.secrets.values["salesforce"] = held
    world.run_for(3600)
    assert (asset(world)["CardActive__c"], tasks(world), errands(world)) == (True, [], [])


@pytest.mark.parametrize("value", [{}, {"client_id": "busbar"}])
def test_should_keep_an_order_when_its_secret_is_emptied(
    world: World, value: dict[str, str]
) -> None:
    place(world, key="before")
    held, world.secrets.values["salesforce"] = world.secrets.values["salesforce"], value
    log_out(world)
    world.clock.advance(301)
    assert place(world, key="after").status == 202
    world.run_for(1800)
    assert (world.counts()["Order"], tasks(world)) == (1, [])
    world.secrets.values["salesforce"] = held
    world.run_for(3600)
    assert (world.counts()["Order"], tasks(world), errands(world)) == (2, [], [])


def test_should_keep_the_messages_of_salesforce_until_its_secret_is_known(world: World) -> None:
    number = place(world).json["salesforce_order_number"]
    rotate(world, "salesforce", known=False)
    log_out(world)
    world.salesforce.assign_cards(number)
    world.salesforce.set_order_status(number, "Geliefert")
    world.run_for(1200)
    learn(world, "salesforce")
    world.run_for(7200)
    world.call("POST", "/v1/charge-cards/sync", "operator")
    world.run_for(1800)
    assert (tasks(world), dict(world.sqs.dead)) == ([], {})
    assert len(world.call("GET", CARDS).json["cards"]) == 2
