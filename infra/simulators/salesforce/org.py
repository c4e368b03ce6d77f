"""One Salesforce org: what it is set to, what it holds, who is logged in."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from infra.simulators.record_ids import record_id
from infra.simulators.salesforce.events import EventDesk
from infra.simulators.salesforce.failures import ApiError, not_found
from infra.simulators.salesforce.fields import SObject
from infra.simulators.salesforce.locks import Locks
from infra.simulators.salesforce.schema import ORGANISATION
from infra.simulators.salesforce.table_rows import Row, Rows

FIRST_ORDER_NUMBER = 100
_LARGEST_PAGE = 2000


def stamp(moment: datetime) -> str:
    """A time as Salesforce writes it, e.g. `2025-04-24T13:18:27.000+0000`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


@dataclass(frozen=True)
class OrgSettings:
    """How the org is set. Times are in seconds."""

    client_id: str
    client_secret: str
    organisation_id: str = "00D000000000001AAA"
    user_id: str = "005000000000001AAA"
    token_seconds: float = 7200.0
    api_limit: int = 100_000
    """REST calls per day."""
    instance_url: str = ""
    """What logins are told; empty: the host that they called."""
    smallest_batch: int = 200
    """The least that `Sforce-Query-Options: batchSize` is taken for."""
    sandbox: bool = True
    triggers: bool = False
    """Whether writes by the API set off events as well, and not only what clerks do."""


@dataclass
class Org:
    """The state of the org. `now` is the simulator's clock."""

    settings: OrgSettings
    now: Callable[[], datetime]
    schemas: dict[str, SObject]
    events: EventDesk
    rows: Rows = field(init=False)
    tokens: dict[str, datetime] = field(default_factory=dict)
    cursors: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    page_clamp: int = _LARGEST_PAGE
    search_lag: float = 0.0
    """Seconds for which a query does not see a new row yet."""
    locks: Locks = field(default_factory=Locks)
    written: dict[str, deque[Row]] = field(default_factory=dict)
    """What calls have written to Assets, by id, oldest first."""
    lock_at: int = 0
    """While a lock fault is on: the row write that finds its row locked, counted from 1."""
    _numbers: Counter[str] = field(default_factory=Counter)
    _calls: tuple[str, int] = ("", 0)

    def __post_init__(self) -> None:
        self.rows = Rows(self.schemas)

    def object(self, name: str) -> SObject:
        """The object with this name. Raises `ApiError` 404."""
        found = self.schemas.get(name.lower())
        if found is None:
            raise not_found()
        return found

    def load(self, records: Mapping[str, Iterable[Row]]) -> None:
        """Take rows over as they are: object name -> rows with `Id`; left-out fields are empty."""
        moment = stamp(self.now())
        for name, rows in records.items():
            sobject = self.object(name)
            blank = self.blank(sobject, moment)
            for row in rows:
                self.rows.put(sobject.name, row["Id"], {**blank, **row})

    def blank(self, sobject: SObject, moment: str) -> Row:
        """A row with every field at its default."""
        times = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), moment)
        return {f.name: f.default for f in sobject.fields} | times

    def insert(self, sobject: SObject, values: Row) -> Row:
        """Write a new row, with an id, and return it."""
        row_id = self._fresh_id(sobject)
        row = {**self.blank(sobject, stamp(self.now())), **values, "Id": row_id}
        if sobject.name == "Order":
            row["OrderNumber"] = f"{FIRST_ORDER_NUMBER + self._next('OrderNumber'):08d}"
        if sobject.name == "SharedContract__c":
            row["Name"] = f"SC-{self._next('SharedContract'):06d}"
        self.rows.put(sobject.name, row_id, row)
        return row

    def note_written(self, row_id: str, values: Row) -> None:
        """Keep what a call wrote to an Asset: the last 20 of each."""
        self.written.setdefault(row_id, deque(maxlen=20)).append(values)

    def change(self, sobject: str, row_id: str, **values: Any) -> Row:
        """Write over some fields of a row."""
        row = self.rows.get(sobject, row_id)
        if row is None:
            raise not_found()
        moment = stamp(self.now())
        changed = {**row, **values, "LastModifiedDate": moment, "SystemModstamp": moment}
        self.rows.put(sobject, row_id, changed)
        return changed

    def searchable(self, sobject: str) -> list[Row]:
        """The rows that a query sees."""
        if sobject == ORGANISATION.name:
            return [self._own_row()]
        rows = list(self.rows.all(sobject))
        if not self.search_lag:
            return rows
        seen = stamp(self.now() - timedelta(seconds=self.search_lag))
        return [row for row in rows if row["CreatedDate"] <= seen]

    def _own_row(self) -> Row:
        of = {"Name": "Busbar", "OrganizationType": "Enterprise Edition"}
        own = {"Id": self.settings.organisation_id, "IsSandbox": self.settings.sandbox, **of}
        return {**self.blank(ORGANISATION, stamp(self.now())), **own}

    def touch_lock(self) -> None:
        """Raises `ApiError` UNABLE_TO_LOCK_ROW at the row write that a lock fault names."""
        self.lock_at -= 1
        if self.lock_at == 0:
            raise ApiError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")

    # --- logins and quota ----------------------------------------------------------------------

    def log_in(self) -> tuple[str, datetime]:
        """A new access token, and now."""
        moment = self.now()
        seed = f"{moment.timestamp()}-{self._next('token')}"
        digest = hashlib.sha256(seed.encode()).hexdigest()
        token = f"{self.settings.organisation_id[:15]}!AQ{digest}"
        self.tokens[token] = moment + timedelta(seconds=self.settings.token_seconds)
        return token, moment

    def knows(self, token: str) -> bool:
        """Whether this access token is valid now."""
        return token in self.tokens and self.now() < self.tokens[token]

    def count_call(self) -> bool:
        """Count one REST call; False if today's are used up."""
        today = self.now().date().isoformat()
        day, used = self._calls
        self._calls = (today, used + 1 if day == today else 1)
        return self._calls[1] <= self.settings.api_limit

    @property
    def usage(self) -> str:
        """The value of `Sforce-Limit-Info`."""
        return f"api-usage={self._calls[1]}/{self.settings.api_limit}"

    def open_cursor(self, records: list[dict[str, Any]]) -> str:
        """Keep the records of a query for its further pages."""
        cursor = record_id("01g", self._next("cursor"))
        self.cursors[cursor] = records
        return cursor

    def clear(self) -> None:
        """Forget rows, logins and cursors. Numbers go on, so no id is ever given twice."""
        self.rows.clear()
        self.written.clear()
        self.tokens.clear()
        self.cursors.clear()
        self.events.clear()
        self._calls = ("", 0)

    def dump(self) -> dict[str, Any]:
        """Rows, deleted ids, numbers, quota used and events; no logins and no open queries."""
        return {
            "rows": {o.name: list(self.rows.all(o.name)) for o in self.schemas.values()},
            "deleted": sorted(self.rows.deleted),
            "numbers": dict(self._numbers),
            "calls": list(self._calls),
            "events": self.events.dump(),
        }

    def restore(self, dumped: Mapping[str, Any]) -> None:
        """Hold what was dumped."""
        self.clear()
        self.load(dumped["rows"])
        self.rows.deleted.update(dumped["deleted"])
        self._numbers = Counter(dumped["numbers"])
        day, used = dumped["calls"]
        self._calls = (day, used)
        self.events.restore(dumped["events"])

    def _next(self, kind: str) -> int:
        self._numbers[kind] += 1
        return self._numbers[kind]

    def _fresh_id(self, sobject: SObject) -> str:
        while True:
            row_id = record_id(sobject.prefix, self._next(sobject.name))
            if self.rows.get(sobject.name, row_id) is None and row_id not in self.rows.deleted:
                return row_id
