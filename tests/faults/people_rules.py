"""What has to come out of companies and drivers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from busbar.domain.identifiers import derived_id, reference
from busbar.domain.private_customers import PERSON_KIND
from infra.simulators.sample import COMPANIES, DRIVERS
from tests.doubles.world import ORG
from tests.faults.evidence import Evidence, Json, differences
from tests.faults.history import Operation

UUIDS = {"driver": DRIVERS[0].energised_id, "second-driver": DRIVERS[1].energised_id}
"""Users -> what be.ENERGISED calls them."""
SAMPLE = {
    *(c.energised_id for c in COMPANIES),
    *(d.energised_id for d in DRIVERS),
}
"""Contacts that be.ENERGISED had before."""


def reference_of(asked: Operation) -> str:
    """Our reference of the company or driver that was asked for."""
    if asked.kind == "company":
        return reference("CU", derived_id(ORG, "company", asked.subject))
    return reference("DR", derived_id(ORG, "user", asked.subject, asked.wants["company"]))


def people(evidence: Evidence) -> Iterator[str]:
    """Whoever was acknowledged is one contact in be.ENERGISED, and bound to it."""
    for kind in ("company", "driver"):
        for asked in evidence.history.of(kind):
            if asked.outcome != "ok":
                yield f"{kind} {asked.subject} was refused: {asked.status} {asked.body}"
                continue
            shown = evidence.portal.people.get(asked.body["id"], {})
            yield from _person(asked, shown, evidence)


def _person(asked: Operation, shown: Json, evidence: Evidence) -> Iterator[str]:
    name, ours = f"{asked.kind} {asked.subject}", reference_of(asked)
    rows = [c for c in evidence.held.contacts if c["customer_reference"] == ours]
    if len(rows) != 1:
        yield f"{name} is {len(rows)} contacts in be.ENERGISED: {shown}"
        return
    facts = {
        "the contact that is bound": (shown.get("energised_contact_id"), rows[0]["id"]),
        "what is waited for": (shown.get("waiting_for"), None),
        "the name there": (rows[0]["name"], asked.wants["name"]),
    }
    if asked.kind == "company":
        facts["the number there"] = (rows[0]["customer_number"], asked.subject)
    else:
        company = reference("CU", asked.wants["company"])
        facts["the company there"] = (rows[0]["company_id"], evidence.contact_with(company))
    yield from differences(name, facts)


def leavers(evidence: Evidence) -> Iterator[str]:
    """Who has left holds no card any more, whatever was on its way to him."""
    for asked in evidence.history.of("leaver"):
        if asked.outcome != "ok":
            yield f"{asked.subject} could not be removed: {asked.status}"
        uuid = UUIDS[asked.subject]
        for card in evidence.held.cards.values():
            if card["contact_id"] == uuid:
                yield f"card {card['id']} is still with {asked.subject}, who has left"


def no_other_contacts(evidence: Evidence) -> Iterator[str]:
    """be.ENERGISED holds the contacts that were asked for, once, and no others."""
    asked = Counter(
        {reference_of(o): 1 for kind in ("company", "driver") for o in evidence.history.of(kind)}
    )
    there = Counter(
        c["customer_reference"]
        for c in evidence.held.contacts
        if c["id"] not in SAMPLE and not c["customer_reference"].startswith(f"BB{PERSON_KIND}")
    )
    for ours, count in (there - asked).items():
        yield f"{ours} is {count} contacts in be.ENERGISED, which nobody asked for"
