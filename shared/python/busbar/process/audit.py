"""Writes the audit trail, in the transaction of what it tells of, and verifies it.

There is one chain per org. An entry and the new head are written together, on condition that the
head is still the one that was read: of two decisions at once one meets a `Conflict` and decides
anew. So the chain has no gap, and no decision stands without its entry.

What verification can see: an entry that was edited, dropped, inserted or moved breaks the chain.
A tail that was cut off shows as long as the head was not set back with it. For that case every
writer logs the head that it found, and `verify` takes such a mark: if the chain does not hold it,
the chain was cut or written anew. Only what was written after the last mark can vanish unseen.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from busbar.domain.audit import HEAD, START, Actor, AuditEntry, AuditHead, entry_id
from busbar.domain.customers import Caller
from busbar.observability import logger
from busbar.ports.runtime import Clock
from busbar.ports.store import Change, Save, Store, Stored

PAGE = 100
UNREADABLE = (ValueError, TypeError, zlib.error)


@dataclass(frozen=True)
class Mark:
    """An entry that somebody has noted down outside of the table: its place and its hash."""

    sequence: int
    hash: str


@dataclass(frozen=True)
class Verdict:
    """What a look at the chain came to.

    `broken_at` is the place of the first entry that is not as it was written; None if all from
    `first` to `last` are. `next` is where to go on, None at the end of the chain.
    """

    first: int
    last: int
    head: Mark
    broken_at: int | None = None
    fault: str = ""
    next: int | None = None


class Audit:
    """The audit trail of one org."""

    def __init__(self, store: Store, clock: Clock, correlation_id: str) -> None:
        self._store = store
        self._clock = clock
        self._correlation_id = correlation_id

    def entry(
        self,
        who: Caller | Actor,
        action: str,
        subject_schema: str,
        subject_id: str,
        reason: str = "",
        details: Mapping[str, str] | None = None,
    ) -> Sequence[Change]:
        """The changes that add an entry, for the transaction that does what it tells of.

        Two entries cannot be in one transaction. On a `Conflict` ask for the changes again.
        """
        stored = self._store.get(AuditHead, HEAD)
        head = stored.record if stored else AuditHead(id=HEAD)
        logger.info("audit head", extra={"sequence": head.sequence, "hash": head.hash})
        actor = Actor.of(who) if isinstance(who, Caller) else who
        made = AuditEntry(
            id=entry_id(head.sequence + 1),
            sequence=head.sequence + 1,
            at=self._clock.now(),
            actor=actor.id,
            role=actor.role,
            action=action,
            subject_schema=subject_schema,
            subject_id=subject_id,
            reason=reason,
            details=dict(details or {}),
            correlation_id=self._correlation_id,
            previous=head.hash,
        ).sealed()
        after = head.model_copy(update={"sequence": made.sequence, "hash": made.hash})
        return Save(made), Save(after, stored)

    def newest(self, before: int | None, limit: int) -> tuple[Sequence[AuditEntry], int | None]:
        """Up to `limit` entries below the place `before` (None: from the end), newest first.

        And the `before` of the next page, None at the end. Entries that cannot be read are left
        out: `verify` names them.
        """
        end = self._head().sequence
        if before is not None:
            end = min(end, before - 1)
        start = max(1, end - limit + 1)
        found = self._read(range(end, start - 1, -1))
        entries = [entry for place in range(end, start - 1, -1) if (entry := found.get(place))]
        return entries, start if start > 1 else None

    def verify(self, first: int = 1, limit: int = 2000, mark: Mark | None = None) -> Verdict:
        """Check up to `limit` entries from `first` on, each against the one before it.

        A `mark` is checked too, as soon as its place is reached.
        """
        head = self._head()
        end = Mark(head.sequence, head.hash)
        first = min(first, head.sequence + 1)
        last = min(first + limit - 1, head.sequence)
        previous = START if first == 1 else self._hash_at(first - 1)
        for start in range(first, last + 1, PAGE):
            places = range(start, min(start + PAGE, last + 1))
            found = self._read(places)
            for place in places:
                entry = found.get(place)
                if fault := _fault(place, entry, previous, mark):
                    return Verdict(first, last, end, place, fault)
                previous = entry.hash if entry else ""
        if last < head.sequence:
            return Verdict(first, last, end, next=last + 1)
        if previous != head.hash:
            return Verdict(first, last, end, last, "the head holds another hash")
        fault = self._fault_of_the_end(head, mark)
        return Verdict(first, last, end, head.sequence + 1 if fault else None, fault)

    def _fault_of_the_end(self, head: AuditHead, mark: Mark | None) -> str:
        if mark and mark.sequence > head.sequence:
            return "the chain ends before the entry that was noted"
        behind = self._one(head.sequence + 1) is not None
        if behind and self._head().sequence == head.sequence:  # else it was written just now
            return "an entry stands behind the head"
        return ""

    def _head(self) -> AuditHead:
        stored = self._store.get(AuditHead, HEAD)
        return stored.record if stored else AuditHead(id=HEAD)

    def _hash_at(self, place: int) -> str:
        entry = self._one(place)
        return entry.hash if entry else ""

    def _read(self, places: Iterable[int]) -> dict[int, AuditEntry]:
        """The entries at these places that can be read, by the place where they were found."""
        wanted = list(places)
        many: list[Stored[AuditEntry]] = []
        with suppress(*UNREADABLE):  # one of them cannot be read: each is looked at by itself
            many = self._store.get_many(AuditEntry, [entry_id(place) for place in wanted])
        if len(many) == len(wanted):
            return {p: stored.record for p, stored in zip(wanted, many, strict=True)}
        # What was just written may be missing from an eventually consistent read.
        return {place: entry for place in wanted if (entry := self._one(place))}

    def _one(self, place: int) -> AuditEntry | None:
        try:
            stored = self._store.get(AuditEntry, entry_id(place))
        except UNREADABLE:
            return None
        return stored.record if stored else None


def _fault(place: int, entry: AuditEntry | None, previous: str, mark: Mark | None) -> str:
    """What is wrong with the entry at this place; empty if nothing is."""
    if entry is None:
        return "the entry is missing, or cannot be read"
    if entry.sequence != place or entry.id != entry_id(place):
        return "the entry belongs to another place"
    if entry.digest() != entry.hash:
        return "the entry was edited"
    if entry.previous != previous:
        return "the entry does not follow from the one before it"
    if mark and mark.sequence == place and mark.hash != entry.hash:
        return "the entry is not the one that was noted"
    return ""
