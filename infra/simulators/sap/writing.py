"""POST with deep insert, PATCH, PUT, DELETE. What is refused has changed nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.simulators.messages import Request, Response, answer
from infra.simulators.sap.addresses import named_set
from infra.simulators.sap.desk import Desk
from infra.simulators.sap.edm import EntitySet, Navigation
from infra.simulators.sap.failures import SapError, malformed, no_property, no_segment, not_allowed
from infra.simulators.sap.options import Shape, Tree
from infra.simulators.sap.reading import base_of, found_row
from infra.simulators.sap.rows import Row
from infra.simulators.sap.values import blank, empty, kept

Nested = list[tuple[Navigation, list[Any]]]


def create(desk: Desk, request: Request, name: str) -> Response:
    """201 `{"d": {…}}` with the new row and the rows that were sent inside it."""
    return _created(desk, request, named_set(desk.service, name), {})


def create_below(desk: Desk, request: Request, segment: str, name: str) -> Response:
    """201 with a new row below another one."""
    entity_set, row = found_row(desk, segment)
    navigation = entity_set.navigation(name)
    if navigation is None:
        raise no_segment(name)
    return _created(desk, request, desk.target(navigation), _inherited(row, navigation))


def _created(
    desk: Desk, request: Request, entity_set: EntitySet, inherited: Mapping[str, Any]
) -> Response:
    body = _object(request)
    with desk.tenant.rows.atomic():
        row = insert(desk, entity_set, body, inherited)
    base = base_of(desk, request)
    shown = desk.shown(entity_set, row, Shape(None, _sent(desk, entity_set, body)), base)
    headers = {"location": desk.address(entity_set, row, base)}
    etag = desk.etag(row)
    return answer(201, {"d": shown}, {**headers, "etag": etag} if etag else headers)


def change(desk: Desk, request: Request, segment: str) -> Response:
    """204. A PUT empties what it does not say."""
    entity_set, before = found_row(desk, segment)
    before = _matched(desk, request, entity_set, before)
    start = _blanks(entity_set) if request.method == "PUT" else {}
    row = update(desk, entity_set, before, _object(request), start)
    etag = desk.etag(row)
    return answer(204, headers={"etag": etag} if etag else {})


def update(
    desk: Desk, entity_set: EntitySet, before: Row, body: Mapping[str, Any], start: Row
) -> Row:
    """Change a row: first to `start`, then to what `body` says. Raises `SapError`."""
    values, nested = _accepted(entity_set, body, before)
    if nested:
        raise malformed(f"{nested[0][0].name} cannot be changed from here", nested[0][0].name)
    with desk.tenant.rows.atomic():
        return desk.tenant.write(entity_set, {**before, **start, **values}, before)


def delete(desk: Desk, request: Request, segment: str) -> Response:
    """204. What belongs to the row goes with it."""
    entity_set, row = found_row(desk, segment)
    if not entity_set.deletable:
        raise not_allowed(request.method, entity_set.name)
    row = _matched(desk, request, entity_set, row)
    with desk.tenant.rows.atomic():
        for navigation in entity_set.navigations:
            for below in desk.related(row, navigation):
                desk.tenant.rows.remove(navigation.target, below)
        desk.tenant.delete(entity_set, row)
    return answer(204)


def _object(request: Request) -> dict[str, Any]:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise SapError("/IWFND/CM_BEC/415", "Unsupported media type", status=415)
    try:
        body = request.json()
    except ValueError as error:
        raise malformed(f"Error while parsing the request body: {error}") from None
    if not isinstance(body, dict):
        raise malformed("The request body has to be an object")
    return body


def _accepted(
    entity_set: EntitySet, body: Mapping[str, Any], before: Row | None
) -> tuple[Row, Nested]:
    values: Row = {}
    nested: Nested = []
    for name, value in body.items():
        navigation = entity_set.navigation(name)
        if navigation:
            nested.append((navigation, _below(navigation, value)))
        elif name != "__metadata":
            values |= _value(entity_set, name, value, before)
    return values, nested


def _value(entity_set: EntitySet, name: str, value: Any, before: Row | None) -> Row:
    prop = entity_set.property(name)
    if prop is None:
        raise no_property(name, entity_set.type_name)
    new = kept(prop, value)
    is_change = before is None or new != before[name]
    if is_change and not (prop.creatable if before is None else prop.updatable):
        # The real one passes some of these over in silence.
        raise SapError("/IWBEP/CM_MGW_RT/022", f"Property {name} cannot be written", name)
    return {name: new}


def _below(navigation: Navigation, value: Any) -> list[Any]:
    rows = value.get("results") if isinstance(value, dict) else value
    if isinstance(value, dict) and "__deferred" in value:
        return []
    if not navigation.many or not isinstance(rows, list):
        raise malformed(f"{navigation.name} has to hold a list of results", navigation.name)
    return rows


def insert(desk: Desk, entity_set: EntitySet, body: Any, inherited: Mapping[str, Any]) -> Row:
    """A new row, with the rows inside it. `inherited` comes from a row above. Raises `SapError`."""
    if not isinstance(body, dict):
        raise malformed(f"A row of {entity_set.name} has to be an object")
    values, nested = _accepted(entity_set, body, None)
    for name, value in inherited.items():
        if values.setdefault(name, value) not in {value, ""}:
            raise malformed(f"{name} is not that of the row above", name)
    row = empty(entity_set) | values | dict(inherited)
    row = desk.tenant.write(entity_set, row, None)
    for navigation, rows in nested:
        for below in rows:
            insert(desk, desk.target(navigation), below, _inherited(row, navigation))
    return row


def _inherited(row: Row, navigation: Navigation) -> Row:
    by = {navigation.by: row[navigation.by]}
    return by | ({navigation.only[0]: navigation.only[1][0]} if navigation.only else {})


def _sent(desk: Desk, entity_set: EntitySet, body: Mapping[str, Any]) -> Tree:
    """The navigations under which rows were sent: the answer shows them as well."""
    found: Tree = {}
    for navigation in entity_set.navigations:
        if navigation.name in body:
            below = found.setdefault(navigation.name, {})
            for row in _below(navigation, body[navigation.name]):
                below |= _sent(desk, desk.target(navigation), row)
    return found


def _blanks(entity_set: EntitySet) -> Row:
    return {p.name: blank(p) for p in entity_set.properties if p.updatable}


def _matched(desk: Desk, request: Request, entity_set: EntitySet, row: Row) -> Row:
    """The row that a write is for, if its `If-Match` allows it. Raises `SapError` 428, 412."""
    if desk.tenant.overtaken:
        row = desk.tenant.touch(entity_set, row)
    if not desk.service.etags:
        return row
    wanted = request.headers.get("if-match", "")
    if not wanted:
        raise SapError("/IWBEP/CM_MGW_RT/194", "Precondition required", status=428)
    if wanted not in {"*", desk.etag(row)}:
        message = "State of the resource (entity) was already changed (If-Match)"
        raise SapError("/IWBEP/CM_MGW_RT/190", message, status=412)
    return row
