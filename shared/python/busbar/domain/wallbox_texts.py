"""What the portal says of a wallbox, in German: its review, its uploads, and what is awaited."""

from __future__ import annotations

from collections.abc import Iterator

from busbar.domain.lifecycle import is_parked
from busbar.domain.wallbox_assets import Review
from busbar.domain.wallbox_proofs import LARGEST, Verdict
from busbar.domain.wallboxes import RefusedUpload, Wallbox

REVIEWS: dict[Review, str] = {
    Review.TO_REVIEW: "Zu prüfen",
    Review.APPROVED: "Abgeschlossen",
    Review.RETURNED: "Zurückgegeben",
}
_MEGABYTES = LARGEST // 1024**2
REFUSED: dict[Verdict, str] = {
    Verdict.EMPTY: "Die Datei ist leer.",
    Verdict.TOO_LARGE: f"Die Datei ist größer als {_MEGABYTES} MB.",
    Verdict.NO_PDF_OR_PICTURE: "Die Datei ist weder ein PDF noch ein Bild (JPEG oder PNG).",
    Verdict.ALREADY_APPROVED: "Die Prüfung ist schon abgeschlossen; ein Nachweis fehlt nicht mehr.",
    Verdict.ALREADY_RETURNED: "Diese Datei wurde schon geprüft und zurückgegeben.",
}
"""Why an upload is not the proof."""
JOIN = "Die Wallbox wird noch im Ladesystem angelegt und Ihrem Konto zugeordnet."
ASKED = "Die Wallbox wird von unserem Service geprüft."
TARIFF = "Bitte legen Sie Ihren Tarif fest."
PROOF = "Bitte laden Sie den Installationsnachweis hoch."
AGAIN = "Bitte laden Sie einen neuen Installationsnachweis hoch."
REVIEW = "Der Installationsnachweis wird geprüft."

SYSTEMS: dict[str, str] = {
    "none": "noch nichts zu übertragen",
    "waiting": "wartet auf die Zuordnung der Wallbox",
    "pending": "wird übertragen",
    "unavailable": "gerade nicht erreichbar; die Übertragung folgt",
    "refused": "nicht übernommen; unser Service prüft das",
    "done": "übertragen",
}
"""How far what the driver has set is in an outside system."""


def newest_refusal(wallbox: Wallbox) -> RefusedUpload | None:
    """The upload that was refused, unless a good one has come since."""
    refused, proof = wallbox.refused_upload, wallbox.proof
    is_newer = refused and (proof is None or refused.sent_at > proof.sent_at)
    return refused if is_newer else None


def awaited(wallbox: Wallbox) -> Iterator[tuple[str, str]]:
    """What is still to be done, by whomever: a word, and a sentence for the driver."""
    if not wallbox.joined:
        yield "join", ASKED if is_parked(wallbox.waiting_for) else JOIN
    if wallbox.tariff is None:
        yield "tariff", TARIFF
    if wallbox.review is Review.TO_REVIEW:
        yield "review", REVIEW
    elif wallbox.review is not Review.APPROVED:
        yield "proof", AGAIN if wallbox.proof else PROOF
