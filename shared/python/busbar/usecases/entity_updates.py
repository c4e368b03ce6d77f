"""Apply what a mapping made of events to the entities: the inbound worker's last step.

Safe to repeat at any time: every attribute takes only what is newer (`busbar.domain.entities`). The
lookups and entities of a whole batch are read together; each entity is then written once per event,
on condition that it is as it was read. Nothing here is sent on to the system that the event came
from: the stored row names the system, and a repeat of its own values is no change.

Outcomes tell what became of each part; errors of one part leave the others alone. Raised is only
what passes by itself: `StoreUnavailable`, and `Conflict` where others write all the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from busbar.domain.entities import is_settled
from busbar.domain.marks import Origin
from busbar.domain.outcomes import Outcome
from busbar.domain.updates import Mapped
from busbar.errors import BusbarError, Conflict, StoreUnavailable
from busbar.observability import cause, logger
from busbar.usecases.entity_about import About, about, prefetch
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_lookup import Unfound, Workset
from busbar.usecases.entity_plan import Overtaken, Plan
from busbar.usecases.entity_prepare import Prepared
from busbar.usecases.entity_prune import prune
from busbar.usecases.entity_relations import related
from busbar.usecases.entity_steps import Remove, Upsert
from busbar.usecases.leading_tasks import count_refusals
from busbar.usecases.reading_updates import apply_readings

DOUBTFUL = {
    "ENTITY_REFERENCE_NOT_FOUND",
    "UNIQUE_ID_MULTIPLE_MATCHES",
    "RELATION_REF_ITEM_NOT_FOUND",
}
"""What reads that are behind may say wrongly, of an entity that was written a moment ago."""
PLANS = 4
"""How often an event is planned, where others create the same entities at the same moment."""
MOST_ENTITIES = 5000
"""Of one event, those that its relations lead to among them: to create so many takes a worker all
of its time, and one more try. Of more it would never come to the end, and all that came with it."""
Blamed = type[Exception] | tuple[type[Exception], ...]
BROKEN = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""What only the data of an event brings about; all else may be the worker's surroundings."""


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
    jobs: Sequence[Job], deps: EntityDeps, blamed: Blamed = BROKEN
) -> list[list[Outcome] | StoreUnavailable | Conflict]:
    """Apply events one after the other, in their order; the outcomes of each, or why it has to come
    again. What breaks by an error that is `blamed` on the event is `UNKNOWN_ERROR`, and holds up
    nobody.

    Raises `StoreUnavailable` if what they are about cannot be read.
    """
    answers = apply_uncounted(jobs, deps, blamed)
    count_refusals([o for a in answers if isinstance(a, list) for o in a], deps)
    return answers


def apply_uncounted(
    jobs: Sequence[Job], deps: EntityDeps, blamed: Blamed = BROKEN
) -> list[list[Outcome] | StoreUnavailable | Conflict]:
    """`apply_batch` without the tasks about systems that do not lead."""
    if any(job.origin.org != deps.org for job in jobs):
        raise ValueError("an event of another org")
    workset = Workset(deps)
    known = [_about(job, deps, blamed) for job in jobs]
    prefetch([one for one in known if isinstance(one, About)], workset)
    answers: list[list[Outcome] | StoreUnavailable | Conflict] = []
    stopped: dict[str, StoreUnavailable | Conflict] = {}
    for job, one in zip(jobs, known, strict=True):
        answer = stopped.get(job.group) or _answer(job, one, workset, blamed)
        if isinstance(answer, Exception):
            stopped[job.group] = answer
        answers.append(answer)
    return answers


def _about(job: Job, deps: EntityDeps, blamed: Blamed) -> About | list[Outcome]:
    try:
        known = about(job.mapped, deps)
    except blamed as error:
        return _broken(job, error)
    if known.size > MOST_ENTITIES:
        said = f"it is about {known.size} entities: an event may be about {MOST_ENTITIES}"
        return [Outcome("PAYLOAD_TOO_LARGE", "", "upsert", said)]
    return known


def _answer(
    job: Job, known: About | list[Outcome], workset: Workset, blamed: Blamed
) -> list[Outcome] | StoreUnavailable | Conflict:
    if not isinstance(known, About):
        return known
    answer: list[Outcome] | StoreUnavailable | Conflict
    try:
        return _event(job, known.updates, workset)
    except (StoreUnavailable, Conflict) as error:
        answer = error
    except BusbarError:
        raise
    except blamed as error:
        answer = _broken(job, error)
    workset.begin_anew(fresh=False)
    return answer


def _broken(job: Job, error: Exception) -> list[Outcome]:
    """Who sends it again may have it applied by a worker that was mended."""
    extra = {"event_id": job.origin.event_id, "error": cause(error)}
    logger.error("event broke the worker", extra=extra)
    return [Outcome("UNKNOWN_ERROR", "", "upsert", f"it cannot be applied: {cause(error)}")]


def _event(job: Job, updates: Sequence[Prepared], workset: Workset) -> list[Outcome]:
    deps, mark = workset.deps, job.origin.mark
    done: dict[str, list[tuple[int, Outcome]]] = {}
    for _ in range(PLANS):
        plan = Plan(deps, workset, mark)
        try:
            _plan(updates, plan)
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


def _plan(updates: Sequence[Prepared], plan: Plan) -> None:
    """Find all entities first, so that relations find those that are new in this event too."""
    found = [_found(place, update, plan) for place, update in enumerate(updates)]
    for place, (update, entity_id) in enumerate(zip(updates, found, strict=True)):
        if entity_id is None:
            continue
        slot = plan.slot(entity_id, update.slug)
        if update.mode == "upsert":
            slot.do(place, _upsert(place, update, plan, entity_id))
        else:
            slot.do(place, Remove(plan.mark, plan.deps.leading, update.mode == "purge"))


def _found(place: int, update: Prepared, plan: Plan) -> str | None:
    """The entity's id; None if it cannot be told, which is said."""
    try:
        if isinstance(update.want, Unfound):
            raise update.want
        entity_id = plan.workset.find(update.want, plan.mark).entity_id
    except Unfound as error:
        _doubt(plan, error)
        plan.say(place, Outcome(error.code, update.slug, update.mode, str(error)))
        return None
    plan.slot(entity_id, update.slug, update.want)
    if update.mode == "upsert":
        plan.workset.planned(entity_id, [*update.want.lookups, *update.lookups])
    return entity_id


def _upsert(place: int, update: Prepared, plan: Plan, entity_id: str) -> Upsert:
    if update.mismatched:
        names = ", ".join(f"{name}: not {what}" for name, what in update.mismatched.items())
        detail = {"attributes": update.mismatched}
        code = "ATTRIBUTE_TYPE_MISMATCH"
        plan.say(place, Outcome(code, update.slug, "upsert", names, entity_id, detail))
    changes = dict(update.changes)
    for name, relation in update.relations.items():
        try:
            changes[name] = related(plan, place, relation)
        except Unfound as error:
            if is_settled(plan.slots[entity_id].base, name, plan.mark):
                continue
            _doubt(plan, error)
            _left_out(place, plan, error, update.slug, entity_id, name)
    return Upsert(changes, update.identity, plan.mark, plan.deps.leading)


def _doubt(plan: Plan, error: Unfound) -> None:
    """Raises `Overtaken` if consistent reads may tell what could not be told: else an event that
    came right behind another of its group would be parked for that."""
    if error.code in DOUBTFUL and not plan.workset.fresh:
        raise Overtaken


def _left_out(place: int, plan: Plan, error: Unfound, slug: str, entity_id: str, name: str) -> None:
    """A relation that stays as it is; it may be tried again with the whole event."""
    waits = {"waits": True} if error.passes else {}
    for code, message, more in (
        (error.code, f"{name}: {error}", waits),
        ("RELATION_DEFERRED", f"{name} stays as it is", {"cause": error.code}),
    ):
        detail = {"attribute": name, **more}
        plan.say(place, Outcome(code, slug, "upsert", message, entity_id, detail))
