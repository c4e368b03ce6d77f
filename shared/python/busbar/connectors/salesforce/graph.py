"""Composite graphs that make a record, or an order and its items, in one transaction (documented,
v50+).

With an External ID that is also Unique the nodes are upserts. Of two workers that race for an
order, one makes it and the other one fails as a whole, because an item that exists cannot be moved
to an order again. That an upsert may be repeated is therefore true for the effect, not for the
answer. A record without items is written a second time, with the same fields.

The last node reads the record, for its number: GET by id, a reference in the URL and the resource's
own query string are documented for nodes of a graph. If it fails, nothing was made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from busbar.connectors.budget import Budget
from busbar.connectors.exchange import Ask, path_segment
from busbar.connectors.reading import UnreadableError, json_of, members, rows, text, whole
from busbar.connectors.salesforce.client import SalesforceClient
from busbar.connectors.salesforce.referenced import Referenced
from busbar.connectors.salesforce.refusals import Refusal, fault_of_list, first_cause
from busbar.ports.outside import Found
from busbar.ports.runtime import Json
from busbar.settings.salesforce import SalesforceSettings

ORDER_NODE = "order"
RECORD_NODE = "record"
READ_NODE = "read"


def order_nodes(
    settings: SalesforceSettings,
    kind: Referenced,
    base_path: str,
    reference: str,
    payload: Mapping[str, Any],
) -> list[Json]:
    """The nodes that make what a payload of `OrderSystem.create_order` says, and read the order.

    Raises `UnreadableError` naming the part of the payload that a mapping left out.
    """
    item = replace(kind, sobject=settings.item_object, key_field=settings.item_reference_field)
    order = members(payload.get("order"), "order")
    nodes = [_node(base_path, ORDER_NODE, kind, reference, order)]
    for number, row in enumerate(rows(payload.get("items"), "items")):
        fields = members(row.get("fields"), "items.fields") | {"OrderId": f"@{{{ORDER_NODE}.id}}"}
        nodes.append(_node(base_path, f"item{number}", item, text(row, "reference"), fields))
    return [*nodes, _read_node(base_path, ORDER_NODE, kind)]


def record_nodes(
    kind: Referenced, base_path: str, reference: str, fields: Mapping[str, Any]
) -> list[Json]:
    """The nodes that make one record, and read it."""
    made = _node(base_path, RECORD_NODE, kind, reference, fields)
    return [made, _read_node(base_path, RECORD_NODE, kind)]


def _node(base_path: str, node: str, kind: Referenced, key: str, fields: Mapping[str, Any]) -> Json:
    url = f"{base_path}/sobjects/{kind.sobject}"
    # The key is ours whatever a mapping says; in an upsert it must not stand in the body.
    body = {name: value for name, value in fields.items() if name != kind.key_field}
    if kind.mode == "unique_key":
        upsert_url = f"{url}/{kind.key_field}/{path_segment(key)}"
        return {"method": "PATCH", "url": upsert_url, "referenceId": node, "body": body}
    body[kind.key_field] = key
    return {"method": "POST", "url": url, "referenceId": node, "body": body}


def _read_node(base_path: str, node: str, kind: Referenced) -> Json:
    row = f"{base_path}/sobjects/{kind.sobject}/@{{{node}.id}}"
    url = f"{row}?fields={','.join(kind.columns)}"
    return {"method": "GET", "url": url, "referenceId": READ_NODE}


def run_graph(
    client: SalesforceClient,
    operation: str,
    nodes: Sequence[Json],
    kind: Referenced,
    budget: Budget,
    references: Collection[str],
) -> Found:
    """Run the nodes as one transaction; the record of this kind that the last of them read.

    `references` are the unique fields by which the caller finds what is there already. Raises
    `Unknown` too if the record was made, but what the answer says of it cannot be read.
    """
    body = {"graphs": [{"graphId": operation, "compositeRequest": nodes}]}
    path = f"{client.base_path}/composite/graph"
    ask = Ask(operation, "POST", path, writes=True, json=body)
    answer = client.call(ask, budget)
    try:
        graph = graph_of(json_of(answer.body))
        failed = failed_nodes(graph)
        if not failed:
            return kind.found(_row_read(graph))
    except UnreadableError as error:
        raise client.unreadable(ask, error, answer) from None
    raise first_cause(failed).error(operation, writes=True, references=references)


def graph_of(answer: object) -> dict[str, Any]:
    """The one graph in an answer. Raises `UnreadableError`.

    Shape (documented): `{"graphs": [{"graphId", "isSuccessful", "graphResponse":
    {"compositeResponse": [{"body", "httpHeaders", "httpStatusCode", "referenceId"}]}}]}`.
    """
    graphs = rows(members(answer).get("graphs"), "graphs")
    if len(graphs) != 1 or not isinstance(graphs[0].get("isSuccessful"), bool):
        raise UnreadableError("isSuccessful")
    return graphs[0]


def failed_nodes(graph: dict[str, Any]) -> Sequence[Refusal]:
    """Why a graph failed, node by node; empty if all nodes succeeded. Raises `UnreadableError`."""
    nodes = _nodes(graph)
    if graph["isSuccessful"]:
        return []
    failed = [
        Refusal(status, fault_of_list(node.get("body")))
        for node in nodes
        if (status := whole(node, "httpStatusCode")) >= 300
    ]
    if not failed:
        raise UnreadableError("httpStatusCode")
    return failed


def _row_read(graph: dict[str, Any]) -> dict[str, Any]:
    """The record as the graph's last node read it. Raises `UnreadableError`."""
    bodies = {node.get("referenceId"): node.get("body") for node in _nodes(graph)}
    return members(bodies.get(READ_NODE), READ_NODE)


def _nodes(graph: dict[str, Any]) -> list[dict[str, Any]]:
    response = members(graph.get("graphResponse"), "graphResponse")
    return rows(response.get("compositeResponse"), "compositeResponse")
