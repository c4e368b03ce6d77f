"""A driver has uploaded a proof of installation: judges it by its content, and keeps it or not.

S3 tells of each file at least once, in any order. So a file is judged once, as its form remembers;
and of two proofs the one that was uploaded later holds, whichever is told of first. The bytes that
were judged are written to a place of their own: what comes later under the same form changes
nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from busbar.domain.wallbox_assets import Review
from busbar.domain.wallbox_proofs import (
    LARGEST,
    ProofUpload,
    Verdict,
    kind_of,
    proof_key,
    upload_key,
    upload_of,
)
from busbar.domain.wallboxes import Proof, RefusedUpload, Wallbox
from busbar.errors import Conflict
from busbar.observability import logger
from busbar.ports.files import FileThere
from busbar.ports.runtime import Json
from busbar.ports.store import Change, Save, Stored
from busbar.usecases.deps import TRIES, Deps
from busbar.usecases.wallbox_forward import tell_asset, wallbox_errand


class _File(NamedTuple):
    """A file that was uploaded: the proof that it can be, or why it is none."""

    content: bytes
    kept_as: str
    uploaded_at: datetime
    found: Proof | Verdict


def judge_upload(key: str, deps: Deps) -> None:
    """Judge the file under this key, and do what follows. Safe to repeat, wherever it ended."""
    _, form = upload_of(key) or ("", "")
    stored = deps.store.get(ProofUpload, form)
    if stored is None or upload_key(deps.store.org, stored.record) != key:
        logger.warning("file of no form", extra={"form": form})
        deps.files.drop(key)
        return
    deps = deps.continuing(stored.record.correlation_id)
    upload = stored.record if stored.record.verdict else _judge(stored, key, deps)
    if upload is None:
        return  # it is gone: judged by another worker, or it has lain there for too long
    if upload.leftover:
        deps.files.drop(upload.leftover)
    deps.files.drop(key)


def _judge(stored: Stored[ProofUpload], key: str, deps: Deps) -> ProofUpload | None:
    there = deps.files.read(key, LARGEST + 1)
    if there is None:
        return None
    file = _file(stored.record, there, deps)
    for _ in range(TRIES):
        try:
            return _write_down(stored, file, deps)
        except Conflict:
            fresh = deps.store.get(ProofUpload, stored.record.id)
        if fresh is None or fresh.record.verdict:
            _give_way(stored.record, file, deps)
            return fresh.record if fresh else None
        stored = fresh
    raise Conflict(f"{ProofUpload.schema_name} {stored.record.id}")


def _file(upload: ProofUpload, there: FileThere, deps: Deps) -> _File:
    content, kind = there.content, kind_of(there.content)
    sha256 = hashlib.sha256(content).hexdigest()
    kept_as = proof_key(deps.store.org, upload, sha256)
    uploaded_at = there.uploaded_at.astimezone(UTC)
    if isinstance(kind, Verdict):
        return _File(content, kept_as, uploaded_at, kind)
    proof = Proof(
        key=kept_as,
        sha256=sha256,
        content_type=kind,
        size=len(content),
        uploaded_at=uploaded_at,
        asked_at=upload.asked_at,
    )
    return _File(content, kept_as, uploaded_at, proof)


def _write_down(stored: Stored[ProofUpload], file: _File, deps: Deps) -> ProofUpload:
    """What became of the upload, in one transaction with all that follows. Raises `Conflict`."""
    upload = stored.record
    wallbox = deps.store.get(Wallbox, upload.wallbox_id)
    found = _outcome(wallbox, upload, file)
    verdict = Verdict.KEPT if isinstance(found, Proof) else found
    # An attempt before this one may have kept it.
    leftover = file.kept_as if isinstance(file.found, Proof) else ""
    follows: Sequence[Change] = ()
    if wallbox and isinstance(found, Proof):
        before = wallbox.record.proof
        leftover = before.key if before else ""
        deps.files.keep(found.key, file.content, found.content_type)
        follows = _shown(wallbox, found, deps)
    elif wallbox and verdict is not Verdict.OVERTAKEN:
        follows = _refused(wallbox, upload, file, verdict)
    after = upload.model_copy(update={"verdict": verdict, "leftover": leftover})
    deps.store.commit(Save(after, stored), *follows)
    logger.info("file judged", extra={"form": upload.id, "verdict": verdict.value})
    return after


def _outcome(wallbox: Stored[Wallbox] | None, upload: ProofUpload, file: _File) -> Proof | Verdict:
    """The proof, if it is to be kept."""
    if wallbox is None or wallbox.record.order_id != upload.order_id:
        return Verdict.OVERTAKEN
    if isinstance(file.found, Verdict):
        return file.found
    known, review = wallbox.record.proof, wallbox.record.review
    if review is Review.APPROVED:
        return Verdict.ALREADY_APPROVED
    if known and (file.found.sent_at, file.kept_as) <= (known.sent_at, known.key):
        return Verdict.OVERTAKEN
    if known and known.sha256 == file.found.sha256 and review is Review.RETURNED:
        return Verdict.ALREADY_RETURNED
    return file.found


def _shown(stored: Stored[Wallbox], proof: Proof, deps: Deps) -> Sequence[Change]:
    """What is to be said of a proof that is kept, and to whom."""
    wallbox = stored.record.with_proof(proof)
    return (
        Save(wallbox, stored),
        *tell_asset(wallbox, {"proof": _for_review(wallbox.id, proof, deps)}, deps),
        deps.outbox.awake(wallbox_errand(wallbox.id, stored.version + 1, deps)),
    )


def _for_review(wallbox_id: str, proof: Proof, deps: Deps) -> Json:
    """A proof as `mappings/salesforce/wallbox_asset` takes it. No address of the file is told: that
    would be good for minutes, and for everybody."""
    said: Json = proof.model_dump(mode="json", include={"sha256", "uploaded_at"})
    link = deps.org.proof_link.replace("{wallbox_id}", wallbox_id)
    return {**said, "url": link} if link else said


def _refused(
    stored: Stored[Wallbox], upload: ProofUpload, file: _File, verdict: Verdict
) -> Sequence[Change]:
    """Let the driver see why, unless a file that he has sent later was refused too."""
    known = stored.record.refused_upload
    refused = RefusedUpload(
        upload_id=upload.id,
        reason=verdict,
        uploaded_at=file.uploaded_at,
        asked_at=upload.asked_at,
    )
    if known and (refused.sent_at, refused.upload_id) < (known.sent_at, known.upload_id):
        return ()
    return (Save(stored.record.model_copy(update={"refused_upload": refused}), stored),)


def _give_way(upload: ProofUpload, file: _File, deps: Deps) -> None:
    """Another worker was faster, perhaps with another file that came by the same form."""
    wallbox = deps.store.get(Wallbox, upload.wallbox_id)
    proof = wallbox.record.proof if wallbox else None
    if isinstance(file.found, Proof) and (proof is None or proof.key != file.kept_as):
        deps.files.drop(file.kept_as)
