"""The routes of a service. They are the same for each, and carry its label."""

from __future__ import annotations

from collections.abc import Callable

from infra.simulators.messages import Request, Response
from infra.simulators.routing import Call, Handler, Route, RouteTable, find
from infra.simulators.sap import batch, metadata, reading, writing
from infra.simulators.sap.addresses import named_set, wants_json
from infra.simulators.sap.desk import Desk
from infra.simulators.sap.failures import SapError, no_segment, not_acceptable, not_allowed

Work = Callable[[Desk, Call], Response]
_BATCH = "/$batch"
_ROW = "/{set}({key})"
_BELOW = "/{segment}/{name}"


def _answered(work: Work) -> Handler[Desk]:
    """A handler that turns refusals into answers that know their call."""

    def handler(desk: Desk, call: Call) -> Response:
        try:
            return work(desk, call)
        except SapError as error:
            return error.shown(desk.tenant.occasion(desk.service.name))

    return handler


def _json_only(request: Request) -> None:
    # The real one answers in Atom then. Nobody who forgot to ask for JSON wants that.
    if not wants_json(request):
        raise not_acceptable()


def _segment(call: Call) -> str:
    return f"{call.path['set']}({call.path['key']})"


def _head(desk: Desk, call: Call) -> Response:
    if "set" in call.path:
        named_set(desk.service, call.path["set"].partition("(")[0])
    if "key" in call.path:
        reading.found_row(desk, _segment(call))
    return Response(200, headers={"content-type": "application/json"})


def _document(desk: Desk, call: Call) -> Response:
    return metadata.document(desk, call.request)


def _metadata(desk: Desk, call: Call) -> Response:
    accepted = call.request.headers.get("accept", "*/*")
    if "xml" not in accepted and "*/*" not in accepted:
        raise not_acceptable()
    return metadata.metadata(desk, call.request)


def _batch(desk: Desk, call: Call) -> Response:
    def dispatch(request: Request) -> Response:
        match = find(desk.routes, request)
        if match.route:
            return match.route.answer(Call(request, match.path))
        refusal = not_allowed(request.method, request.path) if match.allowed else None
        return (refusal or no_segment(request.path)).shown(desk.tenant.occasion(desk.service.name))

    return batch.run(desk, call.request, dispatch)


def _read(desk: Desk, call: Call) -> Response:
    _json_only(call.request)
    return reading.read_entity(desk, call.request, _segment(call))


def _find(desk: Desk, call: Call) -> Response:
    _json_only(call.request)
    return reading.read_list(desk, call.request, call.path["set"])


def _follow(desk: Desk, call: Call) -> Response:
    if call.path["name"] != "$count":
        _json_only(call.request)
    return reading.follow(desk, call.request, call.path["segment"], call.path["name"])


def _create(desk: Desk, call: Call) -> Response:
    name = call.path["set"]
    if "(" in name:
        raise not_allowed("POST", name)
    _json_only(call.request)
    return writing.create(desk, call.request, name)


def _create_below(desk: Desk, call: Call) -> Response:
    _json_only(call.request)
    return writing.create_below(desk, call.request, call.path["segment"], call.path["name"])


def _change(desk: Desk, call: Call) -> Response:
    return writing.change(desk, call.request, _segment(call))


def _delete(desk: Desk, call: Call) -> Response:
    return writing.delete(desk, call.request, _segment(call))


_TOKEN = "No body; with `X-CSRF-Token: Fetch` token and cookies"  # noqa: S105  a note
_CHANGED = "With If-Match: 204; a PUT empties what it does not say"
_ROUTES: tuple[tuple[str, str, str, str, Work], ...] = (
    # method, path below the service, operation, note, work; the first that fits is taken
    *(
        ("HEAD", tail, "fetch_{noun}_token", _TOKEN, _head)
        for tail in ("", "/$metadata", _BATCH, _ROW, "/{set}")
    ),
    ("GET", "", "open_{nouns}", "The service document", _document),
    ("GET", "/$metadata", "describe_{nouns}", "EDMX; no JSON", _metadata),
    ("POST", _BATCH, "batch_{nouns}", "multipart/mixed, changesets atomic: 202", _batch),
    ("GET", _ROW, "read_{noun}", "$select, $expand: 200 with ETag", _read),
    *((method, _ROW, "change_{noun}", _CHANGED, _change) for method in ("PATCH", "MERGE", "PUT")),
    ("DELETE", _ROW, "delete_{noun}", "With If-Match: 204", _delete),
    ("GET", "/{set}", "find_{nouns}", "$filter, $top, $skip, $orderby, …: pages", _find),
    ("POST", "/{set}", "create_{noun}", "Deep insert: 201", _create),
    ("GET", _BELOW, "follow_{noun}", "A navigation, a property, $count of a set", _follow),
    ("POST", _BELOW, "create_below_{noun}", "A new row below another: 201", _create_below),
)


def service_routes(desk: Desk) -> list[Route]:
    """The routes of one service."""
    table: RouteTable[Desk] = RouteTable()
    service = desk.service
    for method, tail, operation, note, work in _ROUTES:
        assumed = (method, tail) == ("HEAD", _BATCH)  # Some clients fetch a batch's token there.
        table.route(
            method,
            service.path + tail,
            label="assumed" if assumed else service.label,
            note=note,
            operation=operation.format(noun=service.noun, nouns=service.nouns),
        )(_answered(work))
    desk.routes = table.bind(desk)
    return desk.routes
