"""The stored form of an entity gives back what was put in, and keeps its history within bounds."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from busbar.domain.arrays import Log, Op
from busbar.domain.entities import Entity, Synced, Version
from busbar.domain.marks import Mark
from busbar.store.entity_body import BESIDE, decode_entity, encode_entity

FIRST = Mark(1, 2, "e1", "sap", "3", "i", "customer")
LAST = FIRST._replace(version=5, event_id="e2", system="crm")


def encoded(entity: Entity) -> bytes:
    packed = encode_entity(entity)
    assert packed
    return packed


def any_entity(**fields: Any) -> Entity:
    log = Log(FIRST, ["a"], (Op(LAST, every=False, items=["b"]),), None)
    made = Entity(
        id="1",
        schema="contact",
        attributes={"title": "Dr.", "tags": ["a", "b"], "gone": None, "ö": {"ß": 1}},
        lineage={"title": FIRST, "tags": LAST, "gone": LAST, "ö": LAST},
        logs={"tags": log},
        alive=LAST,
        deleted=FIRST,
        version=7,
        created_at=10,
        changed_at=20,
        content_hash="abc",
        last=LAST,
        history=(Version(7, LAST, 20, "patch", {"title": ["Prof."], "gone": []}),),
        sync={"i": Synced("customer", 20, None, "no-op", "e2")},
    )
    return replace(made, **fields)


@pytest.mark.parametrize(
    "entity",
    [
        any_entity(),
        any_entity(stub=True, history=(), logs={}),
        any_entity(logs={"tags": Log(FIRST, ["a", "b"], (), LAST, ("0123456789a",))}),
        any_entity(attributes={}, lineage={}, logs={}, purged=LAST, alive=None, last=None),
    ],
)
def test_should_read_back_what_was_written(entity: Entity) -> None:
    assert decode_entity("1", 7, "abc", encoded(entity)) == entity


def grown(words: int, versions: int) -> Entity:
    chance = random.Random(1)  # noqa: S311
    attributes = {f"a{n}": chance.randbytes(8).hex() for n in range(words)}
    history = tuple(
        Version(n, LAST, n, "patch", {f"a{k}": [chance.randbytes(8).hex()] for k in range(5)})
        for n in range(versions, 0, -1)
    )
    lineage = dict.fromkeys(attributes, LAST)
    return any_entity(attributes=attributes, lineage=lineage, logs={}, history=history)


@pytest.mark.parametrize(("words", "units"), [(10, 2), (100, 2), (160, 3), (400, 6)])
def test_should_give_history_only_the_room_that_is_left_in_a_write_unit(
    words: int, units: int
) -> None:
    bare = encoded(grown(words, 1))
    packed = encoded(grown(words, 20))
    assert len(packed) + BESIDE <= units * 1024
    assert len(bare) + BESIDE > (units - 1) * 1024 or units == 2
    assert decode_entity("1", 7, "abc", packed).history


def test_should_keep_the_last_change_however_full_it_is() -> None:
    kept = decode_entity("1", 7, "abc", encoded(grown(5000, 20))).history
    assert kept[0].version == 20
