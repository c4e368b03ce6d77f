"""The driver's own wallboxes: what he has set, how far each system has it, and what is awaited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from busbar.domain.authorisation import require
from busbar.domain.customers import Caller
from busbar.domain.wallbox_texts import REFUSED, REVIEWS, SYSTEMS, awaited, newest_refusal
from busbar.domain.wallboxes import Wallbox
from busbar.ports.runtime import Json
from busbar.ports.store import Stored
from busbar.process.ledger import LedgerRow
from busbar.usecases.card_forward import ENERGISED, SALESFORCE, asset_row_id
from busbar.usecases.deps import Deps
from busbar.usecases.own_wallboxes import own_wallboxes
from busbar.usecases.wallbox_forward import ledger_rows_of, station_row_id
from busbar.usecases.wallbox_tariff import TariffInput, set_tariff

Rows = Mapping[str, LedgerRow]
"""Ledger rows by their id."""


def my_wallboxes(caller: Caller, deps: Deps) -> Json:
    """The caller's wallboxes, newest change first."""
    require(caller, "my_wallbox")
    return {"wallboxes": _shown(own_wallboxes(caller, deps), deps)}


def change_tariff(asked: TariffInput, caller: Caller, deps: Deps) -> tuple[Json, bool]:
    """Set a tariff; the wallbox then, and whether a system is still to be told.

    Raises `Problem` 404, 422.
    """
    wallbox_id = set_tariff(asked, caller, deps)
    (view,) = _shown(deps.store.get_many(Wallbox, [wallbox_id], consistent=True), deps)
    open_ones = {"waiting", "pending", "unavailable"}
    return view, any(system["state"] in open_ones for system in view["systems"])


def _shown(wallboxes: Sequence[Stored[Wallbox]], deps: Deps) -> list[Json]:
    ids = [row for stored in wallboxes for row in ledger_rows_of(stored.record)]
    found = deps.store.get_many(LedgerRow, ids, consistent=True)
    rows = {stored.record.id: stored.record for stored in found}
    return [_view(stored, rows) for stored in wallboxes]


def _view(stored: Stored[Wallbox], rows: Rows) -> Json:
    wallbox = stored.record
    return {
        "id": wallbox.id,
        "serial_number": wallbox.serial_number,
        "order_id": wallbox.order_id,
        "joined": wallbox.joined,
        "tariff": wallbox.tariff.model_dump(mode="json") if wallbox.tariff else None,
        "proof": _proof(wallbox),
        "refused_upload": _refused(wallbox),
        "review": _review(wallbox),
        "systems": [
            {"system": system, "state": state, "text": SYSTEMS[state]}
            for system, state in _told(wallbox, rows)
        ],
        "awaited": [{"what": what, "text": text} for what, text in awaited(wallbox)],
        "changed_at": stored.changed_at.isoformat(),
    }


def _proof(wallbox: Wallbox) -> Json | None:
    proof = wallbox.proof
    if proof is None:
        return None
    return {
        "sha256": proof.sha256,
        "content_type": proof.content_type,
        "size": proof.size,
        "uploaded_at": proof.uploaded_at.isoformat(),
        "link": f"/v1/wallboxes/{wallbox.id}/proof",
    }


def _refused(wallbox: Wallbox) -> Json | None:
    refused = newest_refusal(wallbox)
    if refused is None:
        return None
    return {
        "upload_id": refused.upload_id,
        "reason": refused.reason.value,
        "uploaded_at": refused.uploaded_at.isoformat(),
        "text": REFUSED[refused.reason],
    }


def _review(wallbox: Wallbox) -> Json | None:
    review = wallbox.review
    if review is None:
        return None
    return {"state": review.value, "text": REVIEWS[review], "reason": wallbox.review_reason}


def _told(wallbox: Wallbox, rows: Rows) -> Iterator[tuple[str, str]]:
    """How far each system has what the driver has set."""
    tariff = wallbox.tariff.model_dump(mode="json") if wallbox.tariff else None
    if tariff is None:
        yield ENERGISED, "none"
    elif wallbox.station_id is None or not wallbox.joined:
        yield ENERGISED, "waiting"
    else:
        row = rows.get(station_row_id(wallbox.station_id))
        told = row is not None and row.wanted.get("tariff") == tariff
        yield ENERGISED, _state(row, told=told)
    asset = rows.get(asset_row_id(wallbox.asset_id))
    said = tariff is not None or wallbox.proof is not None
    yield SALESFORCE, _state(asset, told=asset is not None) if said else "none"


def _state(row: LedgerRow | None, *, told: bool) -> str:
    if row is not None and row.parked:
        return "refused"
    if told and row is not None and not row.open:
        return "done"
    return "unavailable" if row is not None and row.failures else "pending"
