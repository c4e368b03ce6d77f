"""`meter_readings` of a configuration: one update for each reading of an event.

At ingest a reading is held to the toolkit's rules, and its values are put as they are stored: the
time in UTC, the value as a number. A simulation shows values as they are mapped, and warns.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from busbar.domain.updates import ReadingPrune, ReadingUpdate
from busbar.mapping.engine import UNDEFINED, Source
from busbar.mapping.identifiers import Identifiers
from busbar.mapping.model import ReadingMapping
from busbar.mapping.outcome import READING, Outcome, attributes_of, items_of
from busbar.mapping.reading_rules import (
    REQUIRED,
    is_missing,
    number,
    strange_words,
    utc,
    wrong_words,
)
from busbar.mapping.sources import NotMapped, Scope, id_text

INVALID = "INVALID_METER_READING_ATTRIBUTES"
Ids = dict[str, Any]


class _Kept(NamedTuple):
    meter: Ids
    counter: Ids | None
    external_id: str


def map_reading(entry: ReadingMapping, outcome: Outcome) -> None:
    """Adds the updates of one entry, and what is to be pruned after them."""
    items = items_of(entry, outcome)
    if items is None:
        return
    kept: list[_Kept | None] = []
    for index, source in enumerate(items):
        kept.append(_map_item(entry, outcome, source, index))
    if entry.prune:
        _prune(entry, outcome, kept)


def _map_item(entry: ReadingMapping, outcome: Outcome, source: Source, index: int) -> _Kept | None:
    scope = outcome.scope(source, READING)
    found = _meter(entry, outcome, scope, index)
    attributes, sound = attributes_of(entry, scope, outcome, index)
    external_id = id_text(attributes.get("external_id"))
    if external_id is not None:
        attributes["external_id"] = external_id
    if found is None:
        return None
    meter, counter = found
    if sound and _complete(entry, outcome, attributes, index):
        settled = _settled(entry, outcome, attributes, index)
        if settled is not None:
            update = ReadingUpdate(meter, counter, settled, entry.mode, entry.matching)
            outcome.reading_updates.append(update)
    return None if external_id is None else _Kept(meter, counter, external_id)


def _meter(
    entry: ReadingMapping, outcome: Outcome, scope: Scope, index: int | None
) -> tuple[Ids, Ids | None] | None:
    found: list[Ids | None] = []
    for identifiers, key in ((entry.meter, "meter"), (entry.counter, "meter_counter")):
        ids = _ids(identifiers, f"{entry.path}.{key}", outcome, scope, index)
        if ids is None and identifiers is not None:
            return None
        found.append(ids)
    meter, counter = found
    return None if meter is None else (meter, counter)


def _ids(
    identifiers: Identifiers | None, path: str, outcome: Outcome, scope: Scope, index: int | None
) -> Ids | None:
    if identifiers is None:
        return None
    try:
        ids, missing = identifiers.find(scope)
    except NotMapped as error:
        outcome.fail(error, READING, index)
        return None
    if missing:
        said = f"no value for: {', '.join(missing)}"
        outcome.fault("MISSING_UNIQUE_IDENTIFIERS", said, READING, f"{path}.unique_ids", index)
        return None
    return ids


def _complete(
    entry: ReadingMapping, outcome: Outcome, attributes: dict[str, Any], index: int
) -> bool:
    needed: tuple[str, ...] = REQUIRED
    if entry.mode == "delete":
        by_day = entry.matching == "strict-date" and not is_missing(attributes.get("timestamp"))
        needed = () if by_day else ("external_id",)
    missing = [name for name in needed if is_missing(attributes.get(name, UNDEFINED))]
    if missing:
        said = f"item {index} is missing required field attributes: {', '.join(missing)}"
        outcome.fault(INVALID, said, READING, entry.path, index)
    return not missing


def _settled(
    entry: ReadingMapping, outcome: Outcome, attributes: dict[str, Any], index: int
) -> dict[str, Any] | None:
    """The attributes as they are stored, or shown; None if something is wrong with them."""
    at = utc(attributes.get("timestamp"))
    if at is None and "timestamp" in attributes:
        said = "timestamp: has to be an ISO 8601 date or date-time"
        outcome.fault("INVALID_TIMESTAMP", said, READING, entry.path, index)
        return None
    for name, message in strange_words(attributes):
        outcome.scope(outcome.root, READING).warn(name, f"{name} {message}")
    if entry.mode == "delete":
        return attributes if at is None else {**attributes, "timestamp": at}
    wrong = [f"{name}: {message}" for name, message in wrong_words(attributes)]
    value = number(attributes["value"])
    if value is None:
        wrong.append("value: has to be a number")
    if outcome.context.simulation:
        for message in wrong:
            outcome.scope(outcome.root, READING).warn(message.split(":")[0], message)
        return attributes
    for message in wrong:
        outcome.fault(INVALID, message, READING, entry.path, index)
    return None if wrong else {**attributes, "timestamp": at, "value": value}


def _prune(entry: ReadingMapping, outcome: Outcome, kept: list[_Kept | None]) -> None:
    groups: dict[Any, tuple[Ids, Ids | None, list[str]]] = {}
    for each in kept:
        if each is None:
            said = "nothing is pruned: it is not known what to keep"
            outcome.fault(INVALID, said, READING, entry.path)
            return
        key = (tuple(each.meter.items()), tuple((each.counter or {}).items()))
        groups.setdefault(key, (each.meter, each.counter, []))[2].append(each.external_id)
    if not kept:
        _prune_all(entry, outcome)
    for meter, counter, ids in groups.values():
        outcome.reading_prunes.append(ReadingPrune(meter, counter, tuple(ids), entry.source))


def _prune_all(entry: ReadingMapping, outcome: Outcome) -> None:
    """No reading tells of which meter there are none; the payload may."""
    scope = outcome.scope(outcome.root, READING)
    try:
        meter = entry.meter.find(scope)
        counter = None if entry.counter is None else entry.counter.find(scope)
    except NotMapped as error:
        outcome.fail(error, READING)
        return
    if meter.missing or (counter is not None and counter.missing):
        scope.warn(entry.path, "no readings, and no meter of which they would be pruned")
        return
    ids = None if counter is None else counter.ids
    outcome.reading_prunes.append(ReadingPrune(meter.ids, ids, (), entry.source))
