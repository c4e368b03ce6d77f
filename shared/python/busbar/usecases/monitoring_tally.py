"""Counts what became of events, by level; of all, and of each group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from busbar.domain.outcomes import Level
from busbar.ports.runtime import Json


@dataclass
class Tally:
    """Counts by level, of all and of each group. `info` counts in the total alone."""

    group_by: str | None

    def __post_init__(self) -> None:
        self._all: Counter[str] = Counter()
        self._groups: dict[str, Counter[str]] = {}
        self._last_error: datetime | None = None

    def count(self, level: Level, at: datetime, groups: Mapping[str, str]) -> None:
        """One more."""
        self._all[level] += 1
        if level == "error" and (self._last_error is None or at > self._last_error):
            self._last_error = at
        if self.group_by:
            self._groups.setdefault(groups[self.group_by], Counter())[level] += 1

    def view(self, cut_at: datetime | None) -> Json:
        """As the toolkit shows it."""
        made: Json = {
            **_counts(self._all),
            "skipped_count": 0,
            "ack_timeout_count": 0,
            "last_error_at": self._last_error.isoformat() if self._last_error else None,
            "truncated": cut_at is not None,
        }
        if cut_at:
            made["counted_from"] = cut_at.isoformat()
        if self.group_by:
            groups = sorted(self._groups.items())
            made["breakdown"] = [{self.group_by: key, **_counts(of)} for key, of in groups]
        return made


def _counts(of: Counter[str]) -> dict[str, Any]:
    judged = of["success"] + of["error"] + of["warning"]
    made: dict[str, Any] = {"total_events": of.total()}
    made |= {f"{level}_count": of[level] for level in ("success", "error", "warning", "info")}
    if judged:
        made["success_rate"] = round(100 * of["success"] / judged, 2)
    return made
