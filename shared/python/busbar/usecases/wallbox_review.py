"""The review of an installation moved on in Salesforce: the wallbox and its order's cards follow.

Reviews come at least once, late and in any order: the newest by source version holds. One that is
about another proof than the one that we hold says nothing of ours, which is still to be reviewed. A
review may come before the assignment of its wallbox; then Salesforce is asked for that.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from busbar.domain.wallbox_assets import Review, WallboxAsset
from busbar.domain.wallbox_orders import WallboxOrder
from busbar.domain.wallboxes import Wallbox, wallbox_id
from busbar.errors import Conflict, EventRejected, UpstreamError
from busbar.ports.store import Change, Save, Stored
from busbar.usecases.deps import TRIES, Deps, revise
from busbar.usecases.wallbox_approval import refunds_follow
from busbar.usecases.wallbox_assignment import Told, order_of
from busbar.usecases.wallbox_event import assigned, told_by_asset
from busbar.usecases.wallbox_forward import tell_asset, wallbox_errand


class InstallationReviewed(BaseModel):
    """`InstallationReviewed__e`, as `connectors/salesforce/metadata/wallbox` defines it."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_max_length=255)

    order_reference: str = Field(alias="OrderReference__c", min_length=1)
    asset_id: str = Field(alias="AssetId__c", min_length=15, max_length=18)
    review: str = Field(alias="Review__c", min_length=1)
    reason: str | None = Field(alias="ReviewReason__c", default=None)
    proof_hash: str | None = Field(alias="ProofHash__c", default=None)
    version: int = Field(alias="SourceVersion__c", gt=0)
    event_id: str = Field(alias="EventUuid", min_length=1)

    def said(self, deps: Deps) -> Reviewed:
        """What it says, in our words. Raises `EventRejected` if no setting maps the review."""
        return Reviewed(
            order_reference=self.order_reference,
            asset_id=self.asset_id,
            review=_review(self.review, self.order_reference, deps),
            reason=self.reason or "",
            proof_hash=self.proof_hash or "",
            version=self.version,
            event_id=self.event_id,
        )


class Reviewed(Told):
    """The installation of this wallbox is reviewed so far. `proof_hash`: SHA-256 of the proof."""

    review: Review
    reason: str
    proof_hash: str


def review_in(order_reference: str, asset: WallboxAsset, deps: Deps) -> Reviewed | None:
    """What a wallbox's Asset says of its review; None while there is none.

    Raises `EventRejected` if no setting maps it.
    """
    if not asset.review:
        return None
    return Reviewed(
        order_reference=order_reference,
        asset_id=asset.asset_id,
        review=_review(asset.review, order_reference, deps),
        reason=asset.review_reason,
        proof_hash=asset.proof_hash,
        version=asset.version,
        event_id=f"asset:{asset.asset_id}",
    )


def _review(word: str, order_reference: str, deps: Deps) -> Review:
    mapped = deps.salesforce.review_map.get(word)
    if mapped is None:
        order = order_of(order_reference, deps).record
        raise EventRejected("unknown_review", WallboxOrder.schema_name, order.id)
    return Review(mapped)


def reviewed(said: Reviewed, deps: Deps) -> None:
    """Apply one review; what other systems need of it is done by errands. Safe to repeat.

    Raises `EventRejected` if no order of ours is meant, or Salesforce does not know the wallbox.
    """
    deps = deps.continuing(order_of(said.order_reference, deps).record.correlation_id)
    if not _is_known(said, deps) and not _catch_up(said, deps):
        return
    for _ in range(TRIES):
        order = order_of(said.order_reference, deps)
        stored = _wallbox(said, deps)
        if stored is None or stored.record.order_id != order.record.id:
            return  # it is another order's now, and this was said before
        held = _newest(said, stored.record, deps)
        if held is None:
            return
        held = _with_reason(held, deps)
        try:
            deps.store.commit(*_changes(held, order, stored, deps))
        except Conflict:
            continue
        return
    raise Conflict(f"{Wallbox.schema_name} {said.asset_id}")


def _wallbox(said: Reviewed, deps: Deps) -> Stored[Wallbox] | None:
    return deps.store.get(Wallbox, wallbox_id(deps.store.org, said.asset_id))


def _is_known(said: Reviewed, deps: Deps) -> bool:
    """Whether the wallbox is known to have come to this order, or to have left it since."""
    stored = _wallbox(said, deps)
    if stored is None:
        return False
    mark = stored.record.assigned_by
    here = stored.record.order_id == order_of(said.order_reference, deps).record.id
    return here or (mark is not None and mark.version > said.version)


def _catch_up(said: Reviewed, deps: Deps) -> bool:
    """The assignment is late or lost: what its event would have said stands in the Asset.

    False if Salesforce cannot tell now: then `sync_cards` reads assignment and review.
    """
    order_id = order_of(said.order_reference, deps).record.id
    try:
        asset = _asset(said, deps)
    except UpstreamError:
        revise(deps.store, WallboxOrder, order_id, lambda stored: due_now(stored, deps))
        return False
    if asset is None:
        raise EventRejected("unknown_asset", WallboxOrder.schema_name, order_id)
    assigned(told_by_asset(said.order_reference, asset), deps)
    return True


def due_now(stored: Stored[WallboxOrder], deps: Deps) -> tuple[Save]:
    """Have the next run of `sync_cards` read what is assigned to the order, and its reviews."""
    due = stored.record.model_copy(update={"next_takeover_at": deps.clock.now()})
    return (Save(due, stored),)


def _asset(said: Reviewed, deps: Deps) -> WallboxAsset | None:
    assets = deps.systems.wallbox_sales.wallbox_assets_of(
        said.order_reference, deps.tuning.call_timeout
    )
    return next((asset for asset in assets if asset.asset_id == said.asset_id), None)


def _newest(said: Reviewed, wallbox: Wallbox, deps: Deps) -> Reviewed | None:
    """What is to be applied; None for a repeat or a late event."""
    applied = wallbox.reviewed_by
    newer = said.mark(deps).is_newer(applied)
    if applied is None or newer is not None:
        return said if newer else None
    asset = _asset(said, deps)
    held = review_in(said.order_reference, asset, deps) if asset else None
    if held is None or held.mark(deps).content_hash == applied.content_hash:
        return None
    return held.model_copy(update={"version": max(held.version, said.version)})


def _with_reason(said: Reviewed, deps: Deps) -> Reviewed:
    """A review that comes back from the dead-letter queue has lost its reason: the Asset has it."""
    if said.review is not Review.RETURNED or said.reason:
        return said
    asset = _asset(said, deps)
    return said.model_copy(update={"reason": asset.review_reason if asset else ""})


def _changes(
    said: Reviewed, order: Stored[WallboxOrder], stored: Stored[Wallbox], deps: Deps
) -> Iterator[Change]:
    before = stored.record
    after = _after(said, before, deps)
    yield Save(after, stored)
    # Whoever gives a card to the order now has to look at the approval anew.
    yield Save(order.record, order)
    told = tell_asset(after, {"approved": True}, deps) if after.is_approved else ()
    if told:
        yield from told
        yield deps.outbox.awake(wallbox_errand(after.id, stored.version + 1, deps))
    yield from refunds_follow(order.record, before, after, deps)


def _after(said: Reviewed, before: Wallbox, deps: Deps) -> Wallbox:
    """The wallbox after a review. Of another proof than ours, it leaves ours to be reviewed."""
    mark = said.mark(deps)
    review, reason = said.review, said.reason
    if before.proof and before.proof.sha256 != said.proof_hash:
        review = Review.TO_REVIEW
    return before.model_copy(
        update={
            "review": review,
            "review_reason": reason if review is Review.RETURNED else "",
            "approved_at": before.approved_at or (mark.at if review is Review.APPROVED else None),
            "reviewed_by": mark,
        }
    )
