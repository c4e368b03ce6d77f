"""A file of an ERP's events, its load, and how far that is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from busbar.domain.erp_loads import Load, upload_key
from busbar.ports.store import Save
from busbar.settings.function import Tuning
from tests.doubles.world import ORG, Reply, World
from tests.functions.erp_given import INTEGRATION, ErpWorld
from tests.functions.given import store

LOADS = f"/v1/integrations/{INTEGRATION}/loads"
QUEUE = "erp_load_slices"
LOAD_ID = "10AD000000001"
"""Of the load in the sample events."""
KEY = upload_key(ORG, LOAD_ID)
Line = Mapping[str, Any] | str | bytes


def load_world(*, slices: int = 8, turn: float = 30.0) -> ErpWorld:
    """A world whose loads have at most so many parts, each gone on with for so long; with a `turn`
    of 0 a worker hands on after every batch."""
    return ErpWorld(tuning=Tuning(load_slices=slices, load_turn=turn))


def customer_line(number: int, **fields: Any) -> dict[str, Any]:
    """A line about one of many customers; a field that is None is left out."""
    usual = {
        "use_case_slug": "customer",
        "timestamp": "2026-03-02T07:00:00Z",
        "payload": {"partner": f"{number:07}", "lastName": f"Name {number}"},
    }
    return {name: value for name, value in (usual | fields).items() if value is not None}


def file_of(*lines: Line) -> bytes:
    """The lines as a file."""
    return b"".join(_text(line) + b"\n" for line in lines)


def _text(line: Line) -> bytes:
    if isinstance(line, bytes):
        return line
    return line.encode() if isinstance(line, str) else json.dumps(line).encode()


def put_file(world: World, content: bytes, key: str = KEY) -> str:
    """A file that lies in the bucket; its key."""
    world.files.put_there(key, content)
    return key


def start(world: World, *lines: Line, key: str = KEY, once: str = "any") -> str:
    """Start the load of a file of these lines; its id."""
    if lines:
        put_file(world, file_of(*lines), key)
    reply = world.call("POST", LOADS, "machine", {"key": key}, Idempotency_Key=once)
    assert reply.status == 201, reply.text
    return str(reply.json["id"])


def loaded(world: World, *lines: Line) -> dict[str, Any]:
    """The load of a file, when all of it is worked off."""
    load = start(world, *lines)
    world.pump()
    return shown(world, load)


def shown(world: World, load: str) -> dict[str, Any]:
    """A load as it is shown."""
    reply = world.call("GET", f"{LOADS}/{load}", "operator")
    assert reply.status == 200, reply.text
    view: dict[str, Any] = reply.json
    return view


def wish(world: World, load: str, state: str) -> Reply:
    """Pause a load, let it go on, or cancel it."""
    return world.call("PATCH", f"{LOADS}/{load}", "operator", {"state": state})


def known_load(world: World, content: bytes) -> None:
    """The load of the sample events, which nobody has begun to work at."""
    put_file(world, content)
    load = Load(
        id=LOAD_ID,
        integration_id=INTEGRATION,
        key=KEY,
        etag=world.files.objects[KEY].etag,
        size=len(content),
        started_at=world.clock.now() - timedelta(seconds=1),
        most_slices=8,
    )
    store(world).commit(Save(load))


def bodies(world: World) -> list[dict[str, Any]]:
    """The messages on the queue of loads."""
    waiting = sorted(world.sqs.queues.get(QUEUE, []), key=lambda m: m.number)
    return [json.loads(message.body) for message in waiting]
