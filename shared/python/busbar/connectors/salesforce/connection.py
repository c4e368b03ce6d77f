"""A `Connection` to Salesforce: what an org has to let us do, looked at one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from busbar.connectors.clock_skew import clock_finding
from busbar.connectors.exchange import Answer, Ask
from busbar.connectors.reading import UnreadableError, json_of, rows
from busbar.connectors.salesforce.describe import SeenObject, describe
from busbar.connectors.salesforce.needs import needs_of, wallbox_needs_of
from busbar.connectors.salesforce.orders import SalesforceOrders
from busbar.connectors.salesforce.uniqueness import Keys
from busbar.connectors.salesforce.wallbox_checks import WallboxChecks
from busbar.errors import Missing
from busbar.ports.outside import Finding
from busbar.ports.runtime import Clock
from busbar.settings.salesforce import SalesforceSettings

GRANT = "Grant it to the integration user, in the permission set Busbar_Integration."


class SalesforceConnection:
    """One org. What an object says of itself is asked once.

    An org that sells no wallboxes is asked nothing about them.
    """

    names: Sequence[str] = (
        "login",
        "clock",
        "api_version",
        "orders",
        "order_items",
        "assets",
        "products",
        "reference_unique",
        "offer",
        "events",
    )

    def __init__(
        self, settings: SalesforceSettings, orders: SalesforceOrders, clock: Clock
    ) -> None:
        self._settings = settings
        self._orders = orders
        self._client = orders.client
        self._clock = clock
        self._needs = needs_of(settings)
        self._seen: dict[str, SeenObject | None] = {}
        self._wallboxes = WallboxChecks(settings, orders.client, self._describe)
        if settings.sells_wallboxes:
            needs = wallbox_needs_of(settings)
            self._needs |= needs
            self.names = (*self.names, *needs, *self._wallboxes.names)

    def close(self) -> None:
        """Close all connections."""
        self._orders.close()

    def check(self, name: str, timeout: float) -> Finding:
        """See `Connection.check`."""
        if name in self._needs:
            return self._rights(name, timeout)
        if name in self._wallboxes.names:
            return self._wallboxes.check(name, timeout)
        checks: dict[str, Callable[[float], Finding]] = {
            "login": self._login,
            "clock": self._on_time,
            "api_version": self._api_version,
            "reference_unique": self._reference_unique,
            "offer": self._offer,
            "events": self._events,
        }
        return checks[name](timeout)

    def _login(self, timeout: float) -> Finding:
        self._client.log_in(self._client.budget(timeout))
        return Finding("login", "ok", "ok", "A token was given for the client credentials.")

    def _on_time(self, timeout: float) -> Finding:
        sent = self._clock.now()
        _, answer = self._versions(timeout)
        return clock_finding(answer.headers, sent, self._clock.now(), answer.request_id)

    def _api_version(self, timeout: float) -> Finding:
        ours = self._settings.api_version
        ask, answer = self._versions(timeout)
        try:
            known = [str(row.get("version")) for row in rows(json_of(answer.body), "body")]
        except UnreadableError as error:
            raise self._client.unreadable(ask, error, answer) from None
        if ours in known:
            detail = f"API version {ours} is there."
            return Finding("api_version", "ok", "ok", detail, answer.request_id)
        detail = (
            f"API version {ours} is not among those of this org. Set api_version to one that is."
        )
        return Finding("api_version", "failed", "missing", detail, answer.request_id)

    def _versions(self, timeout: float) -> tuple[Ask, Answer]:
        ask = Ask("versions", "GET", "/services/data")
        return ask, self._client.call(ask, self._client.budget(timeout))

    def _rights(self, name: str, timeout: float) -> Finding:
        needs = self._needs[name]
        seen = self._describe(needs.sobject, timeout)
        request_id = seen.request_id if seen else ""
        lacking = "; ".join(needs.lacking(seen))
        if lacking:
            return Finding(name, "failed", "rights", f"{lacking}. {GRANT}", request_id)
        detail = f"{needs.sobject} and its fields can be used as the settings name them."
        return Finding(name, "ok", "ok", detail, request_id)

    def _describe(self, sobject: str, timeout: float) -> SeenObject | None:
        if sobject not in self._seen:
            self._seen[sobject] = describe(self._client, sobject, timeout)
        return self._seen[sobject]

    def _reference_unique(self, timeout: float) -> Finding:
        settings = self._settings
        fields = (
            (settings.order_object, settings.order_reference_field),
            (settings.item_object, settings.item_reference_field),
        )
        keys = Keys("mode", settings.mode, fields, "orders")
        return keys.finding("reference_unique", lambda name: self._describe(name, timeout / 2))

    def _offer(self, timeout: float) -> Finding:
        product = self._settings.product_code
        try:
            self._orders.read_offer(timeout)
        except Missing as error:
            detail = (
                f"No active price book entry of product {product} can be seen. Activate product, "
                "price book and entry, or mend product_code and price_book_id."
            )
            return Finding("offer", "failed", "missing", detail, error.request_id)
        return Finding("offer", "ok", "ok", f"Product {product} has a price that can be ordered.")

    def _events(self, timeout: float) -> Finding:
        events = (self._settings.assigned_event, self._settings.status_event)
        gone = [name for name in events if self._describe(name, timeout / 2) is None]
        if gone:
            detail = (
                f"{', '.join(gone)} does not exist or is not visible. Deploy our metadata, or mend "
                "assigned_event and status_event."
            )
            return Finding("events", "failed", "missing", detail)
        detail = f"{', '.join(events)} exist. Whether the relay hands them on, only an event shows."
        return Finding("events", "ok", "ok", detail)
