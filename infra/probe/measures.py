"""What is measured, how often, and what the settings become of it.

A probe sees what happens on a quiet day. So the settings get a margin, and never fall below the
product's own defaults for what a few tries cannot show.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from busbar.errors import Duplicate, Unavailable, Unknown
from busbar.settings.modes import Mode
from busbar.settings.salesforce import SalesforceSettings
from infra.probe.sandbox import ProbeError, Sandbox, id_in

ROUNDS = 5
LATE_ROUNDS = 3
POLL = 1.0
"""Seconds between two looks, and so the resolution of what is measured."""
LONGEST = 180.0
"""Seconds after which nobody waits for a record to be seen any more."""
IMPATIENT = 0.05
"""Seconds after which a create is given up, to see when it takes effect all the same."""
MARGIN = 2.0
LEAST_LAG = 10.0
"""Seconds: less than this a probe with this resolution cannot promise."""


@dataclass(frozen=True)
class Duplicates:
    """What a second record with the same reference came to: refused, and how we read it."""

    unique: bool
    status: int
    code: str = ""
    fields: str = ""


@dataclass(frozen=True)
class Measured:
    """The results. Times are in seconds; None: not seen within `LONGEST`."""

    order_reference: Duplicates
    item_reference: Duplicates
    upsert: tuple[int, int]
    """Statuses of an upsert that creates, and of one that changes."""
    search_lag: tuple[float | None, ...]
    late_commit: tuple[float | None, ...]
    """From the moment at which a call was given up until its effect was seen."""
    answered_in_time: int = 0
    """Impatient calls that were answered all the same: they say nothing."""
    never_sent: int = 0
    left: list[str] = field(default_factory=list)

    @property
    def mode(self) -> Mode:
        """How creates are made safe here."""
        upserts = self.upsert[0] == 201 and self.upsert[1] in {200, 204}
        if self.order_reference.unique and self.item_reference.unique and upserts:
            return "unique_key"
        return "none" if None in self.search_lag else "probe"

    def settings(self) -> dict[str, Any]:
        """The settings that follow, with their margin."""
        lag = max((seconds for seconds in self.search_lag if seconds is not None), default=0.0)
        late = max((seconds for seconds in self.late_commit if seconds is not None), default=0.0)
        return {
            "mode": self.mode,
            "search_lag_seconds": float(math.ceil(max(LEAST_LAG, MARGIN * lag))),
            "processing_seconds": float(
                math.ceil(max(SalesforceSettings.processing_seconds, MARGIN * late))
            ),
        }


class Probe:
    """Measures one sandbox. `monotonic` and `sleep` are the time, `say` tells people of it."""

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        say: Callable[[str], None],
    ) -> None:
        self._sandbox = sandbox
        self._monotonic = monotonic
        self._sleep = sleep
        self._say = say

    def run(self, account: str = "") -> Measured:
        """Measure, and clean up whatever happens. Raises `ProbeError` or `UpstreamError`."""
        self._sandbox.check()
        try:
            measured = self._measure(account)
        finally:
            left = self._sandbox.clean_up()
            for path in left:
                self._say(f"left behind, to be deleted by hand: {path}")
        measured.left.extend(left)
        return measured

    def _measure(self, account: str) -> Measured:
        sandbox = self._sandbox
        sandbox.prepare(account)
        self._say("unique references: two records with one reference")
        orders, items = self._duplicates()
        self._say("upsert: one that creates, one that changes")
        ours = sandbox.fresh()
        upsert = tuple(sandbox.upsert_order(ours, again=again).status for again in (False, True))
        self._say(f"search lag: {ROUNDS} times, until a query finds a new record")
        lag = tuple(self._search_lag() for _ in range(ROUNDS))
        self._say(f"late effects: {LATE_ROUNDS} calls that are given up after {IMPATIENT} s")
        late = [self._late_commit() for _ in range(LATE_ROUNDS)]
        return Measured(
            order_reference=orders,
            item_reference=items,
            upsert=(upsert[0], upsert[1]),
            search_lag=lag,
            late_commit=tuple(seconds for word, seconds in late if word == "unanswered"),
            answered_in_time=sum(word == "answered" for word, _ in late),
            never_sent=sum(word == "never_sent" for word, _ in late),
        )

    def _duplicates(self) -> tuple[Duplicates, Duplicates]:
        sandbox, ours, of_item = self._sandbox, self._sandbox.fresh(), self._sandbox.fresh()
        first = sandbox.create_order(ours)
        if first.status != 201:
            raise ProbeError(
                f"No order can be created ({sandbox.error_of(first)}). Run connection_check, and "
                "compare mappings/salesforce/order_submit.jsonata with the org's required fields."
            )
        orders = self._second(sandbox.create_order(ours))
        order_id = id_in(first)
        item = sandbox.create_item(order_id, of_item)
        if item.status != 201:
            raise ProbeError(f"No order item can be created ({sandbox.error_of(item)}).")
        return orders, self._second(sandbox.create_item(order_id, of_item))

    def _second(self, answer: Any) -> Duplicates:
        if answer.status == 201:
            return Duplicates(unique=False, status=201)
        error = self._sandbox.error_of(answer)
        # Refused for another reason, or in words that we do not read, it protects nobody.
        unique = isinstance(error, Duplicate)
        return Duplicates(unique, answer.status, error.code, error.detail)

    def _search_lag(self) -> float | None:
        ours = self._sandbox.fresh()
        self._sandbox.create_order(ours)
        return self._seen_after(ours)

    def _seen_after(self, ours: str) -> float | None:
        began = self._monotonic()
        while True:
            if self._sandbox.is_found(ours):
                return round(self._monotonic() - began, 1)
            if self._monotonic() - began > LONGEST:
                return None
            self._sleep(POLL)

    def _late_commit(self) -> tuple[str, float | None]:
        """How a call ended that was given up early, and when its effect was seen.

        A query has to see it, so the search lag is part of the time: more than the truth, not less.
        """
        ours = self._sandbox.fresh()
        try:
            self._sandbox.create_order(ours, IMPATIENT)
        except Unknown:
            return "unanswered", self._seen_after(ours)
        except Unavailable:
            return "never_sent", None
        return "answered", None
