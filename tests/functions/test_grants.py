"""The whole story with no more than the catalogue grants: systems, queues, a table to read."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any, NoReturn

import pytest

from busbar.settings.function import Settings
from busbar.wiring.entry import Handler
from infra.catalog import UseCase, use_case
from infra.local.people import PEOPLE
from tests.doubles.world import ORG, World
from tests.functions.given import portal_cards, sync
from tests.functions.portal import CARDS, place


class GrantedWorld(World):
    """A world in which a function is given what its row in the catalogue names."""

    def handler(self, name: str) -> Handler:
        """The handler of a use case, with its own settings and clients."""
        if name not in self._handlers:
            case = use_case(name)
            clients = self._clients()
            if case.table == "read":
                clients.table = ReadOnly(clients.table)
            module = import_module(f"functions.{name}.handler")
            self._handlers[name] = module.make_handler(self._granted(case), clients)
        return self._handlers[name]

    def _granted(self, case: UseCase) -> Settings:
        org = self.settings.orgs[ORG]
        return replace(
            self.settings,
            orgs={
                ORG: replace(
                    org,
                    salesforce=org.salesforce if "salesforce" in case.systems else None,
                    energised=org.energised if "energised" in case.systems else None,
                    webhook=org.webhook if "webhook" in case.systems else None,
                )
            },
            queues={name: name for name in case.sends_to},
            parked=f"{case.name}-dead" if case.queue else "",
        )


class ReadOnly:
    """The table of a function that may only read it."""

    def __init__(self, table: Any) -> None:
        self.get = table.get
        self.get_many = table.get_many
        self.query = table.query
        self.rows = table.rows

    def write(self, _writes: Any) -> NoReturn:
        """AccessDenied."""
        raise PermissionError("this function may only read the table")


def test_should_carry_an_order_to_the_driver_with_what_the_catalogue_grants() -> None:
    world = GrantedWorld()
    world.call("GET", "/v1/charge-card-orders/form")
    placed = place(world)
    assert placed.status == 201, placed.text
    number = placed.json["salesforce_order_number"]
    world.salesforce.assign_cards(number)
    world.salesforce.set_order_status(number, "Geliefert")
    world.pump()
    world.clock.advance(600)
    assert sync(world)["taken_over"] == 2
    path = f"{CARDS}/{portal_cards(world)[0].record.id}"
    tag = world.call("GET", path).etag
    body = {"driver_id": PEOPLE["driver"], "vehicle": "OL-NW 17"}
    assert world.call("PATCH", path, body=body, If_Match=tag).status == 200
    assert world.call("POST", f"{path}/activate").status == 200
    world.pump()
    assert len(world.call("GET", "/v1/my/charge-cards", "driver").json["cards"]) == 1
    assert world.call("GET", placed.headers["Location"]).status == 200
    assert world.call("GET", "/v1/tasks", "operator").status == 200
    asset = next(a for a in world.salesforce.records("Asset") if a["CardActive__c"])
    assert asset["CardVehicle__c"] == "OL-NW 17"
    assert world.sqs.dead == {}


@pytest.mark.parametrize("down", ["salesforce", "energised"])
def test_should_need_no_more_when_a_system_is_down(down: str) -> None:
    world = GrantedWorld()
    getattr(world, down).is_down = True
    placed = place(world)
    world.run_for(300)
    getattr(world, down).is_down = False
    world.run_for(600)
    order = world.call("GET", placed.headers["Location"]).json
    world.salesforce.events.whole_seconds = True  # two events of one version: the source is read
    for status in ("Bearbeitung", "Geliefert"):
        world.salesforce.assign_cards(order["salesforce_order_number"], 1)
        world.salesforce.set_order_status(order["salesforce_order_number"], status)
    getattr(world, down).is_down = True
    world.run_for(60)
    getattr(world, down).is_down = False
    world.run_for(1200)
    assert sync(world)["taken_over"] == 2
    assert world.sqs.dead == {}
