"""What a clerk of the utility does in SAP's own screens, and what an administrator sets."""

from __future__ import annotations

from collections.abc import Mapping

from infra.simulators.control import body_of
from infra.simulators.messages import RefusalError, Response, answer
from infra.simulators.routing import Call, RouteTable
from infra.simulators.sap import writing
from infra.simulators.sap.addresses import named_set
from infra.simulators.sap.desk import Desk
from infra.simulators.sap.failures import no_entity, no_segment
from infra.simulators.sap.rows import Row
from infra.simulators.sap.shown import public
from infra.simulators.sap.tenant import KNOBS
from infra.simulators.sap.values import numbered

Desks = Mapping[str, Desk]
"""Entity set -> the service that it belongs to."""
CLERK: RouteTable[Desks] = RouteTable()


def enter(desks: Desks, name: str, fields: Row) -> Row:
    """Enter a row, with all that is sent inside it. Raises `SapError`."""
    desk = _desk(desks, name)
    with desk.tenant.rows.atomic():
        return writing.insert(desk, named_set(desk.service, name), fields, {})


def change(desks: Desks, name: str, number: str, fields: Row) -> Row:
    """Change a row that has one number as its key. Raises `SapError`."""
    desk = _desk(desks, name)
    entity_set = named_set(desk.service, name)
    key = entity_set.property(entity_set.keys[0])
    before = desk.tenant.rows.get(name, (numbered(key, number) if key else number,))
    if before is None:
        raise no_entity(entity_set.type_name)
    return writing.update(desk, entity_set, before, fields, {})


def _desk(desks: Desks, name: str) -> Desk:
    if name not in desks:
        raise no_segment(name)
    return desks[name]


@CLERK.route(
    "POST",
    "/_sim/rows/{set}",
    label="control",
    note="Enter a row by hand, in the form in which the service takes it",
)
def enter_row(desks: Desks, call: Call) -> Response:
    return answer(201, public(enter(desks, call.path["set"], body_of(call))))


@CLERK.route(
    "POST",
    "/_sim/rows/{set}/{number}",
    label="control",
    note="Change a partner, contract account or contract by its number",
)
def change_row(desks: Desks, call: Call) -> Response:
    changed = change(desks, call.path["set"], call.path["number"], body_of(call))
    return answer(200, public(changed))


@CLERK.route("POST", "/_sim/knobs", label="control", note=f"Set any of {', '.join(KNOBS)} for good")
def set_knobs(desks: Desks, call: Call) -> Response:
    tenant = next(iter(desks.values())).tenant
    body = body_of(call)
    for name, value in body.items():
        if not isinstance(value, KNOBS.get(name, ())) or (
            isinstance(value, bool) and bool not in KNOBS[name]
        ):
            raise RefusalError(f"{name}: unknown, or of the wrong type")
    for name, value in body.items():
        setattr(tenant, name, value)
    return answer(200, {name: getattr(tenant, name) for name in KNOBS})
