"""What a file is by its first bytes, and by which keys files go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from busbar.domain.wallbox_proofs import (
    FILE_NAMES,
    LARGEST,
    UPLOADS_KEPT_DAYS,
    ProofUpload,
    Verdict,
    kind_of,
    proof_key,
    upload_key,
    upload_of,
)
from busbar.domain.wallbox_texts import REFUSED

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
UPLOAD = ProofUpload(
    id="VP10AD0000001",
    wallbox_id="F6100BA4YESFB",
    order_id="0RDER00000001",
    asked_at=AT,
    correlation_id="any",
)
PDF = b"%PDF-"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, "application/pdf"),
        (b"%PDF-2.0\n%\xe2\xe3\xcf\xd3", "application/pdf"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"", Verdict.EMPTY),
        (b"x", Verdict.NO_PDF_OR_PICTURE),
        (b"%pdf-1.7", Verdict.NO_PDF_OR_PICTURE),
        (PDF.ljust(LARGEST - 1), "application/pdf"),
        (PDF.ljust(LARGEST), "application/pdf"),
        (PDF.ljust(LARGEST + 1), Verdict.TOO_LARGE),
    ],
)
def test_should_know_a_file_by_its_first_bytes_and_its_size(content: bytes, kind: str) -> None:
    assert kind_of(content) == kind


def test_should_find_org_and_form_in_the_key_of_an_upload() -> None:
    assert upload_of(upload_key("demo", UPLOAD)) == ("demo", UPLOAD.id)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "uploads/",
        "uploads/demo",
        proof_key("demo", UPLOAD, "a" * 64),
        upload_key("demo", UPLOAD) + "/more",
        upload_key("demo", UPLOAD) + "\n",
        upload_key("../demo", UPLOAD),
        upload_key("demo", UPLOAD).lower(),
        "/" + upload_key("demo", UPLOAD),
        upload_key("demo", UPLOAD).replace("uploads", "proofs"),
    ],
)
def test_should_find_nothing_in_any_other_key(key: str) -> None:
    assert upload_of(key) is None


def test_should_keep_another_content_under_another_key() -> None:
    first, second = (proof_key("demo", UPLOAD, digit * 64) for digit in "ab")
    assert first != second


def test_should_remember_a_form_longer_than_its_file_can_lie_there() -> None:
    assert UPLOAD.kept_until() - AT > timedelta(days=2 * UPLOADS_KEPT_DAYS)


def test_should_have_a_text_for_every_refusal_and_a_name_for_every_kind() -> None:
    assert set(REFUSED) == set(Verdict) - {Verdict.KEPT, Verdict.OVERTAKEN}
    assert set(FILE_NAMES) == {"application/pdf", "image/jpeg", "image/png"}
