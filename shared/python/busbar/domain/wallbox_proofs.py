"""Proofs of installation: files that drivers upload, and what each is judged to be.

A file comes into `uploads/`, where nobody sees it, by a form that names its key. It is judged there
by its first bytes, once. A good one is kept in `proofs/` under another key, and goes from there.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from busbar.domain.identifiers import ALPHABET, ID_LENGTH
from busbar.domain.record import Record

UPLOADS = "uploads/"
PROOFS = "proofs/"
LARGEST = 10 * 1024 * 1024
"""Bytes of a proof."""
UPLOAD_SECONDS = 600
"""How long a form takes a file."""
LINK_SECONDS = 300
"""How long a link shows one."""
UPLOADS_KEPT_DAYS = 7
"""After this an upload is gone, judged or not."""
_REMEMBERED = timedelta(days=30)
_UPLOAD = re.compile(
    f"{UPLOADS}([A-Za-z0-9_-]+)/[{ALPHABET}]{{{ID_LENGTH}}}/([{ALPHABET}]{{{ID_LENGTH}}})"
)

ContentType = Literal["application/pdf", "image/jpeg", "image/png"]
_FIRST_BYTES: tuple[tuple[bytes, ContentType], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
)
"""ISO 32000-1 §7.5.2; ISO/IEC 10918-1 B.1.1; PNG, third edition, §5.2."""
FILE_NAMES: dict[ContentType, str] = {
    "application/pdf": "installationsnachweis.pdf",
    "image/jpeg": "installationsnachweis.jpg",
    "image/png": "installationsnachweis.png",
}
"""Under what name a proof is saved: never under the one that somebody gave it."""


class Verdict(StrEnum):
    """What became of an upload."""

    KEPT = "kept"
    OVERTAKEN = "overtaken"
    """A newer one was kept before this one was looked at, or the wallbox is somebody else's."""
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NO_PDF_OR_PICTURE = "no_pdf_or_picture"
    ALREADY_APPROVED = "already_approved"
    ALREADY_RETURNED = "already_returned"
    """It is the very file that was given back. Salesforce knows a proof by its hash: nobody would
    look at it again."""


class ProofUpload(Record):
    """A form by which a driver may upload a proof of installation; one file comes of it at most.

    It remembers what its file was judged to be: what comes a second time by the same form is not
    looked at.
    """

    schema_name: ClassVar[str] = "proof_upload"

    wallbox_id: str
    order_id: str
    """The order that the wallbox belonged to then: it may go to somebody else's."""
    asked_at: AwareDatetime
    correlation_id: str
    verdict: Verdict | None = None
    leftover: str = ""
    """Key of a kept file that is of no use any more: of the proof before, or of its own."""

    def kept_until(self) -> datetime:
        """Longer than an upload lies there, and than the news of it can be on its way."""
        return self.asked_at + _REMEMBERED


def kind_of(content: bytes) -> ContentType | Verdict:
    """What a file is by its first bytes, whatever it is called; or why it is no proof.

    `content` may be cut after `LARGEST` and one more byte.
    """
    if not content:
        return Verdict.EMPTY
    if len(content) > LARGEST:
        return Verdict.TOO_LARGE
    known = (kind for first, kind in _FIRST_BYTES if content.startswith(first))
    return next(known, Verdict.NO_PDF_OR_PICTURE)


def upload_key(org: str, upload: ProofUpload) -> str:
    """Where the file of a form goes."""
    return f"{UPLOADS}{org}/{upload.wallbox_id}/{upload.id}"


def upload_of(key: str) -> tuple[str, str] | None:
    """Org and form of an upload; None for any other key."""
    match = _UPLOAD.fullmatch(key)
    return (match[1], match[2]) if match else None


def proof_key(org: str, upload: ProofUpload, sha256: str) -> str:
    """Where a good file is kept: another content is another key, as is another upload."""
    return f"{PROOFS}{org}/{upload.wallbox_id}/{upload.id}-{sha256}"
