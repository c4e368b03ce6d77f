"""SAP as one object: `handle(Request) -> Response`."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from infra.simulators.messages import Request, Response
from infra.simulators.routing import Route
from infra.simulators.sap import clerk, shown
from infra.simulators.sap.addresses import plain
from infra.simulators.sap.api import service_routes
from infra.simulators.sap.contract_rules import contract_rules
from infra.simulators.sap.contract_service import ContractNames, contract_service
from infra.simulators.sap.desk import Desk
from infra.simulators.sap.edm import ROOT
from infra.simulators.sap.failures import SapError, no_segment, not_allowed
from infra.simulators.sap.own_faults import own_faults
from infra.simulators.sap.partner_rules import PARTNER_RULES
from infra.simulators.sap.partner_service import partner_service
from infra.simulators.sap.rows import Row, Rows
from infra.simulators.sap.sample_rows import sample_rows
from infra.simulators.sap.sessions import Sessions, basic
from infra.simulators.sap.tenant import KNOBS, SapSettings, Tenant
from infra.simulators.simulator import FaultKind, Now, Simulator, Table

_HTML = {"content-type": "text/html;charset=utf-8"}
_READS = {"GET", "HEAD"}


class SapSimulator(Simulator):
    """One SAP client with the business partner service and a tenant's contract service.

    `user` and `password` are those of the communication user (HTTP Basic). `names` are the tenant's
    for contracts. `options` are further fields of `SapSettings`, e.g. `partner_reference`, `roles`,
    and of `KNOBS`, e.g. `unique_references`; those can be set at any time (`simulator.tenant`).
    """

    name = "SAP"

    def __init__(
        self,
        now: Now,
        user: str,
        password: str,
        *,
        names: ContractNames | None = None,
        **options: Any,
    ) -> None:
        knobs = {name: value for name, value in options.items() if name in KNOBS}
        rest = {name: value for name, value in options.items() if name not in KNOBS}
        settings = SapSettings(user, password, **rest)
        self.names = names or ContractNames()
        partners = partner_service(settings.partner_service, settings.partner_reference)
        contracts = contract_service(self.names, etags=settings.contract_etags)
        rules = PARTNER_RULES | contract_rules(self.names, contracts.sets[0])
        rows = Rows([*partners.sets, *contracts.sets])
        self.tenant = Tenant(settings, self.now, rows, rules, **knobs)
        self._start = {name: getattr(self.tenant, name) for name in KNOBS}
        self.sessions = Sessions(
            self.now,
            f"SAP_SESSIONID_{settings.system}_{settings.client}",
            settings.client,
            settings.session_seconds,
        )
        desks = [Desk(service, self.tenant) for service in (partners, contracts)]
        self._desks = {s.name: desk for desk in desks for s in desk.service.sets}
        self._loaded: Callable[[], None] | None = None
        routes = [route for desk in desks for route in service_routes(desk)]
        super().__init__(now, [*routes, *clerk.CLERK.bind(self._desks)])

    # --- data and clerks -----------------------------------------------------------------------

    def load(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Take rows over as they are: set -> rows with their keys, values as `values.py` keeps
        them."""
        with self.working():
            for entity_set in self.tenant.rows.sets:
                self.tenant.load(entity_set, rows.get(entity_set.name, ()))

    def load_sample(self) -> None:
        """Load the sample companies as partners; reset returns here."""
        self.load(sample_rows())
        self._loaded = self.load_sample

    def reset(self) -> None:
        """Start again: the sample data if it was loaded, the settings of the start, no sessions."""
        with self.working():
            super().reset()
            self.tenant.clear()
            self.sessions.end()
            for name, value in self._start.items():
                setattr(self.tenant, name, value)
            if self._loaded:
                self._loaded()

    def dump(self) -> dict[str, Any]:
        """Rows, numbers given so far, settings that can be changed."""
        return self.tenant.dump()

    def restore(self, dumped: Mapping[str, Any]) -> None:
        """Hold what was dumped."""
        with self.working():
            super().reset()
            self.sessions.end()
            self.tenant.restore(dumped)

    def records(self, name: str) -> list[Row]:
        """All rows of a set, as copies, without what only the simulator knows of them."""
        with self.working():
            rows = self.tenant.rows.all(name)
            return [{k: v for k, v in row.items() if not k.startswith("_")} for row in rows]

    def enter(self, name: str, **fields: Any) -> Row:
        """A clerk enters a row of a set, with what stands inside it. Raises `SapError`."""
        with self.working():
            return dict(clerk.enter(self._desks, name, fields))

    def change(self, name: str, number: str, **fields: Any) -> Row:
        """A clerk changes a partner, contract account or contract. Raises `SapError`."""
        with self.working():
            return dict(clerk.change(self._desks, name, number, fields))

    def rotate_password(self, password: str) -> None:
        """An administrator gives the communication user another password; sessions go on."""
        with self.working():
            self.tenant.settings = replace(self.tenant.settings, password=password)

    # --- the simulator -------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one call, however its path is encoded."""
        if "%" in request.path:
            request = replace(request, path=plain(request.path))
        return super().handle(request)

    def guard(self, request: Request, route: Route) -> Response | None:  # noqa: ARG002
        """401 without the communication user, 403 for a write without token and cookies."""
        if not self._known(request):
            return _unauthorised(self.tenant.settings)
        if request.method in _READS or self.sessions.allows(request):
            return None
        return Response(
            403,
            b"CSRF token validation failed",
            {"content-type": "text/plain;charset=utf-8", "x-csrf-token": "Required"},
        )

    def no_route(self, request: Request, allowed: Sequence[str]) -> Response:
        """405 where the path has other methods, 403 for a service that is not there, else 404."""
        if not self._known(request):
            return _unauthorised(self.tenant.settings)
        below = request.path.removeprefix(ROOT).strip("/").split("/")[0]
        occasion = self.tenant.occasion(below)
        if allowed:
            return not_allowed(request.method, request.path).shown(occasion)
        if not request.path.startswith(f"{ROOT}/"):
            return Response(404, b"<html><body>Not found</body></html>", _HTML)
        if any(desk.service.name == below for desk in self._desks.values()):
            return no_segment(request.path.rpartition("/")[2]).shown(occasion)
        message = f"No service found for namespace '', name '{below}', version '0001'"
        return SapError("/IWFND/MED/170", message, status=403).shown(occasion)

    def finish(self, request: Request, response: Response) -> Response:
        """OData's version, and the token and cookies for who fetches them."""
        headers = dict(response.headers)
        if headers.get("content-type", "").startswith(("application/", "multipart/")):
            headers["dataserviceversion"] = "2.0"
        fetches = request.headers.get("x-csrf-token", "").lower() == "fetch"
        cookies: tuple[str, ...] = ()
        if fetches and request.method in _READS and response.status != 401:
            headers["x-csrf-token"], cookies = self.sessions.fetched(request)
        body = b"" if request.method == "HEAD" else response.body
        return Response(response.status, body, headers, response.cut, cookies)

    def own_faults(self) -> Mapping[str, FaultKind]:
        """See `own_faults.py`."""
        return own_faults(self.tenant, self.sessions)

    def _known(self, request: Request) -> bool:
        settings, (user, password) = self.tenant.settings, basic(request)
        right_user = hmac.compare_digest(user.encode(), settings.user.encode())
        return right_user and hmac.compare_digest(password.encode(), settings.password.encode())

    def state(self) -> dict[str, Any]:
        """The settings that can be changed, and every row by set."""
        knobs = {name: getattr(self.tenant, name) for name in KNOBS}
        return {**knobs, "rows": shown.state(self.tenant.rows)}

    def tables(self) -> list[Table]:
        """Partners and what belongs to them, contract accounts and contracts, latest first."""
        return shown.tables(self.tenant.rows, self.names, self.tenant.settings.partner_reference)


def _unauthorised(settings: SapSettings) -> Response:
    realm = f"SAP NetWeaver Application Server [{settings.system}/{settings.client}]"
    body = b"<html><head><title>Logon failed</title></head><body>Logon failed</body></html>"
    return Response(401, body, {**_HTML, "www-authenticate": f'Basic realm="{realm}"'})
