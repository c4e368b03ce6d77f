"""GET /v1/my/wallbox, PUT …/tariff, POST …/proof, and GET /v1/wallboxes/{wallbox_id}/proof."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from busbar.domain.wallbox_assets import Review
from busbar.domain.wallbox_proofs import LARGEST, ContentType, Verdict
from busbar.usecases.wallbox_proof_forms import ProofInput
from busbar.usecases.wallbox_tariff import TariffInput
from infra.operations import Operation, Says, View
from infra.operations.parts import AT, ORDER_ID

WALLBOX_ID = "F6100BA4YESFB"
UPLOAD_ID = "VP10AD0000001"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class TariffView(View):
    """What the driver is paid for a kilowatt-hour. `unit_price` is a decimal as text."""

    unit_price: str
    unit: Literal["ct/kWh"]
    currency: str
    valid_from: date


class ProofView(View):
    """The proof of installation, by its content; `link` is asked for an address to see it."""

    sha256: str
    content_type: ContentType
    size: int
    uploaded_at: datetime
    link: str


class RefusedUploadView(View):
    """The newest upload, where it is no proof; `text` says why, in German."""

    upload_id: str
    reason: Verdict
    uploaded_at: datetime
    text: str


class ReviewView(View):
    """How far the review is; `reason` says why the proof was given back."""

    state: Review
    text: str
    reason: str


class ToldSystem(View):
    """How far tariff and proof are in an outside system; `text` is German.

    `none`: there is nothing to tell yet; `waiting`: the wallbox is not known there yet;
    `unavailable`: the system is down, and is told as soon as it is back; `refused`: a person looks
    into it.
    """

    system: Literal["energised", "salesforce"]
    state: Literal["none", "waiting", "pending", "unavailable", "refused", "done"]
    text: str


class Awaited(View):
    """Something that is still to be done, by the driver or by others; `text` is German."""

    what: Literal["join", "tariff", "proof", "review"]
    text: str


class MyWallbox(View):
    """A wallbox of the caller. `joined`: whether be.ENERGISED knows it for his."""

    id: str
    serial_number: str
    order_id: str
    joined: bool
    tariff: TariffView | None
    proof: ProofView | None
    refused_upload: RefusedUploadView | None
    review: ReviewView | None
    systems: list[ToldSystem]
    awaited: list[Awaited]
    changed_at: datetime


class MyWallboxes(View):
    """The caller's own wallboxes, newest change first."""

    wallboxes: list[MyWallbox]


class FormFields(BaseModel):
    """The fields of the form, in the order in which they are sent, before `file`."""

    model_config = ConfigDict(extra="allow")

    key: str
    policy: str


class UploadFormView(View):
    """How a browser sends the file: POST `fields` and then `file` to `url`, as
    `multipart/form-data`. What it is judged to be shows at the wallbox, by `upload_id`."""

    upload_id: str
    wallbox_id: str
    url: str
    fields: FormFields
    largest: int
    content_types: list[str]
    valid_until: datetime


class ProofLink(View):
    """`url` gives the file until `valid_until`, to whoever has it: hand it to nobody."""

    wallbox_id: str
    url: str
    content_type: ContentType
    size: int
    sha256: str
    uploaded_at: datetime
    valid_until: datetime


KNOWS = {"system": "energised", "state": "done", "text": "übertragen"}
WALLBOX = {
    "id": WALLBOX_ID,
    "serial_number": "BBX-0000001",
    "order_id": ORDER_ID,
    "joined": True,
    "tariff": {
        "unit_price": "32.45",
        "unit": "ct/kWh",
        "currency": "EUR",
        "valid_from": "2026-04-01",
    },
    "proof": {
        "sha256": SHA256,
        "content_type": "application/pdf",
        "size": 183204,
        "uploaded_at": AT,
        "link": f"/v1/wallboxes/{WALLBOX_ID}/proof",
    },
    "refused_upload": None,
    "review": {"state": "to_review", "text": "Zu prüfen", "reason": ""},
    "systems": [KNOWS, {"system": "salesforce", "state": "pending", "text": "wird übertragen"}],
    "awaited": [{"what": "review", "text": "Der Installationsnachweis wird geprüft."}],
    "changed_at": AT,
}
DONE = {**WALLBOX, "systems": [KNOWS, {**KNOWS, "system": "salesforce"}]}
FORM = {
    "upload_id": UPLOAD_ID,
    "wallbox_id": WALLBOX_ID,
    "url": "https://files.s3.eu-central-1.amazonaws.com/",
    "fields": {"key": f"uploads/demo/{WALLBOX_ID}/{UPLOAD_ID}", "policy": "eyJleHBpcmF0aW9uIjog"},
    "largest": LARGEST,
    "content_types": ["application/pdf", "image/jpeg", "image/png"],
    "valid_until": "2026-03-02T08:10:00+00:00",
}
LINK = {
    "wallbox_id": WALLBOX_ID,
    "url": f"https://files.s3.eu-central-1.amazonaws.com/proofs/demo/{WALLBOX_ID}/any",
    "content_type": "application/pdf",
    "size": 183204,
    "sha256": SHA256,
    "uploaded_at": AT,
    "valid_until": "2026-03-02T08:05:00+00:00",
}
TARIFF = {"unit_price": "32.45", "currency": "EUR", "valid_from": "2026-04-01"}
NONE = {404: ("wallbox-not-found",)}
OPERATIONS = {
    "my_wallbox": Operation(
        "The driver's own wallboxes: tariff, proof, review, and what is awaited",
        {200: Says("The wallboxes", MyWallboxes, {"wallboxes": [WALLBOX]})},
    ),
    "my_wallbox_tariff": Operation(
        "Set what is paid for a kilowatt-hour",
        {
            200: Says("Kept, and known to all systems", MyWallbox, DONE),
            202: Says("Kept; the systems follow by themselves", MyWallbox, WALLBOX),
        },
        body=TariffInput,
        bodies={
            "of the only wallbox": TARIFF,
            "of one of several": {**TARIFF, "wallbox_id": WALLBOX_ID},
        },
        problems=NONE,
    ),
    "my_wallbox_proof": Operation(
        "Ask for a form to upload a proof of installation: PDF, JPEG or PNG by its content",
        {200: Says("The form, for one file and a few minutes", UploadFormView, FORM)},
        body=ProofInput,
        bodies={"for one of several": {"wallbox_id": WALLBOX_ID}},
        body_optional=True,
        problems={**NONE, 409: ("proof-approved",)},
    ),
    "wallbox_proof_show": Operation(
        "A link to the proof of installation, for its driver and for staff",
        {200: Says("The link, for a few minutes", ProofLink, LINK)},
        problems={404: ("wallbox-not-found", "proof-not-found")},
    ),
}
