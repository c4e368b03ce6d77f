"""What a use case is given: the outside world of one org, as ports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from busbar.domain.record import Record
from busbar.errors import Conflict
from busbar.observability import begin
from busbar.ports.files import Files
from busbar.ports.outside import Mapper
from busbar.ports.queues import Machine
from busbar.ports.runtime import Clock
from busbar.ports.store import Change, Store, Stored
from busbar.ports.systems import Systems
from busbar.settings.function import OrgSettings, Tuning

if TYPE_CHECKING:
    from busbar.process.audit import Audit
    from busbar.process.outbox import Outbox
    from busbar.settings.energised import EnergisedSettings
    from busbar.settings.salesforce import SalesforceSettings
    from busbar.settings.sap import SapSettings

R = TypeVar("R", bound=Record)
T = TypeVar("T")
TRIES = 6
LONGEST_CONTEST = 20.0
"""Seconds after which work is given up before which others write every time."""
LINES_CONTEST = 12.0
"""The same for a line of an import, which is not all that its caller waits for."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds that they make way for the others at most, at first and later."""
SHORTEST_CALL = 2.0
"""Seconds below which no further call is begun."""


TimeLeft = Callable[[], float]
"""Seconds until the work must be over."""


def time_left(clock: Clock, seconds: float) -> TimeLeft:
    """What is left of `seconds` from now on."""
    start = clock.now()
    return lambda: seconds - (clock.now() - start).total_seconds()


@dataclass(frozen=True)
class Deps:
    """Ports and settings of one org, for one unit of work with one correlation id."""

    store: Store
    clock: Clock
    systems: Systems
    machine: Machine
    files: Files
    mapper: Mapper
    org: OrgSettings
    tuning: Tuning
    correlation_id: str
    contest: float = LONGEST_CONTEST
    """Seconds for which a change contends with others."""

    @property
    def salesforce(self) -> SalesforceSettings:
        """The org's Salesforce. Raises `LookupError` if the function was not given it."""
        if self.org.salesforce is None:
            raise LookupError("this function has no settings for salesforce")
        return self.org.salesforce

    @property
    def energised(self) -> EnergisedSettings:
        """The org's be.ENERGISED. Raises `LookupError` if the function was not given it."""
        if self.org.energised is None:
            raise LookupError("this function has no settings for energised")
        return self.org.energised

    @property
    def sap(self) -> SapSettings:
        """The org's SAP. Raises `LookupError` if the function was not given it."""
        if self.org.sap is None:
            raise LookupError("this function has no settings for sap")
        return self.org.sap

    def continuing(self, correlation_id: str) -> Deps:
        """These, under the correlation id of the order that an event belongs to."""
        return replace(self, correlation_id=begin(correlation_id))

    def within(self, seconds: float) -> Deps:
        """These, with no single call longer than `seconds`."""
        shorter = min(self.tuning.call_timeout, seconds)
        return replace(self, tuning=replace(self.tuning, call_timeout=shorter))

    def settle_seconds(self, processing: float, search_lag: float) -> float:
        """How long a call of unknown outcome may still take effect or stay unseen."""
        return self.tuning.pause_bound + processing + search_lag

    def settle_of(self, system: str) -> float:
        """The same for a create in a system, as its settings say."""
        settings = getattr(self, system)
        return self.settle_seconds(settings.processing_seconds, settings.search_lag_seconds)

    @property
    def outbox(self) -> Outbox:
        """Errands of this org."""
        from busbar.process.outbox import Outbox  # noqa: PLC0415  (import cost)

        return Outbox(
            self.store, self.clock, self.tuning, self.correlation_id, self.systems.is_down
        )

    @property
    def audit(self) -> Audit:
        """The audit trail of this org."""
        from busbar.process.audit import Audit  # noqa: PLC0415  (import cost)

        return Audit(self.store, self.clock, self.correlation_id)


def revise(
    store: Store,
    schema: type[R],
    record_id: str,
    change: Callable[[Stored[R]], Sequence[Change]],
) -> Stored[R] | None:
    """Read a record, write what `change` makes of it, and begin anew if somebody was faster.

    No changes, no write. Returns the record as it stands afterwards; None if there is none. Raises
    `Conflict` if others are faster every time.
    """
    for _ in range(TRIES):
        stored = store.get(schema, record_id)
        if stored is None:
            return None
        changes = change(stored)
        if not changes:
            return stored
        try:
            store.commit(*changes)
        except Conflict:
            continue
        return store.get(schema, record_id)
    raise Conflict(f"{schema.schema_name} {record_id}")


def until_written(work: Callable[[], T], clock: Clock, longest: float = LONGEST_CONTEST) -> T:
    """What `work` comes to; done anew, from its first look on, where somebody else wrote first.

    The audit trail has one end for a whole org, so all that adds to it meets, whatever it is about:
    who comes at once makes way by chance, ever longer. Raises `Conflict` if that is of no use for
    `longest` seconds.
    """
    until, pause = clock.now() + timedelta(seconds=longest), FIRST_PAUSE
    while True:
        try:
            return work()
        except Conflict:
            if clock.now() >= until:
                raise
        clock.pause(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
