"""A good run of a refund card, and what spoils it, each with what the judge has to say of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from busbar.domain.cards import CardPurpose
from infra.simulators.salesforce.wallbox_schema import PRIVATE_CARD, REFUND_CARD, WALLBOX
from tests.faults.cloud import Cloud
from tests.faults.evidence import Evidence, Json
from tests.faults.moments import Activation
from tests.faults.refunds import DRIVER, REFUND
from tests.faults.run import played
from tests.faults.trouble import Calm


@cache
def a_good_run_of_a_refund_card() -> Evidence:
    """A wallbox order up to its refund card, in which nothing went wrong."""
    return played(Cloud(tenant=REFUND.tenant), REFUND, Calm())


def _asset(run: Evidence, kind: str) -> Json:
    assets = run.held.salesforce["Asset"]
    return next(a for a in assets if a["AssetKind__c"] == kind and a["BusbarOrder__c"])


def _blank(run: Evidence, kind: str) -> Json:
    assets = run.held.salesforce["Asset"]
    return next(a for a in assets if a["AssetKind__c"] == kind and not a["BusbarOrder__c"])


def _card(run: Evidence, kind: str) -> Json:
    return run.held.cards[_asset(run, kind)["EnergisedCardId__c"]]


def _station(run: Evidence) -> Json:
    return next(s for s in run.held.stations if s["contactUuid"])


def _box(run: Evidence) -> Json:
    (box,) = run.portal.wallboxes[DRIVER]
    return box


def _own(run: Evidence, purpose: CardPurpose) -> Json:
    return next(c for c in run.portal.own[DRIVER] if c["purpose"] == purpose.value)


def _returned(run: Evidence) -> None:
    """The approval was taken back, and nobody has heard of it."""
    _asset(run, WALLBOX).update(InstallationReview__c="Zurückgewiesen", ReviewReason__c="any")


def _never_approved(run: Evidence) -> None:
    run.held.reviews.clear()


SPOILT_REFUNDS: dict[str, tuple[Callable[[Evidence], Any], str]] = {
    "a refund card that was on too soon": (
        lambda r: r.activations.append(Activation("430001", "2026-03-02T08:00", approved=False)),
        "refund card 430001 was active at 2026-03-02T08:00, and nobody had approved",
    ),
    "a second refund card": (
        lambda r: r.held.salesforce["Asset"].append(dict(_asset(r, REFUND_CARD))),
        "'refund': 2} assigned",
    ),
    "no private card": (
        lambda r: r.held.salesforce["Asset"].remove(_asset(r, PRIVATE_CARD)),
        "has {'wallbox': 1, 'refund': 1} assigned",
    ),
    "a wallbox is gone from the portal": (
        lambda r: r.portal.wallboxes[DRIVER].clear(),
        "1 stations, its driver is shown 0",
    ),
    "a wallbox is another's": (
        lambda r: _station(r).update(contactUuid="x"),
        "the contact is 'x'",
    ),
    "a wallbox that is not joined": (lambda r: _box(r).update(joined=False), "joined is False"),
    "the serial number": (
        lambda r: _box(r).update(serial_number="x"),
        "the serial number in the portal is 'x'",
    ),
    "the review": (_returned, "the review in the portal is 'approved', and not 'returned'"),
    "the reason": (_returned, "the reason in the portal is None, and not 'any'"),
    "the status of the wallbox": (
        lambda r: _asset(r, WALLBOX).update(Status="Shipped"),
        "the status is 'Shipped', and not 'Installed'",
    ),
    "the status of a card": (
        lambda r: _asset(r, PRIVATE_CARD).update(Status="Shipped"),
        "the status is 'Shipped', and not 'Registered'",
    ),
    "a status without an approval": (
        _never_approved,
        "the status is 'Installed', and nobody has approved",
    ),
    "the tariff that was set last": (
        lambda r: _box(r)["tariff"].update(unit_price="30"),
        "the tariff is '30', wanted last was one of ['33.5']",
    ),
    "the tariff in be.ENERGISED": (
        lambda r: _station(r)["tariff"].update(unitPrice="30"),
        "the tariff in be.ENERGISED is '30'",
    ),
    "the tariff in Salesforce": (
        lambda r: _asset(r, WALLBOX).update(TariffPrice__c=30.0),
        "the tariff in Salesforce is 30.0",
    ),
    "a tariff that is still on its way": (
        lambda r: _box(r)["systems"][0].update(state="pending"),
        "how far the systems are is {'energised': 'pending'",
    ),
    "a tariff that was refused": (
        lambda r: vars(r.history.of("tariff")[0]).update(outcome="fail", status=422),
        "a tariff was refused: 422",
    ),
    "a tariff without an entry in the audit trail": (
        lambda r: r.portal.entries.pop(0),
        "did my_wallbox_tariff of",
    ),
    "the proof in the portal": (
        lambda r: _box(r)["proof"].update(sha256="x"),
        "the proof in the portal is 'x'",
    ),
    "the proof in Salesforce": (
        lambda r: _asset(r, WALLBOX).update(InstallationProofHash__c="x"),
        "the proof in Salesforce is 'x'",
    ),
    "a file that is no proof": (
        lambda r: r.held.told[_asset(r, WALLBOX)["Id"]].append({"InstallationProofHash__c": "x"}),
        "Salesforce was told of x, no proof",
    ),
    "a proof whose file is gone": (
        lambda r: r.held.files.clear(),
        "the files that are kept is []",
    ),
    "a file that nobody has judged": (
        lambda r: r.held.files.update({"uploads/any": "x"}),
        "the file uploads/any was never judged",
    ),
    "a private card is another's": (
        lambda r: _card(r, PRIVATE_CARD).update(contact_id="x"),
        "the contact is 'x'",
    ),
    "another pays": (
        lambda r: _card(r, REFUND_CARD).update(billing_contact_id="x"),
        "the billing contact is 'x'",
    ),
    "a private card that is off": (
        lambda r: _card(r, PRIVATE_CARD).update(active="false"),
        "active is False, and not True",
    ),
    "a refund card that is on after all": (
        _returned,
        "refund card 430001: active is True, and not False",
    ),
    "a card is hidden from its driver": (
        lambda r: r.portal.own[DRIVER].remove(_own(r, CardPurpose.PRIVATE)),
        "what its driver is shown of active is []",
    ),
    "the contact in Salesforce": (
        lambda r: _asset(r, PRIVATE_CARD).update(CardHolder__c="x"),
        "the contact in Salesforce is 'x'",
    ),
    "who pays in Salesforce": (
        lambda r: _asset(r, PRIVATE_CARD).update(CardBillingContact__c="x"),
        "the billing contact in Salesforce is 'x'",
    ),
    "Salesforce is behind": (
        lambda r: _asset(r, REFUND_CARD).update(CardActive__c=False),
        "active in Salesforce is False",
    ),
    "a card that was another's": (
        lambda r: r.held.past[_card(r, PRIVATE_CARD)["id"]].append({"contact_id": "x"}),
        "it was x's once",
    ),
    "a station that was given to nobody": (
        lambda r: next(s for s in r.held.stations if not s["contactUuid"]).update(contactUuid="x"),
        "is x's, and was given to nobody",
    ),
    "a blank card that is on": (
        lambda r: r.held.cards[_blank(r, REFUND_CARD)["EnergisedCardId__c"]].update(active="true"),
        "which was given to nobody: active is 'true'",
    ),
    "a wallbox too many": (
        lambda r: r.portal.wallboxes[DRIVER].append(
            {"serial_number": "x", "order_id": "any", "id": "any"}
        ),
        "wallbox x is shown, and was given to nobody",
    ),
}
