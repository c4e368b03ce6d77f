"""A story whose events can be told in any order, again and again, from the same beginning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.doubles.memory_table import PlainTable
from tests.doubles.world import World
from tests.faults.mapper import PythonMapper
from tests.faults.stories import Story
from tests.functions.given import errands, forget_calls, writes
from tests.functions.portal import CARDS, ORDERS, SYNC

Json = dict[str, Any]
PASSING = frozenset(
    {"changed_at", "opened_at", "updated_at", "LastModifiedDate", "SystemModstamp", "etag"}
)
"""What says when something was done, or how often: it cannot be the same in two orders."""
MANAGERS = ("fleet-manager", "other-fleet-manager")
APART = 2.0
"""Seconds between two events."""
SETTLED = 1200.0
"""Until what a sync has put off is due again."""


class Replay:
    """A world in which the acts of a story are done, and none of its events was told yet.

    `events` are their envelopes in the order of the acts.
    """

    def __init__(self, story: Story) -> None:
        self.story = story
        self.world = world = World(cards=3, mapper=PythonMapper())
        world.table.bill = PlainTable().bill
        story.begin(world)
        self._items, self._cards = dict(world.table.items), world.energised.dump()
        world.salesforce.events.holding = True
        self._salesforce = [world.salesforce.dump()]
        for act in story.acts:
            world.clock.advance(3600)
            act(world)
            self._salesforce.append(world.salesforce.dump())
        world.clock.advance(60)
        self._now = world.clock.now()
        self.events: list[Json] = list(world.salesforce.events.held)
        assert len(self.events) == len(story.acts)

    def rewind(self, acts: int | None = None) -> None:
        """Back to the beginning. Salesforce stands as after all acts, or so many of them."""
        world = self.world
        world.clock.advance((self._now - world.clock.now()).total_seconds())
        world.table.items = dict(self._items)
        world.table.stream.clear()
        world._relayed = 0
        world.sqs.queues.clear()
        world.sqs.dead.clear()
        world.sqs.groups_of_dead.clear()
        world.boundaries.names.clear()
        world.energised.restore(self._cards)
        logins = dict(world.salesforce.org.tokens)
        world.salesforce.restore(self._salesforce[-1 if acts is None else acts])
        world.salesforce.org.tokens.update(logins)

    def tell(self, event: Json) -> None:
        """An event comes by the bus to its queue, and all happens that follows from it."""
        self.world.salesforce.events.publish(event)
        self.world.pump()
        self.world.clock.advance(APART)

    def effects_of(self, event: Json) -> list[str]:
        """All that an event changes: items of the table, and calls that write."""
        world, before = self.world, dict(self.world.table.items)
        forget_calls(world)
        self.tell(event)
        there = world.table.items
        changed = [k.pk for k in {*before, *there} if before.get(k) != there.get(k)]
        called = [f"{c.method} {c.path}" for c in writes(world.salesforce, world.energised)]
        return changed + called + [f"parked by {queue}" for queue in world.sqs.dead]

    def calls(self) -> int:
        """How often the systems were called in the course of the last event."""
        return len(self.world.salesforce.calls) + len(self.world.energised.calls)

    def settle(self) -> None:
        """Time passes, and a sync takes over what was delivered."""
        self.world.clock.advance(SETTLED)
        self.synchronise()

    def synchronise(self) -> None:
        """A sync takes over what is delivered and due."""
        self.world.call("POST", SYNC, "operator")
        self.world.pump()

    def state(self) -> Json:
        """All that people and systems can see at the end, without times, by its place."""
        world = self.world
        there = {
            "orders": {
                order: world.call("GET", f"{ORDERS}/{order}", "operator").json
                for order in self.story.orders
            },
            "cards": {user: _by(world.call("GET", CARDS, user).json["cards"]) for user in MANAGERS},
            "tasks": _by(world.call("GET", "/v1/tasks", "operator").json["tasks"]),
            "salesforce": {name: _by(rows, "Id") for name, rows in self._rows()},
            "energised": _by(world.energised.state()["cards"]),
            "unfinished": [row.id for row in errands(world)],
            "dead": {queue: list(bodies) for queue, bodies in world.sqs.dead.items()},
        }
        return dict(_leaves(there))

    def _rows(self) -> Iterator[tuple[str, list[Json]]]:
        for name in ("Order", "OrderItem", "Asset"):
            yield name, self.world.salesforce.records(name)


def _by(rows: list[Json], name: str = "id") -> dict[str, Json]:
    return {row[name]: row for row in rows}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, Mapping):
        yield path, value
        return
    for name, item in value.items():
        if name not in PASSING:
            yield from _leaves(item, f"{path}/{name}")
