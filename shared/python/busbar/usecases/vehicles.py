"""A company's vehicles: create, show, list, change, remove, import.

Plate and VIN are unique within the company. A card keeps the vehicle's name as text, so a vehicle
that is gone leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from busbar.domain.authorisation import reaches, require
from busbar.domain.customers import Caller, Vehicle
from busbar.domain.identifiers import derived_id, is_id
from busbar.errors import Conflict, Problem
from busbar.ports.runtime import Json
from busbar.ports.store import Bind, Change, Drop, Save, Stored, Unbind
from busbar.usecases.changes import check_seen, entry, etag, fault
from busbar.usecases.deps import Deps, until_written
from busbar.usecases.imports import Made, read_rows, run_import
from busbar.usecases.inputs import Input, Line
from busbar.usecases.orders import scope
from busbar.usecases.pages import read_page

COLUMNS = ("label", "plate", "vin")
"""Columns of an import."""
UNIQUE = ("plate", "vin")
VIN = "^([A-HJ-NPR-Z0-9]{17})?$"
"""ISO 3779: 17 characters without I, O and Q."""


class VehicleInput(Input):
    """A new vehicle: at least one of its names."""

    label: Line = Field(default="", max_length=40)
    plate: Line = Field(default="", max_length=20)
    vin: Line = Field(default="", pattern=VIN)

    @model_validator(mode="after")
    def _has_a_name(self) -> VehicleInput:
        if not (self.label or self.plate or self.vin):
            raise ValueError("one of label, plate and vin is needed")
        return self


class VehicleChange(Input):
    """What may change; a field that is not sent stays."""

    label: Line = Field(default="", max_length=40)
    plate: Line = Field(default="", max_length=20)
    vin: Line = Field(default="", pattern=VIN)


def list_vehicles(
    caller: Caller, deps: Deps, *, company_id: str | None, limit: int, cursor: str | None
) -> Json:
    """A company's vehicles, newest change first."""
    company = scope(caller, "vehicles_list", company_id, deps)
    page = read_page(deps, Vehicle, f"company#{company}", limit, cursor)
    return {"vehicles": [_view(stored) for stored in page.items], "next_cursor": page.cursor}


def show_vehicle(caller: Caller, deps: Deps, vehicle_id: str) -> Json:
    """One vehicle. Raises a 404 `Problem` if there is none within reach."""
    return _view(_within_reach(caller, "vehicles_show", vehicle_id, deps))


def create_vehicle(vehicle_id: str, given: VehicleInput, caller: Caller, deps: Deps) -> Json:
    """The vehicle as it stands now. Raises a 409 `Problem` if plate or VIN is another's."""
    company = scope(caller, "vehicles_create", None, deps)
    made = _make(_vehicle(vehicle_id, company, given), caller, deps, operation="vehicles_create")
    stored = deps.store.get(Vehicle, made.id)
    if stored is None:
        raise Conflict(f"vehicle {made.id}")
    return _view(stored)


def import_vehicles(text: str, caller: Caller, deps: Deps, *, dry_run: bool) -> Json:
    """The report of an import. Raises a 422 `Problem` for a file that cannot be read."""
    company = scope(caller, "vehicles_import", None, deps)

    def make(given: VehicleInput, deps: Deps) -> Made:
        ours = derived_id(deps.store.org, Vehicle.schema_name, company, _key(given))
        vehicle, operation = _vehicle(ours, company, given), "vehicles_import"
        return _make(vehicle, caller, deps, operation=operation, dry_run=dry_run)

    return run_import(read_rows(text, COLUMNS), _parsed, make, _key, deps)


def _parsed(values: Mapping[str, str]) -> VehicleInput:
    return VehicleInput.model_validate(values)


def _key(given: VehicleInput) -> str:
    """What a line is about: by VIN, else by plate, else by label."""
    return given.vin or _plain(given.plate) or given.label


def _plain(text: str) -> str:
    return " ".join(text.split()).upper()


def _vehicle(vehicle_id: str, company: str, given: VehicleInput) -> Vehicle:
    return Vehicle(id=vehicle_id, company_id=company, **given.model_dump())


def _names(vehicle: Vehicle) -> dict[str, str]:
    """Field -> how the ID map knows it: unique within the company."""
    values = {name: _plain(getattr(vehicle, name)) for name in UNIQUE}
    return {name: f"{vehicle.company_id}#{value}" for name, value in values.items() if value}


def _make(
    vehicle: Vehicle,
    caller: Caller,
    deps: Deps,
    *,
    operation: str,
    dry_run: bool = False,
) -> Made:
    def work() -> Made:
        if there := _there(vehicle, deps):
            return Made("unchanged", there)
        if dry_run:
            return Made("created", vehicle.id)
        bound = [Bind(Vehicle.schema_name, vehicle.id, n, v) for n, v in _names(vehicle).items()]
        deps.store.commit(Save(vehicle), *bound, *entry(caller, operation, vehicle, deps))
        return Made("created", vehicle.id)

    return until_written(work, deps.clock, deps.contest)


def _there(vehicle: Vehicle, deps: Deps) -> str | None:
    """The id of the same vehicle, if it is there. Raises a 409 `Problem` if that differs."""
    field, known = "label", deps.store.get(Vehicle, vehicle.id)
    for name, value in _names(vehicle).items():
        ours = None if known else deps.store.internal_id(Vehicle.schema_name, name, value)
        if ours:
            field, known = name, deps.store.get(Vehicle, ours)
    if known is None:
        return None
    if known.record.model_copy(update={"id": vehicle.id}) != vehicle:
        raise _taken(field)
    return known.record.id


def _taken(field: str) -> Problem:
    message = "belongs to a vehicle that differs from what was sent; change that one"
    return fault(409, "vehicle-exists", "There is such a vehicle", field, message)


def change_vehicle(
    caller: Caller, deps: Deps, vehicle_id: str, change: VehicleChange, seen: int | None
) -> Json:
    """Change what was sent. Raises `Problem` 404, 409, 412, 422."""
    until_written(lambda: _change(caller, deps, vehicle_id, change, seen), deps.clock)
    return show_vehicle(caller, deps, vehicle_id)


def _change(
    caller: Caller, deps: Deps, vehicle_id: str, change: VehicleChange, seen: int | None
) -> None:
    stored = _within_reach(caller, "vehicles_change", vehicle_id, deps)
    check_seen(stored, seen, "vehicle")
    fields = change.model_dump(include=change.model_fields_set)
    after = stored.record.model_copy(update=fields)
    if not after.shown_as:
        message = "cannot go: one of label, plate and vin is needed"
        raise fault(422, "fields-invalid", "Some fields are invalid", min(fields), message)
    if after == stored.record:
        return
    for name, value in _names(after).items():
        if deps.store.internal_id(Vehicle.schema_name, name, value) not in {None, vehicle_id}:
            raise _taken(name)
    told = entry(caller, "vehicles_change", after, deps, before=stored.record)
    deps.store.commit(Save(after, stored), *_rebound(stored.record, after), *told)


def remove_vehicle(caller: Caller, deps: Deps, vehicle_id: str, seen: int | None) -> None:
    """Remove it; cards keep its name as text. Raises `Problem` 404, 412."""
    until_written(lambda: _remove(caller, deps, vehicle_id, seen), deps.clock)


def _remove(caller: Caller, deps: Deps, vehicle_id: str, seen: int | None) -> None:
    stored = _within_reach(caller, "vehicles_remove", vehicle_id, deps)
    check_seen(stored, seen, "vehicle")
    told = entry(caller, "vehicles_remove", stored.record, deps)
    deps.store.commit(Drop(Vehicle, vehicle_id, stored), *_rebound(stored.record, None), *told)


def _rebound(before: Vehicle, after: Vehicle | None) -> list[Change]:
    """Plate and VIN as the ID map shall know them; one that is let go may be another's at once."""
    old, new = _names(before), _names(after) if after else {}
    schema, ours = Vehicle.schema_name, before.id
    gone: list[Change] = [Unbind(schema, ours, n, v) for n, v in old.items() if n not in new]
    changed = {n: v for n, v in new.items() if old.get(n) != v}
    return gone + [Bind(schema, ours, n, v, old.get(n)) for n, v in changed.items()]


def _within_reach(caller: Caller, operation: str, vehicle_id: str, deps: Deps) -> Stored[Vehicle]:
    require(caller, operation)
    stored = deps.store.get(Vehicle, vehicle_id) if is_id(vehicle_id) else None
    if stored is None or not reaches(caller, operation, stored.record.company_id):
        raise Problem(404, "vehicle-not-found", "No such vehicle")
    return stored


def _view(stored: Stored[Vehicle]) -> Json:
    vehicle: Any = stored.record
    names = {name: getattr(vehicle, name) for name in COLUMNS}
    return {
        "id": vehicle.id,
        "company_id": vehicle.company_id,
        **names,
        "etag": etag(stored.version),
        "changed_at": stored.changed_at.isoformat(),
    }
