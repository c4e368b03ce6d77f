"""The outside systems of one org, each connected, and imported, at first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from busbar.errors import MisconfiguredError
from busbar.observability import correlation_id

if TYPE_CHECKING:
    from busbar.connectors.energised.cards import EnergisedCards
    from busbar.connectors.energised.cpo import CpoClient
    from busbar.connectors.reach import Reach
    from busbar.connectors.salesforce.orders import SalesforceOrders
    from busbar.ports.energised import ChargePoints, ChargingBackend, ContactBook, Registration
    from busbar.ports.outside import Connection, Gate
    from busbar.ports.salesforce import OrderSystem, WallboxSales
    from busbar.ports.sap import PartnerSystem
    from busbar.settings.energised import EnergisedSettings
    from busbar.settings.function import OrgSettings
    from busbar.settings.salesforce import SalesforceSettings
    from busbar.settings.sap import SapSettings
    from busbar.wiring.clients import Clients


class OrgSystems:
    """The outside systems of one org, each connected at first use. Implements `ports.Systems`."""

    def __init__(
        self, org: OrgSettings, clients: Clients, gate_of: Callable[[str, int], Gate]
    ) -> None:
        self._org = org
        self._clients = clients
        self._gate_of = gate_of
        self._gates: dict[str, Gate] = {}
        self._salesforce: SalesforceOrders | None = None
        self._wallbox_sales: WallboxSales | None = None
        self._energised: ChargingBackend | None = None
        self._contacts: ContactBook | None = None
        self._sap: PartnerSystem | None = None
        self._stations: ChargePoints | None = None
        self._registration: Registration | None = None

    @property
    def salesforce(self) -> OrderSystem:
        """Salesforce. Raises `MisconfiguredError` if the function was not given it."""
        return self._salesforce_orders()

    def _salesforce_orders(self) -> SalesforceOrders:
        if self._salesforce is None:
            from busbar.connectors.salesforce.orders import (  # noqa: PLC0415  (import cost)
                SalesforceOrders,
            )

            settings = self._org.salesforce
            if settings is None:
                raise MisconfiguredError("BUSBAR_ORGS names no salesforce for this function")
            self._salesforce = SalesforceOrders(settings, self._reach("salesforce", settings))
        return self._salesforce

    @property
    def wallbox_sales(self) -> WallboxSales:
        """The wallboxes of Salesforce, under the login of its orders.

        Raises `MisconfiguredError` as `salesforce` does, or if the org sells none.
        """
        if self._wallbox_sales is None:
            from busbar.connectors.salesforce import wallbox_sales  # noqa: PLC0415  (import cost)

            client = self._salesforce_orders().client
            settings = self._org.salesforce
            if settings is None or not settings.sells_wallboxes:
                raise MisconfiguredError("wallbox_price_book_id of salesforce is not set")
            self._wallbox_sales = wallbox_sales.SalesforceWallboxSales(settings, client)
        return self._wallbox_sales

    def _reach(
        self,
        system: str,
        settings: SalesforceSettings | EnergisedSettings | SapSettings,
        *,
        gated: bool = True,
    ) -> Reach:
        """What every connector is given besides its settings."""
        from busbar.connectors.reach import Reach  # noqa: PLC0415  (import cost)
        from busbar.wiring.secret_cache import SecretCache  # noqa: PLC0415

        return Reach(
            SecretCache(self._clients, settings.secret_id, system),
            self._clients.clock,
            correlation_id,
            self._clients.transports.get(settings.base_url),
            self._clients.monotonic,
            self._gate(system, settings.calls_per_minute) if gated else None,
        )

    @property
    def energised(self) -> ChargingBackend:
        """be.ENERGISED. Raises `MisconfiguredError` if the function was not given it."""
        if self._energised is None:
            self._energised = self._tenant(self._of_energised())
        return self._energised

    @property
    def contacts(self) -> ContactBook:
        """The contacts of be.ENERGISED. Raises `MisconfiguredError` as `energised` does."""
        if self._contacts is None:
            from busbar.connectors.energised import contacts  # noqa: PLC0415

            settings = self._of_energised()
            self._contacts = contacts.EnergisedContacts(settings, self._tenant(settings))
        return self._contacts

    @property
    def sap(self) -> PartnerSystem:
        """SAP. Raises `MisconfiguredError` if the function was not given it."""
        if self._sap is None:
            from busbar.connectors.sap.system import SapSystem  # noqa: PLC0415  (import cost)

            settings = self._org.sap
            if settings is None:
                raise MisconfiguredError("BUSBAR_ORGS names no sap for this function")
            self._sap = SapSystem(settings, self._reach("sap", settings))
        return self._sap

    @property
    def stations(self) -> ChargePoints:
        """The stations of be.ENERGISED. Raises `MisconfiguredError` as `energised` does."""
        if self._stations is None:
            from busbar.connectors.energised import stations  # noqa: PLC0415

            settings = self._of_energised()
            self._stations = stations.EnergisedStations(settings, self._cpo(settings))
        return self._stations

    @property
    def registration(self) -> Registration:
        """Fleet `register` of be.ENERGISED. Raises `MisconfiguredError` as `energised` does."""
        if self._registration is None:
            from busbar.connectors.energised import register  # noqa: PLC0415

            settings = self._of_energised()
            tenant = self._tenant(settings)
            self._registration = register.EnergisedRegistration(settings, tenant)
        return self._registration

    def _of_energised(self) -> EnergisedSettings:
        if self._org.energised is None:
            raise MisconfiguredError("BUSBAR_ORGS names no energised for this function")
        return self._org.energised

    def _tenant(self, settings: EnergisedSettings, *, gated: bool = True) -> EnergisedCards:
        """A connector to the legacy REST API of be.ENERGISED."""
        from busbar.connectors.energised.cards import (  # noqa: PLC0415  (import cost)
            EnergisedCards,
        )

        return EnergisedCards(settings, self._reach("energised", settings, gated=gated))

    def _cpo(self, settings: EnergisedSettings, *, gated: bool = True) -> CpoClient:
        """A connector to the CPO API of be.ENERGISED, whose tokens come from another host."""
        from busbar.connectors.energised import cpo  # noqa: PLC0415  (import cost)

        login = self._clients.transports.get(cpo.split_url(settings.cpo_token_url)[0])
        return cpo.CpoClient(settings, self._reach("energised", settings, gated=gated), login)

    def connection(self, system: str) -> Connection | None:
        """See `ports.Systems.connection`: its own connector, so that nothing of it is cached.

        It passes no gate: a person wants to know now whether the system is there.
        """
        if system == "salesforce" and self._org.salesforce:
            from busbar.connectors.salesforce import connection, orders  # noqa: PLC0415

            of = self._org.salesforce
            made = orders.SalesforceOrders(of, self._reach(system, of, gated=False))
            return connection.SalesforceConnection(of, made, self._clients.clock)
        if system == "energised" and self._org.energised:
            from busbar.connectors.energised import connection as tenant  # noqa: PLC0415

            own = self._org.energised
            return tenant.EnergisedConnection(
                own,
                self._tenant(own, gated=False),
                self._cpo(own, gated=False),
                self._clients.clock,
            )
        if system == "sap" and self._org.sap:
            return self._sap_connection(self._org.sap)
        return None

    def _sap_connection(self, settings: SapSettings) -> Connection:
        from busbar.connectors.sap import connection, system  # noqa: PLC0415  (import cost)

        made = system.SapSystem(settings, self._reach("sap", settings, gated=False))
        return connection.SapConnection(settings, made, self._clients.clock)

    def is_down(self, system: str) -> bool:
        """Whether a system that was called here is known to be down."""
        return system in self._gates and self._gates[system].is_open()

    def _gate(self, system: str, per_minute: int) -> Gate:
        if system not in self._gates:
            self._gates[system] = self._gate_of(system, per_minute)
        return self._gates[system]
