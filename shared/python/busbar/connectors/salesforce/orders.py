"""`busbar.ports.salesforce.OrderSystem` on the REST API of Salesforce."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from busbar.connectors.budget import Budget
from busbar.connectors.exchange import Ask
from busbar.connectors.reach import Reach
from busbar.connectors.reading import UnreadableError, json_of, rows, text_or_none
from busbar.connectors.salesforce import soql
from busbar.connectors.salesforce.client import SalesforceClient
from busbar.connectors.salesforce.collections import (
    asset_records,
    failed_records,
    found_records,
)
from busbar.connectors.salesforce.graph import order_nodes, run_graph
from busbar.connectors.salesforce.models import (
    asset_of,
    asset_there,
    offer_of,
    order_of,
    order_there,
)
from busbar.connectors.salesforce.referenced import Referenced, check_only_one, find
from busbar.connectors.salesforce.rows import all_rows, query_ask, row_ask, write_row
from busbar.domain.cards import CardAsset
from busbar.domain.orders import KIND, CardOffer
from busbar.errors import Duplicate, Missing, NotDone, Refused, Unavailable, UpstreamError
from busbar.ports.outside import Found
from busbar.ports.runtime import Json
from busbar.ports.salesforce import AssetThere, OrderThere
from busbar.settings.salesforce import SalesforceSettings

T = TypeVar("T")
_NOT_CHANGEABLE = "INVALID_FIELD_FOR_INSERT_UPDATE"


class SalesforceOrders:
    """Orders, their items and Assets in one Salesforce org."""

    def __init__(
        self,
        settings: SalesforceSettings,
        reach: Reach,
    ) -> None:
        self._settings = settings
        self.client = SalesforceClient(
            settings,
            reach,
        )
        self._kind = Referenced(
            settings.order_object,
            settings.order_reference_field,
            settings.mode,
            soql.order_fields(settings),
            lambda row: order_of(row, settings),
        )

    def close(self) -> None:
        """Close all connections."""
        self.client.close()

    def read_offer(self, timeout: float) -> CardOffer:
        """See `OrderSystem.read_offer`. Raises `Missing` if no price book entry is active."""
        ask = query_ask(self.client, "read_offer", soql.offer(self._settings))
        answer = self.client.read(ask, self.client.budget(timeout))
        try:
            found = rows(answer.get("records"), "records")
            if not found:
                raise Missing("salesforce", ask.operation, "ProductCode", "NO_OFFER")
            return offer_of(found[0], self._settings)
        except UnreadableError as error:
            raise self.client.unreadable(ask, error) from None

    def find_order(self, reference: str, timeout: float) -> Sequence[Found]:
        """See `OrderSystem.find_order`. Several hits by external id come without fields."""
        budget = self.client.budget(timeout)
        return find(self.client, self._kind, "find_order", reference, budget)

    def read_order(self, order_id: str, timeout: float) -> Found:
        """See `OrderSystem.read_order`."""
        settings = self._settings
        ours, account = settings.order_reference_field, settings.order_account_field
        names = [*self._kind.columns, ours, account]
        ask = row_ask(self.client, "read_order", settings.order_object, order_id, names)
        row = self.client.read(ask, self.client.budget(timeout))
        try:
            found = order_of(row, settings)
            more = {"reference": ours, "account_id": account}
            more = {name: text_or_none(row, field) or "" for name, field in more.items()}
        except UnreadableError as error:
            raise self.client.unreadable(ask, error) from None
        return Found(found.external_id, {**found.fields, **more})

    def create_order(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """See `OrderSystem.create_order`.

        Raises `Unknown` too if Salesforce made the order, but what it says of it cannot be read, or
        in mode `probe` if the reference is found more than once: the caller has to probe.
        """
        budget = self.client.budget(timeout)
        try:
            made = self._send_graph(reference, payload, budget)
        except Refused as refused:
            if self._settings.mode == "unique_key" and refused.code == _NOT_CHANGEABLE:
                raise self._refused_because_there(refused, reference, budget) from refused
            raise
        if self._settings.mode == "probe":
            check_only_one(self.client, self._kind, "create_order", reference, budget)
        return made

    def assets_of(self, reference: str, timeout: float) -> Iterator[CardAsset]:
        """See `OrderSystem.assets_of`. All pages are read before the first card is handed out."""
        text = soql.assets(self._settings, reference)
        return iter(list(filter(None, self._all("assets_of", text, asset_of, timeout))))

    def all_orders(self, timeout: float) -> Iterator[OrderThere]:
        """See `OrderSystem.all_orders`."""
        text = soql.all_orders(self._settings, f"BB{KIND}")
        return self._all("all_orders", text, order_there, timeout)

    def all_assets(self, timeout: float) -> Iterator[AssetThere]:
        """See `OrderSystem.all_assets`."""
        text = soql.all_assets(self._settings)
        return filter(None, self._all("all_assets", text, asset_there, timeout))

    def _all(
        self,
        operation: str,
        text: str,
        read: Callable[[Json, SalesforceSettings], T],
        timeout: float,
    ) -> Iterator[T]:
        """The rows of all pages of a query."""
        ask = query_ask(self.client, operation, text)
        return all_rows(self.client, ask, lambda row: read(row, self._settings), timeout)

    def read_asset(self, asset_id: str, timeout: float) -> Json:
        """See `OrderSystem.read_asset`: the fields that `settings.asset_fields` names."""
        settings, names = self._settings, self._settings.asset_fields
        ask = row_ask(self.client, "read_asset", settings.asset_object, asset_id, names)
        row = self.client.read(ask, self.client.budget(timeout))
        return {name: row.get(name) for name in names}

    def write_asset(self, asset_id: str, fields: Mapping[str, Any], timeout: float) -> None:
        """See `OrderSystem.write_asset`."""
        budget = self.client.budget(timeout)
        sobject = self._settings.asset_object
        write_row(self.client, "write_asset", sobject, asset_id, fields, budget)

    def read_assets(self, asset_ids: Sequence[str], timeout: float) -> Mapping[str, Json]:
        """See `OrderSystem.read_assets`: one call of sObject Collections (documented)."""
        names = self._settings.asset_fields
        query = {"ids": ",".join(asset_ids), "fields": ",".join(("Id", *names))}
        path = f"{self.client.base_path}/composite/sobjects/{self._settings.asset_object}"
        ask = Ask("read_assets", "GET", path, query=query)
        answer = self.client.call(ask, self.client.budget(timeout))
        try:
            found = found_records(json_of(answer.body), asset_ids)
        except UnreadableError as error:
            raise self.client.unreadable(ask, error, answer) from None
        return {key: {n: row.get(n) for n in names} for key, row in found.items()}

    def write_assets(
        self, wanted: Mapping[str, Mapping[str, Any]], timeout: float
    ) -> Mapping[str, UpstreamError]:
        """See `OrderSystem.write_assets`: one call of sObject Collections (documented)."""
        body = asset_records(self._settings.asset_object, wanted)
        path = f"{self.client.base_path}/composite/sobjects"
        ask = Ask("write_assets", "PATCH", path, writes=True, json=body)
        answer = self.client.call(ask, self.client.budget(timeout))
        try:
            return failed_records(json_of(answer.body), list(wanted), ask.operation)
        except UnreadableError as error:
            raise self.client.unreadable(ask, error, answer) from None

    def _send_graph(self, reference: str, payload: Mapping[str, Any], budget: Budget) -> Found:
        settings, kind, client = self._settings, self._kind, self.client
        try:
            nodes = order_nodes(settings, kind, client.base_path, reference, payload)
        except UnreadableError as error:
            raise Refused("salesforce", "create_order", str(error), "BAD_PAYLOAD") from None
        references = (settings.order_reference_field, settings.item_reference_field)
        return run_graph(client, "create_order", nodes, kind, budget, references)

    def _refused_because_there(
        self, refused: Refused, reference: str, budget: Budget
    ) -> NotDone | Duplicate:
        """An upsert that meets the order of a faster worker fails by a field that cannot change.

        The same code also means that the integration user lacks a right, so look.
        """
        try:
            there = find(self.client, self._kind, "create_order", reference, budget)
        except UpstreamError as error:
            return Unavailable("salesforce", "create_order", refused.detail, error.code)
        if not there:
            return refused
        return Duplicate("salesforce", "create_order", refused.detail, refused.code)
