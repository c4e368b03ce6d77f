"""What has to come out of cards."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from busbar.domain.orders import KIND
from infra.local.people import PEOPLE
from infra.simulators.sample import NORDWIND, WATTWURM
from tests.faults.evidence import Evidence, Json, differences
from tests.faults.history import Operation
from tests.faults.people_rules import UUIDS, reference_of

Uuids = Mapping[str, str | None]
"""Users -> what be.ENERGISED calls them."""
BLANK = {"active": False, "driver": None, "vehicle": "", "tariff": None}
"""A card that nobody wanted anything of, and a wallbox."""


@dataclass(frozen=True)
class _Views:
    """One card as be.ENERGISED, Salesforce and the portal show it."""

    name: str
    card: Json
    asset: Json
    shown: Json


def cards(evidence: Evidence) -> Iterator[str]:
    """Every card is what was wanted last, everywhere; a blank one is as it was."""
    for asset in evidence.held.salesforce["Asset"]:
        card = evidence.held.cards.get(asset["EnergisedCardId__c"])
        if card is None or asset["AssetKind__c"]:
            continue  # it belongs to wallboxes
        name = f"card {card['id']}"
        if asset["BusbarOrder__c"] is None:
            yield from _blank(name, card)
            continue
        shown = [c for c in evidence.portal.cards.values() if c["number"] == asset["SerialNumber"]]
        if len(shown) != 1:
            yield f"{name} stands {len(shown)} times in the portal"
            continue
        views = _Views(name, card, asset, shown[0])
        wishes = [o for o in evidence.history.of("card") if o.subject == shown[0]["id"]]
        yield from _linked(views, evidence)
        yield from _agreed(views, uuids_of(evidence))
        yield from _seen_by_its_driver(views, evidence)
        left = {UUIDS[asked.subject] for asked in evidence.history.of("leaver")}
        yield from _wanted(views, wishes, uuids_of(evidence), left)
        yield from _asked_for(views, wishes, evidence)
        yield from _told_in_order(views, evidence)


def _blank(name: str, card: Json) -> Iterator[str]:
    facts = {
        "billing": (card["billing_contact_id"], None),
        "active": (card["active"], "false"),
        "driver": (card["contact_id"], None),
    }
    yield from differences(f"{name}, which nobody ordered", facts)


def _linked(views: _Views, evidence: Evidence) -> Iterator[str]:
    order_id = views.asset["BusbarOrder__c"]
    rows = [row for row in evidence.held.salesforce["Order"] if row["Id"] == order_id]
    ours = str(rows[0]["BusbarReference__c"]).removeprefix(f"BB{KIND}") if rows else ""
    company: str | None = NORDWIND.energised_id
    for asked in evidence.history.of("company"):
        if rows and rows[0]["AccountId"] == WATTWURM.account_id:
            company = evidence.contact_with(reference_of(asked))
    facts = {
        "the order": (views.shown["order_id"], ours),
        "the billing contact": (views.card["billing_contact_id"], company),
        "the billing contact in Salesforce": (views.asset["CardBillingContact__c"], company),
    }
    yield from differences(views.name, facts)


def _agreed(views: _Views, uuids: Uuids) -> Iterator[str]:
    card, asset, shown = views.card, views.asset, views.shown
    active, blocked = card["active"] == "true", card["blocked"] == "true"
    known = {PEOPLE.get(user, user): uuid for user, uuid in uuids.items()}
    holder = known.get(shown["driver"]["id"]) if shown["driver"] else None
    facts = {
        "the portal's active": (shown["active"], active),
        "the portal's blocked": (shown["blocked"], blocked),
        "the portal's driver": (holder, card["contact_id"]),
        "the portal's label": (shown["label"], card["label"]),
        "Salesforce's active": (asset["CardActive__c"], active),
        "Salesforce's blocked": (asset["CardBlocked__c"], blocked),
        "Salesforce's holder": (asset["CardHolder__c"] or None, card["contact_id"]),
        "Salesforce's label": (asset["CardLabel__c"] or "", card["label"]),
        "Salesforce's vehicle": (asset["CardVehicle__c"] or "", shown["vehicle"]),
        "what is still to be done": (shown["energised"]["state"], "done"),
    }
    yield from differences(views.name, facts)


def _seen_by_its_driver(views: _Views, evidence: Evidence) -> Iterator[str]:
    own = evidence.portal.own
    holders = [user for user in own if views.shown["id"] in {c["id"] for c in own[user]}]
    uuids = uuids_of(evidence)
    expected = [user for user in own if uuids.get(user, "") == views.card["contact_id"]]
    if holders != expected:
        yield f"{views.name} is shown to {holders}, and belongs to {expected}"


def _wanted(
    views: _Views, wishes: list[Operation], uuids: Uuids, left: Collection[str]
) -> Iterator[str]:
    """The last that was wanted is in place, or one of those that nobody can put in order.

    A card that was last given to somebody who has `left` is nobody's.
    """
    holds = {
        "active": views.card["active"] == "true",
        "driver": views.card["contact_id"],
        "vehicle": views.asset["CardVehicle__c"] or "",
    }
    for what, value in holds.items():
        allowed = [None if v in left else v for v in could_be_last(wishes, what, uuids)]
        if value not in allowed:
            yield f"{views.name}: {what} is {value!r}, wanted last was one of {allowed}"


def _asked_for(views: _Views, wishes: list[Operation], evidence: Evidence) -> Iterator[str]:
    for past in evidence.held.past.get(views.card["id"], ()):
        for what, value in (("active", past["active"]), ("driver", past["contact_id"])):
            if value != BLANK[what] and value not in _values(wishes, what, uuids_of(evidence)):
                yield f"{views.name}: {what} was {value!r}, which nobody ever wanted"


def _told_in_order(views: _Views, evidence: Evidence) -> Iterator[str]:
    """No label of a clerk, which is a number that grows, was written over a newer one."""
    told = [w["CardLabel__c"] for w in evidence.held.told.get(views.asset["Id"], ())]
    numbers = [int(label) for label in told if label]
    if numbers != sorted(numbers):
        yield f"{views.name}: Salesforce was told of the labels {numbers}, an older one last"


def uuids_of(evidence: Evidence) -> Uuids:
    """Users -> what be.ENERGISED calls them, with those whom the run has made."""
    made = evidence.history.of("driver")
    return {**UUIDS, **{o.subject: evidence.contact_with(reference_of(o)) for o in made}}


def _value(wish: Operation, what: str, uuids: Uuids) -> Any:
    value = wish.wants[what]
    return uuids[value] if what == "driver" and value else value


def _values(wishes: Iterable[Operation], what: str, uuids: Uuids) -> list[Any]:
    return [_value(w, what, uuids) for w in wishes if what in w.wants]


def could_be_last(wishes: list[Operation], what: str, uuids: Uuids = UUIDS) -> list[Any]:
    """The values that may stand at the end.

    A wish may be the last one unless another began after it had been answered, and was granted. One
    whose outcome nobody knows may have come, and takes no other's place.
    """
    mine = [w for w in wishes if what in w.wants and w.outcome != "fail"]
    granted = [w for w in mine if w.outcome == "ok"]
    last = [
        _value(w, what, uuids)
        for w in mine
        if not any(other.invoked > w.completed for other in granted if other is not w)
    ]
    return last if granted else [*last, BLANK[what]]
