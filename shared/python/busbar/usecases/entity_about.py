"""What events are about: read once, and for all events of a batch together, before the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from busbar.domain.updates import Mapped
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_lookup import Unfound, Wanted, Workset, wanted
from busbar.usecases.entity_prepare import Prepared, prepare
from busbar.usecases.entity_relations import wanted_target


class About(NamedTuple):
    """One event: its updates, and whom they lead to. Of those in `found_by` the lookups alone are
    needed."""

    updates: Sequence[Prepared]
    found_by: Sequence[Wanted]
    read: Sequence[Wanted]

    @property
    def size(self) -> int:
        """How many entities may have to be written for it."""
        relations = (relation for update in self.updates for relation in update.relations.values())
        return len(self.updates) + sum(len(relation.targets) for relation in relations)


def about(mapped: Mapped, deps: EntityDeps) -> About:
    """What an event is about; what cannot be looked for is told later."""
    updates = [prepare(update, deps) for update in mapped.entity_updates]
    read = [update.want for update in updates if isinstance(update.want, Wanted)]
    found_by: list[Wanted] = []
    for needed, want in _targets(updates, deps):
        (read if needed else found_by).append(want)
    return About(updates, found_by, [*read, *_meters(mapped, deps)])


def _targets(updates: Sequence[Prepared], deps: EntityDeps) -> Iterator[tuple[bool, Wanted]]:
    for target in (
        target
        for update in updates
        for relation in update.relations.values()
        for target in relation.targets
    ):
        with suppress(Unfound):
            want = wanted_target(deps, target)
            yield bool(target.attribute or want.entity_id), want


def _meters(mapped: Mapped, deps: EntityDeps) -> Iterator[Wanted]:
    for reading in mapped.meter_readings_updates:
        for slug, ids in (("meter", reading.meter), ("meter_counter", reading.meter_counter)):
            with suppress(Unfound):
                yield wanted(deps, slug, ids or {})


def prefetch(events: Iterable[About], workset: Workset) -> None:
    """Read all that the events are about."""
    read: list[Wanted] = []
    found_by: list[Wanted] = []
    for one in events:
        read += one.read
        found_by += one.found_by
    workset.prefetch([*found_by, *read], read)
