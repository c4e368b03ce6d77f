"""Work off some lines of a load: map and apply each as the worker of live events does.

A line that is wrong, or that nobody can map or apply, is told by its number and passed. What passes
by itself is raised: then all of these lines come again, which changes nothing of what they did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from busbar.domain.erp_loads import BadLine, Load
from busbar.domain.outcome_rows import OutcomeRow, SeenEvent
from busbar.domain.outcomes import Outcome
from busbar.errors import Conflict, StoreUnavailable
from busbar.ports.store import Put
from busbar.usecases.deps import TimeLeft
from busbar.usecases.entity_updates import apply_batch
from busbar.usecases.erp_apply import Org
from busbar.usecases.erp_outcomes import rows_of, why_parked, write_down
from busbar.usecases.erp_prepare import Prepared
from busbar.usecases.load_events import LineReader, LoadedLine
from busbar.usecases.load_lines import Line

AT_ONCE = 5
"""Lines that are mapped before it is looked whether there is time for others: each may take 2 s."""
TRIES = 4
PAUSE = 0.5
"""Seconds, at most, before lines are tried once more that met others."""
TOLD = frozenset({"error", "warning"})
"""Levels of outcomes that have rows. Of a million good ones there are counts."""


@dataclass
class Done:
    """What lines came to."""

    lines: int = 0
    end: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    bad: list[BadLine] = field(default_factory=list)


class _Mapped(NamedTuple):
    """A line, and what its mapping makes of it."""

    line: LoadedLine
    prepared: Prepared


class Batch:
    """Works off lines of one load."""

    def __init__(self, load: Load, reader: LineReader, org: Org) -> None:
        self._load = load
        self._reader = reader
        self._org = org

    def work_off(self, lines: Iterable[Line], first: int, left: TimeLeft) -> Done:
        """Work off lines, of which `first` is the number of the first; not all of them if time is
        up before they are mapped, but one at least.

        Raises `StoreUnavailable`, `Conflict`, `ChildUnavailable`.
        """
        done = Done()
        fresh = list(self._unseen(self._mapped(enumerate(lines, first), done, left), done.codes))
        answers = self._applied([one.prepared for one in fresh])
        rows = [
            row
            for one, answer in zip(fresh, answers, strict=True)
            for row in self._told(one, answer, done)
        ]
        # A batch that is done again writes the same rows in the place of its first ones.
        write_down(
            self._load.integration_id,
            rows,
            self._org.deps,
            lambda place: f"{self._load.event_id(first)}-{place}",
        )
        self._note([one.line for one in fresh], {one.line for one in done.bad})
        return done

    def _mapped(
        self, lines: Iterator[tuple[int, Line]], done: Done, left: TimeLeft
    ) -> list[_Mapped]:
        """Lines by their numbers, read and mapped, some at once; empty ones are passed."""
        mapped: list[_Mapped] = []
        while some := list(islice(lines, AT_ONCE)):
            read = [
                self._reader.read(line.text, number)
                for number, line in some
                if line.text is None or line.text.strip()
            ]
            mapped += map(_Mapped, read, self._reader.map_all(read))
            done.lines, done.end = done.lines + len(some), some[-1][1].end
            if left() <= 0:
                break
        return mapped

    # --- repeats -------------------------------------------------------------------------------

    def _unseen(self, mapped: Sequence[_Mapped], codes: Counter[str]) -> Iterator[_Mapped]:
        """Those whose deduplication ids did not come before, within a day, or in another line."""
        wanted = sorted({one.line.seen_as for one in mapped if one.line.seen_as})
        store, now = self._org.deps.store, self._org.deps.clock.now()
        found = store.get_many(SeenEvent, wanted) if wanted else []
        holders = {s.record.id: s.record.event_id for s in found if s.record.holds(now)}
        for one in mapped:
            name, ours = one.line.seen_as, one.line.event.event_id
            # Its own record is there if this batch is done again.
            if name and holders.setdefault(name, ours) != ours:
                codes["DUPLICATE_EVENT"] += 1
            else:
                yield one

    def _note(self, lines: Sequence[LoadedLine], bad: set[int]) -> None:
        store, now = self._org.deps.store, self._org.deps.clock.now()
        for one in lines:
            if one.seen_as and one.number not in bad:
                ours = one.event.event_id
                store.commit(Put(SeenEvent(id=one.seen_as, at=now, event_id=ours)))

    # --- applying ------------------------------------------------------------------------------

    def _applied(self, prepared: Sequence[Prepared]) -> list[list[Outcome]]:
        """The outcomes of each, once none of them has to come again."""
        answers: dict[int, list[Outcome]] = {}
        open_ones = list(range(len(prepared)))
        for attempt in range(TRIES):
            if attempt:
                self._org.deps.clock.pause(PAUSE * 2**attempt)
            failed: Exception | None = None
            for place, answer in zip(
                open_ones, self._tried([prepared[n] for n in open_ones]), strict=True
            ):
                if isinstance(answer, Exception):
                    failed = answer
                else:
                    answers[place] = answer
            if failed is None:
                return [answers[place] for place in range(len(prepared))]
            open_ones = [place for place in open_ones if place not in answers]
        raise failed or AssertionError

    def _tried(
        self, prepared: Sequence[Prepared]
    ) -> list[list[Outcome] | StoreUnavailable | Conflict]:
        """A line that breaks the worker holds up no other. Where all do, it is not the lines."""
        jobs = [one.job for one in prepared]
        try:
            answers = apply_batch(jobs, self._org.entities, blamed=Exception)
        except StoreUnavailable as error:  # also what they are about is read once more
            return [error] * len(jobs)
        if len(answers) > 1 and all(_is_broken(answer) for answer in answers):
            raise RuntimeError("every line breaks the worker")
        return answers

    # --- telling -------------------------------------------------------------------------------

    def _told(self, one: _Mapped, answer: Sequence[Outcome], done: Done) -> list[OutcomeRow]:
        """The rows of a line. Counts each outcome, and the line, if it is bad."""
        event, mapped = one.line.event, one.prepared.mapped
        use_case = one.prepared.use_case.id if one.prepared.use_case else ""
        rows = [
            row.model_copy(update={"detail": {**row.detail, "line": one.line.number}})
            for row in rows_of(event, use_case, mapped, answer)
        ]
        done.codes.update(row.code for row in rows)
        if reason := why_parked(mapped, answer):
            worst = next(row for row in rows if row.code == reason)
            done.bad.append(
                BadLine(
                    line=one.line.number,
                    code=reason,
                    message=worst.message,
                    event_id=event.event_id,
                )
            )
            return rows
        return [row for row in rows if row.level in TOLD]


def _is_broken(answer: Sequence[Outcome] | StoreUnavailable | Conflict) -> bool:
    return not isinstance(answer, Exception) and any(o.code == "UNKNOWN_ERROR" for o in answer)
