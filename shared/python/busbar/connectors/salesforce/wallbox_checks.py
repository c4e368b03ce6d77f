"""What an org that sells wallboxes has to let us do besides, looked at one by one."""

from __future__ import annotations

from collections.abc import Callable

from busbar.connectors.salesforce.client import SalesforceClient
from busbar.connectors.salesforce.describe import SeenObject
from busbar.connectors.salesforce.rows import row_ask
from busbar.connectors.salesforce.uniqueness import Keys
from busbar.connectors.salesforce.wallbox_sales import SalesforceWallboxSales
from busbar.domain.wallbox_products import WallboxProduct
from busbar.errors import Missing
from busbar.ports.outside import Finding
from busbar.settings.salesforce import SalesforceSettings

Describe = Callable[[str, float], SeenObject | None]


class WallboxChecks:
    """The checks of the wallbox part that are no rights on an object (see `needs.py`)."""

    names = ("wallbox_references", "wallbox_contract", "wallbox_offer", "wallbox_events")

    def __init__(
        self, settings: SalesforceSettings, client: SalesforceClient, describe: Describe
    ) -> None:
        self._settings = settings
        self._client = client
        self._describe = describe
        self._sales = SalesforceWallboxSales(settings, client)

    def check(self, name: str, timeout: float) -> Finding:
        """See `Connection.check`."""
        checks: dict[str, Callable[[float], Finding]] = {
            "wallbox_references": self._references,
            "wallbox_contract": self._contract,
            "wallbox_offer": self._offer,
            "wallbox_events": self._events,
        }
        return checks[name](timeout)

    def _references(self, timeout: float) -> Finding:
        settings = self._settings
        account = (settings.account_object, settings.account_reference_field)
        contract = (settings.shared_contract_object, settings.shared_contract_reference_field)
        both = (
            Keys("account_mode", settings.account_mode, (account,), "accounts"),
            Keys(
                "shared_contract_mode",
                settings.shared_contract_mode,
                (contract,),
                "shared contracts",
            ),
        )

        def seen(sobject: str) -> SeenObject | None:
            return self._describe(sobject, timeout / 2)

        first, second = (keys.finding("wallbox_references", seen) for keys in both)
        if {first.state, second.state} == {"ok"}:
            return Finding(first.name, "ok", "ok", f"{first.detail} {second.detail}")
        return min((first, second), key=lambda f: ("failed", "warning", "ok").index(f.state))

    def _contract(self, timeout: float) -> Finding:
        name, contract_id = "wallbox_contract", self._settings.wallbox_contract_id
        if not contract_id:
            detail = (
                "wallbox_contract_id is not set: shared contracts will refer to no contract of a "
                "sub-CPO."
            )
            return Finding(name, "warning", "no_contract", detail)
        ask = row_ask(self._client, "read_contract", "Contract", contract_id, ["Id"])
        try:
            self._client.read(ask, self._client.budget(timeout))
        except Missing as error:
            detail = (
                f"Contract {contract_id} does not exist or is not visible. Mend "
                "wallbox_contract_id, or let the integration user read it."
            )
            return Finding(name, "failed", "missing", detail, error.request_id)
        return Finding(name, "ok", "ok", f"Contract {contract_id} is there.")

    def _offer(self, timeout: float) -> Finding:
        name = "wallbox_offer"
        listed = list(self._sales.listed_products(timeout))
        broken = [product for product in listed if not isinstance(product, WallboxProduct)]
        if len(broken) == len(listed):
            detail = (
                f"{_told(broken)}Price book {self._settings.wallbox_price_book_id} has no active "
                "entry of an active product that can be ordered. Mend it, or "
                "wallbox_price_book_id."
            )
            return Finding(name, "failed", "missing", detail)
        if broken:
            detail = f"{_told(broken)}They are not offered."
            return Finding(name, "warning", "incomplete", detail)
        return Finding(name, "ok", "ok", f"{len(listed)} products can be ordered.")

    def _events(self, timeout: float) -> Finding:
        events = (self._settings.wallbox_assigned_event, self._settings.review_event)
        gone = [name for name in events if self._describe(name, timeout / 2) is None]
        if gone:
            detail = (
                f"{', '.join(gone)} does not exist or is not visible. Deploy our metadata for "
                "wallboxes, or mend wallbox_assigned_event and review_event."
            )
            return Finding("wallbox_events", "failed", "missing", detail)
        detail = f"{', '.join(events)} exist. Whether the relay hands them on, only an event shows."
        return Finding("wallbox_events", "ok", "ok", detail)


def _told(broken: list[str]) -> str:
    """Products and what they lack, at most ten."""
    return f"Products without what an order needs: {'; '.join(broken[:10])}. " if broken else ""
