"""The composite graph that makes an order and its items in one transaction (documented, v50+).

With an External ID that is also Unique the nodes are upserts: of two workers that race, one makes
the order and the other one fails as a whole, because an item that exists cannot be moved to an
order again. That an upsert may be repeated is therefore true for the effect, not for the answer.

The last node reads the order, for its number: GET by id, a reference in the URL and the resource's
own query string are documented for nodes of a graph. If it fails, nothing was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from busbar.connectors.exchange import path_segment
from busbar.connectors.reading import UnreadableError, members, rows, text, whole
from busbar.connectors.salesforce.models import order_of
from busbar.connectors.salesforce.refusals import Refusal, fault_of_list
from busbar.connectors.salesforce.soql import order_fields
from busbar.ports import Found
from busbar.settings import SalesforceSettings

ORDER_NODE = "order"
READ_NODE = "read"


def order_graph(
    settings: SalesforceSettings, base_path: str, reference: str, payload: Mapping[str, Any]
) -> dict[str, Any]:
    """The body of `POST /composite/graph` for a payload of `OrderSystem.create_order`.

    Raises `UnreadableError` naming the part of the payload that a mapping left out.
    """
    order = members(payload.get("order"), "order")
    nodes = [
        _node(
            settings,
            base_path,
            ORDER_NODE,
            settings.order_object,
            settings.order_reference_field,
            reference,
            order,
        )
    ]
    for number, item in enumerate(rows(payload.get("items"), "items")):
        fields = members(item.get("fields"), "items.fields")
        nodes.append(
            _node(
                settings,
                base_path,
                f"item{number}",
                settings.item_object,
                settings.item_reference_field,
                text(item, "reference"),
                {**fields, "OrderId": f"@{{{ORDER_NODE}.id}}"},
            )
        )
    nodes.append(_read_node(settings, base_path))
    return {"graphs": [{"graphId": "charge_card_order", "compositeRequest": nodes}]}


def _node(
    settings: SalesforceSettings,
    base_path: str,
    node: str,
    kind: str,
    key_field: str,
    key: str,
    fields: Mapping[str, Any],
) -> dict[str, Any]:
    url = f"{base_path}/sobjects/{kind}"
    # The key is ours whatever a mapping says; in an upsert it must not stand in the body.
    body = {name: value for name, value in fields.items() if name != key_field}
    if settings.mode == "unique_key":
        upsert_url = f"{url}/{key_field}/{path_segment(key)}"
        return {"method": "PATCH", "url": upsert_url, "referenceId": node, "body": body}
    body[key_field] = key
    return {"method": "POST", "url": url, "referenceId": node, "body": body}


def _read_node(settings: SalesforceSettings, base_path: str) -> dict[str, Any]:
    row = f"{base_path}/sobjects/{settings.order_object}/@{{{ORDER_NODE}.id}}"
    url = f"{row}?fields={','.join(order_fields(settings))}"
    return {"method": "GET", "url": url, "referenceId": READ_NODE}


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


def order_read(graph: dict[str, Any], settings: SalesforceSettings) -> Found:
    """The order as the graph's last node read it. Raises `UnreadableError`."""
    bodies = {node.get("referenceId"): node.get("body") for node in _nodes(graph)}
    return order_of(members(bodies.get(READ_NODE), READ_NODE), settings)


def _nodes(graph: dict[str, Any]) -> list[dict[str, Any]]:
    response = members(graph.get("graphResponse"), "graphResponse")
    return rows(response.get("compositeResponse"), "compositeResponse")
