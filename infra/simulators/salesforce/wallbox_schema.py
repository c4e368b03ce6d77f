"""What the simulated org has for orders of wallboxes, besides what every org of ours has.

All of it is ours, and so assumed of a tenant, but for the standard fields `Phone`, `Family` and
`Product2Id`, the addresses and the standard object Contract (documented).
"""

from __future__ import annotations

from infra.simulators.salesforce.fields import (
    Field,
    address,
    described,
    event,
    lookup,
    reference,
    yes,
)

WALLBOX, PRIVATE_CARD, REFUND_CARD = KINDS = ("wallbox", "private", "refund")
"""Values of `Asset.AssetKind__c`: what an Asset is to the driver who ordered."""
TO_REVIEW, APPROVED, RETURNED = REVIEWS = ("Zu prüfen", "Abgeschlossen", "Zurückgewiesen")
"""Values of `Asset.InstallationReview__c`."""
FAMILY = "Wallbox"
"""`Product2.Family` of a wallbox; anything else in its price book goes with one."""
CONTRACT_STATUSES = ("Aktiv", "Storniert")

ACCOUNT = (
    Field("Phone", length=40),
    Field("ContactEmail__c", length=80),
    Field("GpNumber__c", length=10),
    Field("SapContractNumber__c", length=20),
    yes("BusbarActive__c", default=True),
    *address("Shipping"),
)
PRODUCT = (
    Field("Family", "picklist", values=(FAMILY, "Zubehör")),
    Field("TaxRate__c", "double"),
)
ORDER = (
    lookup("SharedContract__c", "SharedContract__c", "SharedContract__r"),
    *address("Installation", "__c"),
)
ASSET = (
    lookup("Product2Id", "Product2", "Product2"),
    Field("AssetKind__c", "picklist", values=KINDS),
    Field("TariffPrice__c", "double"),
    Field("TariffCurrency__c", length=3),
    Field("TariffValidFrom__c", "date"),
    Field("InstallationProof__c", length=255),
    Field("InstallationProofHash__c", length=64),
    Field("InstallationProofAt__c", "datetime"),
    Field("InstallationReview__c", "picklist", values=REVIEWS),
    Field("ReviewReason__c", length=255),
)
OBJECTS = (
    # Clerks keep the contract of the sub-CPO; no program makes one.
    described(
        "Contract",
        "800",
        Field("ContractNumber", length=30),
        lookup("AccountId", "Account", "Account", required=True),
        Field("Status", "picklist", required=True, values=("Draft", "Activated")),
        Field("StartDate", "date"),
        writable=False,
    ),
    described(
        "SharedContract__c",
        "a00",
        Field("Name", length=80, createable=False, updateable=False),
        reference(),
        lookup("Account__c", "Account", "Account__r", required=True),
        Field("SapContractNumber__c", length=20, required=True),
        lookup("WallboxContract__c", "Contract", "WallboxContract__r"),
        Field("Status__c", "picklist", required=True, values=CONTRACT_STATUSES),
    ),
)
EVENTS = (
    event("WallboxAssigned__e", "AssetId__c", "AssetKind__c", "SerialNumber__c", "CardId__c"),
    event("InstallationReviewed__e", "AssetId__c", "Review__c", "ReviewReason__c", "ProofHash__c"),
)
