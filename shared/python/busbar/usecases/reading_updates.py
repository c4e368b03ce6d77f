"""Apply meter readings, group by group: a group is a meter, or one of its counters.

All readings of a group are read by one query and written together. Readings never create a meter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from busbar.domain.arrays import canonical
from busbar.domain.entity_versions import SYNCED_EVERY
from busbar.domain.marks import Mark, micros
from busbar.domain.outcomes import Outcome
from busbar.domain.readings import ReadingsSynced, Series, Unmatched, Work
from busbar.domain.updates import Mapped, ReadingPrune, ReadingUpdate
from busbar.errors import Conflict
from busbar.usecases.entity_lookup import Unfound, Wanted, Workset, wanted

TRIES = 6
DELETED = "METER_READING_DELETED"
SEEN = {"METER_READING_UPSERTED", DELETED}
"""What is said of readings that are now as the event says, be it that they were so before."""
METER, COUNTER = "meter", "meter_counter"


@dataclass
class Group:
    """What an event says of one meter or counter."""

    meter: Mapping[str, Any]
    counter: Mapping[str, Any] | None
    updates: list[ReadingUpdate] = field(default_factory=list)
    prunes: list[ReadingPrune] = field(default_factory=list)


def apply_readings(mapped: Mapped, mark: Mark, workset: Workset) -> list[Outcome]:
    """The outcomes of all groups; what fails in one leaves the others alone.

    Raises `Conflict` if others write a group all the time, `StoreUnavailable`.
    """
    groups: dict[str, Group] = {}

    def group(meter: Mapping[str, Any], counter: Mapping[str, Any] | None) -> Group:
        key = canonical([dict(meter), dict(counter or {})])
        return groups.setdefault(key, Group(meter, counter or None))

    for update in mapped.meter_readings_updates:
        group(update.meter, update.meter_counter).updates.append(update)
    for prune in mapped.meter_readings_prune_scope_updates:
        group(prune.meter, prune.meter_counter).prunes.append(prune)
    return [o for one in groups.values() for o in _group(one, mark, workset)]


def _group(group: Group, mark: Mark, workset: Workset) -> list[Outcome]:
    try:
        meter = _existing(METER, group.meter, workset)
        counter = _existing(COUNTER, group.counter, workset) if group.counter else ""
    except Unfound as error:
        count = len(group.updates)
        detail = {"readings": count}
        return [Outcome(error.code, METER, "reading", str(error), None, detail)]
    told: list[Outcome] = []
    for tries in range(TRIES):
        series = workset.deps.readings.series(meter, counter, consistent=tries > 0)
        after, outcomes = _applied(series, group, mark)
        told = [*told, *(o for o in outcomes if o.code == DELETED)] if told else outcomes
        try:
            seen = after is not series or any(outcome.code in SEEN for outcome in outcomes)
            after = _synced(series, after, mark, workset) if seen else after
            workset.deps.readings.save(series, after)
        except Conflict:
            told = []
            continue
        except Unmatched as error:
            return [Outcome(error.code, METER, "reading", str(error), meter)]
        if not _crossed(series, after, workset):
            return told
    raise Conflict(f"readings of {meter}")


def _crossed(before: Series, after: Series, workset: Workset) -> bool:
    """Whether a prune and an older event may have missed each other, as they write other years: so
    a prune looks again once it is remembered, and who has written looks whether there was one."""
    if after.prunes != before.prunes:
        return True
    if after.readings is before.readings or after.sync != before.sync:
        return False  # what is remembered has not changed, or could not have been written
    return workset.deps.readings.prunes(before.meter, before.counter) != before.prunes


def _existing(slug: str, unique_ids: Mapping[str, Any], workset: Workset) -> str:
    """The id of a meter or counter. It may have been written a moment ago: nobody says that there
    is none, or that there are several, without a consistent look. Raises `Unfound`."""
    want = wanted(workset.deps, slug, unique_ids)
    try:
        return _live(slug, want, workset)
    except Unfound:
        return _live(slug, want, Workset(workset.deps, fresh=True))


def _live(slug: str, want: Wanted, workset: Workset) -> str:
    found = workset.find(want)
    entity = workset.entity(found.entity_id, slug) if found.exists else None
    if entity is None or not entity.live:
        raise Unfound("METER_NOT_FOUND", f"there is no such {slug}")
    return found.entity_id


def _applied(series: Series, group: Group, mark: Mark) -> tuple[Series, list[Outcome]]:
    counts: Counter[str] = Counter()
    outcomes: list[Outcome] = []
    work = Work(series, mark)
    for number, update in enumerate(group.updates):
        try:
            counts[work.apply(update)] += 1
        except Unmatched as error:
            outcomes.append(_said(series, error.code, f"reading {number}: {error}"))
    for prune in group.prunes:
        counts["deleted"] += work.prune(frozenset(prune.keep_external_ids), prune.source)
    return work.series(), [*_counted(series, counts), *outcomes]


def _counted(series: Series, counts: Counter[str]) -> list[Outcome]:
    said = {name: counts[name] for name in ("created", "updated", "unchanged", "stale")}
    made = []
    if any(said.values()):
        only_stale = said["stale"] == sum(said.values())
        code = "STALE_EVENT" if only_stale else "METER_READING_UPSERTED"
        made.append(_said(series, code, f"{sum(said.values())} readings", said))
    if counts["deleted"]:
        gone = {"deleted": counts["deleted"]}
        made.append(_said(series, DELETED, f"{counts['deleted']} readings", gone))
    return made


def _said(
    series: Series, code: str, message: str, more: Mapping[str, Any] | None = None
) -> Outcome:
    detail = {"meter_id": series.meter, "counter_id": series.counter or None, **(more or {})}
    return Outcome(code, METER, "reading", message, series.counter or series.meter, detail)


def _synced(before: Series, after: Series, mark: Mark, workset: Workset) -> Series:
    """With how far the integration has come: at most once an hour, if it is only for that."""
    now = micros(workset.deps.clock.now())
    known = before.sync.get(mark.integration_id)
    operation: Literal["upsert", "delete"] = known.operation if known else "upsert"
    if after is not before:
        operation = "delete" if len(after.live()) < len(before.live()) else "upsert"
    if known and known.operation == operation and now - known.synced_at < SYNCED_EVERY:
        return after
    entry = ReadingsSynced(now, operation, mark.event_id)
    return replace(after, sync={**before.sync, mark.integration_id: entry})
