"""How a use case gets to the outside systems of its org."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from busbar.ports.energised import ChargePoints, ChargingBackend, ContactBook, Registration
    from busbar.ports.outside import Connection
    from busbar.ports.salesforce import OrderSystem, WallboxSales
    from busbar.ports.sap import PartnerSystem


class Systems(Protocol):
    """The outside systems of one org."""

    @property
    def salesforce(self) -> OrderSystem: ...

    @property
    def wallbox_sales(self) -> WallboxSales: ...

    @property
    def energised(self) -> ChargingBackend: ...

    @property
    def sap(self) -> PartnerSystem: ...

    def connection(self, system: str) -> Connection | None:
        """A fresh connection to a system by its name, e.g. `salesforce`; None if the org has no
        such system."""
        ...

    def is_down(self, system: str) -> bool:
        """Whether a system that was called here is known to be down."""
        ...

    @property
    def contacts(self) -> ContactBook: ...

    @property
    def stations(self) -> ChargePoints: ...

    @property
    def registration(self) -> Registration: ...
