"""The initial load of an ERP's data: a file of events, a line each, worked off beside live events.

The file lies in S3. First its lines are counted, and it is cut into slices, some for each worker
that may be at it; then each slice is worked off from its start to its end, batch by batch. How far
that is stands in the slice's own record, which is written under a condition after each batch: so a
batch that is done again, as its worker died, is counted once.

    POST ──> [counting] ──> slices 0 to n ──batch, batch, …──> [done]
                 └── paused and resumed at any batch; cancelled for good
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from busbar.domain.erp_events import LARGEST_READINGS, request_id
from busbar.domain.outcome_rows import ROWS_KEPT
from busbar.domain.record import Record, Value

FORMAT = 1
"""Version of the messages on the queue. A release reads its own and the one before."""
LOADS = "loads/"
"""Prefix of the files in the bucket; the org's name follows."""
LOADS_KEPT_DAYS = 14
UPLOAD_SECONDS = 3600
LARGEST_LOAD = 5 * 1024**3
"""Bytes of a file: what S3 takes by one form."""
LARGEST_LINE = 2 * LARGEST_READINGS
"""Bytes of a line: the largest payload, every second character of it escaped."""
SMALLEST_SLICE = 256 * 1024
MOST_SLICES = 32
"""Of one load: all of them are read to tell how far it is."""
MOST_SAMPLES = 10
"""Bad lines of a slice that its load shows; all of them have rows among the outcomes."""
COUNTING = -1
"""In the place of a slice's number: its lines are to be counted first."""

Wish = Literal["running", "paused", "cancelled"]
State = Literal["counting", "running", "paused", "cancelled", "failed", "done"]


def upload_key(org: str, upload_id: str) -> str:
    """Where the file goes that is sent by a form."""
    return f"{LOADS}{org}/{upload_id}.jsonl"


class Load(Record):
    """A load, as it was asked for. Workers read it; only the API writes it."""

    schema_name: ClassVar[str] = "erp_load"

    integration_id: str
    key: str
    """The file in S3."""
    etag: str
    """Which file of that name: another one in its place is not worked on."""
    size: int
    started_at: AwareDatetime
    wish: Wish = "running"
    most_slices: int

    def listed_by(self) -> str:
        """The loads of an integration."""
        return self.integration_id

    def kept_until(self) -> datetime:
        """As long as its rows."""
        return self.started_at + ROWS_KEPT

    @property
    def correlation_id(self) -> str:
        """That of its events, where they name none of their own."""
        return request_id(self.started_at, self.id)

    def event_id(self, line: int) -> str:
        """The id of the event in a line, counted from 1."""
        return f"{self.correlation_id}-{line:09}"

    def slice_size(self) -> int:
        """Bytes of a slice, about: no more slices than workers, and no smaller ones than is worth
        it."""
        return max(SMALLEST_SLICE, -(-self.size // self.most_slices))


class LoadCount(Record):
    """How far the lines of a load are counted. Has the load's id."""

    schema_name: ClassVar[str] = "erp_load_count"

    started_at: AwareDatetime
    bytes: int = 0
    """Looked at so far."""
    lines: int = 0
    """Ended by them."""
    starts: tuple[tuple[int, int], ...] = ()
    """Of each slice that is known: its first byte, and the number of its first line."""
    finished: bool = False
    failed: str = ""
    """Why it cannot be worked off: `FILE_CHANGED`, as it is gone, or another one."""

    def kept_until(self) -> datetime:
        """As long as its load."""
        return self.started_at + ROWS_KEPT


class BadLine(Value):
    """A line that came to nothing, or not to all that it says; the first code of it."""

    line: int
    code: str
    message: str
    event_id: str


class LoadSlice(Record):
    """How far a slice is worked off. `start` and `end` are bytes of the file, whole lines."""

    schema_name: ClassVar[str] = "erp_load_slice"

    started_at: AwareDatetime
    start: int
    end: int
    first_line: int
    at: int
    """The first byte that is not worked off."""
    lines: int = 0
    """Worked off, with empty and bad ones."""
    bad: int = 0
    codes: dict[str, int] = {}  # noqa: RUF012  (pydantic copies it)
    """How often each outcome was."""
    samples: tuple[BadLine, ...] = ()
    failed: str = ""

    @property
    def finished(self) -> bool:
        """Whether all of it is worked off."""
        return self.at >= self.end

    def kept_until(self) -> datetime:
        """As long as its load."""
        return self.started_at + ROWS_KEPT


def slice_id(load: str, number: int) -> str:
    """The id of a slice's record."""
    return f"{load}#{number}"


def state_of(load: Load, count: LoadCount | None, slices: Sequence[LoadSlice]) -> State:
    """How a load stands: it is not written down, but follows from its parts."""
    counted = count is not None and count.finished
    if counted and all(one.finished for one in slices):
        return "done"
    if load.wish == "cancelled":
        return "cancelled"
    if (count is not None and count.failed) or any(one.failed for one in slices):
        return "failed"
    if load.wish == "paused":
        return "paused"
    return "running" if counted else "counting"


class LoadMessage(BaseModel):
    """Asks a worker to go on with a slice of a load, or with its counting."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = FORMAT
    org: str
    load: str
    slice: int

    def text(self) -> str:
        """As it is sent."""
        return json.dumps(self.model_dump(exclude_defaults=True), separators=(",", ":"))

    @property
    def group(self) -> str:
        """The queue's group: nobody works at a slice while another one does."""
        return f"{self.org}#{self.load}#{self.slice}"[-128:]
