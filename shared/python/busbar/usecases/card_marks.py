"""What the sync has seen of each card in the list of be.ENERGISED, as short marks in a few rows.

A mark stands for a card with all that we use of it, and the time of its last change: a card that
was changed and changed back has another one. It is noted when the card has been followed, so a mark
that is missing or old costs a look at our record and nothing else; it is never ahead of the work.

100,000 cards are 256 rows of 5.5 kB: 256 read units for all of them where reading the cards would
be 50,000, and 6 write units for each row with a card that changed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import ClassVar

from busbar.domain.cards import BackendCard
from busbar.domain.record import Record
from busbar.errors import Conflict
from busbar.observability import logger
from busbar.ports.store import Save, Store, Stored

SHARDS = 256
KEY, MARK = 6, 8
"""Bytes of a card's key and of its mark. Two cards that share a key are looked at in every run,
and lose nothing."""


def mark_of(card: BackendCard) -> bytes:
    """The mark of a card as it is listed."""
    seen = [
        card.id,
        card.number,
        card.label,
        card.active,
        card.blocked,
        card.contact_id,
        card.billing_contact_id,
        card.updated_at.isoformat(),
    ]
    text = json.dumps(seen, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=MARK).digest()


class CardMarks(Record):
    """The marks of one shard: keys and marks in turn, sorted, as base64."""

    schema_name: ClassVar[str] = "card_marks"

    packed: str = ""

    def unpacked(self) -> dict[bytes, bytes]:
        """Key -> mark."""
        raw, step = base64.b64decode(self.packed), KEY + MARK
        return {raw[at : at + KEY]: raw[at + KEY : at + step] for at in range(0, len(raw), step)}


class Marks:
    """All marks of one list, in memory: about 20 MB for 100,000 cards."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._ids = [f"{name}#{shard}" for shard in range(SHARDS)]
        # Eventually consistent is enough: an old mark costs a look.
        self._stored: dict[str, Stored[CardMarks]] = {
            row.record.id: row for row in store.get_many(CardMarks, self._ids)
        }
        self._marks = {key: row.record.unpacked() for key, row in self._stored.items()}
        self._changed: set[str] = set()

    def knows(self, card: BackendCard) -> bool:
        """Whether the card was followed as it is."""
        shard, key = self._place(card)
        return self._marks.get(shard, {}).get(key) == mark_of(card)

    def note(self, card: BackendCard) -> None:
        """The card has been followed as it is."""
        shard, key = self._place(card)
        self._marks.setdefault(shard, {})[key] = mark_of(card)
        self._changed.add(shard)

    def save(self) -> None:
        """Write the rows that changed. A run that was faster keeps its own: ours costs a look."""
        for shard in sorted(self._changed):
            pairs = sorted(self._marks[shard].items())
            packed = base64.b64encode(b"".join(key + mark for key, mark in pairs)).decode()
            row = CardMarks(id=shard, packed=packed)
            try:
                self._store.commit(Save(row, self._stored.get(shard)))
            except Conflict:
                logger.info("card marks were written by another run", extra={"shard": shard})
        self._changed.clear()

    def _place(self, card: BackendCard) -> tuple[str, bytes]:
        digest = hashlib.blake2b(card.id.encode(), digest_size=KEY + 1).digest()
        return self._ids[digest[0] % SHARDS], digest[1:]
