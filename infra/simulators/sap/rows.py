"""The rows of all sets, with look-ups by indexed properties and an undo log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from infra.simulators.sap.edm import EntitySet

Row = dict[str, Any]
Key = tuple[str, ...]
CREATED, ETAG = "_created", "_etag"
"""What a row holds besides its properties: when it was created (milliseconds), its version."""


class Rows:
    """All rows by set and key. Every write goes through `put` or `remove`, and can be undone."""

    def __init__(self, sets: Iterable[EntitySet]) -> None:
        self._sets = {s.name: s for s in sets}
        self._indexed = {s.name: [p.name for p in s.properties if p.indexed] for s in self.sets}
        self._rows: dict[str, dict[Key, Row]] = {name: {} for name in self._sets}
        self._index: dict[tuple[str, str, Any], dict[Key, None]] = {}
        self._undo: list[tuple[str, Key, Row | None]] | None = None

    @property
    def sets(self) -> list[EntitySet]:
        """The entity sets of all services."""
        return list(self._sets.values())

    def get(self, name: str, key: Key) -> Row | None:
        """The row of a set with this key."""
        return self._rows[name].get(key)

    def all(self, name: str) -> list[Row]:
        """All rows of a set, in the order of their creation."""
        return list(self._rows[name].values())

    def having(self, name: str, prop: str, value: Any) -> list[Row]:
        """The rows whose indexed property `prop` has this value, in the order of their creation."""
        held = self._rows[name]
        return [held[key] for key in self._index.get((name, prop, value), ())]

    def key(self, name: str, row: Row) -> Key:
        """The key of a row."""
        return tuple(row[k] for k in self._sets[name].keys)

    def put(self, name: str, row: Row) -> None:
        """Write a row."""
        self._write(name, self.key(name, row), row)

    def remove(self, name: str, row: Row) -> None:
        """Delete a row."""
        self._write(name, self.key(name, row), None)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Undo what is written inside if it raises; one may stand in another."""
        outermost = self._undo is None
        log = self._undo = [] if self._undo is None else self._undo
        mark = len(log)
        try:
            yield
        except BaseException:
            while len(log) > mark:
                self._set(*log.pop())
            raise
        finally:
            if outermost:
                self._undo = None

    def clear(self) -> None:
        """Forget everything."""
        for held in self._rows.values():
            held.clear()
        self._index.clear()

    def _write(self, name: str, key: Key, row: Row | None) -> None:
        if self._undo is not None:
            self._undo.append((name, key, self._rows[name].get(key)))
        self._set(name, key, row)

    def _set(self, name: str, key: Key, row: Row | None) -> None:
        before = self._rows[name].get(key)
        for prop in self._indexed[name]:
            old, new = (before or {}).get(prop), (row or {}).get(prop)
            if old != new:
                self._unfile(name, prop, old, key)
                if new:
                    self._index.setdefault((name, prop, new), {})[key] = None
        if row is None:
            self._rows[name].pop(key, None)
        else:
            self._rows[name][key] = row

    def _unfile(self, name: str, prop: str, value: Any, key: Key) -> None:
        filed = self._index.get((name, prop, value))
        if filed is not None:
            filed.pop(key, None)
            if not filed:
                del self._index[name, prop, value]
