"""What Salesforce assigns to an order of wallboxes: the wallbox itself, and two kinds of card."""

from __future__ import annotations

from enum import StrEnum

from busbar.domain.record import Value


class AssetKind(StrEnum):
    """What an Asset is to the driver who ordered.

    The rule: it is what its kind field says, by the setting `asset_kinds`. With a kind that is not
    in the setting, or as a card without any, it is `UNKNOWN`, and a person decides: the wrong guess
    would pay a driver before anybody has seen the installation.
    """

    WALLBOX = "wallbox"
    PRIVATE_CARD = "private_card"
    """The driver charges with it at home; active as soon as it is his."""
    REFUND_CARD = "refund_card"
    """By it the driver is paid back; inactive until the installation is approved."""
    UNKNOWN = "unknown"


class Review(StrEnum):
    """How far the review of an installation is."""

    TO_REVIEW = "to_review"
    APPROVED = "approved"
    RETURNED = "returned"
    """Given back to the driver, with a reason."""


DEFAULT_ASSET_KINDS: dict[str, AssetKind] = {
    "wallbox": AssetKind.WALLBOX,
    "private": AssetKind.PRIVATE_CARD,
    "refund": AssetKind.REFUND_CARD,
}
DEFAULT_REVIEW_MAP: dict[str, Review] = {
    "Zu prüfen": Review.TO_REVIEW,
    "Abgeschlossen": Review.APPROVED,
    "Zurückgewiesen": Review.RETURNED,
}


class WallboxAsset(Value):
    """A wallbox or a card as Salesforce shows it: an Asset that was assigned to a wallbox order."""

    asset_id: str
    kind: AssetKind
    serial_number: str
    """Of a wallbox its serial number, of a card its number; a card may come without."""
    card_id: str = ""
    """Id of a card in be.ENERGISED; empty for a wallbox."""
    product_id: str = ""
    delivered: bool
    review: str = ""
    """How far the review of a wallbox's installation is, in Salesforce's word (`review_map`)."""
    review_reason: str = ""
    proof_hash: str = ""
    """SHA-256 of the proof of installation that the review is about, as we sent it."""
    version: int
    """When the Asset was last changed, in milliseconds since 1970."""
