"""The circuit of an outside system: what a system that is down is spared, and how it is woken.

There is one row per org and system, and all workers share it:

    CLOSED ──3 failures in a row──> OPEN ──a probe is answered──> DRAINING ──2 quiet min──> CLOSED
                                    │  ^
                                    └──┘ one read each interval, by whoever claims it first

*Closed* costs a worker one eventual read every two seconds at most, and nobody writes. *Open*:
nothing is sent but the probe. A probe is a read, never a write, as its own outcome may be unknown.
Who claims it moves `probe_at` on, and that is its lease: if the prober dies, another one follows an
interval later, and whatever a late prober found is fenced off by the row's version. *Draining*:
calls need slots out of a window of the row, so that the system's stated limit holds over all
workers; slots are claimed a few at a time. While there is a line, what waits in it goes first: the
writes of others join it at its end.

A read that succeeds says nothing of writes: where only these fail, reads do not clear the count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from busbar.errors import Conflict, StoreUnavailable, Withheld
from busbar.observability import logger
from busbar.ports.runtime import Clock
from busbar.ports.store import Save, Store, Stored
from busbar.process.circuit_row import (
    CIRCUIT_DRAINING,
    CIRCUIT_LIMITED,
    CIRCUIT_OPEN,
    QUIET,
    CircuitRow,
    Slots,
    State,
)
from busbar.process.outbox import OutboxRow
from busbar.settings.function import Tuning

BATCH = 2
"""Slots that are claimed at once: what one errand takes mostly, so that few are lost."""
TRIES = 4


class Circuit:
    """The gate of one system in one process. Implements `busbar.ports.outside.Gate`.

    `carries_errands` tells a worker of the outbox, whose writes go first while the lane drains.
    """

    def __init__(
        self,
        system: str,
        store: Store,
        clock: Clock,
        tuning: Tuning,
        per_minute: int,
        *,
        carries_errands: bool = False,
    ) -> None:
        self._system = system
        self._store = store
        self._clock = clock
        self._tuning = tuning
        self._per_minute = per_minute
        self._carries_errands = carries_errands
        self._seen: CircuitRow | None = None
        self._seen_at: datetime | None = None
        self._probe: Stored[CircuitRow] | None = None
        """The row as we wrote it to claim the probe that runs now."""
        self._slots = 0
        self._slots_end = 0.0

    # --- before a call -------------------------------------------------------------------------

    def enter(self, operation: str, *, writes: bool) -> None:
        """Let a call pass. Raises `Withheld`; a table that does not answer holds nothing back."""
        now = self._clock.now()
        try:
            state = self._look(now)
            if state == "open":
                self._claim_probe(operation, now, writes=writes)
            elif state == "draining":
                self._take_slot(operation, now, writes=writes)
        except StoreUnavailable:
            logger.warning("circuit unreadable", extra={"system": self._system})

    def _look(self, now: datetime) -> State:
        kept = timedelta(seconds=self._tuning.circuit_cache)
        if self._seen_at is None or not timedelta(0) <= now - self._seen_at < kept:
            found = self._store.get_many(CircuitRow, [self._system])
            self._see(found[0].record if found else None, now)
        return self._seen.state(now) if self._seen else "closed"

    def _see(self, row: CircuitRow | None, now: datetime) -> None:
        self._seen, self._seen_at = row, now

    def _claim_probe(self, operation: str, now: datetime, *, writes: bool) -> None:
        mine, seen = self._probe, self._seen
        if not writes and mine and not mine.record.probe_is_due(now):
            return None  # the probe goes on: a login, then the call itself
        self._probe = None
        if writes or seen is None or not seen.probe_is_due(now):
            raise self._withheld(operation, CIRCUIT_OPEN, seen, now)
        stored = self._store.get(CircuitRow, self._system)
        if stored is None or not stored.record.open_since:
            self._see(stored.record if stored else None, now)
            return self.enter(operation, writes=writes)
        if not stored.record.probe_is_due(now):
            self._see(stored.record, now)
            raise self._withheld(operation, CIRCUIT_OPEN, stored.record, now)
        probes = stored.record.probes + 1
        claimed = self._save(
            stored, {"probes": probes, "probe_at": now + self._interval(probes)}, now
        )
        if claimed is None:
            raise self._withheld(operation, CIRCUIT_OPEN, stored.record, now)
        self._probe = claimed
        return None

    def _interval(self, probes: int) -> timedelta:
        """Longer each time, and never the same for two systems."""
        tuning = self._tuning
        wait = min(tuning.circuit_probe_most, tuning.circuit_probe_first * 2.0 ** min(probes, 30))
        drawn = hashlib.sha256(f"{self._store.org}#{self._system}#{probes}".encode()).digest()[0]
        return timedelta(seconds=wait * (1 + drawn / 512))

    def _take_slot(self, operation: str, now: datetime, *, writes: bool) -> None:
        if writes and not self._carries_errands and self._seen and self._seen.line:
            raise self._withheld(operation, CIRCUIT_DRAINING, self._seen, now)
        if not self._slots or now.timestamp() >= self._slots_end:
            self._slots = 0
            self._claim_slots(operation, now)
        self._slots = max(0, self._slots - 1)

    def _claim_slots(self, operation: str, now: datetime) -> None:
        for _ in range(TRIES):
            stored = self._store.get(CircuitRow, self._system)
            state = stored.record.state(now) if stored else "closed"
            if stored is None or state == "closed":
                return self._see(stored.record if stored else None, now)
            row, slots = stored.record, Slots(self._per_minute)
            window = slots.window(now)
            used = row.used if row.window == window else 0
            # Who only looks leaves half of it to what waits.
            share = slots.of_window if self._carries_errands else slots.of_window // 2
            number = min(BATCH, share - used)
            if state == "open" or number <= 0:
                break
            if self._save(stored, {"window": window, "used": used + number}, now):
                self._slots, self._slots_end = number, slots.end(window)
                return None
        raise self._withheld(operation, CIRCUIT_LIMITED, None, now)

    def _withheld(
        self, operation: str, code: str, row: CircuitRow | None, now: datetime
    ) -> Withheld:
        at = row.probe_at if row and row.open_since else None
        after = (
            max(1.0, (at - now).total_seconds()) if at else float(Slots(self._per_minute).seconds)
        )
        return Withheld(self._system, operation, code=code, retry_after=after)

    def is_open(self) -> bool:
        """Whether it was when we looked last, or opened it."""
        return self._seen is not None and self._seen.open_since is not None

    # --- after a call --------------------------------------------------------------------------

    def succeeded(self, *, writes: bool) -> None:
        """The system answered: a probe closes the circuit, a clean call clears the count."""
        now, probe, seen = self._clock.now(), self._probe, self._seen
        self._probe = None
        if probe:
            self._write(lambda: self._close(probe, now))
        elif seen and seen.failures and not seen.open_since and (writes or not seen.write_failed):
            self._write(lambda: self._clear(now))

    def _close(self, probe: Stored[CircuitRow], now: datetime) -> None:
        since = probe.record.open_since or now
        update: dict[str, Any] = {
            "open_since": None,
            "probe_at": None,
            "probes": 0,
            "failures": 0,
            "write_failed": False,
            "closed_at": now,
            "drains_until": now + QUIET,
            "line": bool(self._store.due(OutboxRow, now, limit=1, lane=self._system)),
            "per_minute": self._per_minute,
        }
        if self._save(probe, update, now):
            extra = {"system": self._system, "org": self._store.org}
            seconds = round((now - since).total_seconds())
            logger.warning("circuit closed", extra={**extra, "seconds_open": seconds})

    def _clear(self, now: datetime) -> None:
        stored = self._store.get(CircuitRow, self._system)
        if stored and stored.record.failures and not stored.record.open_since:
            self._save(stored, {"failures": 0, "write_failed": False}, now)

    def failed(self, code: str, *, writes: bool, retry_after: float | None = None) -> None:
        """Count a failure; the last one of a row, or one that says for how long, opens."""
        self._write(lambda: self._count(code, retry_after, writes=writes))

    def _count(self, code: str, retry_after: float | None, *, writes: bool) -> None:
        now, probe = self._clock.now(), self._probe
        self._probe = None
        wait = timedelta(seconds=retry_after or 0.0)
        if probe:
            # The claim has moved `probe_at` on already.
            if probe.record.probe_at and now + wait > probe.record.probe_at:
                self._save(probe, {"probe_at": now + wait}, now)
            return None
        for _ in range(TRIES):
            stored = self._store.get(CircuitRow, self._system)
            row = stored.record if stored else CircuitRow(id=self._system)
            if row.open_since:
                return self._see(row, now)
            window = timedelta(seconds=self._tuning.circuit_window)
            recent = row.failed_at is not None and now - row.failed_at < window
            failures = row.failures + 1 if recent else 1
            update: dict[str, Any] = {
                "failures": failures,
                "failed_at": now,
                "write_failed": writes or (recent and row.write_failed),
                "reason": code,
            }
            opens = failures >= self._tuning.circuit_failures or retry_after is not None
            if opens:
                wait = max(wait, self._interval(0))
                update |= {"open_since": now, "probe_at": now + wait, "probes": 0}
            if self._save(stored or row, update, now):
                extra = {"system": self._system, "org": self._store.org, "reason": code}
                logger.warning("circuit opened" if opens else "call failed", extra=extra)
                return None
        return None

    def _save(
        self, before: Stored[CircuitRow] | CircuitRow, update: Mapping[str, Any], now: datetime
    ) -> Stored[CircuitRow] | None:
        """The row as written, or None if another worker wrote first."""
        stored = before if isinstance(before, Stored) else None
        row = before.record if isinstance(before, Stored) else before
        row = row.model_copy(update=update)
        try:
            self._store.commit(Save(row, stored))
        except Conflict:
            return None
        self._see(row, now)
        return Stored(row, stored.version + 1 if stored else 1, now)

    def _write(self, write: Any) -> None:
        """A call that went well must not fail because the table did not take our note of it."""
        try:
            write()
        except StoreUnavailable:
            logger.warning("circuit not written", extra={"system": self._system})
