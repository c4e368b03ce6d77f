"""GET: single rows, lists in pages, what a navigation leads to, counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from infra.simulators.messages import Request, Response, answer, origin
from infra.simulators.sap.addresses import key_of, named_set, split
from infra.simulators.sap.desk import Desk
from infra.simulators.sap.edm import EntitySet
from infra.simulators.sap.failures import no_entity, no_segment
from infra.simulators.sap.options import Options, following, read_options
from infra.simulators.sap.rows import Row
from infra.simulators.sap.values import comparable, written


def base_of(desk: Desk, request: Request) -> str:
    """The address of the service as it was called."""
    return origin(request) + desk.service.path


def found_row(desk: Desk, segment: str) -> tuple[EntitySet, Row]:
    """The row of a segment `Set('key')`, with its set. Raises `SapError` 400, 404."""
    name, key = split(segment)
    entity_set = named_set(desk.service, name)
    row = desk.tenant.rows.get(name, key_of(entity_set, key or ""))
    if row is None:
        raise no_entity(entity_set.type_name)
    return entity_set, row


def read_entity(desk: Desk, request: Request, segment: str) -> Response:
    """200 `{"d": {…}}` with the header `ETag`."""
    entity_set, row = found_row(desk, segment)
    options = read_options(entity_set, request.parameters)
    return entity(desk, request, entity_set, row, options)


def entity(
    desk: Desk, request: Request, entity_set: EntitySet, row: Row, options: Options
) -> Response:
    """200 with one row."""
    shown = desk.shown(entity_set, row, options.shape, base_of(desk, request))
    etag = desk.etag(row)
    return answer(200, {"d": shown}, {"etag": etag} if etag else {})


def read_list(desk: Desk, request: Request, name: str) -> Response:
    """200 with a page of a set."""
    entity_set = named_set(desk.service, name)
    given = request.parameters
    options = read_options(entity_set, given)
    rows = _searched(desk, entity_set, options)
    return _page(desk, request, given, entity_set, rows, options)


def follow(desk: Desk, request: Request, segment: str, name: str) -> Response:
    """200 with what a navigation leads to, or the value of a single property."""
    if name == "$count":
        return _count(desk, request, segment)
    entity_set, row = found_row(desk, segment)
    prop = entity_set.property(name)
    if prop:
        value = written(prop, row[name], short=desk.tenant.short_numbers)
        return answer(200, {"d": {name: value}})
    navigation = entity_set.navigation(name)
    if navigation is None:
        raise no_segment(name)
    target, related = desk.target(navigation), desk.related(row, navigation)
    given = request.parameters
    options = read_options(target, given)
    if navigation.many:
        return _page(desk, request, given, target, _fitting(related, options), options)
    if not related:
        raise no_entity(target.type_name)
    return entity(desk, request, target, related[0], options)


def _count(desk: Desk, request: Request, name: str) -> Response:
    entity_set = named_set(desk.service, name)
    options = read_options(entity_set, request.parameters)
    number = len(_searched(desk, entity_set, options))
    return Response(200, str(number).encode(), {"content-type": "text/plain;charset=utf-8"})


def _searched(desk: Desk, entity_set: EntitySet, options: Options) -> list[Row]:
    rows = _candidates(desk, entity_set, options)
    return _fitting(desk.tenant.seen(rows), options)


def _candidates(desk: Desk, entity_set: EntitySet, options: Options) -> list[Row]:
    rows, equals = desk.tenant.rows, options.filter.equals if options.filter else ()
    for name, value in equals:
        if entity_set.keys == (name,):
            found = rows.get(entity_set.name, (value,))
            return [found] if found else []
        prop = entity_set.property(name)
        if prop and prop.indexed and value:
            return rows.having(entity_set.name, name, value)
    return rows.all(entity_set.name)


def _fitting(rows: Iterable[Row], options: Options) -> list[Row]:
    if options.filter is None:
        return list(rows)
    return [row for row in rows if options.filter.test(row)]


def _sorted(entity_set: EntitySet, rows: list[Row], options: Options) -> list[Row]:
    # Python's sort is stable: sorting by the last key first ends in the right order.
    for name, descending in reversed(options.order):
        prop = entity_set.property(name)
        if prop:
            kept = [(comparable(prop, row[name]), row) for row in rows]
            kept.sort(key=lambda pair: (pair[0] is not None, pair[0]), reverse=descending)
            rows = [row for _, row in kept]
    return rows


def _page(
    desk: Desk,
    request: Request,
    given: Mapping[str, str],
    entity_set: EntitySet,
    rows: list[Row],
    options: Options,
) -> Response:
    end = len(rows) if options.top is None else min(len(rows), options.skip + options.top)
    begin = max(options.skip, options.token)
    stop = min(end, begin + max(1, desk.tenant.page_clamp))
    base = base_of(desk, request)
    page = _sorted(entity_set, rows, options)[begin:stop]
    body: dict[str, Any] = {"results": desk.listed(entity_set, page, options.shape, base)}
    if options.counted:
        body = {"__count": str(len(rows)), **body}
    if stop < end:
        path = request.path.rstrip("/")
        body["__next"] = f"{origin(request)}{path}?{following(given, stop)}"
    return answer(200, {"d": body})
