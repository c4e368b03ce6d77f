"""Joins our records with what each system holds, by reference, and has them agree again.

What there is, and in which order it is compared, is `reconcile_walk`. What differs in the lists is
read once more by itself before anything is done, as lists lag and work goes on meanwhile. What was
changed within `reconcile_after` is passed over. Which class of difference is repaired, and which is
a person's to decide, says `busbar.domain.divergences`. What has been decided once is not asked
again, so a second run at once writes nothing.

The systems are only read: what a repair wants of them is left to the workers. A run that time has
ended keeps its place, and goes on from there by an errand of its own.
"""

from __future__ import annotations

from dataclasses import asdict

from busbar.domain.divergences import RULES, Finding, Repair
from busbar.domain.tasks import Task
from busbar.errors import (
    Conflict,
    EventRejected,
    Missing,
    Refused,
    Unmappable,
    UpstreamError,
)
from busbar.observability import cause, logger
from busbar.ports.outside import Found
from busbar.ports.runtime import Json
from busbar.ports.store import Put, Save, Stored
from busbar.process.contract import Done
from busbar.process.outbox import Errand
from busbar.usecases.deps import Deps, TimeLeft
from busbar.usecases.reconcile_walk import OutOfTimeError, Place, Report, Walk

LONGEST_RUN = 840.0
"""Seconds of a run that nobody waits for; its function may take 900."""
PLACE = "reconcile"


def reconcile(deps: Deps, time_left: TimeLeft, *, in_a_hurry: bool = False) -> Report:
    """One run; `time_left` gives the seconds until it must be over. Safe to repeat and overlap.

    A run goes on by an errand if it came further than the one before, or if it is `in_a_hurry`:
    one that did not, with all the time there is, would not do so again either.
    """
    stored = deps.store.get(Place, PLACE)
    begins = stored.record if stored else Place(id=PLACE)
    walk = Walk(begins, deps, time_left)
    report = walk.report
    try:
        for finding, repair in walk.findings():
            report.found[finding.kind] += 1
            _act(finding, repair, deps, report)
    except UpstreamError as error:
        report.note(f"{error.system}_unavailable")
    except OutOfTimeError:
        report.note("out_of_time")
        if in_a_hurry or walk.place != begins:
            _go_on(deps)
    _keep(walk.place, stored, deps)
    return report


def reconcile_on(errand: Errand, deps: Deps, time_left: TimeLeft) -> Report:
    """A run that goes on where the one before had no time left."""
    report = reconcile(deps, time_left)
    # If it has to go on again, there is a new errand in the place of this one, and nothing happens.
    deps.outbox.settle(errand, Done(Found(PLACE)), lambda _reason: ())
    return report


def body(report: Report) -> Json:
    """A report as JSON."""
    return {**asdict(report), "found": dict(sorted(report.found.items()))}


def _go_on(deps: Deps) -> None:
    errand = deps.outbox.errand("reconcile", Place, PLACE, deps.clock.now().isoformat())
    deps.store.commit(deps.outbox.awake(errand))


def _keep(place: Place, stored: Stored[Place] | None, deps: Deps) -> None:
    if place == (stored.record if stored else Place(id=PLACE)):
        return
    try:
        deps.store.commit(Save(place, stored))
    except Conflict:
        logger.info("another run has kept its place meanwhile")


def _act(finding: Finding, repair: Repair, deps: Deps, report: Report) -> None:
    """Repair it, or open a task unless there is one, decided or not. One that cannot be repaired
    holds up no other."""
    if RULES[finding.kind].action == "task" or repair is None:
        report.tasks += _ask(finding, deps)
        return
    try:
        repair()
        report.repaired += 1
    except Conflict:
        return  # somebody is at it
    except (EventRejected, Missing, Refused, Unmappable) as error:
        extra = {"kind": finding.kind, "subject": finding.subject, "error": cause(error)}
        logger.warning("divergence not repaired", extra=extra)
        report.tasks += _ask(finding, deps)


def _ask(finding: Finding, deps: Deps) -> int:
    task = Task.about(
        finding.cause,
        kind="divergence",
        subject_schema=finding.schema,
        subject_id=finding.subject,
        system=finding.system,
        reason=f"{finding.kind} {finding.detail}",
        opened_at=deps.clock.now(),
    )
    if deps.store.get(Task, task.id):
        return 0
    deps.store.commit(Put(task))
    return 1
