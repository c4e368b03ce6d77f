"""The ports of wallbox orders to be.ENERGISED, as a function is given them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from busbar.errors import MisconfiguredError, Unavailable, Withheld
from busbar.ports.systems import Systems
from busbar.wiring.parts import Parts
from infra.simulators import sample
from infra.simulators.energised.stations import stations
from infra.simulators.faults import Fault
from tests.doubles.world import ORG, World

STATION = stations(1)[0]
CARD = sample.cards(1)[0]


def systems_of(world: World) -> Systems:
    """The systems of an org whose be.ENERGISED has stations."""
    world.energised.load_sample(20, wallboxes=4)
    return Parts(world.settings, world._clients()).deps(ORG).systems


def test_should_reach_stations_with_the_credentials_beside_the_api_token(world: World) -> None:
    systems = systems_of(world)
    (found,) = systems.stations.find_stations(STATION.identity, 5)
    assert found.external_id == STATION.id
    assert systems.stations is systems.stations


def test_should_reach_registrations_with_the_api_token(world: World) -> None:
    systems = systems_of(world)
    assert systems.registration.find_registered("BBPE0000000000001", CARD.number, 5) == []
    assert systems.registration is systems.registration


def test_should_leave_cards_alone_when_the_host_of_tokens_fails(world: World) -> None:
    systems = systems_of(world)
    world.energised.add_fault(Fault("status", operation="cpo_token", count=None))
    for _ in range(10):
        with pytest.raises(Unavailable):
            systems.stations.find_stations(STATION.identity, 5)
        world.clock.advance(30)
    assert not systems.is_down("energised")
    assert systems.energised.read_card(CARD.energised_id, 5).number == CARD.number


def test_should_hold_stations_back_while_the_tenant_is_down(world: World) -> None:
    systems = systems_of(world)
    systems.stations.find_stations(STATION.identity, 5)
    world.energised.is_down = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            systems.stations.read_station(STATION.id, 5)
    assert systems.is_down("energised")
    with pytest.raises(Withheld):
        systems.stations.write_station(STATION.id, {}, 5)


@pytest.mark.parametrize("port", ["stations", "registration"])
def test_should_say_that_a_function_was_not_given_the_system(world: World, port: str) -> None:
    without = replace(world.settings.orgs[ORG], energised=None)
    world.settings = replace(world.settings, orgs={ORG: without})
    with pytest.raises(MisconfiguredError, match="energised"):
        getattr(systems_of(world), port)
