"""The composite graph that makes an order and its items in one transaction (documented, v50+).

With an External ID that is also Unique the nodes are upserts: of two workers that race, one makes
the order and the other one fails as a whole, because an item that exists cannot be moved to an
order again. That an upsert may be repeated is therefore true for the effect, not for the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from busbar.connectors.exchange import path_segment
from busbar.connectors.reading import members, rows, text
from busbar.settings import SalesforceSettings

ORDER_NODE = "order"


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
