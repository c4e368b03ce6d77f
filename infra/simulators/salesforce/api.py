"""The REST routes below `/services/data/`."""

from __future__ import annotations

import re
from typing import Any

from infra.simulators.messages import Response, answer
from infra.simulators.routing import Call, RouteTable
from infra.simulators.salesforce import (
    collections,
    conditional,
    describe,
    graph,
    query,
    records,
)
from infra.simulators.salesforce.describe import NEWEST, OLDEST
from infra.simulators.salesforce.failures import ApiError, not_found
from infra.simulators.salesforce.org import Org

API: RouteTable[Org] = RouteTable()
_VERSION = re.compile(r"v(\d+)\.0")
_ROWS = "/services/data/{version}/sobjects/{object}"


def _version(call: Call) -> str:
    version = call.path["version"]
    found = _VERSION.fullmatch(version)
    if found is None or not OLDEST <= int(found[1]) <= NEWEST:
        raise not_found()
    return version


def _body(call: Call) -> Any:
    try:
        return call.request.json()
    except ValueError as error:
        message = f"The HTTP entity body is no JSON: {error}"
        raise ApiError("JSON_PARSER_ERROR", message, of_row=False) from None


@API.route("POST", _ROWS, label="documented", note="Create a row: 201")
def create_row(org: Org, call: Call) -> Response:
    return records.create(org, _version(call), call.path["object"], _body(call))


@API.route("GET", "/services/data", label="documented", note="The API versions; needs no token")
def list_versions(_org: Org, _call: Call) -> Response:
    return describe.versions()


@API.route(
    "GET",
    _ROWS + "/describe",
    label="documented",
    note="An object or platform event: rights, fields, externalId, unique",
)
def describe_object(org: Org, call: Call) -> Response:
    return describe.describe(org, _version(call), call.path["object"])


@API.route(
    "GET", _ROWS + "/{id}", label="documented", note="Read a row; ?fields=A,B; If-Modified-Since"
)
def read_row(org: Org, call: Call) -> Response:
    stale = conditional.refused(org, call)
    if stale:
        return stale
    fields = call.request.parameters.get("fields")
    return records.read(org, _version(call), call.path["object"], call.path["id"], fields)


@API.route(
    "PATCH", _ROWS + "/{id}", label="documented", note="Update a row: 204; If-Unmodified-Since"
)
def update_row(org: Org, call: Call) -> Response:
    _version(call)
    stale = conditional.refused(org, call)
    if stale:
        return stale
    return records.update(org, call.path["object"], call.path["id"], _body(call))


@API.route("DELETE", _ROWS + "/{id}", label="documented", note="Delete a row: 204")
def delete_row(org: Org, call: Call) -> Response:
    _version(call)
    return records.delete(org, call.path["object"], call.path["id"])


@API.route(
    "GET", _ROWS + "/{field}/{value}", label="documented", note="Read by external id: 200, 300, 404"
)
def read_by_key(org: Org, call: Call) -> Response:
    path = call.path
    fields = call.request.parameters.get("fields")
    return records.read_by_key(
        org, _version(call), path["object"], path["field"], path["value"], fields
    )


@API.route(
    "PATCH",
    _ROWS + "/{field}/{value}",
    label="documented",
    note="Upsert by external id: 201, 200, 300; ?updateOnly=true. That an update is 200 and not "
    "204 from v46 on is assumed",
)
def upsert_row(org: Org, call: Call) -> Response:
    path = call.path
    return records.upsert(
        org,
        _version(call),
        path["object"],
        path["field"],
        path["value"],
        _body(call),
        call.request.parameters,
    )


@API.route(
    "DELETE", _ROWS + "/{field}/{value}", label="documented", note="Delete by external id: 204"
)
def delete_by_key(org: Org, call: Call) -> Response:
    path = call.path
    return records.delete_by_key(org, _version(call), path["object"], path["field"], path["value"])


@API.route(
    "POST",
    "/services/data/{version}/composite/graph",
    label="documented",
    note="Up to 75 graphs and 500 nodes, one transaction each; GET nodes with ?fields=; that nodes "
    "run in their order is assumed",
)
def run_graph(org: Org, call: Call) -> Response:
    _version(call)
    return answer(200, graph.run(org, _body(call)))


@API.route(
    "PATCH",
    "/services/data/{version}/composite/sobjects",
    label="documented",
    note="Update up to 200 rows, each by itself: 200 with a result per row",
)
def update_rows(org: Org, call: Call) -> Response:
    _version(call)
    return collections.update(org, _body(call))


@API.route(
    "GET",
    "/services/data/{version}/composite/sobjects/{object}",
    label="documented",
    note="Rows by ?ids= and ?fields=: 200, null where there is none",
)
def read_rows(org: Org, call: Call) -> Response:
    asked = call.request.parameters
    ids, fields = asked.get("ids", ""), asked.get("fields", "")
    address = f"{call.request.path}?{call.request.query}"
    return collections.read(org, _version(call), call.path["object"], ids, fields, address)


@API.route(
    "GET",
    "/services/data/{version}/query",
    label="documented",
    note="SOQL; Sforce-Query-Options: batchSize",
)
def run_query(org: Org, call: Call) -> Response:
    version = _version(call)
    text = call.request.parameters.get("q", "")
    size = query.batch_size(org, call.request.headers.get("sforce-query-options", ""))
    return answer(200, query.first_page(org, version, text, size))


@API.route(
    "GET",
    "/services/data/{version}/query/{locator}",
    label="documented",
    note="The next page of a query",
)
def next_page(org: Org, call: Call) -> Response:
    version = _version(call)
    size = query.batch_size(org, call.request.headers.get("sforce-query-options", ""))
    return answer(200, query.next_page(org, version, call.path["locator"], size))
