"""`busbar.ports.OrderSystem` on the REST API of Salesforce."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import httpx

from busbar.connectors.budget import Budget, Monotonic
from busbar.connectors.credentials import Credentials
from busbar.connectors.exchange import Ask, path_segment
from busbar.connectors.reading import UnreadableError, json_of, members, rows, text_or_none
from busbar.connectors.salesforce import soql
from busbar.connectors.salesforce.client import SalesforceClient
from busbar.connectors.salesforce.collections import (
    asset_records,
    failed_records,
    found_records,
)
from busbar.connectors.salesforce.graph import (
    failed_nodes,
    graph_of,
    order_graph,
    order_read,
)
from busbar.connectors.salesforce.models import (
    asset_of,
    asset_there,
    following_page,
    offer_of,
    order_of,
    order_there,
    orders_of_urls,
)
from busbar.connectors.salesforce.refusals import first_cause
from busbar.domain.cards import CardAsset
from busbar.domain.orders import KIND, CardOffer
from busbar.errors import Duplicate, Missing, NotDone, Refused, Unavailable, Unknown, UpstreamError
from busbar.ports import AssetThere, Clock, Found, Gate, Json, OrderThere
from busbar.settings import SalesforceSettings

T = TypeVar("T")
_NOT_CHANGEABLE = "INVALID_FIELD_FOR_INSERT_UPDATE"


class SalesforceOrders:
    """Orders, their items and Assets in one Salesforce org."""

    def __init__(
        self,
        settings: SalesforceSettings,
        credentials: Credentials,
        *,
        clock: Clock,
        correlation: Callable[[], str],
        transport: httpx.BaseTransport | None = None,
        monotonic: Monotonic = time.monotonic,
        gate: Gate | None = None,
    ) -> None:
        self._settings = settings
        self.client = SalesforceClient(
            settings,
            credentials,
            clock=clock,
            correlation=correlation,
            transport=transport,
            monotonic=monotonic,
            gate=gate,
        )

    def close(self) -> None:
        """Close all connections."""
        self.client.close()

    def read_offer(self, timeout: float) -> CardOffer:
        """See `OrderSystem.read_offer`. Raises `Missing` if no price book entry is active."""
        ask = self._query("read_offer", soql.offer(self._settings))
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
        return self._find_order("find_order", reference, self.client.budget(timeout))

    def read_order(self, order_id: str, timeout: float) -> Found:
        """See `OrderSystem.read_order`."""
        settings = self._settings
        path = self._row_path(settings.order_object, order_id, "read_order")
        names = [*soql.order_fields(settings), settings.order_reference_field]
        ask = Ask("read_order", "GET", path, query={"fields": ",".join(names)})
        row = self.client.read(ask, self.client.budget(timeout))
        try:
            found = order_of(row, settings)
            reference = text_or_none(row, settings.order_reference_field) or ""
        except UnreadableError as error:
            raise self.client.unreadable(ask, error) from None
        return Found(found.external_id, {**found.fields, "reference": reference})

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
            self._check_only_one(reference, budget)
        return made

    def assets_of(self, reference: str, timeout: float) -> Iterator[CardAsset]:
        """See `OrderSystem.assets_of`. All pages are read before the first card is handed out."""
        ask = self._query("assets_of", soql.assets(self._settings, reference))
        return iter(list(filter(None, self._all(ask, asset_of, timeout))))

    def all_orders(self, timeout: float) -> Iterator[OrderThere]:
        """See `OrderSystem.all_orders`."""
        ask = self._query("all_orders", soql.all_orders(self._settings, f"BB{KIND}"))
        return self._all(ask, order_there, timeout)

    def all_assets(self, timeout: float) -> Iterator[AssetThere]:
        """See `OrderSystem.all_assets`."""
        ask = self._query("all_assets", soql.all_assets(self._settings))
        return filter(None, self._all(ask, asset_there, timeout))

    def _all(
        self, ask: Ask, read: Callable[[Json, SalesforceSettings], T], timeout: float
    ) -> Iterator[T]:
        """The rows of all pages of a query."""
        budget, following = self.client.budget(timeout), ask.path
        while following:
            answer = self.client.read(ask, budget)
            try:
                found = [read(r, self._settings) for r in rows(answer.get("records"), "records")]
                following = following_page(answer, self._settings.base_url) or ""
            except UnreadableError as error:
                raise self.client.unreadable(ask, error) from None
            yield from found
            ask = Ask(ask.operation, "GET", following)

    def read_asset(self, asset_id: str, timeout: float) -> Json:
        """See `OrderSystem.read_asset`: the fields that `settings.asset_fields` names."""
        path = self._asset_path(asset_id, "read_asset")
        query = {"fields": ",".join(self._settings.asset_fields)}
        ask = Ask("read_asset", "GET", path, query=query)
        row = self.client.read(ask, self.client.budget(timeout))
        return {name: row.get(name) for name in self._settings.asset_fields}

    def write_asset(self, asset_id: str, fields: Mapping[str, Any], timeout: float) -> None:
        """See `OrderSystem.write_asset`. Salesforce answers 204 without a body (documented)."""
        path = self._asset_path(asset_id, "write_asset")
        ask = Ask("write_asset", "PATCH", path, writes=True, json=dict(fields))
        answer = self.client.call(ask, self.client.budget(timeout))
        if answer.status != 204:
            raise self.client.unreadable(ask, UnreadableError("status"), answer)

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

    def _query(self, operation: str, text: str) -> Ask:
        return Ask(operation, "GET", f"{self.client.base_path}/query", query={"q": text})

    def _asset_path(self, asset_id: str, operation: str) -> str:
        return self._row_path(self._settings.asset_object, asset_id, operation)

    def _row_path(self, sobject: str, record_id: str, operation: str) -> str:
        try:
            segment = path_segment(record_id)
        except ValueError:
            raise Missing("salesforce", operation, "Id", "NO_RECORD_ID") from None
        return f"{self.client.base_path}/sobjects/{sobject}/{segment}"

    def _find_order(self, operation: str, reference: str, budget: Budget) -> list[Found]:
        if self._settings.mode == "unique_key":
            return self._find_by_key(operation, reference, budget)
        ask = self._query(operation, soql.orders(self._settings, reference))
        answer = self.client.read(ask, budget)
        try:
            return [order_of(row, self._settings) for row in rows(answer.get("records"), "records")]
        except UnreadableError as error:
            raise self.client.unreadable(ask, error) from None

    def _find_by_key(self, operation: str, reference: str, budget: Budget) -> list[Found]:
        settings = self._settings
        path = (
            f"{self.client.base_path}/sobjects/{settings.order_object}"
            f"/{settings.order_reference_field}/{path_segment(reference)}"
        )
        ask = Ask(operation, "GET", path, query={"fields": ",".join(soql.order_fields(settings))})
        try:
            answer = self.client.call(ask, budget, accept=(300,))
        except Missing:
            return []
        try:
            value = json_of(answer.body)
            if answer.status == 300:
                return orders_of_urls(value)
            return [order_of(members(value), settings)]
        except UnreadableError as error:
            raise self.client.unreadable(ask, error, answer) from None

    def _send_graph(self, reference: str, payload: Mapping[str, Any], budget: Budget) -> Found:
        settings = self._settings
        path = f"{self.client.base_path}/composite/graph"
        try:
            body = order_graph(settings, self.client.base_path, reference, payload)
        except UnreadableError as error:
            raise Refused("salesforce", "create_order", str(error), "BAD_PAYLOAD") from None
        ask = Ask("create_order", "POST", path, writes=True, json=body)
        answer = self.client.call(ask, budget)
        try:
            graph = graph_of(json_of(answer.body))
            failed = failed_nodes(graph)
            if not failed:
                return order_read(graph, settings)
        except UnreadableError as error:
            raise self.client.unreadable(ask, error, answer) from None
        references = (settings.order_reference_field, settings.item_reference_field)
        raise first_cause(failed).error("create_order", writes=True, references=references)

    def _check_only_one(self, reference: str, budget: Budget) -> None:
        """Without a unique key an earlier attempt may have taken effect late, beside this one."""
        try:
            found = self._find_order("create_order", reference, budget)
        except UpstreamError as error:
            raise Unknown(
                "salesforce", "create_order", "READ_AFTER_CREATE", error.code, error.request_id
            ) from error
        if len(found) > 1:
            raise Unknown("salesforce", "create_order", "READ_AFTER_CREATE", f"{len(found)}_FOUND")

    def _refused_because_there(
        self, refused: Refused, reference: str, budget: Budget
    ) -> NotDone | Duplicate:
        """An upsert that meets the order of a faster worker fails by a field that cannot change.

        The same code also means that the integration user lacks a right, so look.
        """
        try:
            there = self._find_order("create_order", reference, budget)
        except UpstreamError as error:
            return Unavailable("salesforce", "create_order", refused.detail, error.code)
        if not there:
            return refused
        return Duplicate("salesforce", "create_order", refused.detail, refused.code)
