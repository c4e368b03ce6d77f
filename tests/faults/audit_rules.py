"""What has to come out in the audit trail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from busbar.domain.identifiers import derived_id
from infra.local.people import PEOPLE
from tests.doubles.world import ORG
from tests.faults.evidence import Evidence, Json
from tests.faults.history import Operation

Deed = tuple[str, str, str]
"""Who did what to what."""
DEEDS: Mapping[str, Callable[[Operation], tuple[str, str]]] = {
    "decision": lambda asked: (f"tasks_{asked.wants['action']}", asked.subject),
    "company": lambda asked: ("companies_create", derived_id(ORG, "company", asked.subject)),
    "manager": lambda asked: ("users_create", asked.subject),
    "driver": lambda asked: ("users_create", asked.subject),
    "leaver": lambda asked: ("users_remove", PEOPLE[asked.subject]),
    "contact": lambda asked: (asked.wants["action"], asked.subject),
    "tariff": lambda asked: ("my_wallbox_tariff", asked.subject),
}
"""What an operation of a kind does, and to what. Other kinds are no part of the trail."""
NEEDLESS = frozenset({"contact"})
"""Kinds that change nothing where a worker has done the same meanwhile."""
AGAIN = frozenset({"tariff"})
"""Kinds that are done anew when they are sent again and somebody has done another meanwhile."""


def trail(evidence: Evidence) -> Iterator[str]:
    """What people did is in the audit trail once, nothing else is, and it is as it was written."""
    said, entries = evidence.portal.trail, evidence.portal.entries
    if not said["intact"]:
        yield f"the audit trail is broken at {said['broken_at']}: {said['fault']}"
    if said["head"]["sequence"] != len(entries):
        yield f"the audit trail ends at {said['head']['sequence']} and shows {len(entries)} entries"
    there = Counter(map(_deed_of, entries))
    least, most = _asked(evidence)
    for deed in sorted({*there, *most}):
        if not least[deed] <= there[deed] <= most[deed]:
            who, what, whom = deed
            yield (
                f"{who} did {what} of {whom} {least[deed]} to {most[deed]} times,"
                f" and it is {there[deed]} times in the audit trail"
            )


def _asked(evidence: Evidence) -> tuple[Counter[Deed], Counter[Deed]]:
    """How often each thing was done, at least and at most."""
    least, most = Counter[Deed](), Counter[Deed]()
    for asked in evidence.history.operations:
        if asked.kind not in DEEDS or asked.outcome == "fail":
            continue
        deed = (PEOPLE.get(asked.user, asked.user), *DEEDS[asked.kind](asked))
        most[deed] += asked.sent if asked.kind in AGAIN else 1
        least[deed] += asked.outcome == "ok" and asked.kind not in NEEDLESS
    return least, most


def _deed_of(entry: Json) -> Deed:
    # A decision is about a task, and its task about an order or a card.
    whom = entry["details"].get("subject_id", entry["subject_id"])
    return entry["actor"], entry["action"], whom
