"""Apply what a mapping made of events to the entities: the inbound worker's last step.

Safe to repeat at any time: every attribute takes only what is newer (`busbar.domain.entities`). The
lookups and entities of a whole batch are read together; each entity is then written once per event,
on condition that it is as it was read. Nothing here is sent on to the system that the event came
from: the stored row names the system, and a repeat of its own values is no change.

Outcomes tell what became of each part; errors of one part leave the others alone. Raised is only
what passes by itself: `StoreUnavailable`, and `Conflict` where others write all the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from busbar.domain.attribute_values import Mismatch
from busbar.domain.changes import Append, Relate, Set, parsed
from busbar.domain.marks import Origin
from busbar.domain.outcomes import Outcome
from busbar.domain.updates import EntityUpdate, Mapped
from busbar.errors import Conflict, StoreUnavailable
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_lookup import Unfound, Wanted, Workset, wanted
from busbar.usecases.entity_plan import Overtaken, Plan
from busbar.usecases.entity_prune import prune
from busbar.usecases.entity_relations import (
    identity_changes,
    planned_lookups,
    related,
    wanted_target,
)
from busbar.usecases.entity_steps import Remove, Upsert
from busbar.usecases.leading_tasks import count_refusals
from busbar.usecases.reading_updates import apply_readings

PLANS = 4
"""How often an event is planned, where others create the same entities at the same moment."""


class Job(NamedTuple):
    """One event of a batch. None of its `group` is applied after one that has to come again."""

    mapped: Mapped
    origin: Origin
    group: str = ""


def apply(mapped: Mapped, origin: Origin, deps: EntityDeps) -> list[Outcome]:
    """Apply one event. Raises `StoreUnavailable` or `Conflict`: then it has to come again."""
    ((outcome),) = apply_batch([Job(mapped, origin)], deps)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def apply_batch(
    jobs: Sequence[Job], deps: EntityDeps
) -> list[list[Outcome] | StoreUnavailable | Conflict]:
    """Apply events one after the other, in their order; the outcomes of each, or why it has to come
    again.

    Raises `StoreUnavailable` if what they are about cannot be read.
    """
    answers = apply_uncounted(jobs, deps)
    count_refusals([o for a in answers if isinstance(a, list) for o in a], deps)
    return answers


def apply_uncounted(
    jobs: Sequence[Job], deps: EntityDeps
) -> list[list[Outcome] | StoreUnavailable | Conflict]:
    """`apply_batch` without the tasks about systems that do not lead."""
    if any(job.origin.org != deps.org for job in jobs):
        raise ValueError("an event of another org")
    workset = Workset(deps)
    _prefetch(jobs, workset)
    answers: list[list[Outcome] | StoreUnavailable | Conflict] = []
    stopped: dict[str, StoreUnavailable | Conflict] = {}
    for job in jobs:
        if job.group in stopped:
            answers.append(stopped[job.group])
            continue
        try:
            answers.append(_event(job, workset))
        except (StoreUnavailable, Conflict) as error:
            workset.begin_anew(fresh=False)
            answers.append(error)
            stopped[job.group] = error
    return answers


def _prefetch(jobs: Sequence[Job], workset: Workset) -> None:
    """Read at once all that the events are about; what cannot be looked for is told later."""
    plan = Plan(workset.deps, workset, jobs[0].origin.mark) if jobs else None
    found_by: list[Wanted] = []
    read: list[Wanted] = []
    for job in jobs:
        for update in job.mapped.entity_updates:
            _collect(workset.deps, update.entity_slug, update.unique_identifiers, read)
            for raw in update.attributes.values():
                for target, referred in _targets(raw):
                    try:
                        want = wanted_target(plan, target) if plan else None
                    except Unfound:
                        continue
                    if want:
                        (read if referred or want.entity_id else found_by).append(want)
        for reading in job.mapped.meter_readings_updates:
            _collect(workset.deps, "meter", reading.meter, read)
            _collect(workset.deps, "meter_counter", reading.meter_counter or {}, read)
    workset.prefetch([*found_by, *read], read)


def _collect(
    deps: EntityDeps, slug: str, unique_ids: Mapping[str, Any], into: list[Wanted]
) -> None:
    try:
        into.append(wanted(deps, slug, unique_ids))
    except Unfound:
        return


def _targets(raw: Any) -> list[tuple[Any, bool]]:
    try:
        change = parsed(None, raw)
    except Mismatch:
        return []
    if not isinstance(change, Relate):
        return []
    return [(target, bool(target.attribute)) for target in change.targets]


def _event(job: Job, workset: Workset) -> list[Outcome]:
    deps, mark = workset.deps, job.origin.mark
    done: dict[str, list[tuple[int, Outcome]]] = {}
    for _ in range(PLANS):
        plan = Plan(deps, workset, mark)
        try:
            _plan(job.mapped.entity_updates, plan)
            plan.write(done)
            break
        except Overtaken:
            workset.begin_anew(fresh=True)
    else:
        raise Conflict(f"event {mark.event_id}")
    workset.local.clear()
    workset.fresh = False
    outcomes = list(plan.outcomes())
    for scope in job.mapped.prune_scope_updates:
        outcomes += prune(scope, mark, workset)
    outcomes += apply_readings(job.mapped, mark, workset)
    return outcomes


def _plan(updates: Sequence[EntityUpdate], plan: Plan) -> None:
    """Find all entities first, so that relations find those that are new in this event too."""
    found = [_found(place, update, plan) for place, update in enumerate(updates)]
    for place, (update, entity_id) in enumerate(zip(updates, found, strict=True)):
        if entity_id is None:
            continue
        slot = plan.slot(entity_id, update.entity_slug)
        if update.mode == "upsert":
            slot.do(place, _upsert(place, update, plan, entity_id))
        else:
            slot.do(place, Remove(plan.mark, update.mode == "purge"))


def _found(place: int, update: EntityUpdate, plan: Plan) -> str | None:
    """The entity's id; None if it cannot be told, which is said."""
    try:
        want = wanted(plan.deps, update.entity_slug, update.unique_identifiers)
        entity_id = plan.workset.find(want, plan.mark).entity_id
    except Unfound as error:
        outcome = Outcome(error.code, update.entity_slug, update.mode, str(error))
        plan.say(place, outcome)
        return None
    plan.slot(entity_id, update.entity_slug, want)
    if update.mode == "upsert":
        plain, _ = _plain(update, plan)
        plan.workset.planned(
            entity_id, [*want.lookups, *planned_lookups(plan, update.entity_slug, plain)]
        )
    return entity_id


def _plain(update: EntityUpdate, plan: Plan) -> tuple[dict[str, Set | Append], dict[str, str]]:
    """The changes that are no relations, and what was expected where the value does not fit."""
    schema = plan.deps.schema(update.entity_slug)
    changes: dict[str, Set | Append] = {}
    mismatched = {}
    for name, raw in update.attributes.items():
        try:
            change = parsed(schema.attributes.get(name), raw)
        except Mismatch as error:
            mismatched[name] = str(error)
        else:
            if not isinstance(change, Relate):
                changes[name] = change
    return changes, mismatched


def _upsert(place: int, update: EntityUpdate, plan: Plan, entity_id: str) -> Upsert:
    slug = update.entity_slug
    changes, mismatched = _plain(update, plan)
    if mismatched:
        names = ", ".join(f"{name}: not {expected}" for name, expected in mismatched.items())
        detail = {"attributes": mismatched}
        outcome = Outcome("ATTRIBUTE_TYPE_MISMATCH", slug, "upsert", names, entity_id, detail)
        plan.say(place, outcome)
    for name, raw in update.attributes.items():
        if name in changes or name in mismatched:
            continue
        try:
            change = parsed(None, raw)
            assert isinstance(change, Relate)  # noqa: S101
            changes[name] = related(plan, place, change)
        except Unfound as error:
            _left_out(place, plan, error, slug, entity_id, name)
    identity = identity_changes(plan, slug, update.unique_identifiers)
    return Upsert(changes, identity, plan.mark, plan.deps.leading)


def _left_out(place: int, plan: Plan, error: Unfound, slug: str, entity_id: str, name: str) -> None:
    """A relation that stays as it is; it may be tried again with the whole event."""
    detail = {"attribute": name}
    for code, message in (
        (error.code, f"{name}: {error}"),
        ("RELATION_DEFERRED", f"{name} stays as it is"),
    ):
        plan.say(place, Outcome(code, slug, "upsert", message, entity_id, detail))
