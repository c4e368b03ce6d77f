"""Wallboxes: the one that a driver has got, what he asks of it, and how far its review is."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from busbar.domain.identifiers import derived_id
from busbar.domain.record import Record, SourceMark, Value
from busbar.domain.wallbox_assets import Review
from busbar.domain.wallbox_proofs import Verdict

LOOK_AGAIN = timedelta(days=1)
"""How often Salesforce is asked what came of a review, in case its event never came."""


class Tariff(Value):
    """What a driver is paid for a kilowatt-hour. `unit_price` is a decimal string, e.g. `32.45`."""

    unit_price: str
    unit: Literal["ct/kWh"] = "ct/kWh"
    currency: str
    valid_from: date


def same_tariff(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two ways to write a tariff say the same: in more or fewer zeros, a day as a time.

    All are texts; a unit may be empty, where it is the only one.
    """
    units = {one["unit"], other["unit"]} - {""}
    return len(units) <= 1 and _plain(one) == _plain(other)


def _plain(tariff: Mapping[str, str]) -> tuple[Decimal | str, str, str]:
    price: Decimal | str = tariff["unit_price"]
    with suppress(InvalidOperation):
        price = Decimal(price)
    return price, tariff["currency"], tariff["valid_from"][: len("2026-01-01")]


class Uploaded(Value):
    """When a driver has sent a file."""

    uploaded_at: AwareDatetime
    """S3 tells it to the second."""
    asked_at: AwareDatetime | None = None
    """When its form was asked for; none of what older releases have kept."""

    @property
    def sent_at(self) -> tuple[datetime, datetime]:
        """By this uploads follow one another: within a second as their forms were asked for."""
        return self.uploaded_at, self.asked_at or datetime.min.replace(tzinfo=UTC)


class Proof(Uploaded):
    """A proof of installation: where the hub keeps the file, and what it is by its content."""

    key: str
    sha256: str
    content_type: Literal["application/pdf", "image/jpeg", "image/png"]
    size: int


class RefusedUpload(Uploaded):
    """The newest file that was no proof: which upload it came by, and what was wrong with it."""

    upload_id: str
    reason: Verdict


class Wallbox(Record):
    """A wallbox that Salesforce has assigned to an order. Its ids elsewhere: the ID map.

    `id` follows from its Asset, so whoever hears of it first makes the same record.
    """

    schema_name: ClassVar[str] = "wallbox"

    asset_id: str
    serial_number: str
    order_id: str
    customer_id: str
    user_id: str
    station_id: str | None = None
    """The charging station in be.ENERGISED with its serial number, once it was found."""
    joined: bool = False
    """Whether be.ENERGISED was seen to know whose it is."""
    left_contact_id: str | None = None
    """Who had it before, in be.ENERGISED, until it is joined: it is taken from nobody else."""
    tariff: Tariff | None = None
    proof: Proof | None = None
    refused_upload: RefusedUpload | None = None
    review: Review | None = None
    review_reason: str = ""
    """Why the proof was given back; the driver sees it."""
    approved_at: AwareDatetime | None = None
    """The first approval that was recorded: from then on the refund card may be active."""
    assigned_by: SourceMark | None = None
    """The last assignment that was applied."""
    reviewed_by: SourceMark | None = None
    """The last review that was applied."""
    looked_at: AwareDatetime | None = None
    """When Salesforce was last asked, unasked for by any event, what came of the review."""
    waiting_for: str | None = None

    def listed_by(self) -> str | None:
        """By the user whose it is."""
        return f"user#{self.user_id}"

    def with_proof(self, proof: Proof) -> Wallbox:
        """The wallbox with a proof: what was said of another file does not hold for it."""
        if self.proof and self.proof.sha256 == proof.sha256:
            return self.model_copy(update={"proof": proof})
        update = {"proof": proof, "review": Review.TO_REVIEW, "review_reason": ""}
        return self.model_copy(update=update)

    def links(self) -> frozenset[tuple[str, str]]:
        """By order."""
        return frozenset({("order", self.order_id)})

    def due_at(self) -> datetime | None:
        """While a proof is under review, as its result may have been missed."""
        if self.proof is None or self.is_approved:
            return None
        return max(self.proof.uploaded_at, self.looked_at or self.proof.uploaded_at) + LOOK_AGAIN

    @property
    def is_approved(self) -> bool:
        """Whether the newest review has approved its installation."""
        return self.review is Review.APPROVED


def wallbox_id(org: str, asset_id: str) -> str:
    """Our id of the wallbox that is this Asset in Salesforce."""
    return derived_id(org, Wallbox.schema_name, asset_id)
