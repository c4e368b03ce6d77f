"""The plan of one event: which entities it touches, what it does to each, and how that is written.

Steps are done in memory, then each entity is written once, by one conditional write. Where somebody
else wrote first, its steps are done anew on what is there now. New entities are written first, so
that a relation never leads to what is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from busbar.domain.entities import Entity
from busbar.domain.entity_index import Sole, lookups_of
from busbar.domain.entity_versions import resynced, sealed
from busbar.domain.marks import Mark, micros
from busbar.domain.outcomes import Outcome
from busbar.errors import Conflict, EventRejected, Held
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_lookup import Unfound, Wanted, Workset, is_meant
from busbar.usecases.entity_steps import Step

TRIES = 6
CHANGED = {"ENTITY_CREATED", "ENTITY_UPDATED", "ENTITY_DELETED"}


class Overtaken(Exception):
    """The event has to be planned anew, on consistent reads: somebody else has created the entity
    under another id, or what cannot be told may be told by reads that are not behind."""


@dataclass
class Slot:
    """One entity of an event. `steps` with the places of their outcomes in the answer."""

    base: Entity
    now: Entity
    want: Wanted | None = None
    """How it was looked for."""
    steps: list[tuple[int, Step]] = field(default_factory=list)
    outcomes: list[tuple[int, Outcome]] = field(default_factory=list)
    held: bool = False
    """Whether somebody else has, or had, the value by which it was looked for."""

    @property
    def is_new(self) -> bool:
        """Whether nobody finds it yet: it was never there, or is gone for good."""
        return not (self.base.live or self.base.in_bin)

    def do(self, place: int, step: Step) -> None:
        """One step more."""
        self.steps.append((place, step))
        self._do(place, step)

    def _do(self, place: int, step: Step) -> None:
        self.now, outcomes = step(self.now)
        self.outcomes += [(place, outcome) for outcome in outcomes]

    def refuse(self, reason: str) -> None:
        """Nothing of it is done, for good."""
        entity, place = self.base, self.steps[0][0]
        outcome = Outcome("PAYLOAD_TOO_LARGE", entity.schema, "upsert", reason, entity.id)
        self.outcomes = [(place, outcome)]

    def rebase(self, base: Entity) -> None:
        """All steps anew, on what is there now."""
        self.base = self.now = base
        self.outcomes.clear()
        for place, step in self.steps:
            self._do(place, step)


@dataclass
class Plan:
    """One event."""

    deps: EntityDeps
    workset: Workset
    mark: Mark
    slots: dict[str, Slot] = field(default_factory=dict)
    others: list[tuple[int, Outcome]] = field(default_factory=list)
    """Outcomes that are of no entity's steps."""

    def slot(self, entity_id: str, slug: str, want: Wanted | None = None) -> Slot:
        """The entity's place in the plan. `want` says how it was looked for."""
        if entity_id not in self.slots:
            base = self.workset.entity(entity_id, slug)
            self.slots[entity_id] = Slot(base, base, want)
        return self.slots[entity_id]

    def say(self, place: int, outcome: Outcome) -> None:
        """An outcome that is of no entity's steps."""
        self.others.append((place, outcome))

    def write(self, done: dict[str, list[tuple[int, Outcome]]]) -> None:
        """Write what changes. `done` has the outcomes of entities that were written before the
        event was planned anew, and gets those of the ones written now.

        Raises `Conflict` if others are faster every time, `Overtaken`.
        """
        # What is added to an array stays in it: so those that it leads to are written before it.
        order = sorted(self.slots.values(), key=lambda s: (not s.is_new, bool(s.now.logs)))
        for slot in order:
            wrote = self._write(slot)
            entity_id = slot.now.id
            if wrote:
                done[entity_id] = slot.outcomes
            elif entity_id in done:
                slot.outcomes = done[entity_id]
            else:
                slot.outcomes = [(place, _unchanged(o)) for place, o in slot.outcomes]

    def _write(self, slot: Slot) -> bool:
        for _ in range(TRIES):
            now = micros(self.deps.clock.now())
            after = sealed(slot.base, slot.now, self.mark, now)
            if after is None:
                self._note_repeat(slot, now)
                return False
            sole = self._sole(slot, after)
            if not sole:
                self._look_again(slot)
            try:
                self.deps.save(slot.base, after, sole)
            except Held:
                slot.held = True
            except Conflict:
                slot.rebase(self._read_again(slot.base))
                self._check_meant(slot)
            except EventRejected as error:
                slot.refuse(error.reason)
                return False
            else:
                self.workset.wrote(slot.base, after)
                return True
        raise Conflict(f"entity {slot.base.id}")

    def _note_repeat(self, slot: Slot, now: int) -> None:
        """Once an hour, a repeat leaves its time behind. Whoever wrote just now, was seen too."""
        if not any(outcome.code == "ENTITY_NO_OP" for _, outcome in slot.outcomes):
            return
        after = resynced(slot.base, self.mark, now) if slot.base.live else None
        if after is None:
            return
        with suppress(Conflict, EventRejected):
            self.deps.save(slot.base, after)
            self.workset.wrote(slot.base, after)

    def _sole(self, slot: Slot, after: Entity) -> Sole:
        """The values by which a new entity was looked for: that nobody else has them is seen by the
        write itself, for no read more."""
        if slot.want is None or slot.held or not slot.is_new:
            return ()
        mine = lookups_of(self.deps.schema(after.schema), after)
        sole = tuple(lookups for _, lookups in slot.want.by)
        return sole if mine.issuperset(slot.want.lookups) else ()

    def _look_again(self, slot: Slot) -> None:
        """Before a create, consistently: lookups that were read may have been too old."""
        known = self.workset.fresh and not slot.held
        if slot.want is None or known or not slot.is_new:
            return
        fresh = Workset(self.deps, fresh=True)
        fresh.entities[slot.base.id] = None
        try:
            found = fresh.find(slot.want, self.mark)
        except Unfound:
            raise Overtaken from None
        if found.entity_id != slot.base.id:
            raise Overtaken

    def _check_meant(self, slot: Slot) -> None:
        """Raises `Overtaken` if others have taken the values away by which it was found: the event
        would take them back, and is about who has them now."""
        want, base = slot.want, slot.base
        if want and base.version:
            schema = self.deps.schema(base.schema)
            if not is_meant(schema, base, want, self.mark):
                raise Overtaken

    def _read_again(self, base: Entity) -> Entity:
        found = self.deps.entities.get([base.id], consistent=True).get(base.id)
        return found or Entity(base.id, base.schema)

    def outcomes(self) -> Iterator[Outcome]:
        """All outcomes, in the order of the event's parts."""
        mine = [pair for slot in self.slots.values() for pair in slot.outcomes]
        for _, outcome in sorted((*self.others, *mine), key=lambda pair: pair[0]):
            yield outcome


def _unchanged(outcome: Outcome) -> Outcome:
    """The outcome of steps that came to nothing in the end."""
    if outcome.code not in CHANGED:
        return outcome
    return Outcome(
        "ENTITY_NO_OP",
        outcome.entity_slug,
        outcome.operation,
        "",
        outcome.entity_id,
        outcome.detail,
    )
