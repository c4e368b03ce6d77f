"""Carries out many ledger rows by two calls: one that reads their objects, one that writes them.

Each row keeps all that `busbar.process.ledger` promises of it: its own lease, attempt, settle
window and outcome. Only the calls are shared. A row that somebody else holds, or whose last write
is not settled, is left out; what goes wrong with the call as a whole is written into every row that
took part, and what goes wrong with one object only into its own. So a worker that comes by itself,
for one object, meets rows as another one like it would have left them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from busbar.errors import Missing, Refused, Unavailable, UpstreamError
from busbar.ports.outside import Found
from busbar.ports.store import Store, Stored
from busbar.process.contract import Done, Later, Outcome
from busbar.process.ledger import LedgerRow, SetStep, Setter, Wanted


@dataclass(frozen=True)
class Bulk:
    """How many objects of one kind are read and written in one call each.

    `read` gives what it finds by object id; `write` gives the errors of those that failed. Both
    raise what concerns the call as a whole.
    """

    read: Callable[[Sequence[str], float], Mapping[str, Any]]
    write: Callable[[Mapping[str, Wanted], float], Mapping[str, UpstreamError]]


def run_all(
    setter: Setter, store: Store, steps: Sequence[SetStep], bulk: Bulk
) -> dict[str, Outcome | None]:
    """Bring the objects of `steps` to their wanted states: what came of each, by its object id.

    `Done` is said of the revision that was leased: who has wanted something newer meanwhile, has an
    errand of his own. None: what was refused is not what is wanted by now, so somebody has to look
    again. Safe to call again at any time, by anybody, beside `Setter.run`.
    """
    outcomes: dict[str, Outcome | None] = {}
    batch = _Batch(setter, outcomes)
    ids = [step.row_id for step in steps]
    rows = {s.record.id: s for s in store.get_many(LedgerRow, ids, consistent=True)}
    for step in steps:
        batch.take(step, rows.get(step.row_id))
    if batch.held:
        batch.carry_out(bulk)
    return outcomes


@dataclass(frozen=True)
class _Held:
    """A row that we have leased."""

    step: SetStep
    leased: Stored[LedgerRow]

    @property
    def wanted(self) -> Wanted:
        return self.leased.record.wanted


class _Batch:
    def __init__(self, setter: Setter, outcomes: dict[str, Outcome | None]) -> None:
        self._setter = setter
        self._outcomes = outcomes
        self.held: dict[str, _Held] = {}

    def take(self, step: SetStep, stored: Stored[LedgerRow] | None) -> None:
        """Lease a row, or note why not."""
        if stored is None or not stored.record.open:
            self._outcomes[step.object_id] = Done(Found(step.object_id))
            return
        leased = self._setter.begin(step, stored)
        if isinstance(leased, Later):
            self._outcomes[step.object_id] = leased
        else:
            self.held[step.object_id] = _Held(step, leased)

    def carry_out(self, bulk: Bulk) -> None:
        """Read, write what differs, and write down what came of each."""
        try:
            found = bulk.read(list(self.held), self._left())
        except UpstreamError as error:
            self._all_failed(list(self.held), error, {}, wrote=False)
            return
        differing: dict[str, Wanted] = {}
        for object_id, held in list(self.held.items()):
            if object_id not in found:
                # Gone, or not shown to us: the single read says which.
                self._failed(object_id, _not_read(held.step), None, wrote=False)
            elif held.step.holds(found[object_id], held.wanted):
                self._done(held)
            else:
                differing[object_id] = held.wanted
        if differing:
            self._write(bulk, differing, found)

    def _write(self, bulk: Bulk, wanted: Mapping[str, Wanted], found: Mapping[str, Any]) -> None:
        try:
            errors = bulk.write(wanted, self._left())
        except UpstreamError as error:
            self._all_failed(list(wanted), error, found, wrote=True)
            return
        for object_id in wanted:
            held = self.held[object_id]
            if object_id in errors:
                self._failed(object_id, errors[object_id], found[object_id], wrote=True)
            else:
                self._done(held)

    def _done(self, held: _Held) -> None:
        fenced = self._setter.finish(held.step, held.leased)
        self._outcomes[held.step.object_id] = fenced or Done(Found(held.step.object_id))

    def _left(self) -> float:
        """Seconds left of the attempt that began first. Raises `Unavailable` if there are none."""
        return self._setter.left(next(iter(self.held.values())).leased)

    def _all_failed(
        self, ids: Sequence[str], error: UpstreamError, found: Mapping[str, Any], *, wrote: bool
    ) -> None:
        """The call failed as a whole. If it was refused, that says nothing of a single object."""
        if isinstance(error, Refused | Missing):
            error = Unavailable(
                error.system, error.operation, error.detail, error.code, error.request_id
            )
        for object_id in ids:
            self._failed(object_id, error, found.get(object_id), wrote=wrote)

    def _failed(self, object_id: str, error: UpstreamError, observed: Any, *, wrote: bool) -> None:
        held = self.held[object_id]
        self._outcomes[object_id] = self._setter.failed(
            held.step, held.leased, error, observed, wrote=wrote
        )


def _not_read(step: SetStep) -> Unavailable:
    return Unavailable(step.system, "read_many", code="NOT_SHOWN")
