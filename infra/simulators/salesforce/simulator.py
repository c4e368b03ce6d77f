"""Salesforce as one object: `handle(Request) -> Response`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from infra.simulators import sample
from infra.simulators.faults import Fault
from infra.simulators.messages import Request, Response
from infra.simulators.routing import Route
from infra.simulators.salesforce import clerk
from infra.simulators.salesforce.api import API
from infra.simulators.salesforce.clerk_routes import CLERK
from infra.simulators.salesforce.events import EventDesk, Publish
from infra.simulators.salesforce.failures import ApiError, not_found
from infra.simulators.salesforce.oauth import OAUTH
from infra.simulators.salesforce.org import Org, OrgSettings
from infra.simulators.salesforce.sample_rows import sample_rows
from infra.simulators.salesforce.schema import schemas
from infra.simulators.salesforce.table_rows import Row
from infra.simulators.simulator import FaultKind, Now, Proceed, Simulator, Table

_SHOWN = ("Order", "OrderItem", "Asset", "Account", "Product2", "PricebookEntry")
_HIDDEN = {"CreatedDate", "SystemModstamp"}


def _nowhere(_envelope: dict[str, Any]) -> None:
    """Events go nowhere unless a publisher is given; `events.sent` shows them."""


class SalesforceSimulator(Simulator):
    """One Salesforce org.

    `publish` gets every platform event in the shape of EventBridge, outside the simulator's lock,
    or `webhook` does while `events.by_webhook` is set;
    `non_unique` names external ids whose uniqueness is off, e.g. `Order.BusbarReference__c`;
    `settings` are further fields of `OrgSettings`, e.g. `token_seconds`, `api_limit`.
    """

    name = "Salesforce"

    def __init__(
        self,
        now: Now,
        *,
        event_source: str,
        client_id: str,
        client_secret: str,
        publish: Publish | None = None,
        webhook: Publish | None = None,
        non_unique: Iterable[str] = (),
        **settings: Any,
    ) -> None:
        chosen = OrgSettings(client_id, client_secret, **settings)
        self.events = EventDesk(publish or _nowhere, event_source, self.now, chosen.user_id)
        self.events.webhook = webhook
        self.org = Org(chosen, self.now, schemas(non_unique), self.events)
        self._loaded: Callable[[], None] | None = None
        org = self.org
        super().__init__(now, [*OAUTH.bind(org), *API.bind(org), *CLERK.bind(org)])

    # --- data and clerks -----------------------------------------------------------------------

    def load(self, records: Mapping[str, Iterable[Row]]) -> None:
        """Take rows over as they are: object name -> rows with `Id`."""
        with self.working():
            self.org.load(records)

    def load_sample(self, cards: int = sample.CARDS) -> None:
        """Load the sample companies, product and `cards` blank cards; reset returns here."""
        self.load(sample_rows(cards))
        self._loaded = lambda: self.load_sample(cards)

    def reset(self) -> None:
        """Start again: the sample data if it was loaded, no logins, no faults, no events."""
        with self.working():
            super().reset()
            self.org.clear()
            if self._loaded:
                self._loaded()

    def dump(self) -> dict[str, Any]:
        """Rows, ids given so far, quota used, events."""
        return self.org.dump()

    def restore(self, dumped: Mapping[str, Any]) -> None:
        """Hold what was dumped; events that could not be published go out now."""
        with self.working():
            super().reset()
            self.org.restore(dumped)

    def rotate_secret(self, secret: str) -> None:
        """An administrator gives the app another client secret; who is logged in stays so."""
        with self.working():
            self.org.settings = replace(self.org.settings, client_secret=secret)

    def records(self, sobject: str) -> list[Row]:
        """All rows of an object, as copies."""
        with self.working():
            return [dict(row) for row in self.org.rows.all(self.org.object(sobject).name)]

    def order(self, name: str) -> Row:
        """An order by our reference, order number or id. Raises `ClerkError`."""
        with self.working():
            return dict(clerk.find_order(self.org, name))

    def enter_order(self, reference: str, account_id: str, quantity: int) -> Row:
        """A clerk enters an order by hand, with our reference and one item."""
        with self.working():
            return dict(clerk.enter_order(self.org, reference, account_id, quantity))

    def delete_order(self, order: str) -> None:
        """A clerk deletes an order, with its items."""
        with self.working():
            clerk.delete_order(self.org, order)

    def assign_cards(
        self, order: str, quantity: int | None = None, asset_ids: Sequence[str] = ()
    ) -> list[str]:
        """A clerk assigns blank cards (see `clerk.assign_cards`); the ids of their Assets."""
        with self.working():
            return clerk.assign_cards(self.org, order, quantity, asset_ids)

    def announce_cards(self, order: str) -> list[str]:
        """A clerk has the events of an order's cards sent again; the ids of their Assets."""
        with self.working():
            return clerk.announce_cards(self.org, order)

    def set_order_status(self, order: str, status: str, **delivery: Any) -> None:
        """A clerk sets the status (see `clerk.set_status` for `delivery`)."""
        with self.working():
            clerk.set_status(self.org, order, status, **delivery)

    def release_events(self, order: Sequence[int] | None = None) -> int:
        """Send held events, all or those at positions `order` in that order; how many."""
        with self.working():
            return self.events.release(order)

    # --- the simulator -------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one call. While it still holds its accounts, others come in (see `locks`)."""
        locks = self.org.locks
        with self.working():
            locks.begin()
            response = super().handle(request)
            call, seconds = locks.end()
        locks.hold(call, seconds)
        return response

    def guard(self, request: Request, route: Route) -> Response | None:
        """Refuse without a valid token (401) or above the daily quota (403)."""
        if route.operation in {"token", "list_versions"}:
            return None
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme not in {"Bearer", "OAuth"} or not self.org.knows(token.strip()):
            message = "Session expired or invalid"
            return ApiError("INVALID_SESSION_ID", message, status=401, of_row=False).response()
        return None if self.org.count_call() else _quota_used_up()

    def no_route(self, request: Request, allowed: Sequence[str]) -> Response:
        """404, or 405 where the path has other methods."""
        if not allowed:
            return not_found().response()
        message = f"HTTP Method '{request.method}' not allowed. Allowed are {','.join(allowed)}"
        return ApiError("METHOD_NOT_ALLOWED", message, status=405, of_row=False).response()

    def finish(self, request: Request, response: Response) -> Response:
        """Every answer of the REST API tells how much of the quota is used."""
        if not request.path.startswith("/services/data/v"):
            return response
        return response.with_header("sforce-limit-info", self.org.usage)

    def flush(self) -> None:
        """Publish the events of the call."""
        self.events.flush()

    def own_faults(self) -> Mapping[str, FaultKind]:
        """`lock_row`, `quota`, `expired_token`, `page_clamp`, `search_lag`, `schema` (`body`)."""

        def locked(fault: Fault, _request: Request, proceed: Proceed) -> Response:
            self.org.lock_at = fault.number
            try:
                return proceed()
            finally:
                self.org.lock_at = 0

        def expired(_fault: Fault, _request: Request, proceed: Proceed) -> Response:
            self.org.tokens.clear()
            return proceed()

        def clamped(fault: Fault, _request: Request, proceed: Proceed) -> Response:
            before, self.org.page_clamp = self.org.page_clamp, fault.number
            try:
                return proceed()
            finally:
                self.org.page_clamp = before

        def lagging(fault: Fault, _request: Request, proceed: Proceed) -> Response:
            before, self.org.search_lag = self.org.search_lag, fault.seconds
            try:
                return proceed()
            finally:
                self.org.search_lag = before

        def redefined(fault: Fault, _request: Request, proceed: Proceed) -> Response:
            before, self.org.schemas = self.org.schemas, schemas(**fault.body)
            try:
                return proceed()
            finally:
                self.org.schemas = before

        return {
            "schema": redefined,
            "lock_row": locked,
            "search_lag": lagging,
            "quota": lambda _fault, request, _proceed: self.finish(request, _quota_used_up()),
            "expired_token": expired,
            "page_clamp": clamped,
        }

    def state(self) -> dict[str, Any]:
        """Every row by object, and the events."""
        rows = {o.name: list(self.org.rows.all(o.name)) for o in self.org.schemas.values()}
        events = {"held": self.events.held, "sent": list(self.events.sent)}
        return {"rows": rows, "events": events, "usage": self.org.usage}

    def tables(self) -> list[Table]:
        """The objects, latest change first, and the events."""
        return [
            *map(self._table, _SHOWN),
            _event_table("Events held back", self.events.held),
            _event_table("Events sent", list(self.events.sent)[::-1]),
        ]

    def _table(self, name: str) -> Table:
        columns = [f.name for f in self.org.object(name).fields if f.name not in _HIDDEN]
        rows = sorted(
            self.org.rows.all(name), key=lambda r: str(r["LastModifiedDate"]), reverse=True
        )
        return Table(name, columns, [[row[c] for c in columns] for row in rows])


def _quota_used_up() -> Response:
    message = "TotalRequests Limit exceeded."
    return ApiError("REQUEST_LIMIT_EXCEEDED", message, status=403, of_row=False).response()


def _event_table(title: str, events: Sequence[dict[str, Any]]) -> Table:
    rows = [[e["time"], e["detail-type"], e["id"], e["detail"]["payload"]] for e in events]
    return Table(title, ["Time", "Event", "Id", "Payload"], rows)
