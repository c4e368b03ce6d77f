"""Meter readings: a series of them per counter, and what updates make of it. Pure.

A reading is kept like an entity: every attribute knows its event, so a late one overwrites nothing
newer. A deletion is for good; what stays is by which mark the reading was known, so that an event
from before brings it back no more.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from busbar.domain.calendar_day import berlin_day
from busbar.domain.changes import Set
from busbar.domain.entities import BIN_DAYS, Entity, item_id, purged, upserted
from busbar.domain.marks import Mark, moment
from busbar.domain.updates import ReadingUpdate

_ISO = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}($|T)")
_INVALID = "INVALID_METER_READING_ATTRIBUTES"
REQUIRED: tuple[str, ...] = ("external_id", "timestamp", "source", "value")
KNOWN_BY = frozenset({"external_id", "timestamp", "direction", "source"})
MOST_IN_A_YEAR = 4000
"""Readings of one counter in one year, which are one item: 60 to 100 bytes each. A series by the
quarter of an hour belongs elsewhere."""
Result = Literal["created", "updated", "unchanged", "stale", "deleted"]


class Unmatched(ValueError):
    """A reading cannot be applied. `code` is one of `busbar.domain.outcomes`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Pruned(NamedTuple):
    """A prune that was applied: readings from before `mark` are gone, or those of `source`."""

    mark: Mark
    source: str | None


class ReadingsSynced(NamedTuple):
    """How far one integration has brought a series. `synced_at` in µs since 1970."""

    synced_at: int
    operation: Literal["upsert", "delete"]
    event_id: str


@dataclass(frozen=True)
class Series:
    """The readings of one counter, by id, those that are gone among them.

    `versions` are our writes by year, as they were read; `prunes` by source (empty: all).
    """

    meter: str
    counter: str
    readings: Mapping[str, Entity] = field(default_factory=dict)
    prunes: Mapping[str, Pruned] = field(default_factory=dict)
    sync: Mapping[str, ReadingsSynced] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    doubled: frozenset[str] = frozenset()
    """Years that hold a reading of another year, too, as two have written it at once."""

    def live(self) -> list[Entity]:
        """The readings that are there, by time."""
        return sorted((r for r in self.readings.values() if r.live), key=_time)


def joined(one: Entity, other: Entity) -> Entity:
    """The reading that two events, at work at once, have put into two years: of each attribute what
    is newer."""
    both = (one, other)
    lineage = {
        name: max(reading.lineage[name] for reading in both if name in reading.lineage)
        for name in one.lineage.keys() | other.lineage.keys()
    }
    attributes = {
        name: (one if one.lineage.get(name) == mark else other).attributes[name]
        for name, mark in lineage.items()
    }
    alive = max((reading.alive for reading in both if reading.alive), default=None)
    ended = max((reading.purged for reading in both if reading.purged), default=None)
    made = replace(one, attributes=attributes, lineage=lineage, alive=alive, purged=None)
    return purged(made, ended, KNOWN_BY) if ended else made


def _time(reading: Entity) -> tuple[str, str]:
    return str(reading.attributes.get("timestamp", "")), reading.id


def checked(update: ReadingUpdate) -> dict[str, Any]:
    """A reading's attributes as they are kept: the value a number, the time in UTC.

    Of a deletion only what a reading is known by; it needs an external id, or under `strict-date`
    the day. Raises `Unmatched`.
    """
    needed, told = REQUIRED, dict(update.attributes)
    if deletes := update.mode == "delete":
        told = {n: v for n, v in told.items() if n in KNOWN_BY and v not in (None, "")}
        by_day = update.matching == "strict-date" and "timestamp" in told
        needed = () if by_day else ("external_id",)
    if missing := [name for name in needed if told.get(name) in (None, "")]:
        raise Unmatched(_INVALID, f"missing required {', '.join(missing)}")
    if "timestamp" in told:
        told["timestamp"] = read_timestamp(told["timestamp"]).isoformat().replace("+00:00", "Z")
    return told if deletes else {**told, "value": _value(told["value"])}


def read_timestamp(raw: Any) -> datetime:
    """An ISO date (midnight UTC) or date-time (UTC without an offset). Raises `Unmatched`.

    Of the years in which the German day of every time can be told: that of 9999 may be in 10000.
    """
    try:
        at = datetime.fromisoformat(raw if isinstance(raw, str) and _ISO.match(raw) else "")
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        berlin_day(at)
    except (ValueError, OverflowError):
        raise Unmatched(_INVALID, "timestamp has to be an ISO date or date-time") from None
    return at


def _value(raw: Any) -> int | float:
    try:
        number = float(raw) if not isinstance(raw, bool) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise Unmatched(_INVALID, "value has to be a number")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def year_of(reading: Entity) -> str:
    """The German calendar year that a reading is kept in; of one that is gone, and of which no time
    is known, that of the event that took it."""
    said = reading.attributes.get("timestamp")
    if said is None and reading.purged:
        return str(moment(reading.purged.version).year)
    return str(berlin_day(read_timestamp(said)).year)


class Work:
    """A series while updates are applied to it, one after the other."""

    def __init__(self, series: Series, mark: Mark) -> None:
        self._series = series
        self._mark = mark
        self._readings = dict(series.readings)
        self._prunes = dict(series.prunes)
        self._known: dict[bool, dict[tuple[str, ...], set[str]]] = {}
        """Ids by external id (False) and by day (True), once they are asked for."""

    def series(self) -> Series:
        """The series as it is now; the same one if nothing has changed."""
        if self._readings == self._series.readings and self._prunes == self._series.prunes:
            return self._series
        return replace(self._series, readings=self._readings, prunes=self._prunes)

    def apply(self, update: ReadingUpdate) -> Result:
        """One update. Raises `Unmatched`."""
        attributes = checked(update)
        there = self._matched(attributes, strict=self._by_day(update, attributes))
        if update.mode == "delete":
            return self._delete(there, attributes)
        changes = {name: Set(value) for name, value in attributes.items()}
        merged = upserted(there, changes, self._mark)
        after = self._still_pruned(merged.entity)
        self._keep(there, after)
        if len(merged.stale) == len(changes) or (not there.live and not after.live):
            return "stale"
        if not there.live:
            return "created"
        return "unchanged" if after.attributes == there.attributes else "updated"

    def _by_day(self, update: ReadingUpdate, attributes: Mapping[str, Any]) -> bool:
        """Whether the day tells which reading is meant. A deletion under `strict-date` goes by the
        external id first; who is known by it, even if gone, ends the search: or the deletion that
        comes twice would take another reading of the day."""
        strict = update.matching == "strict-date"
        if not strict or update.mode != "delete":
            return strict
        known = "external_id" in attributes and self._index(strict=False)[_external_id(attributes)]
        return "timestamp" in attributes and not known

    def _matched(self, attributes: Mapping[str, Any], *, strict: bool) -> Entity:
        """The reading that is meant, new if there is none. Raises `Unmatched` for several."""
        key = _day(attributes) if strict else _external_id(attributes)
        found = [self._readings[i] for i in sorted(self._index(strict=strict).get(key, ()))]
        live = [reading for reading in found if reading.live]
        if len(live) > 1:
            raise Unmatched("READING_MULTIPLE_MATCHES", "several readings fit; none was changed")
        if found:
            return (live or found)[-1]
        new_id = item_id(self._series.meter, self._series.counter, key)
        return self._readings.get(new_id) or Entity(new_id, "reading")

    def _index(self, *, strict: bool) -> dict[tuple[str, ...], set[str]]:
        if strict not in self._known:
            index = self._known[strict] = defaultdict(set)
            for reading in self._readings.values():
                index[_KEYS[strict](reading.attributes)].add(reading.id)
        return self._known[strict]

    def _keep(self, before: Entity, after: Entity) -> None:
        known = before.id in self._readings
        if known and after.says_the_same(before):
            return
        self._readings[after.id] = after
        for strict, index in self._known.items():
            if known:
                index[_KEYS[strict](before.attributes)].discard(before.id)
            index[_KEYS[strict](after.attributes)].add(after.id)

    def _delete(self, there: Entity, attributes: Mapping[str, Any]) -> Result:
        mark, known = self._mark, {name: Set(value) for name, value in attributes.items()}
        if there.id not in self._readings:
            there = upserted(there, known, mark._replace(version=mark.version - 1)).entity
        gone = purged(there, mark, KNOWN_BY)
        self._keep(there, gone)
        return "stale" if gone.live else "deleted" if there.live else "unchanged"

    def _still_pruned(self, reading: Entity) -> Entity:
        """A prune that came before its time takes with it what an older event brings now."""
        for by in self._prunes.values():
            if reading.live and _overtaken(reading, by) and _in_scope(reading, by):
                reading = purged(reading, by.mark, KNOWN_BY)
        return reading

    def prune(self, keep: frozenset[str], source: str | None) -> int:
        """Take away what is not to be kept; how many readings went.

        A prune that is older than one that was applied does what that one does.
        """
        mark, known = self._mark, self._prunes.get(source or "")
        by = known if known and known.mark > mark else Pruned(mark, source)
        self._prunes[source or ""] = by
        count = 0
        for reading in [r for r in self._readings.values() if r.live]:
            named = reading.attributes.get("external_id") in keep or (reading.alive or mark) > mark
            leaves = _overtaken(reading, by) if by.mark != mark else not named
            if leaves and _in_scope(reading, by):
                self._keep(reading, purged(reading, by.mark, KNOWN_BY))
                count += 1
        return count


def _external_id(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """Nothing for one that was only ever told to go by its day."""
    return (str(attributes.get("external_id") or ""),)


def _day(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """What a reading is known by under `strict-date`; without a direction it is `feed-out`.

    Nothing for one that was only ever told to go by its external id.
    """
    if "timestamp" not in attributes:
        return ()
    day = berlin_day(read_timestamp(attributes["timestamp"]))
    return str(attributes.get("direction") or "feed-out"), day.isoformat()


_KEYS = {False: _external_id, True: _day}


def _overtaken(reading: Entity, by: Pruned) -> bool:
    """Whether a prune left it out: what it kept, it had also said, so that is as new as itself."""
    return reading.alive is not None and reading.alive.version < by.mark.version


def _in_scope(reading: Entity, by: Pruned) -> bool:
    """A reading without external id is pruned only where the prune names its source."""
    if by.source is not None:
        return bool(reading.attributes.get("source") == by.source)
    return bool(reading.attributes.get("external_id"))


def remembered(reading: Entity, now: int) -> bool:
    """Whether a reading is to be kept; one that is gone only as long as late events are heeded."""
    if reading.live or reading.purged is None:
        return True
    return now < reading.purged.at + BIN_DAYS * 86400 * 1_000_000


def view(reading: Entity) -> dict[str, Any]:
    """A reading as it is shown."""
    return {**reading.attributes, "_id": reading.id}
