"""The test records of one probe in a Salesforce sandbox: made, found again, and taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from busbar.connectors.exchange import Answer, Ask, path_segment
from busbar.connectors.reading import json_of, members, rows
from busbar.connectors.salesforce.orders import SalesforceOrders
from busbar.connectors.salesforce.soql import literal
from busbar.domain.identifiers import derived_id, reference
from busbar.errors import Missing, Unknown, UpstreamError
from busbar.ports.outside import Mapper
from busbar.settings.salesforce import SalesforceSettings

KIND = "ZZ"
"""Of references of test records: `BBZZ…` is nothing that anybody ordered."""
CALL_SECONDS = 20.0
ADDRESS = {
    "name": "Busbar Probe",
    "street": "Testweg",
    "house_number": "1",
    "postal_code": "26121",
    "city": "Oldenburg",
    "country": "DE",
}
Json = dict[str, Any]


class ProbeError(Exception):
    """The probe cannot go on. The text says what to do."""


class Sandbox:
    """One org, in which this run makes records. `run` tells its references from other runs'."""

    def __init__(
        self, settings: SalesforceSettings, orders: SalesforceOrders, mapper: Mapper, run: str
    ) -> None:
        self.settings = settings
        self._orders = orders
        self._client = orders.client
        self._mapper = mapper
        self._run = run
        self._made: list[str] = []
        self._references: list[str] = []
        self._unanswered: list[str] = []
        self._account = ""
        self._fields: Json = {}
        self._item: Json = {}

    def check(self) -> None:
        """Raises `ProbeError` unless the org says that it is a sandbox."""
        found = self._query("SELECT Id, IsSandbox FROM Organization")
        if len(found) != 1 or found[0].get("IsSandbox") is not True:
            raise ProbeError(
                "Organization.IsSandbox is not true: this org is no sandbox, and nothing was made "
                "in it. Make a sandbox, and point the stage's base_url and secret at it."
            )

    def prepare(self, account: str) -> None:
        """Fill in what an order needs; without `account` a test account is made for it."""
        offer = self._orders.read_offer(CALL_SECONDS)
        self._account = account or self._made_account()
        source = {
            "account_id": self._account,
            "company_id": derived_id(self._run, "company"),
            "quantity": max(1, offer.minimum_quantity),
            "offer": offer.model_dump(mode="json"),
            "invoice_address": ADDRESS,
            "delivery_address": ADDRESS,
            "note": "Test by probe_tenant; may be deleted",
            "ordered_on": "2026-01-01",
            "reference": self.fresh(),
            "item_reference": self.fresh(),
        }
        payload = self._mapper.run("salesforce", "order_submit", source)
        self._fields, self._item = payload["order"], payload["items"][0]["fields"]

    def fresh(self) -> str:
        """A reference that nothing has yet."""
        made = reference(KIND, derived_id("probe", self._run, str(len(self._references))))
        self._references.append(made)
        return made

    def create_order(self, ours: str, timeout: float = CALL_SECONDS) -> Answer:
        """A plain create, whatever the answer says. Raises the tree if there is none."""
        body = {**self._fields, self.settings.order_reference_field: ours}
        try:
            return self._create(self.settings.order_object, body, timeout)
        except Unknown:
            self._unanswered.append(ours)
            raise

    def create_item(self, order_id: str, ours: str) -> Answer:
        """A plain create of an item of an order."""
        body = {**self._item, "OrderId": order_id, self.settings.item_reference_field: ours}
        return self._create(self.settings.item_object, body, CALL_SECONDS)

    def upsert_order(self, ours: str, *, again: bool) -> Answer:
        """An upsert by the reference; the second time it changes the description."""
        body = {"Description": "Test by probe_tenant, again"} if again else self._fields
        path = f"{self._path(self.settings.order_object)}/{self.settings.order_reference_field}"
        ask = Ask("probe", "PATCH", f"{path}/{path_segment(ours)}", writes=True, json=dict(body))
        answer = self._client.call(ask, self._client.budget(CALL_SECONDS), accept=_ALL)
        self._keep(self.settings.order_object, answer)
        return answer

    def is_found(self, ours: str) -> bool:
        """Whether a query finds an order with this reference."""
        return bool(self._query(self._by_reference(self.settings.order_object, ours)))

    def error_of(self, answer: Answer) -> UpstreamError:
        """What the product takes a refusal of a create for."""
        of = (self.settings.order_reference_field, self.settings.item_reference_field)
        return self._client.refusal(answer).error("probe", writes=True, references=of)

    def clean_up(self) -> list[str]:
        """Delete all that was made, also by calls without an answer; what is left, or may come."""
        for ours in self._references:
            self._look_for(ours)
        left = [path for path in reversed(self._made) if not self._delete(path)]
        never = [f"order {ours}, if it comes yet" for ours in self._unanswered]
        return left + never

    def _look_for(self, ours: str) -> None:
        try:
            found = self._query(self._by_reference(self.settings.order_object, ours))
        except UpstreamError:
            return  # what was made by an answered call is known all the same
        if found and ours in self._unanswered:
            self._unanswered.remove(ours)
        paths = [f"{self._path(self.settings.order_object)}/{row['Id']}" for row in found]
        self._made += [path for path in paths if path not in self._made]

    def _delete(self, path: str) -> bool:
        ask = Ask("probe_delete", "DELETE", path, writes=True)
        try:
            self._client.call(ask, self._client.budget(CALL_SECONDS))
        except Missing:
            return True  # it went with the order that it belonged to
        except UpstreamError:
            return False
        return True

    def _made_account(self) -> str:
        answer = self._create("Account", {"Name": f"Busbar Probe {self.fresh()}"}, CALL_SECONDS)
        if answer.status != 201:
            raise ProbeError(
                f"No test account can be created ({self.error_of(answer)}): create one by hand in "
                "the sandbox and give its id with --account."
            )
        return id_in(answer)

    def _create(self, sobject: str, body: Mapping[str, Any], timeout: float) -> Answer:
        ask = Ask("probe", "POST", self._path(sobject), writes=True, json=dict(body))
        answer = self._client.call(ask, self._client.budget(timeout), accept=_ALL)
        self._keep(sobject, answer)
        return answer

    def _keep(self, sobject: str, answer: Answer) -> None:
        if answer.status == 201:
            self._made.append(f"{self._path(sobject)}/{path_segment(id_in(answer))}")

    def _path(self, sobject: str) -> str:
        return f"{self._client.base_path}/sobjects/{sobject}"

    def _by_reference(self, sobject: str, ours: str) -> str:
        field = self.settings.order_reference_field
        return f"SELECT Id FROM {sobject} WHERE {field} = {literal(ours)}"  # noqa: S608

    def _query(self, text: str) -> list[Json]:
        ask = Ask("probe_query", "GET", f"{self._client.base_path}/query", query={"q": text})
        answer = self._client.read(ask, self._client.budget(CALL_SECONDS))
        return rows(answer.get("records"), "records")


_ALL = tuple(range(300, 500))
"""Refusals are what is measured here."""


def id_in(answer: Answer) -> str:
    """The id of what was made."""
    return str(members(json_of(answer.body))["id"])
