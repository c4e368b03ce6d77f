"""Salesforce, as far as orders need it. Raises the `UpstreamError` tree; durations are seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from busbar.errors import UpstreamError
from busbar.ports.outside import Found
from busbar.ports.runtime import Json

if TYPE_CHECKING:
    from busbar.domain.cards import CardAsset
    from busbar.domain.orders import CardOffer
    from busbar.domain.wallbox_assets import WallboxAsset
    from busbar.domain.wallbox_products import WallboxProduct


@dataclass(frozen=True)
class OrderThere:
    """An order with a reference of ours, as Salesforce holds it. `version` as in `find_order`."""

    record_id: str
    reference: str
    account_id: str
    status: str
    version: int
    tracking_id: str = ""
    delivery_date: str = ""


@dataclass(frozen=True)
class AssetThere:
    """A card's Asset, as Salesforce holds it; `order_reference` is empty while it is blank."""

    card: CardAsset
    order_reference: str
    account_id: str
    fields: Json


class OrderSystem(Protocol):
    """Salesforce, as far as charging-card orders need it. `timeout` bounds the whole operation."""

    def read_offer(self, timeout: float) -> CardOffer:
        """The charging card that can be ordered, its price and its quantity limits."""
        ...

    def find_order(self, reference: str, timeout: float) -> Sequence[Found]:
        """Orders that carry our reference, with what a caller needs to rebuild their state.

        `fields` hold `order_number`, `status` and `version` (epoch milliseconds of the last
        change), and where Salesforce holds them `tracking_id` and `delivery_date` (ISO). Where
        several orders have a reference that should be unique, they may come without fields.
        """
        ...

    def read_order(self, order_id: str, timeout: float) -> Found:
        """The order with this record id. Raises `Missing`.

        `fields` are those of `find_order`, `reference` (ours, if the order carries one) and
        `account_id`.
        """
        ...

    def create_order(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """Create order and items in one transaction, by external ids, and read the order as it is.

        `fields` are those of `find_order`.
        `payload` is what `mappings/salesforce/order_submit.jsonata` made:
        `{"order": {field: value}, "items": [{"reference": "BBCI…", "fields": {field: value}}]}`.
        """
        ...

    def assets_of(self, reference: str, timeout: float) -> Iterator[CardAsset]:
        """The cards assigned to the order with our reference."""
        ...

    def all_orders(self, timeout: float) -> Iterator[OrderThere]:
        """Every order that carries a reference of ours, page by page; may lag."""
        ...

    def all_assets(self, timeout: float) -> Iterator[AssetThere]:
        """Every Asset that is a card, page by page; may lag."""
        ...

    def read_asset(self, asset_id: str, timeout: float) -> Json:
        """The fields of an Asset that we write, as Salesforce holds them. Raises `Missing`."""
        ...

    def write_asset(self, asset_id: str, fields: Mapping[str, Any], timeout: float) -> None:
        """Set fields of an Asset to absolute values."""
        ...

    def read_assets(self, asset_ids: Sequence[str], timeout: float) -> Mapping[str, Json]:
        """What `read_asset` gives, of up to 200 Assets in one call; those that are gone left out.

        Salesforce does not tell a row that is gone from one that it does not show.
        """
        ...

    def write_assets(
        self, wanted: Mapping[str, Mapping[str, Any]], timeout: float
    ) -> Mapping[str, UpstreamError]:
        """`write_asset` for up to 200 Assets in one call: Asset id -> fields.

        Each is written or fails by itself; those that failed come back with their error. What is
        raised concerns the call as a whole.
        """
        ...


class WallboxSales(Protocol):
    """Salesforce, as far as orders of wallboxes need it. `timeout` bounds the whole operation.

    The orders themselves are found and created by `OrderSystem`, with several items.
    """

    def read_products(self, timeout: float) -> Sequence[WallboxProduct]:
        """All that can be ordered of the wallbox price book: active entries of active products.

        A product that lacks its price, tax or limits is left out, and the log names it.
        """
        ...

    def find_accounts(self, reference: str, timeout: float) -> Sequence[Found]:
        """Accounts that carry our reference.

        `fields` hold `gp_number` and `contract_number`, empty where the account has none, and
        `active` (`true` or `false`). Several may come without fields.
        """
        ...

    def create_account(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """Create a driver's account, which carries our reference; `fields` as in `find_accounts`.

        `payload` is what `mappings/salesforce/account_private.jsonata` made. With a unique key it
        is an upsert: an account that is there already gets the same fields again.
        """
        ...

    def read_account(self, account_id: str, timeout: float) -> Json:
        """`{"active": bool}`. Raises `Missing`."""
        ...

    def write_account(self, account_id: str, fields: Mapping[str, Any], timeout: float) -> None:
        """Set what `read_account` gives."""
        ...

    def find_shared_contracts(self, reference: str, timeout: float) -> Sequence[Found]:
        """Shared contracts that carry our reference.

        `fields` hold `contract_number` (SAP's), `account_id` and `status`. Several may come
        without.
        """
        ...

    def create_shared_contract(
        self, reference: str, payload: Mapping[str, Any], timeout: float
    ) -> Found:
        """Create a shared contract, as `create_account` does an account.

        `payload` is what `mappings/salesforce/shared_contract.jsonata` made.
        """
        ...

    def read_shared_contract(self, contract_id: str, timeout: float) -> Json:
        """`{"status": str}`, in Salesforce's word. Raises `Missing`."""
        ...

    def write_shared_contract(
        self, contract_id: str, fields: Mapping[str, Any], timeout: float
    ) -> None:
        """Set what `read_shared_contract` gives."""
        ...

    def wallbox_assets_of(self, reference: str, timeout: float) -> Sequence[WallboxAsset]:
        """The wallboxes and cards assigned to the order with our reference, with their reviews.

        Left out is what is neither, and what lacks the number by which other systems know it: a
        wallbox its serial number, a card its id in be.ENERGISED.
        """
        ...

    def read_wallbox_asset(self, asset_id: str, timeout: float) -> Json:
        """The fields of an Asset that we write for wallbox orders. Raises `Missing`."""
        ...

    def write_wallbox_asset(self, asset_id: str, fields: Mapping[str, Any], timeout: float) -> None:
        """Set such fields to absolute values.

        `fields` is what `mappings/salesforce/wallbox_asset.jsonata` made.
        """
        ...
