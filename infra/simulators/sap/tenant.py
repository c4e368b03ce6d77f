"""One SAP system: how it is set, what it holds, how its numbers run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from infra.simulators.sap.edm import EntitySet
from infra.simulators.sap.failures import Occasion, SapError, locked
from infra.simulators.sap.rows import CREATED, ETAG, Row, Rows
from infra.simulators.sap.values import empty, milliseconds

KNOBS: dict[str, tuple[type, ...]] = {
    "search_lag": (int, float),
    "page_clamp": (int,),
    "unique_references": (bool,),
    "unique_contract_references": (bool,),
    "short_numbers": (bool,),
}
"""The settings that can be changed while it runs, and are kept, with their types."""


@dataclass(frozen=True)
class SapSettings:
    """How the system is set. Role codes and groupings are a tenant's customising."""

    user: str
    password: str
    system: str = "S4H"
    client: str = "100"
    session_seconds: float = 1800.0
    partner_service: str = "API_BUSINESS_PARTNER"
    partner_reference: str = "BusinessPartnerIDByExtSystem"
    roles: tuple[str, ...] = ("000000", "FLCU00", "FLCU01", "MKK")
    contract_role: str = "MKK"
    """The role that a partner needs for contracts; empty: none."""
    external_groupings: tuple[str, ...] = ("BPEE",)
    """Groupings whose partners bring their number along; all others get one."""
    contract_etags: bool = True


Rule = Callable[["Tenant", Row, Row | None], Row]
"""What is checked and filled in before a row is written: (tenant, row, row of before) -> row."""


@dataclass
class Tenant:
    """The state of the system. `now` is the simulator's clock, `rules` go by set."""

    settings: SapSettings
    now: Callable[[], datetime]
    rows: Rows
    rules: Mapping[str, Rule]
    search_lag: float = 0.0
    """Seconds for which a search does not see a new row yet."""
    page_clamp: int = 1000
    """The most rows of one page."""
    unique_references: bool = False
    unique_contract_references: bool = False
    short_numbers: bool = False
    """Whether numbers are answered without leading zeros, as SAP's conversion of output does."""
    lock_at: int = 0
    """While a lock fault is on: the row write that finds its row locked, counted from 1."""
    overtaken: bool = False
    """While a fault is on: somebody changes each row just before the caller does."""
    refuses_references: bool = False
    """While a fault is on: every new reference is said to be another's."""
    _numbers: Counter[str] = field(default_factory=Counter)

    def next(self, kind: str) -> int:
        """The next number of a range; the first is 1. A number is never given twice."""
        self._numbers[kind] += 1
        return self._numbers[kind]

    def occasion(self, service: str) -> Occasion:
        """What an error says of the call of now."""
        return Occasion(f"{self.next('transaction'):032X}", service, self.now())

    def fresh_number(self, entity_set: str, first: int, length: int) -> str:
        """A number that no row of a set with a simple key has, with leading zeros."""
        while True:
            text = str(first - 1 + self.next(entity_set)).zfill(length)
            if self.rows.get(entity_set, (text,)) is None:
                return text

    def write(self, entity_set: EntitySet, row: Row, before: Row | None) -> Row:
        """Check a whole row, fill in what SAP fills in, and write it. Raises `SapError`."""
        self._touch_lock()
        checked = self.rules[entity_set.name](self, row, before)
        created = before[CREATED] if before else milliseconds(self.now())
        whole = {**checked, CREATED: created, ETAG: self._new_etag()}
        if before is None and self.rows.get(entity_set.name, self.rows.key(entity_set.name, whole)):
            raise SapError("R11/122", f"{entity_set.name}: the entry exists already")
        self.rows.put(entity_set.name, whole)
        return whole

    def delete(self, entity_set: EntitySet, row: Row) -> None:
        """Delete a row. Raises `SapError` if somebody has it locked."""
        self._touch_lock()
        self.rows.remove(entity_set.name, row)

    def touch(self, entity_set: EntitySet, row: Row) -> Row:
        """Somebody else changes a row, in a field that nobody looks at."""
        changed = {**row, ETAG: self._new_etag()}
        self.rows.put(entity_set.name, changed)
        return changed

    def seen(self, rows: Iterable[Row]) -> list[Row]:
        """Those rows that a search sees: it lags."""
        if not self.search_lag:
            return list(rows)
        latest = milliseconds(self.now() - timedelta(seconds=self.search_lag))
        return [row for row in rows if row[CREATED] <= latest]

    def load(self, entity_set: EntitySet, rows: Iterable[Row]) -> None:
        """Take rows over as they are; what is left out is empty."""
        for row in rows:
            hidden = {CREATED: 0, ETAG: self._new_etag()}
            self.rows.put(entity_set.name, {**empty(entity_set), **hidden, **row})

    def clear(self) -> None:
        """Forget all rows. Numbers go on, so none is ever given twice."""
        self.rows.clear()

    def dump(self) -> dict[str, Any]:
        """Rows, numbers given so far, and settings that were changed."""
        return {
            "rows": {s.name: self.rows.all(s.name) for s in self.rows.sets},
            "numbers": dict(self._numbers),
            "knobs": {name: getattr(self, name) for name in KNOBS},
        }

    def restore(self, dumped: Mapping[str, Any]) -> None:
        """Hold what was dumped."""
        self.clear()
        for entity_set in self.rows.sets:
            self.load(entity_set, dumped["rows"][entity_set.name])
        self._numbers = Counter(dumped["numbers"])
        for name in KNOBS:
            setattr(self, name, dumped["knobs"][name])

    def _touch_lock(self) -> None:
        self.lock_at -= 1
        if self.lock_at == 0:
            raise locked()

    def _new_etag(self) -> str:
        return f"SADL-{self.now():%Y%m%d%H%M%S}C~{self.next('etag') % 10000:04d}"
