"""Meter readings in the table: one item per counter and German calendar year.

36 monthly readings are three or four items of less than 1 kB each, which is 12 times cheaper to
write than an item per reading, and a counter's whole life is read by one query. A year is written
on condition that it is as it was read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from busbar.domain.entities import Entity
from busbar.domain.marks import Mark, micros
from busbar.domain.readings import (
    MOST_IN_A_YEAR,
    Pruned,
    ReadingsSynced,
    Series,
    Unmatched,
    joined,
    remembered,
    year_of,
)
from busbar.ports.runtime import Clock
from busbar.store import keys
from busbar.store.entity_body import (
    LARGEST,
    Events,
    fits,
    lineage,
    pack,
    read_events,
    read_lineage,
    unpack,
)
from busbar.store.table import Absent, Holds, Item, Table, Write

LARGEST_YEAR = 4 * 1024 * 1024
"""Bytes of a year's readings as JSON: who reads them has to hold it."""
HEAD = "0000"
"""In place of a year: prunes and sync of the whole series."""


class TableReadings:
    """Implements `busbar.ports.entities.ReadingSeries`."""

    def __init__(self, table: Table, clock: Clock, org: str) -> None:
        self._table = table
        self._clock = clock
        self._org = org

    def series(self, meter: str, counter: str, *, consistent: bool = False) -> Series:
        """One query: 0.5 RU per 4 kB, some 60 readings."""
        found = self._all(meter, keys.readings_of(counter), consistent=consistent)
        return found.get(counter) or Series(meter, counter)

    def all_series(self, meter: str) -> dict[str, Series]:
        """One query for all counters."""
        return self._all(meter, "", consistent=False)

    def _all(self, meter: str, begins: str, *, consistent: bool) -> dict[str, Series]:
        pk, start = keys.readings(self._org, meter, "", "").pk, None
        found: dict[str, Series] = {}
        while True:
            rows, start = self._table.rows(pk, begins=begins, start=start, consistent=consistent)
            for row in rows:
                counter, _, year = str(row["sk"]).rpartition("#")
                counter = "" if counter == "-" else counter
                series = found.get(counter) or Series(meter, counter)
                found[counter] = _read(series, year, row)
            if start is None:
                return found

    def prunes(self, meter: str, counter: str) -> Mapping[str, Pruned]:
        """GetItem: 1 RU."""
        item = self._table.get(keys.readings(self._org, meter, counter, HEAD))
        return _read(Series(meter, counter), HEAD, item).prunes if item else {}

    def save(self, before: Series, after: Series) -> None:
        """1 WU per kB of each year that differs, one put each; and the head if it differs.

        A reading that moves to another year takes a transaction: it would be lost, or there twice.
        One that is there twice all the same, as two have written it at once, is put right.
        """
        old, new = _years(before), _years(after)
        years = sorted(old.keys() | new.keys() | before.doubled)
        differ = [y for y in years if old.get(y) != new.get(y) or y in before.doubled]
        writes = [self._year(after, year, new.get(year, {})) for year in differ]
        if (before.prunes, before.sync) != (after.prunes, after.sync):
            writes.append(self._item(after, HEAD, _head(after)))
        moved = any(old[a].keys() & new[b].keys() for a in old for b in new if a != b)
        for part in [writes] if moved or before.doubled else [[write] for write in writes]:
            self._table.write(part)

    def _year(self, series: Series, year: str, readings: Mapping[str, Entity]) -> Write:
        now = micros(self._clock.now())
        kept = [r for r in readings.values() if remembered(r, now)]
        if len(kept) > MOST_IN_A_YEAR:
            raise Unmatched("METER_READING_GROUP_FAILED", f"more than {MOST_IN_A_YEAR} in a year")
        events = Events()
        rows = [_row(reading, events) for reading in kept]
        return self._item(series, year, {"r": rows, "e": events.table()})

    def _item(self, series: Series, year: str, body: Mapping[str, Any]) -> Write:
        key = keys.readings(self._org, series.meter, series.counter, year)
        version, packed = series.versions.get(year, 0), pack(body, LARGEST_YEAR)
        if not fits(packed):
            said = f"a year of more than {LARGEST_YEAR} bytes, or than {LARGEST} compressed"
            raise Unmatched("METER_READING_GROUP_FAILED", said)
        item: Item = {"pk": key.pk, "sk": key.sk, "version": version + 1, "body": packed}
        return Write(key, item, Holds("version", version) if version else Absent())


def _years(series: Series) -> dict[str, dict[str, Entity]]:
    years: dict[str, dict[str, Entity]] = defaultdict(dict)
    for reading in series.readings.values():
        years[year_of(reading)][reading.id] = reading
    return years


def _row(reading: Entity, events: Events) -> list[Any]:
    marks = [events.number(mark) for mark in (reading.alive, reading.purged)]
    return [reading.id, reading.attributes, lineage(reading.lineage, events), *marks]


def _head(series: Series) -> dict[str, Any]:
    prunes = {name: [list(p.mark), p.source] for name, p in series.prunes.items()}
    return {"p": prunes, "y": {name: list(sync) for name, sync in series.sync.items()}}


def _read(series: Series, year: str, item: Item) -> Series:
    body = unpack(bytes(item["body"]))  # type: ignore[arg-type]
    versions = {**series.versions, year: int(item["version"])}
    if year == HEAD:
        prunes = {n: Pruned(Mark(*mark), source) for n, (mark, source) in body["p"].items()}
        sync = {n: ReadingsSynced(*row) for n, row in body["y"].items()}
        return replace(series, prunes=prunes, sync=sync, versions=versions)
    events = read_events(body["e"])
    readings, doubled = dict(series.readings), set(series.doubled)
    for reading in (_reading(row, events) for row in body["r"]):
        known = readings.get(reading.id)
        readings[reading.id] = joined(known, reading) if known else reading
        if known:
            doubled |= {year, year_of(known)}
    return replace(series, readings=readings, versions=versions, doubled=frozenset(doubled))


def _reading(row: list[Any], events: list[Mark]) -> Entity:
    reading_id, attributes, said, alive, purged = row
    return Entity(
        id=reading_id,
        schema="reading",
        attributes=attributes,
        lineage=read_lineage(said, attributes, events),
        alive=events[alive] if alive >= 0 else None,
        purged=events[purged] if purged >= 0 else None,
        version=1,
    )
