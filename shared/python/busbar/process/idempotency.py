"""`Idempotency-Key`: one effect and one answer per key, caller and operation.

The record is claimed before anything else happens and fixes the id of what will be made, so a
repeat after a crash goes on with the same object. Only final answers are kept (7 days) and replayed
byte for byte; a refused request gives its key back, unless an earlier one with it may have made
something: then the id stays, or a third one would make the same thing under another.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import AwareDatetime

from busbar.domain.record import Record
from busbar.errors import Conflict, Problem
from busbar.ports.runtime import Clock, Ids
from busbar.ports.store import Drop, Save, Store, Stored
from busbar.settings.function import Tuning

LONGEST_KEY = 255


class KeyRecord(Record):
    """One claimed key. `status` 0 means that the first request is still at work."""

    schema_name: ClassVar[str] = "idempotency"

    fingerprint: str
    entity_id: str
    lease_until: AwareDatetime
    expires: AwareDatetime
    taken_over: bool = False
    """An earlier request failed or vanished: nobody knows what it made under this id."""
    status: int = 0
    body: str = ""
    headers: dict[str, str] = {}  # noqa: RUF012  (pydantic copies it)

    def kept_until(self) -> datetime:
        """The table forgets it then."""
        return self.expires


@dataclass(frozen=True)
class FinalAnswer:
    """An answer as it goes over the wire."""

    status: int
    body: str
    headers: dict[str, str]
    replayed: bool = False


def check_key(key: str | None) -> str:
    """The key, if it is there and has a bearable form. Raises a 400 `Problem`."""
    if not key or not key.strip():
        raise Problem(
            400,
            "idempotency-key-missing",
            "Idempotency-Key is missing",
            "Send a header Idempotency-Key with a fresh value, for example a UUID.",
        )
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Problem(
            400,
            "idempotency-key-invalid",
            "Idempotency-Key is invalid",
            f"It may have up to {LONGEST_KEY} printable ASCII characters.",
        )
    return key


def fingerprint(body: Any) -> str:
    """Tells whether two request bodies say the same."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class Idempotency:
    """Runs work once per key."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, tuning: Tuning) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._tuning = tuning

    def once(
        self, scope: str, caller: str, key: str, body: Any, work: Callable[[str], FinalAnswer]
    ) -> FinalAnswer:
        """The answer of `work`, which is given the id of what it shall make; or its replay.

        Raises `Problem` 409 while the first request is at work, 422 for another body.
        """
        record_id = hashlib.sha256(f"{scope}\x1f{caller}\x1f{key}".encode()).hexdigest()
        claim = self._claim(record_id, fingerprint(body))
        if isinstance(claim, FinalAnswer):
            return claim
        try:
            answer = work(claim.record.entity_id)
        except Problem:
            # Nothing was made: the key may be used again with a mended body.
            self._give_back(claim)
            raise
        except Exception:
            # Unknown how far it came: let the next request with this key go on at once.
            self._end_lease(claim)
            raise
        return self._complete(claim, answer)

    def _claim(self, record_id: str, print_of_body: str) -> Stored[KeyRecord] | FinalAnswer:
        now = self._clock.now()
        stored = self._store.get(KeyRecord, record_id)
        if stored is not None and stored.record.expires > now:
            return self._again(stored, print_of_body)
        record = KeyRecord(
            id=record_id,
            fingerprint=print_of_body,
            entity_id=self._ids.new(),
            lease_until=now + timedelta(seconds=self._tuning.idempotency_lease),
            expires=now + timedelta(seconds=self._tuning.idempotency_kept),
        )
        return self._take(record, stored)

    def _again(
        self, stored: Stored[KeyRecord], print_of_body: str
    ) -> Stored[KeyRecord] | FinalAnswer:
        record, now = stored.record, self._clock.now()
        if record.fingerprint != print_of_body:
            raise Problem(
                422,
                "idempotency-key-reused",
                "Idempotency-Key was used for another request",
                "Send a fresh key with every new request.",
            )
        if record.status:
            return FinalAnswer(record.status, record.body, record.headers, replayed=True)
        if now < record.lease_until:
            raise _running(record.lease_until - now)
        renewed = now + timedelta(seconds=self._tuning.idempotency_lease)
        again = record.model_copy(update={"lease_until": renewed, "taken_over": True})
        return self._take(again, stored)

    def _take(self, record: KeyRecord, before: Stored[KeyRecord] | None) -> Stored[KeyRecord]:
        try:
            self._store.commit(Save(record, before))
        except Conflict:
            raise _running(timedelta(seconds=self._tuning.idempotency_lease)) from None
        return Stored(record, before.version + 1 if before else 1, self._clock.now())

    def _complete(self, claim: Stored[KeyRecord], answer: FinalAnswer) -> FinalAnswer:
        final = claim.record.model_copy(
            update={"status": answer.status, "body": answer.body, "headers": answer.headers}
        )
        try:
            self._store.commit(Save(final, claim))
        except Conflict:
            # Our lease ran out and another request with this key took over: its answer counts.
            there = self._store.get(KeyRecord, claim.record.id)
            if there and there.record.status:
                record = there.record
                return FinalAnswer(record.status, record.body, record.headers, replayed=True)
            raise _running(timedelta(seconds=self._tuning.idempotency_lease)) from None
        return answer

    def _give_back(self, claim: Stored[KeyRecord]) -> None:
        if claim.record.taken_over:
            self._end_lease(claim)
            return
        try:
            self._store.commit(Drop(KeyRecord, claim.record.id, claim))
        except Conflict:
            return  # our lease ran out and another request holds the key now

    def _end_lease(self, claim: Stored[KeyRecord]) -> None:
        record = claim.record.model_copy(update={"lease_until": self._clock.now()})
        try:
            self._store.commit(Save(record, claim))
        except Conflict:
            return


def _running(rest: timedelta) -> Problem:
    return Problem(
        409,
        "request-still-running",
        "A request with this Idempotency-Key is still running",
        "Send the same request again after the time in Retry-After.",
        headers={"Retry-After": str(max(1, math.ceil(rest.total_seconds())))},
    )
