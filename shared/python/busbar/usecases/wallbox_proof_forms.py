"""Forms by which a driver uploads a proof of installation, and links by which one is seen.

Files go between browser and S3 directly. A form or link is signed for a few minutes and for one
key, which only we make; it may be asked for as often as one likes.
"""

from __future__ import annotations

from datetime import timedelta

from busbar.domain.authorisation import Relation, require
from busbar.domain.customers import Caller
from busbar.domain.identifiers import is_id
from busbar.domain.wallbox_assets import Review
from busbar.domain.wallbox_proofs import (
    FILE_NAMES,
    LARGEST,
    LINK_SECONDS,
    UPLOAD_SECONDS,
    ProofUpload,
    upload_key,
)
from busbar.domain.wallboxes import Wallbox
from busbar.errors import Problem
from busbar.ports.runtime import Json
from busbar.ports.store import Save
from busbar.usecases.deps import Deps
from busbar.usecases.inputs import EntityId, Input
from busbar.usecases.own_wallboxes import no_wallbox, own_wallbox


class ProofInput(Input):
    """For which wallbox the proof is; it may be left out by who has one alone."""

    wallbox_id: EntityId | None = None


def upload_form(upload_id: str, asked: ProofInput, caller: Caller, deps: Deps) -> Json:
    """A form that takes one file. Raises `Problem` 404, 409 (nothing is awaited any more), 422."""
    require(caller, "my_wallbox_proof")
    wallbox = own_wallbox(caller, asked.wallbox_id, deps).record
    if wallbox.review is Review.APPROVED:
        raise Problem(
            409,
            "proof-approved",
            "The installation is approved",
            "No other proof is needed. If something has changed, ask our service.",
        )
    now = deps.clock.now()
    upload = ProofUpload(
        id=upload_id,
        wallbox_id=wallbox.id,
        order_id=wallbox.order_id,
        asked_at=now,
        correlation_id=deps.correlation_id,
    )
    deps.store.commit(Save(upload))
    form = deps.files.upload_form(upload_key(deps.store.org, upload), LARGEST, UPLOAD_SECONDS)
    return {
        "upload_id": upload.id,
        "wallbox_id": wallbox.id,
        "url": form.url,
        "fields": dict(form.fields),
        "largest": LARGEST,
        "content_types": list(FILE_NAMES),
        "valid_until": (now + timedelta(seconds=UPLOAD_SECONDS)).isoformat(),
    }


def proof_link(caller: Caller, deps: Deps, wallbox_id: str) -> Json:
    """A link to the proof of a wallbox, one's own or, for staff, any. Raises a 404 `Problem`."""
    relations = require(caller, "wallbox_proof_show")
    stored = deps.store.get(Wallbox, wallbox_id) if is_id(wallbox_id) else None
    own = stored is not None and stored.record.user_id == caller.user.id
    if stored is None or not (own or Relation.ANY_COMPANY in relations):
        raise no_wallbox()
    proof = stored.record.proof
    if proof is None:
        raise Problem(404, "proof-not-found", "There is no proof of this installation yet")
    valid_until = deps.clock.now() + timedelta(seconds=LINK_SECONDS)
    return {
        "wallbox_id": wallbox_id,
        "url": deps.files.link(proof.key, FILE_NAMES[proof.content_type], LINK_SECONDS),
        "content_type": proof.content_type,
        "size": proof.size,
        "sha256": proof.sha256,
        "uploaded_at": proof.uploaded_at.isoformat(),
        "valid_until": valid_until.isoformat(),
    }
