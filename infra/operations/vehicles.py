"""/v1/vehicles: list, create, import, show, change, remove."""

from __future__ import annotations

from datetime import datetime

from busbar.usecases.vehicles import VehicleChange, VehicleInput
from infra.operations import COMPANY, PAGE, Json, Operation, Says, View
from infra.operations.parts import AT, COMPANY_ID, ETAG, MADE, VEHICLE_ID, imported


class VehicleView(View):
    """A vehicle; names that it does not have are empty."""

    id: str
    company_id: str
    label: str
    plate: str
    vin: str
    etag: str
    changed_at: datetime


class VehiclePage(View):
    """Vehicles, newest change first; `next_cursor` is null on the last page."""

    vehicles: list[VehicleView]
    next_cursor: str | None


NAMES = {"label": "Transporter 7", "plate": "OL-NW 7", "vin": "WVWZZZ1JZXW000007"}
RENAMED = {"label": "Transporter 11", "plate": "OL-NW 11", "vin": "WVWZZZ1JZXW000011"}
VEHICLE: Json = {
    "id": VEHICLE_ID,
    "company_id": COMPANY_ID,
    **NAMES,
    "etag": '"1"',
    "changed_at": AT,
}
FILE = "label,plate\nTransporter 8,OL-NW 8\nTransporter 9,OL-NW 9\n"
NOT_THERE = {404: ("vehicle-not-found",)}
NO_COMPANY = {400: ("company-missing",)}
OPERATIONS = {
    "vehicles_list": Operation(
        "A company's vehicles, newest change first",
        {
            200: Says(
                "A page of vehicles", VehiclePage, {"vehicles": [VEHICLE], "next_cursor": None}
            )
        },
        query={"company_id": COMPANY, **PAGE},
        problems={400: ("company-missing",), 404: ("company-not-found",)},
    ),
    "vehicles_create": Operation(
        "Create a vehicle by at least one of its names; plate and VIN are unique in the company",
        {201: Says("The vehicle", VehicleView, VEHICLE, MADE)},
        body=VehicleInput,
        bodies={"all its names": NAMES, "one": {"label": "Transporter 10"}},
        key=True,
        problems={**NO_COMPANY, 409: ("vehicle-exists",)},
    ),
    "vehicles_import": imported("vehicles", FILE, NO_COMPANY),
    "vehicles_show": Operation(
        "One vehicle", {200: Says("The vehicle", VehicleView, VEHICLE, ETAG)}, problems=NOT_THERE
    ),
    "vehicles_change": Operation(
        "Change a vehicle; a field that is not sent stays",
        {200: Says("The vehicle", VehicleView, VEHICLE, ETAG)},
        body=VehicleChange,
        bodies={"new plate": RENAMED},
        if_match="must",
        problems={**NOT_THERE, 409: ("vehicle-exists",), 412: ("vehicle-changed",)},
    ),
    "vehicles_remove": Operation(
        "Remove a vehicle; cards keep its name as text",
        {204: Says("It is removed", None)},
        if_match="may",
        problems={**NOT_THERE, 412: ("vehicle-changed",)},
    ),
}
