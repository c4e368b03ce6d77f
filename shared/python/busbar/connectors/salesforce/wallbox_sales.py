"""`busbar.ports.salesforce.WallboxSales` on the REST API of Salesforce."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from busbar.connectors.reading import UnreadableError, text
from busbar.connectors.salesforce import soql
from busbar.connectors.salesforce.client import SalesforceClient
from busbar.connectors.salesforce.graph import record_nodes, run_graph
from busbar.connectors.salesforce.referenced import Referenced, check_only_one, find
from busbar.connectors.salesforce.rows import all_rows, query_ask, row_ask, write_row
from busbar.connectors.salesforce.wallbox_models import (
    account_of,
    checked,
    product_of,
    shared_contract_of,
    wallbox_asset_of,
)
from busbar.domain.wallbox_assets import WallboxAsset
from busbar.domain.wallbox_products import WallboxProduct
from busbar.observability import logger
from busbar.ports.outside import Found
from busbar.ports.runtime import Json
from busbar.settings.salesforce import SalesforceSettings


class SalesforceWallboxSales:
    """Products, accounts, shared contracts and Assets of wallbox orders in one Salesforce org."""

    def __init__(self, settings: SalesforceSettings, client: SalesforceClient) -> None:
        self._settings = settings
        self._client = client
        self._accounts = Referenced(
            settings.account_object,
            settings.account_reference_field,
            settings.account_mode,
            soql.account_fields(settings),
            lambda row: account_of(row, settings),
        )
        self._contracts = Referenced(
            settings.shared_contract_object,
            settings.shared_contract_reference_field,
            settings.shared_contract_mode,
            soql.shared_contract_fields(settings),
            lambda row: shared_contract_of(row, settings),
        )

    # --- the catalogue -------------------------------------------------------------------------

    def read_products(self, timeout: float) -> Sequence[WallboxProduct]:
        """See `WallboxSales.read_products`."""
        found: list[WallboxProduct] = []
        for product in self.listed_products(timeout):
            if isinstance(product, WallboxProduct):
                found.append(product)
            else:
                logger.warning("product left out", extra={"product": product})
        return found

    def listed_products(self, timeout: float) -> Iterator[WallboxProduct | str]:
        """Every active entry of the price book, page by page.

        In place of one that makes no product comes the product's id and what it lacks.
        """
        ask = query_ask(self._client, "read_products", soql.wallbox_products(self._settings))
        return all_rows(self._client, ask, self._product, timeout)

    def _product(self, row: Json) -> WallboxProduct | str:
        try:
            return product_of(row, self._settings)
        except UnreadableError as error:
            return f"{text(row, 'Product2Id')}: {error}"

    # --- accounts and shared contracts ---------------------------------------------------------

    def find_accounts(self, reference: str, timeout: float) -> Sequence[Found]:
        """See `WallboxSales.find_accounts`."""
        budget = self._client.budget(timeout)
        return find(self._client, self._accounts, "find_accounts", reference, budget)

    def create_account(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """See `WallboxSales.create_account`."""
        return self._create(self._accounts, "create_account", reference, payload, timeout)

    def read_account(self, account_id: str, timeout: float) -> Json:
        """See `WallboxSales.read_account`."""
        name = self._settings.account_active_field
        sobject = self._settings.account_object
        ask = row_ask(self._client, "read_account", sobject, account_id, [name])
        row = self._client.read(ask, self._client.budget(timeout))
        try:
            return {"active": checked(row, name)}
        except UnreadableError as error:
            raise self._client.unreadable(ask, error) from None

    def write_account(self, account_id: str, fields: Mapping[str, Any], timeout: float) -> None:
        """See `WallboxSales.write_account`."""
        body = {self._settings.account_active_field: fields["active"]}
        sobject, budget = self._settings.account_object, self._client.budget(timeout)
        write_row(self._client, "write_account", sobject, account_id, body, budget)

    def find_shared_contracts(self, reference: str, timeout: float) -> Sequence[Found]:
        """See `WallboxSales.find_shared_contracts`."""
        budget = self._client.budget(timeout)
        return find(self._client, self._contracts, "find_shared_contracts", reference, budget)

    def create_shared_contract(
        self, reference: str, payload: Mapping[str, Any], timeout: float
    ) -> Found:
        """See `WallboxSales.create_shared_contract`."""
        return self._create(self._contracts, "create_shared_contract", reference, payload, timeout)

    def read_shared_contract(self, contract_id: str, timeout: float) -> Json:
        """See `WallboxSales.read_shared_contract`."""
        name = self._settings.shared_contract_status_field
        sobject = self._settings.shared_contract_object
        ask = row_ask(self._client, "read_shared_contract", sobject, contract_id, [name])
        row = self._client.read(ask, self._client.budget(timeout))
        try:
            return {"status": text(row, name)}
        except UnreadableError as error:
            raise self._client.unreadable(ask, error) from None

    def write_shared_contract(
        self, contract_id: str, fields: Mapping[str, Any], timeout: float
    ) -> None:
        """See `WallboxSales.write_shared_contract`."""
        body = {self._settings.shared_contract_status_field: fields["status"]}
        sobject, budget = self._settings.shared_contract_object, self._client.budget(timeout)
        write_row(self._client, "write_shared_contract", sobject, contract_id, body, budget)

    def _create(
        self,
        kind: Referenced,
        operation: str,
        reference: str,
        payload: Mapping[str, Any],
        timeout: float,
    ) -> Found:
        """Make one record and read it, in one transaction.

        Raises `Unknown` too if it was made, but what Salesforce says of it cannot be read, or in
        mode `probe` if the reference is found more than once: the caller has to probe.
        """
        budget = self._client.budget(timeout)
        nodes = record_nodes(kind, self._client.base_path, reference, payload)
        made = run_graph(self._client, operation, nodes, kind, budget, (kind.key_field,))
        if kind.mode == "probe":
            check_only_one(self._client, kind, operation, reference, budget)
        return made

    # --- Assets --------------------------------------------------------------------------------

    def wallbox_assets_of(self, reference: str, timeout: float) -> Sequence[WallboxAsset]:
        """See `WallboxSales.wallbox_assets_of`."""
        words = soql.wallbox_assets(self._settings, reference)
        ask = query_ask(self._client, "wallbox_assets_of", words)

        def read(row: Json) -> WallboxAsset | None:
            return wallbox_asset_of(row, self._settings)

        return [asset for asset in all_rows(self._client, ask, read, timeout) if asset]

    def read_wallbox_asset(self, asset_id: str, timeout: float) -> Json:
        """See `WallboxSales.read_wallbox_asset`: what `settings.wallbox_fields` names."""
        sobject, names = self._settings.asset_object, self._settings.wallbox_fields
        ask = row_ask(self._client, "read_wallbox_asset", sobject, asset_id, names)
        row = self._client.read(ask, self._client.budget(timeout))
        return {name: row.get(name) for name in names}

    def write_wallbox_asset(self, asset_id: str, fields: Mapping[str, Any], timeout: float) -> None:
        """See `WallboxSales.write_wallbox_asset`."""
        sobject, budget = self._settings.asset_object, self._client.budget(timeout)
        write_row(self._client, "write_wallbox_asset", sobject, asset_id, fields, budget)
