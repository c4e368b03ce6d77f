"""What has to come out of what is assigned to a wallbox order: the wallbox and both cards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.simulators.salesforce.wallbox_schema import (
    APPROVED,
    PRIVATE_CARD,
    REFUND_CARD,
    RETURNED,
    TO_REVIEW,
    WALLBOX,
)
from tests.faults.card_rules import could_be_last
from tests.faults.evidence import Evidence, Json, differences
from tests.faults.wallbox_rules import contact_of, order_row

REVIEWS = {APPROVED: "approved", RETURNED: "returned", TO_REVIEW: "to_review", None: None}
"""Salesforce's word -> the portal's."""
DONE = {"energised": "done", "salesforce": "done"}
PROOFS = "proofs/"


@dataclass(frozen=True)
class _Assigned:
    """All that Salesforce has assigned to one order, and what its driver is called elsewhere."""

    name: str
    order_id: str
    user: str
    contact: str | None
    assets: list[Json]

    def of(self, kind: str) -> list[Json]:
        """The Assets of a kind."""
        return [asset for asset in self.assets if asset["AssetKind__c"] == kind]

    @property
    def review(self) -> str | None:
        """What Salesforce says of the installation now."""
        word: str | None = self.of(WALLBOX)[0]["InstallationReview__c"]
        return word


def only_when_approved(evidence: Evidence) -> Iterator[str]:
    """At no moment was a refund card active whose installation was never approved."""
    for seen in evidence.activations:
        if not seen.approved:
            yield f"refund card {seen.card_id} was active at {seen.at}, and nobody had approved"


def assigned(evidence: Evidence) -> Iterator[str]:
    """What is assigned to an order is its driver's, once, and as he and Salesforce have said."""
    for order in _orders(evidence):
        kinds = Counter(asset["AssetKind__c"] for asset in order.assets)
        if kinds != {WALLBOX: 1, PRIVATE_CARD: 1, REFUND_CARD: 1}:
            yield f"{order.name} has {dict(kinds)} assigned"
            continue
        yield from _wallbox(order, evidence)
        yield from _card(order, PRIVATE_CARD, evidence)
        yield from _card(order, REFUND_CARD, evidence)


def _orders(evidence: Evidence) -> Iterator[_Assigned]:
    for asked in evidence.history.of("wallbox order"):
        row = order_row(asked, evidence)
        if row is None:
            continue
        assets = evidence.held.salesforce["Asset"]
        mine = [asset for asset in assets if asset["BusbarOrder__c"] == row["Id"]]
        if mine:
            name, contact = f"wallbox order {asked.subject}", contact_of(asked.user, evidence)
            yield _Assigned(name, asked.body["id"], asked.user, contact, mine)


# --- the wallbox -------------------------------------------------------------------------------


def _wallbox(order: _Assigned, evidence: Evidence) -> Iterator[str]:
    (asset,) = order.of(WALLBOX)
    serial = asset["SerialNumber"]
    boxes = evidence.portal.wallboxes.get(order.user, [])
    shown = [box for box in boxes if box["order_id"] == order.order_id]
    stations = [s for s in evidence.held.stations if s["chargeBoxIdentity"] == serial]
    if (len(shown), len(stations)) != (1, 1):
        yield f"{order.name}: {len(stations)} stations, its driver is shown {len(shown)}"
        return
    name, box, station = f"{order.name}, wallbox {serial}", shown[0], stations[0]
    facts = {
        "the serial number in the portal": (box["serial_number"], serial),
        "the contact": (station["contactUuid"], order.contact),
        "joined": (box["joined"], True),
        "the review in the portal": (
            (box["review"] or {}).get("state"),
            REVIEWS[asset["InstallationReview__c"]],
        ),
        "the reason in the portal": (
            (box["review"] or {}).get("reason") or None,
            asset["ReviewReason__c"],
        ),
    }
    yield from differences(name, facts)
    yield from _status(name, asset, order, "Installed", evidence)
    yield from _tariff(name, box, station, asset, evidence)
    yield from _proof(name, box, asset, evidence)


def _status(
    name: str, asset: Json, order: _Assigned, approved: str, evidence: Evidence
) -> Iterator[str]:
    """An Asset shows that its installation is approved, and never if it was not.

    Of an approval that was taken back at once nobody need ever have heard.
    """
    (box,) = order.of(WALLBOX)
    ever = APPROVED in evidence.held.reviews.get(box["Id"], ())
    there = asset["Status"] == approved
    if order.review == APPROVED and not there:
        yield f"{name}: the status is {asset['Status']!r}, and not {approved!r}"
    if there and not ever:
        yield f"{name}: the status is {approved!r}, and nobody has approved"


def _tariff(name: str, box: Json, station: Json, asset: Json, evidence: Evidence) -> Iterator[str]:
    wishes = [o for o in evidence.history.of("tariff") if o.subject == box["id"]]
    if refused := [o for o in wishes if o.outcome == "fail"]:
        yield f"{name}: a tariff was refused: {refused[0].status} {refused[0].body}"
    price = box["tariff"]["unit_price"] if box["tariff"] else None
    if price not in (allowed := could_be_last(wishes, "tariff")):
        yield f"{name}: the tariff is {price!r}, wanted last was one of {allowed}"
    if price is None:
        return
    told = {system["system"]: system["state"] for system in box["systems"]}
    facts: dict[str, tuple[Any, Any]] = {
        "the tariff in be.ENERGISED": ((station["tariff"] or {}).get("unitPrice"), price),
        "the tariff in Salesforce": (asset["TariffPrice__c"], float(price)),
        "how far the systems are": (told, DONE),
    }
    yield from differences(name, facts)


def _proof(name: str, box: Json, asset: Json, evidence: Evidence) -> Iterator[str]:
    sent = [o for o in evidence.history.of("proof") if o.subject == box["id"]]
    good = [o.wants["sha256"] for o in sent if o.wants["counts"] and o.outcome == "ok"]
    newest = good[-1] if good else None
    known = {None, *good}
    if not sent:
        return  # there may be one that came to Salesforce by another way
    told = [w.get("InstallationProofHash__c") for w in evidence.held.told.get(asset["Id"], ())]
    yield from (
        f"{name}: Salesforce was told of {one}, no proof" for one in told if one not in known
    )
    facts = {
        "the proof in the portal": (box["proof"] and box["proof"]["sha256"], newest),
        "the proof in Salesforce": (asset["InstallationProofHash__c"], newest),
        "the files that are kept": (_kept(box["id"], evidence), [newest] if newest else []),
    }
    yield from differences(name, facts)


def _kept(wallbox_id: str, evidence: Evidence) -> list[str]:
    files = evidence.held.files
    return [sha256 for key, sha256 in files.items() if f"/{wallbox_id}/" in key]


# --- its cards ---------------------------------------------------------------------------------


def _card(order: _Assigned, kind: str, evidence: Evidence) -> Iterator[str]:
    (asset,) = order.of(kind)
    card = evidence.held.cards[asset["EnergisedCardId__c"]]
    name = f"{order.name}, {kind} card {card['id']}"
    own = evidence.portal.own.get(order.user, [])
    shown = [c["active"] for c in own if c["number"] == card["number"]]
    active = kind == PRIVATE_CARD or order.review == APPROVED
    facts: dict[str, tuple[Any, Any]] = {
        "the contact": (card["contact_id"], order.contact),
        "the billing contact": (card["billing_contact_id"], order.contact),
        "active": (card["active"] == "true", active),
        "what its driver is shown of active": (shown, [active]),
        "the contact in Salesforce": (asset["CardHolder__c"], order.contact),
        "the billing contact in Salesforce": (asset["CardBillingContact__c"], order.contact),
        "active in Salesforce": (asset["CardActive__c"], active),
    }
    yield from differences(name, facts)
    yield from _status(name, asset, order, "Registered", evidence)
    others = {past["contact_id"] for past in evidence.held.past.get(card["id"], ())}
    for other in sorted(others - {None, order.contact}):
        yield f"{name}: it was {other}'s once"


# --- all the rest ------------------------------------------------------------------------------


def nothing_else_assigned(evidence: Evidence) -> Iterator[str]:
    """What Salesforce has not assigned is nobody's, and no file is left over."""
    assets = evidence.held.salesforce["Asset"]
    given = {a["SerialNumber"] for a in assets if a["BusbarOrder__c"] and a["AssetKind__c"]}
    for station in evidence.held.stations:
        if station["contactUuid"] and station["chargeBoxIdentity"] not in given:
            yield f"station {station['id']} is {station['contactUuid']}'s, and was given to nobody"
    for asset in assets:
        card = evidence.held.cards.get(asset["EnergisedCardId__c"] or "")
        if card and asset["AssetKind__c"] and asset["SerialNumber"] not in given:
            facts = {
                "active": (card["active"], "false"),
                "the contact": (card["contact_id"], None),
            }
            yield from differences(f"card {card['id']}, which was given to nobody", facts)
    shown = {b["serial_number"] for own in evidence.portal.wallboxes.values() for b in own}
    yield from (f"wallbox {one} is shown, and was given to nobody" for one in shown - given)
    for key in evidence.held.files:
        if not key.startswith(PROOFS):
            yield f"the file {key} was never judged"
