"""Brings a wallbox's wanted state through: to be.ENERGISED, then to its Asset in Salesforce.

First its station is looked for in be.ENERGISED by the serial number. Whoever wants something of a
wallbox (its driver, a review) writes it into the ledger row of its station or of its Asset, with an
errand; both are carried out here, under the step contract of `busbar.process.ledger`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from busbar.domain.lifecycle import is_parked
from busbar.domain.private_customers import PrivateCustomer
from busbar.domain.tasks import Task
from busbar.domain.wallboxes import Wallbox, same_tariff
from busbar.errors import Missing, Refused, UpstreamError
from busbar.ports.outside import Found
from busbar.ports.runtime import Json
from busbar.ports.store import Bind, Change, Put, Save, Stored
from busbar.process.contract import Done, Later, Outcome, Parked, failed
from busbar.process.ledger import LedgerRow, SetStep, Setter, Wanted, ledger_id
from busbar.process.outbox import Errand
from busbar.settings.energised import EnergisedSettings
from busbar.usecases.card_forward import (
    ENERGISED,
    NO_CONTACT,
    SALESFORCE,
    asset_row_id,
)
from busbar.usecases.deps import Deps, revise

QUEUE = "wallbox_forward"
NOT_FOUND = "serial_number_unknown"
SEVERAL = "several_found"
OF_ANOTHER = "STATION_OF_ANOTHER"
"""Why a wallbox is not joined: there is no station with its serial number, there are several, or
the one belongs to somebody else."""


def wallbox_errand(wallbox_id: str, version: int, deps: Deps) -> Errand:
    """The errand of a wish. `version` is the one that the wallbox has after the wish is written."""
    return deps.outbox.errand(QUEUE, Wallbox, wallbox_id, str(version))


def station_row_id(station_id: str) -> str:
    """Key of the ledger row of a station in be.ENERGISED."""
    return ledger_id(ENERGISED, "station", station_id)


def contact_of(wallbox: Wallbox, deps: Deps) -> str | None:
    """Its driver's contact in be.ENERGISED, once he has one."""
    return deps.store.external_id(PrivateCustomer.schema_name, wallbox.customer_id, ENERGISED)


def carry(wallbox_id: str, deps: Deps, timeout: float, errand: Errand) -> Outcome:
    """Bring the wallbox's wanted state through, each system within `timeout` seconds.

    What does not succeed comes back by its errand.
    """
    stored = deps.store.get(Wallbox, wallbox_id)
    outcome: Outcome = Done(Found(wallbox_id))
    if stored:
        outcome = _carry(stored.record, deps, timeout)
    settled = deps.outbox.settle(errand, outcome, partial(_given_up, wallbox_id, deps))
    if isinstance(settled, Later):
        reason = settled.reason
        revise(deps.store, Wallbox, wallbox_id, lambda _: _waits(wallbox_id, reason, deps))
    return settled


def _carry(wallbox: Wallbox, deps: Deps, timeout: float) -> Outcome:
    setter = Setter(deps.store, deps.clock, deps.tuning)
    there = _joined(wallbox, setter, deps, timeout)
    told = setter.run(_asset_step(wallbox, deps, timeout))
    return there if isinstance(told, Done) or isinstance(there, Later) else told


def _joined(wallbox: Wallbox, setter: Setter, deps: Deps, timeout: float) -> Outcome:
    """Have be.ENERGISED know whose the wallbox is, and what else is wanted of its station."""
    if is_parked(wallbox.waiting_for):
        return Done(Found(wallbox.id))
    contact = contact_of(wallbox, deps)
    if contact is None:
        wait = timedelta(seconds=deps.tuning.wait_retry)
        return Later(deps.clock.now() + wait, NO_CONTACT)
    found = _station(wallbox, deps, timeout)
    if not isinstance(found, str):
        return found
    step = _station_step(wallbox, found, deps, timeout)
    _want(wallbox, found, contact, deps)
    outcome = setter.run(step)
    if wallbox.joined or not isinstance(outcome, Done):
        return outcome
    # Only now that it is his: a tariff that is refused must not keep it from him.
    _want(wallbox, found, contact, deps)
    return setter.run(step)


# --- which station it is -------------------------------------------------------------------------


def _station(wallbox: Wallbox, deps: Deps, timeout: float) -> str | Outcome:
    """The station that the wallbox is; a task if it cannot be told."""
    if wallbox.station_id:
        return wallbox.station_id
    try:
        hits = deps.systems.stations.find_stations(wallbox.serial_number, timeout)
    except (Refused, Missing) as error:
        return _ask(wallbox, error.code or type(error).__name__, deps)
    except UpstreamError as error:
        wait = timedelta(seconds=deps.tuning.retry_first)
        return failed(deps.clock.now() + wait, "unavailable", error)
    if len(hits) != 1:
        return _ask(wallbox, SEVERAL if hits else NOT_FOUND, deps)
    station = hits[0].external_id
    if deps.store.internal_id(Wallbox.schema_name, ENERGISED, station) not in {None, wallbox.id}:
        return _ask(wallbox, OF_ANOTHER, deps)
    return station


def _ask(wallbox: Wallbox, reason: str, deps: Deps) -> Parked:
    """Leave it to a person. Nothing is looked for again until he has decided."""
    task = Task.about(
        f"station#{wallbox.id}",
        kind="station_not_found",
        subject_schema=Wallbox.schema_name,
        subject_id=wallbox.id,
        system=ENERGISED,
        reason=reason,
        opened_at=deps.clock.now(),
    )

    def change(stored: Stored[Wallbox]) -> Sequence[Change]:
        now = stored.record
        if (now.serial_number, now.station_id) != (wallbox.serial_number, None):
            return ()  # it was mended meanwhile, and is looked for by another errand
        waits = now.model_copy(update={"waiting_for": f"task:{reason}"})
        return (Save(waits, stored), Put(task))

    revise(deps.store, Wallbox, wallbox.id, change)
    return Parked(reason)


def _want(wallbox: Wallbox, station: str, contact: str, deps: Deps) -> None:
    """Write down which station it is, and whose it shall be; once it is his, what he has set."""

    def change(stored: Stored[Wallbox]) -> Sequence[Change]:
        now = stored.record
        if (now.serial_number, now.customer_id) != (wallbox.serial_number, wallbox.customer_id):
            return ()
        row_id = station_row_id(station)
        row = deps.store.get(LedgerRow, row_id)
        said = _unsaid(now, row, deps.energised) if now.joined else {"contact_id": contact}
        wished = _wish(row_id, row, said)
        found = now.model_copy(update={"station_id": station, "waiting_for": None})
        if found == now and not wished:
            return ()
        bind = Bind(Wallbox.schema_name, now.id, ENERGISED, station)
        return (
            Save(found, stored),
            *(() if now.station_id else (bind,)),
            *wished,
        )

    revise(deps.store, Wallbox, wallbox.id, change)


# --- under the step contract ---------------------------------------------------------------------


def _station_step(wallbox: Wallbox, station: str, deps: Deps, timeout: float) -> SetStep:
    stations, settings = deps.systems.stations, deps.energised

    def write(station_id: str, observed: Json, wanted: Wanted, left: float) -> None:
        ours = {None, "", wallbox.left_contact_id, wanted.get("contact_id")}
        if observed["contact_id"] not in ours:
            raise Refused(ENERGISED, "write_station", "contact_id", OF_ANOTHER)
        body = deps.mapper.run(ENERGISED, "station", {"station": dict(wanted)})
        stations.write_station(station_id, body, left)

    return SetStep(
        system=ENERGISED,
        kind="station",
        object_id=station,
        settle=deps.settle_seconds(settings.processing_seconds, 0.0),
        timeout=timeout,
        read=stations.read_station,
        holds=_holds,
        write=write,
        on_done=lambda wanted: _station_is(wallbox.id, wanted, deps),
        on_parked=lambda reason: _waits(wallbox.id, f"task:{reason}", deps),
        task_schema=Wallbox.schema_name,
        task_subject=wallbox.id,
    )


def _holds(observed: Json, wanted: Wanted) -> bool:
    """Whether a station shows what is wanted."""
    return all(_same(name, observed.get(name), value) for name, value in wanted.items())


def _same(name: str, shown: Any, value: Any) -> bool:
    if name == "tariff" and shown and value:
        return same_tariff(shown, value)
    return bool(shown == value)


def _station_is(wallbox_id: str, wanted: Wanted, deps: Deps) -> Sequence[Change]:
    """be.ENERGISED holds the wanted state now: our record follows."""
    stored = deps.store.get(Wallbox, wallbox_id)
    if stored is None or wanted.get("contact_id") != contact_of(stored.record, deps):
        return ()
    update = {"joined": True, "left_contact_id": None}
    wallbox = stored.record.model_copy(update=update)
    return () if wallbox == stored.record else (Save(wallbox, stored),)


def _asset_step(wallbox: Wallbox, deps: Deps, timeout: float) -> SetStep:
    sales, settings = deps.systems.wallbox_sales, deps.salesforce

    def write(asset_id: str, _observed: Json, wanted: Wanted, left: float) -> None:
        sales.write_wallbox_asset(asset_id, wanted, left)

    return SetStep(
        system=SALESFORCE,
        kind="asset",
        object_id=wallbox.asset_id,
        settle=deps.settle_seconds(settings.processing_seconds, 0.0),
        timeout=timeout,
        read=sales.read_wallbox_asset,
        holds=_asset_holds,
        write=write,
        on_done=lambda _wanted: (),
        on_parked=lambda _reason: (),
        task_schema=Wallbox.schema_name,
        task_subject=wallbox.id,
    )


def _asset_holds(observed: Json, wanted: Wanted) -> bool:
    """Whether an Asset shows what is wanted. A price of 0 is one, and no empty field."""
    shown = {name: observed.get(name) for name in wanted}
    return {k: v for k, v in shown.items() if v not in {None, ""}} == {
        k: v for k, v in wanted.items() if v not in {None, ""}
    }


def _unsaid(wallbox: Wallbox, row: Stored[LedgerRow] | None, settings: EnergisedSettings) -> Json:
    """What its driver has set, as far as it is neither wanted of the station nor refused there.

    Of a driver who had the wallbox before nothing is left.
    """
    tariff, proof = wallbox.tariff, wallbox.proof
    said: Json = {"tariff": tariff.model_dump(mode="json") if tariff else None}
    if settings.station_proof_field:
        said["proof"] = proof.sha256 if proof else None
    known = row.record if row else LedgerRow(id="")
    refused = {k for k, v in known.refused.items() if k in said and said[k] == v}
    return {k: v for k, v in said.items() if v != known.wanted.get(k) and k not in refused}


def _wish(row_id: str, row: Stored[LedgerRow] | None, said: Mapping[str, Any]) -> tuple[Save, ...]:
    """Want this on top of all that is wanted; nothing if it is so already.

    What was refused of the rest stays to be seen as refused: another wish does not mend it.
    """
    before = row.record if row else LedgerRow(id=row_id)
    after = before.wanting(said)
    if after is before:
        return ()
    left = {name: value for name, value in before.refused.items() if name not in said}
    update = {"refused": left, "parked": before.parked if left else ""}
    return (Save(after.model_copy(update=update), row),)


def tell_station(wallbox: Wallbox, said: Mapping[str, Any], deps: Deps) -> tuple[Save, ...]:
    """Want the station of a wallbox to show this; nothing if it is wanted already.

    `said` are parts of what `mappings/energised/station` takes. Before the wallbox is joined
    nothing is wanted: it follows by itself then. The caller adds the errand.
    """
    if wallbox.station_id is None or not wallbox.joined:
        return ()
    row_id = station_row_id(wallbox.station_id)
    return _wish(row_id, deps.store.get(LedgerRow, row_id), said)


def tell_asset(wallbox: Wallbox, said: Mapping[str, Any], deps: Deps) -> tuple[Save, ...]:
    """Want the Asset of a wallbox to show this; nothing if it is wanted already.

    `said` are parts of what `mappings/salesforce/wallbox_asset` takes. The caller adds the errand.
    """
    fields = deps.mapper.run(SALESFORCE, "wallbox_asset", {"kind": "wallbox", **said})
    row_id = asset_row_id(wallbox.asset_id)
    return _wish(row_id, deps.store.get(LedgerRow, row_id), fields)


# --- what it waits for ---------------------------------------------------------------------------


def _waits(wallbox_id: str, reason: str, deps: Deps) -> Sequence[Change]:
    """Let it be seen what the wallbox waits for, until it is joined."""
    stored = deps.store.get(Wallbox, wallbox_id)
    if stored is None or stored.record.joined or is_parked(stored.record.waiting_for):
        return ()
    waiting = stored.record.model_copy(update={"waiting_for": reason})
    return () if waiting == stored.record else (Save(waiting, stored),)


def _given_up(wallbox_id: str, deps: Deps, reason: str) -> Sequence[Change]:
    """Nothing stays in flight of a wallbox that has waited too long."""
    stored = deps.store.get(Wallbox, wallbox_id)
    if stored is None:
        return ()
    rows = [deps.store.get(LedgerRow, row_id) for row_id in ledger_rows_of(stored.record)]
    given_up = [Save(row.record.given_up(reason), row) for row in rows if row and row.record.open]
    return (*_waits(wallbox_id, f"task:{reason}", deps), *given_up)


def ledger_rows_of(wallbox: Wallbox) -> list[str]:
    """The ids of a wallbox's ledger rows."""
    rows = [asset_row_id(wallbox.asset_id)]
    return [*rows, station_row_id(wallbox.station_id)] if wallbox.station_id else rows
