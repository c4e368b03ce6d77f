"""From the delivered wallbox to the activated refund card, over HTTP.

The refund card is looked at in be.ENERGISED all the way: it may be active only once an approval is
recorded.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from infra.demo.stage import SYSTEMS, Stage, check

DRIVER, OTHER_DRIVER, CLERK = "driver", "second-driver", "service-agent"
MINE, CARDS = "/v1/my/wallbox", "/v1/my/charge-cards"
PRICE = "32.45"
REPORT = b"%PDF-1.7 a page of which one cannot read the type plate"
PHOTO = b"\x89PNG\r\n\x1a\n a picture on which one can"
REASON = "Das Typenschild ist nicht lesbar."

Things = dict[str, dict[str, Any]]
"""By kind (`wallbox`, `private`, `refund`): the Assets in Salesforce, or what the portal shows."""


def my_wallbox(stage: Stage, assets: Things) -> dict[str, Any]:
    """The wallbox as its driver sees it; he may have others."""
    boxes = stage.portal("GET", MINE, DRIVER).json()["wallboxes"]
    serial = assets["wallbox"]["SerialNumber"]
    found: dict[str, Any] = next(b for b in boxes if b["serial_number"] == serial)
    return found


def my_cards(stage: Stage, assets: Things) -> Things:
    """The two cards as their driver sees them, by kind; he may have others."""
    shown = stage.portal("GET", CARDS, DRIVER).json()["cards"]
    by_number = {card["number"]: card for card in shown}
    kinds = ("private", "refund")
    return {k: by_number[n] for k in kinds if (n := assets[k]["SerialNumber"]) in by_number}


def refund_is_active(stage: Stage, assets: Things) -> bool:
    """Whether be.ENERGISED has the refund card active. Raises `DemoFailed` if it has, and no
    approval is recorded."""
    active = bool(stage.card(assets["refund"]["EnergisedCardId__c"])["active"] == "true")
    review = my_wallbox(stage, assets)["review"] or {"state": "none"}
    approved = review["state"] == "approved"
    check(approved or not active, "the refund card is active, and no approval is recorded")
    return active


def see(stage: Stage, assets: Things) -> None:
    """Wallbox and cards stand in the driver's portal, in nobody else's; what is awaited of him."""
    box, cards = stage.wait("wallbox and cards in the portal", partial(_are_there, stage, assets))
    stage.tell("portal", f"Meine Wallbox: {box['serial_number']}", box["id"])
    for kind, active in (("private", True), ("refund", False)):
        check(cards[kind]["active"] is active, f"the {kind} card is shown otherwise")
        what = f"Meine Lademedien: {cards[kind]['number']}, {'active' if active else 'inactive'}"
        stage.tell("portal", what, cards[kind]["id"])
    for told in box["awaited"]:
        stage.tell("portal", f"awaited: {told['text']}", box["id"])
    check([t["what"] for t in box["awaited"]] == ["tariff", "proof"], "other things are awaited")
    others = stage.portal("GET", MINE, OTHER_DRIVER).json()["wallboxes"]
    others += stage.portal("GET", CARDS, OTHER_DRIVER).json()["cards"]
    ours = {box["id"], *(card["id"] for card in cards.values())}
    check(not ours & {one["id"] for one in others}, "another driver sees wallbox or cards")


def _are_there(stage: Stage, assets: Things) -> tuple[dict[str, Any], Things] | None:
    box, cards = my_wallbox(stage, assets), my_cards(stage, assets)
    return (box, cards) if box["joined"] and len(cards) == 2 else None


def set_tariff(stage: Stage, assets: Things) -> None:
    """The driver says what he is paid; be.ENERGISED and Salesforce are told."""
    box, asset = my_wallbox(stage, assets), assets["wallbox"]
    day = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    tariff = {"unit_price": PRICE, "currency": "EUR", "valid_from": day}
    asked = {**tariff, "wallbox_id": box["id"]}
    kept = stage.portal("PUT", f"{MINE}/tariff", DRIVER, json=asked)
    check(kept.status_code == 202, "the tariff was not accepted at once")
    price = f"{PRICE} ct/kWh from {day}"
    stage.tell("portal", f"he sets a tariff of {price}: 202", box["id"])
    box = stage.wait("the tariff in both systems", partial(_is_told, stage, assets))
    for told in box["systems"]:
        stage.tell("portal", f"{SYSTEMS[told['system']]}: {told['text']}", box["id"])
    station = stage.station(asset["SerialNumber"])
    there = {"unitPrice": PRICE, "unit": "ct/kWh", "currency": "EUR", "validFrom": day}
    check(station["attributes"]["tariff"] == there, "the station has another tariff")
    stage.tell("be.ENERGISED", f"the station has {price}", station["id"])
    said = {"TariffPrice__c": float(PRICE), "TariffCurrency__c": "EUR", "TariffValidFrom__c": day}
    check(bool(stage.rows("Asset", Id=asset["Id"], **said)), "the Asset has another tariff")
    stage.tell("Salesforce", f"the Asset has {price}", asset["Id"])


def _is_told(stage: Stage, assets: Things) -> dict[str, Any] | None:
    box = my_wallbox(stage, assets)
    return box if all(told["state"] == "done" for told in box["systems"]) else None


def prove(stage: Stage, assets: Things, content: bytes, content_type: str) -> None:
    """The driver uploads a proof of installation; it is judged by its content and put up for
    review, and the refund card stays as it is."""
    asset, sha256 = assets["wallbox"], hashlib.sha256(content).hexdigest()
    asked = {"wallbox_id": my_wallbox(stage, assets)["id"]}
    form = stage.portal("POST", f"{MINE}/proof", DRIVER, json=asked).json()
    stage.upload(form, content)
    stage.tell("portal", "he uploads a file of no known type; S3 takes it", form["upload_id"])
    box = stage.wait("the judgement", partial(_has_proof, stage, assets, sha256))
    check(box["proof"]["content_type"] == content_type, "the file was taken for something else")
    what = f"by its content it is {content_type}, {box['proof']['size']} bytes"
    stage.tell("portal", what, f"SHA-256 {sha256[:12]}…")
    (awaited,) = box["awaited"]
    stage.tell("portal", f"{box['review']['text']}: {awaited['text']}", box["id"])
    to_review = {"InstallationProofHash__c": sha256, "InstallationReview__c": "Zu prüfen"}
    look = partial(stage.rows, "Asset", Id=asset["Id"], **to_review)
    (row,) = stage.wait("the proof in Salesforce", look)
    stage.tell("Salesforce", "the Asset has the proof, Zu prüfen", asset["Id"])
    stage.wait("the proof in be.ENERGISED", partial(_station_has, stage, asset, sha256))
    stage.tell("be.ENERGISED", "the station has the proof", f"SHA-256 {sha256[:12]}…")
    _open(stage, row["InstallationProof__c"], content)
    check(not refund_is_active(stage, assets), "the refund card is active before the approval")
    stage.tell("be.ENERGISED", "the refund card is still inactive", _refund_id(assets))


def _has_proof(stage: Stage, assets: Things, sha256: str) -> dict[str, Any] | None:
    box = my_wallbox(stage, assets)
    return box if box["proof"] and box["proof"]["sha256"] == sha256 else None


def _station_has(stage: Stage, asset: dict[str, Any], sha256: str) -> bool:
    station = stage.station(asset["SerialNumber"])
    return bool(station["attributes"]["installationProof"] == sha256)


def _open(stage: Stage, page: str, content: bytes) -> None:
    """The clerk opens the proof by the link at the Asset, with his own token."""
    path = page[page.index("/v1/") :]
    link = stage.portal("GET", path, CLERK).json()
    check(stage.download(link["url"]) == content, "the clerk gets another file")
    stage.tell("Salesforce", "the clerk opens it by the link at the Asset", path)


def give_back(stage: Stage, number: str, assets: Things) -> None:
    """The clerk gives the proof back; the driver sees why."""
    review = {"status": "Zurückgewiesen", "reason": REASON}
    stage.clerk("salesforce", "POST", f"orders/{number}/review", review)
    stage.tell("Salesforce", f"the clerk sets Zurückgewiesen: {REASON}", number)
    box = stage.wait("the review", partial(_is_reviewed, stage, assets, "returned"))
    check(box["review"]["reason"] == REASON, "the driver sees another reason")
    stage.tell("portal", f"{box['review']['text']}: {box['review']['reason']}", box["id"])
    (awaited,) = box["awaited"]
    check(awaited["what"] == "proof", "no other proof is awaited")
    stage.tell("portal", f"awaited: {awaited['text']}", box["id"])
    check(not refund_is_active(stage, assets), "a proof that was given back has activated a card")
    stage.tell("be.ENERGISED", "the refund card is still inactive", _refund_id(assets))


def _is_reviewed(stage: Stage, assets: Things, state: str) -> dict[str, Any] | None:
    box = my_wallbox(stage, assets)
    return box if box["review"] and box["review"]["state"] == state else None


def approve(stage: Stage, number: str, assets: Things) -> None:
    """The clerk approves; only that activates the refund card, and closes wallbox and cards."""
    before = [stage.rows("Asset", Id=a["Id"])[0]["Status"] for a in assets.values()]
    check(not {"Installed", "Registered"} & set(before), "an Asset is closed before the approval")
    stage.clerk("salesforce", "POST", f"orders/{number}/review", {"status": "Abgeschlossen"})
    stage.tell("Salesforce", "the clerk sets Abgeschlossen, which was Zu prüfen", number)
    box = stage.wait("the approval", partial(_is_reviewed, stage, assets, "approved"))
    check(box["awaited"] == [], "something is awaited still")
    stage.tell("portal", f"{box['review']['text']}; nothing is awaited any more", box["id"])
    stage.wait("the refund card", partial(refund_is_active, stage, assets))
    stage.tell("be.ENERGISED", "the refund card is active", _refund_id(assets))
    stage.wait("the card in the portal", lambda: my_cards(stage, assets)["refund"]["active"])
    refund = my_cards(stage, assets)["refund"]
    stage.tell("portal", f"Meine Lademedien: {refund['number']}, active", refund["id"])
    for kind, asset in assets.items():
        # Of cards Salesforce keeps too whether they are active, of the wallbox not.
        state = {"Status": "Registered", "CardActive__c": True}
        state = {"Status": "Installed"} if kind == "wallbox" else state
        stage.wait(f"the {kind} Asset", partial(stage.rows, "Asset", Id=asset["Id"], **state))
        stage.tell(
            "Salesforce", f"{kind} {asset['SerialNumber']} is {state['Status']}", asset["Id"]
        )


def _refund_id(assets: Things) -> str:
    return f"card {assets['refund']['EnergisedCardId__c']}"


def install(stage: Stage, number: str, assets: Things) -> None:
    """All of it. `number` is Salesforce's number of the order. Raises `DemoFailed`."""
    see(stage, assets)
    set_tariff(stage, assets)
    prove(stage, assets, REPORT, "application/pdf")
    give_back(stage, number, assets)
    prove(stage, assets, PHOTO, "image/png")
    approve(stage, number, assets)
