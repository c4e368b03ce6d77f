"""What a function is told of an org's Salesforce."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from busbar.domain.lifecycle import DEFAULT_STATUS_MAP, OrderStatus
from busbar.domain.wallbox_assets import (
    DEFAULT_ASSET_KINDS,
    DEFAULT_REVIEW_MAP,
    AssetKind,
    Review,
)
from busbar.errors import MisconfiguredError
from busbar.settings.modes import Mode

_WORDS: Mapping[str, type[StrEnum]] = {
    "status_map": OrderStatus,
    "asset_kinds": AssetKind,
    "review_map": Review,
}
"""Settings that translate words of the org into ours."""


@dataclass(frozen=True)
class SalesforceSettings:
    """One org's Salesforce. API names are settings because tenants differ."""

    base_url: str
    """My Domain, e.g. `https://acme.my.salesforce.com`; no path, no slash at the end."""
    secret_id: str
    """Secrets Manager name of `{"client_id": …, "client_secret": …}`."""
    event_source: str
    """`source` of its events on the bus: `aws.partner/salesforce.com/<org id>/<channel id>`."""
    api_version: str = "60.0"
    client_authentication: Literal["body", "basic"] = "body"
    """Where the token call carries the client's id and secret."""
    token_seconds: float = 3600.0
    """Age from which a token is renewed unasked; below the org's session time-out (default 2 h)."""
    mode: Mode = "unique_key"
    order_object: str = "Order"
    order_reference_field: str = "BusbarReference__c"
    order_account_field: str = "AccountId"
    order_tracking_field: str = "TrackingId__c"
    """Field of an order with the carrier's tracking id; empty: the org has none."""
    order_delivery_date_field: str = "DeliveryDate__c"
    """Field of an order with the day of delivery; empty: the org has none."""
    item_object: str = "OrderItem"
    item_reference_field: str = "BusbarReference__c"
    asset_object: str = "Asset"
    asset_order_field: str = "BusbarOrder__r.BusbarReference__c"
    """Path from an Asset to the reference of its order, for SOQL."""
    asset_account_field: str = "AccountId"
    asset_card_id_field: str = "EnergisedCardId__c"
    asset_fields: Sequence[str] = (
        "CardActive__c",
        "CardBlocked__c",
        "CardHolder__c",
        "CardLabel__c",
        "CardVehicle__c",
        "CardBillingContact__c",
    )
    """Fields of an Asset that are read back; those that `mappings/salesforce/sync_cards` writes."""
    asset_delivered_status: str = "Shipped"
    """`Asset.Status` of a card that is on its way to the customer or there."""
    product_code: str = "CHARGE-CARD"
    price_book_id: str = ""
    """Price book that orders use; empty: the first active entry of the product."""
    currency: str = "EUR"
    """Currency of the price book (ISO 4217); empty: an org with several, read `CurrencyIsoCode`."""
    minimum_field: str = "MinimumQuantity__c"
    maximum_field: str = "MaximumQuantity__c"
    assigned_event: str = "ChargeCardAssigned__e"
    status_event: str = "OrderStatusChanged__e"
    status_map: Mapping[str, str] = field(
        default_factory=lambda: {k: v.value for k, v in DEFAULT_STATUS_MAP.items()}
    )
    """Status values of this org -> our states."""

    wallbox_price_book_id: str = ""
    """Price book of wallboxes and what goes with them; empty: the org sells none, and nothing that
    is said below of wallboxes is asked of it."""
    wallbox_family: str = "Wallbox"
    """`Product2.Family` of what comes with a serial number and two cards; anything else in the
    price book goes with it."""
    tax_rate_field: str = "TaxRate__c"
    """Field of a product with its tax in percent."""
    account_object: str = "Account"
    account_mode: Mode = "unique_key"
    account_reference_field: str = "BusbarReference__c"
    account_gp_number_field: str = "GpNumber__c"
    account_contract_number_field: str = "SapContractNumber__c"
    account_active_field: str = "BusbarActive__c"
    """Checkbox of an account; cleared where the order for which it was made fails."""
    shared_contract_object: str = "SharedContract__c"
    shared_contract_mode: Mode = "unique_key"
    shared_contract_reference_field: str = "BusbarReference__c"
    shared_contract_account_field: str = "Account__c"
    shared_contract_number_field: str = "SapContractNumber__c"
    shared_contract_status_field: str = "Status__c"
    shared_contract_cancelled_status: str = "Storniert"
    """What the status of a shared contract becomes where its order fails."""
    wallbox_contract_id: str = ""
    """The sub-CPO's wallbox contract, to which every shared contract refers: id of a Contract."""
    asset_serial_field: str = "SerialNumber"
    """Field of an Asset with a wallbox's serial number, or a card's number."""
    asset_kind_field: str = "AssetKind__c"
    """Field of an Asset that tells a wallbox, a private card and a refund card from each other."""
    asset_kinds: Mapping[str, str] = field(
        default_factory=lambda: {k: v.value for k, v in DEFAULT_ASSET_KINDS.items()}
    )
    """Kinds of this org -> ours."""
    asset_review_field: str = "InstallationReview__c"
    asset_review_reason_field: str = "ReviewReason__c"
    asset_proof_hash_field: str = "InstallationProofHash__c"
    """Field of a wallbox's Asset with the SHA-256 of the proof of installation."""
    wallbox_fields: Sequence[str] = (
        "Status",
        "TariffPrice__c",
        "TariffCurrency__c",
        "TariffValidFrom__c",
        "InstallationProof__c",
        "InstallationProofHash__c",
        "InstallationProofAt__c",
    )
    """Fields of an Asset that are read back; `mappings/salesforce/wallbox_asset` writes them."""
    wallbox_assigned_event: str = "WallboxAssigned__e"
    review_event: str = "InstallationReviewed__e"
    review_map: Mapping[str, str] = field(
        default_factory=lambda: {k: v.value for k, v in DEFAULT_REVIEW_MAP.items()}
    )
    """Reviews of this org -> ours."""

    processing_seconds: float = 120.0
    """Longest time a call may still take effect after its time-out."""
    search_lag_seconds: float = 0.0
    """How long a new record may stay invisible to a read by external id."""
    calls_per_minute: int = 600
    """Most calls of all workers together while waiting work drains after an outage; at least 24.
    Salesforce counts 100,000 calls a day and more, and 25 at once that last 20 s; a tenth of it is
    left to a drain of 5,000 orders."""

    def __post_init__(self) -> None:
        """Raises `MisconfiguredError` if a word is translated into none of ours."""
        for name, known in _WORDS.items():
            words = set(getattr(self, name).values())
            if unknown := sorted(words - {word.value for word in known}):
                raise MisconfiguredError(f"salesforce.{name}: no such states {unknown}")

    @property
    def sells_wallboxes(self) -> bool:
        """Whether the org has the part for wallboxes."""
        return bool(self.wallbox_price_book_id)
