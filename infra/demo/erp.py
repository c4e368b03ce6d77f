"""An ERP that sends events, and those who look at what became of them, over HTTP only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from infra.demo.stage import Stage, check

Json = dict[str, Any]
CLERK = "operator"
ERP = "machine"
TAKEN = "success"
WORDS = {
    "ENTITY_CREATED": "created",
    "ENTITY_UPDATED": "updated",
    "ENTITY_NO_OP": "nothing new of",
    "STALE_EVENT": "too late for",
}
"""Code of an outcome -> what it says of an entity; every other one stands for itself."""


@dataclass(frozen=True)
class Sent:
    """A request and what became of it: a `result` per event, and per event id its rows."""

    correlation_id: str
    results: Sequence[Json]
    rows: Mapping[str, Sequence[Json]]

    @property
    def ids(self) -> list[str]:
        """The ids of the events, in their order."""
        return [result["event_id"] for result in self.results]

    def rows_of(self, position: int) -> Sequence[Json]:
        """The rows of one event."""
        return self.rows.get(self.ids[position], ())

    def codes(self) -> Counter[str]:
        """How many rows of each code."""
        return Counter(row["code"] for rows in self.rows.values() for row in rows)


class Erp:
    """The events of one integration. `run` begins each correlation id."""

    def __init__(self, stage: Stage, integration_id: str, run: str) -> None:
        self.integration_id = integration_id
        self.run = run
        self._stage = stage
        self._sent: list[str] = []
        self._rows: list[Json] | None = None

    def send(self, what: str, events: Iterable[Json], *, waits: bool = True) -> Sent:
        """Send events in one request. With `waits`, those that are taken are worked off when this
        returns. Raises `DemoFailed` if they are not within 30 s."""
        correlation = f"{self.run}-{what}"
        body = {
            "integration_id": self.integration_id,
            "correlation_id": correlation,
            "events": list(events),
        }
        told = self._stage.portal("POST", "/v3/erp/updates/events", ERP, json=body).json()
        results: list[Json] = told["results"]
        self._sent.append(correlation)
        taken = {one["event_id"] for one in results if one["status"] == TAKEN and waits}

        def look() -> tuple[dict[str, list[Json]]] | None:
            rows = self.rows(correlation)
            # In a tuple, as no rows at all may be right, too.
            return (rows,) if taken <= rows.keys() else None

        (rows,) = self._stage.wait(f"the end of {correlation}", look)
        return Sent(correlation, results, rows)

    def send_one(self, what: str, event: Json) -> Sent:
        """Send one event, which has to be taken, and wait for its end."""
        sent = self.send(what, [event])
        check(sent.results[0]["status"] == TAKEN, f"{what} was not taken: {sent.results[0]}")
        return sent

    def rows(self, correlation: str) -> dict[str, list[Json]]:
        """What became of events: id -> rows, as monitoring traces them."""
        path = f"/v2/integrations/{self.integration_id}/monitoring/traces/{correlation}"
        rows: dict[str, list[Json]] = {}
        for span in self._stage.portal("GET", path, CLERK).json()["spans"]:
            rows.setdefault(span["event_id"], []).append(span)
        return rows

    def replay(self, event_id: str) -> list[Json]:
        """Send a kept event again, through the mapping as it is now; its rows."""
        path = f"/v1/integrations/{self.integration_id}"
        body = {"event_ids": [event_id]}
        told = self._stage.portal("POST", f"{path}/events/replay", ERP, json=body).json()
        (result,) = told["results"]
        check(result["status"] == TAKEN, f"the replay was not taken: {result}")
        again = result["replay_event_id"]
        rows: list[Json] = self._stage.wait(
            "the end of the replay", partial(self.find, event_id=again)
        )
        self._sent.append(rows[0]["correlation_id"])
        return rows

    def all_rows(self) -> list[Json]:
        """What became of all that was sent here, in its order."""
        if self._rows is not None:
            return self._rows
        traces = [self.rows(correlation) for correlation in self._sent]
        return [row for trace in traces for rows in trace.values() for row in rows]

    def remember(self) -> None:
        """Keep what became of all that was sent: the integration is about to be removed."""
        self._rows = self.all_rows()

    def find(self, **wanted: str) -> list[Json]:
        """The newest rows that fit."""
        path = f"/v2/integrations/{self.integration_id}/monitoring/events"
        rows: list[Json] = self._stage.portal("POST", path, CLERK, json=wanted).json()["data"]
        return rows


def kind_of(row: Json) -> str:
    """The schema that a row is about; empty of an event as a whole."""
    return str((row["detail"] or {}).get("entity_slug", ""))


def in_words(rows: Iterable[Json]) -> str:
    """What became of one event: `created contact, 2 contracts; updated meter`."""
    told: dict[str, Counter[str]] = {}
    for row in rows:
        detail, code = row["detail"] or {}, str(row["code"])
        if code == "METER_READING_UPSERTED":
            new = sum(detail.get(name, 0) for name in ("created", "updated"))
            told.setdefault("wrote", Counter())["reading"] += new
        else:
            told.setdefault(WORDS.get(code, code), Counter())[kind_of(row)] += 1
    parts = (f"{word} {', '.join(_counted(of))}" for word, of in told.items())
    return "; ".join(part.strip() for part in parts)


def _counted(of: Counter[str]) -> Iterator[str]:
    for name, n in of.items():
        yield name if n == 1 and name != "reading" else f"{n} {name}{'' if n == 1 else 's'}"


def table(rows: Iterable[Json]) -> None:
    """The outcomes by their codes: level, how many, of what."""
    rows = list(rows)
    level = {row["code"]: row["level"] for row in rows}
    kinds: dict[str, Counter[str]] = {}
    for row in rows:
        kinds.setdefault(row["code"], Counter())[kind_of(row)] += 1
    print(f"\n{'outcome':<28}{'level':<10}{'rows':>5}  of")
    for code in sorted(kinds, key=lambda code: (level[code], code)):
        of = ", ".join(f"{n} {kind}" for kind, n in kinds[code].most_common() if kind)
        print(f"{code:<28}{level[code]:<10}{kinds[code].total():>5}  {of}".rstrip())
