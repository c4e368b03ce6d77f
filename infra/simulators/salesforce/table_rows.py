"""The rows of the org, with an index of external ids and an undo log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from infra.simulators.salesforce.fields import SObject

Row = dict[str, Any]


def folded(value: Any) -> str:
    """External ids compare without case."""
    return str(value).casefold()


class Rows:
    """All rows by object and id. Every write goes through `put`, so that it can be undone."""

    def __init__(self, schemas: Mapping[str, SObject]) -> None:
        self._keys = {o.name: [f.name for f in o.fields if f.external_id] for o in schemas.values()}
        self._rows: dict[str, dict[str, Row]] = {o.name: {} for o in schemas.values()}
        self._index: dict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)
        self._undo: list[tuple[str, str, Row | None]] = []
        self._keeps_undo = False
        self.deleted: set[str] = set()

    def get(self, sobject: str, row_id: str) -> Row | None:
        """The row with this 18-character id."""
        return self._rows[sobject].get(row_id)

    def all(self, sobject: str) -> Iterator[Row]:
        """All rows of an object, in the order of their creation."""
        return iter(self._rows[sobject].values())

    def having(self, sobject: str, field: str, value: Any) -> list[Row]:
        """The rows whose external id `field` has this value, without case."""
        ids = self._index.get((sobject, field, folded(value)), {})
        return [self._rows[sobject][row_id] for row_id in ids]

    def put(self, sobject: str, row_id: str, row: Row | None) -> None:
        """Write a row, or delete it with None."""
        before = self._rows[sobject].get(row_id)
        if self._keeps_undo:
            self._undo.append((sobject, row_id, before))
        for field in self._keys[sobject]:
            old, new = (before or {}).get(field), (row or {}).get(field)
            if old is not None:
                self._index[sobject, field, folded(old)].pop(row_id, None)
            if new is not None:
                self._index[sobject, field, folded(new)][row_id] = None
        if row is None:
            self._rows[sobject].pop(row_id, None)
            self.deleted.add(row_id)
        else:
            self._rows[sobject][row_id] = row
            self.deleted.discard(row_id)

    def begin(self) -> None:
        """Start a transaction; there is one at a time."""
        self._undo.clear()
        self._keeps_undo = True

    def commit(self) -> None:
        """Keep what was written since `begin`."""
        self._keeps_undo = False

    def roll_back(self) -> None:
        """Undo what was written since `begin`."""
        self._keeps_undo = False
        for sobject, row_id, row in reversed(self._undo):
            self.put(sobject, row_id, row)
            self.deleted.discard(row_id)

    def clear(self) -> None:
        """Forget everything."""
        for rows in self._rows.values():
            rows.clear()
        self._index.clear()
        self.deleted.clear()
