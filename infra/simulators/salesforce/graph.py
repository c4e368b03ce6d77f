"""`composite/graph`: each graph is one transaction over several rows."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from infra.simulators.messages import Response
from infra.simulators.salesforce import records
from infra.simulators.salesforce.failures import ApiError
from infra.simulators.salesforce.org import Org

MOST_NODES = 500
MOST_GRAPHS = 75
FAILED_GRAPHS_BORNE = 14
_NODE_URL = re.compile(r"/services/data/(v\d+\.0)/sobjects/([^/]+)(?:/([^/]+))?(?:/([^/]+))?/?")
_REFERENCE = re.compile(r"@\{([A-Za-z]\w*)\.([\w.\[\]]+)\}")
_NAME = re.compile(r"[A-Za-z]\w*")
_HALTED = [
    {
        "errorCode": "PROCESSING_HALTED",
        "message": "The transaction was rolled back since another operation in the same "
        "transaction failed.",
    }
]

Node = dict[str, Any]
Results = dict[str, Any]


def run(org: Org, payload: Any) -> dict[str, Any]:
    """The answer to a whole request. Raises `ApiError` where its shape is wrong."""
    graphs = _graphs(payload)
    answers = []
    failed = 0
    for graph in graphs:
        if failed >= FAILED_GRAPHS_BORNE:
            answers.append(_halted(graph))
            continue
        answers.append(_run_graph(org, graph))
        failed += not answers[-1]["isSuccessful"]
    return {"graphs": answers}


def _graphs(payload: Any) -> list[Node]:
    graphs = payload.get("graphs") if isinstance(payload, dict) else None
    if not isinstance(graphs, list) or not graphs:
        raise _malformed("graphs has to be a list that is not empty")
    if len(graphs) > MOST_GRAPHS:
        raise _malformed(f"The number of graphs exceeds {MOST_GRAPHS}")
    nodes = 0
    for graph in graphs:
        nodes += _check_graph(graph)
    if nodes > MOST_NODES:
        raise _malformed(f"The number of nodes exceeds {MOST_NODES}")
    return graphs


def _check_graph(graph: Any) -> int:
    """How many nodes the graph has."""
    if not isinstance(graph, dict) or not isinstance(graph.get("graphId"), str):
        raise _malformed("graphId is missing")
    nodes = graph.get("compositeRequest")
    if not isinstance(nodes, list) or not nodes:
        raise _malformed("compositeRequest has to be a list that is not empty")
    names = [n.get("referenceId") if isinstance(n, dict) else None for n in nodes]
    if not all(isinstance(name, str) and _NAME.fullmatch(name) for name in names):
        raise _malformed("referenceId has to be letters, digits and _ and start with a letter")
    if len(set(names)) < len(names):
        raise _malformed("referenceId has to be unique")
    return len(nodes)


def _malformed(message: str) -> ApiError:
    return ApiError("JSON_PARSER_ERROR", message, of_row=False)


def _run_graph(org: Org, graph: Node) -> dict[str, Any]:
    org.rows.begin()
    org.events.begin()
    results: Results = {}
    answers = []
    for node in graph["compositeRequest"]:
        response = _run_node(org, node, results)
        body = response.json() if response.body else None
        answers.append(_node_answer(node, response, body))
        if response.status >= 300:
            org.rows.roll_back()
            org.events.roll_back()
            return _failed(graph, answers[-1])
        results[node["referenceId"]] = body
    org.rows.commit()
    org.events.commit()
    return _graph_answer(graph, answers, successful=True)


def _run_node(org: Org, node: Node, results: Results) -> Response:
    try:
        url = _filled(node.get("url"), results)
        return _dispatch(org, node.get("method"), url, _filled(node.get("body"), results))
    except ApiError as error:
        return error.response()


def _dispatch(org: Org, method: Any, url: Any, body: Any) -> Response:
    parts = urlsplit(url if isinstance(url, str) else "")
    found = _NODE_URL.fullmatch(parts.path)
    if found is None:
        message = f"The resource {url} is not supported in a composite graph"
        raise ApiError("INVALID_REQUEST", message, of_row=False)
    version, name, key, value = (unquote(p) if p else p for p in found.groups())
    query = dict(parse_qsl(parts.query))
    match (method, key is not None, value is not None):
        case ("POST", False, False):
            return records.create(org, version, name, body)
        case ("PATCH", True, False):
            return records.update(org, name, key, body)
        case ("PATCH", True, True):
            return records.upsert(org, version, name, key, value, body, query)
        case ("GET", True, False):
            return records.read(org, version, name, key, query.get("fields"))
        case ("GET", True, True):
            return records.read_by_key(org, version, name, key, value, query.get("fields"))
        case ("DELETE", True, False):
            return records.delete(org, name, key)
        case _:
            message = f"HTTP Method '{method}' not allowed for {parts.path}"
            raise ApiError("METHOD_NOT_ALLOWED", message, status=405, of_row=False)


def _filled(value: Any, results: Results) -> Any:
    """`value` with every `@{node.path}` replaced by what that node answered."""
    if isinstance(value, dict):
        return {k: _filled(v, results) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, results) for v in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _looked_up(whole, results)
    return _REFERENCE.sub(lambda found: str(_looked_up(found, results)), value)


def _looked_up(found: re.Match[str], results: Results) -> Any:
    name, path = found.groups()
    at = results.get(name)
    for part in path.split("."):
        if not isinstance(at, dict) or part not in at:
            message = (
                f"Invalid reference specified. No value for {name}.{path} found in {name}. "
                "Provided field path is invalid"
            )
            raise ApiError("PROCESSING_HALTED", message, of_row=False)
        at = at[part]
    return at


def _node_answer(node: Node, response: Response, body: Any) -> dict[str, Any]:
    location = response.headers.get("location")
    return {
        "body": body,
        "httpHeaders": {"Location": location} if location else {},
        "httpStatusCode": response.status,
        "referenceId": node["referenceId"],
    }


def _graph_answer(
    graph: Node, answers: list[dict[str, Any]], *, successful: bool
) -> dict[str, Any]:
    return {
        "graphId": graph["graphId"],
        "graphResponse": {"compositeResponse": answers},
        "isSuccessful": successful,
    }


def _halted_node(node: Node) -> dict[str, Any]:
    halted = {"body": _HALTED, "httpHeaders": {}, "httpStatusCode": 400}
    return {**halted, "referenceId": node["referenceId"]}


def _failed(graph: Node, culprit: dict[str, Any]) -> dict[str, Any]:
    answers = [
        culprit if node["referenceId"] == culprit["referenceId"] else _halted_node(node)
        for node in graph["compositeRequest"]
    ]
    return _graph_answer(graph, answers, successful=False)


def _halted(graph: Node) -> dict[str, Any]:
    nodes = [_halted_node(node) for node in graph["compositeRequest"]]
    return _graph_answer(graph, nodes, successful=False)
