"""pyodata, a public OData client, works against the simulated SAP as it is.

It brings no session of its own: what it is given here passes its calls on to httpx.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pyodata
import pytest
from pyodata.exceptions import HttpError
from pyodata.v2.model import Config, PolicyFatal
from pyodata.vendor.SAP import BusinessGatewayError, sap_header_error_hook

from infra.simulators.faults import Fault
from infra.simulators.sap import SapSimulator
from infra.simulators.transport import SimulatorTransport
from tests.contracts.simulators.any_values import (
    CONTRACTS,
    IBAN,
    PARTNER_REFERENCE,
    PARTNERS,
    SAP_PASSWORD,
    any_address,
    any_contract,
    any_person,
)

HOST = "https://sap.example"


class Session(httpx.Client):
    """What pyodata takes for a session of requests: the body is called `data`, and no `params`
    leave an address as it is."""

    def request(  # type: ignore[override]
        self, method: str, url: Any, *, data: Any = None, params: str = "", **more: Any
    ) -> httpx.Response:
        return super().request(method, url, content=data, params=params or None, **more)


@pytest.fixture
def session(sap: SapSimulator) -> Iterator[Session]:
    user = ("BUSBAR_COM", SAP_PASSWORD)
    with Session(transport=SimulatorTransport(sap), auth=user) as opened:
        yield opened


@pytest.fixture
def business(session: Session) -> Any:
    """The partner service, with a token fetched and its errors read as SAP's."""
    token = session.head(f"{HOST}{PARTNERS}/", headers={"X-CSRF-Token": "Fetch"})
    session.headers["X-CSRF-Token"] = token.headers["X-CSRF-Token"]
    return client(session, PARTNERS)


@pytest.fixture(autouse=True)
def vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpError, "VendorType", BusinessGatewayError)


def client(session: Session, path: str) -> Any:
    config = Config(default_error_policy=PolicyFatal())
    return pyodata.Client(
        f"{HOST}{path}", session, config=config, response_hook=sap_header_error_hook
    )


def made(business: Any, **changes: Any) -> Any:
    return business.entity_sets.A_BusinessPartner.create_entity().set(**plain(changes)).execute()


def plain(changes: dict[str, Any]) -> dict[str, Any]:
    """A person with lists in place of `results`, as pyodata sends what is inside."""
    body = any_person() | changes
    return {k: v["results"] if isinstance(v, dict) else v for k, v in body.items()}


@pytest.mark.parametrize("path", [PARTNERS, CONTRACTS])
def test_should_read_the_metadata_strictly(session: Session, path: str) -> None:
    schema = client(session, path).schema
    assert schema.is_valid
    assert all(s.entity_type.key_proprties for s in schema.entity_sets)


def test_should_read_by_key_filter_and_page(business: Any, sap: SapSimulator) -> None:
    partners = business.entity_sets.A_BusinessPartner
    assert partners.get_entity("0000100017").execute().SearchTerm1 == "K-100017"
    query = partners.get_entities().filter("startswith(SearchTerm1,'K-1')").order_by("SearchTerm1")
    assert [p.BusinessPartner for p in query.top(2).execute()] == ["0000100017", "0000100025"]
    assert partners.get_entities().count().execute() == 4
    sap.tenant.page_clamp = 3
    first = partners.get_entities().count(inline=True).execute()
    second = partners.get_entities().next_url(first.next_url).execute()
    assert (first.total_count, len(first), len(second)) == (4, 3, 1)


def test_should_create_with_what_is_inside_and_expand_it(business: Any) -> None:
    ways = {"to_EmailAddress": [{"EmailAddress": "any@body.example"}]}
    created = made(
        business,
        BirthDate=datetime(1990, 1, 1, tzinfo=UTC),
        to_BusinessPartnerAddress=[any_address(**ways)],
        to_BusinessPartnerBank=[{"IBAN": IBAN}],
    )
    assert created.BusinessPartner == "0001000001"
    expand = "to_BusinessPartnerAddress/to_EmailAddress,to_BusinessPartnerBank"
    partners = business.entity_sets.A_BusinessPartner
    read = partners.get_entity("0001000001").expand(expand).execute()
    assert read.BirthDate == datetime(1990, 1, 1, tzinfo=UTC)
    assert read.to_BusinessPartnerBank[0].IBAN == IBAN
    assert read.to_BusinessPartnerAddress[0].to_EmailAddress[0].EmailAddress == "any@body.example"
    roles = read.nav("to_BusinessPartnerRole").get_entities().execute()
    assert [r.BusinessPartnerRole for r in roles] == ["MKK"]


def test_should_change_and_delete_with_an_etag(business: Any) -> None:
    partners = business.entity_sets.A_BusinessPartner
    number = made(business, to_BusinessPartnerBank=[{"IBAN": IBAN}]).BusinessPartner
    change = partners.update_entity(number).set(BusinessPartnerIsBlocked=True)
    change.add_headers({"If-Match": partners.get_entity(number).execute().etag})
    change.execute()
    assert partners.get_entity(number).execute().BusinessPartnerIsBlocked is True
    banks = business.entity_sets.A_BusinessPartnerBank
    removed = banks.delete_entity(BusinessPartner=number, BankIdentification="0001")
    removed.add_headers({"If-Match": "*"})
    removed.execute()
    assert banks.get_entities().count().execute() == 0


def test_should_write_a_changeset_in_a_batch(business: Any, sap: SapSimulator) -> None:
    partners = business.entity_sets.A_BusinessPartner
    changeset = business.create_changeset()
    changeset.add_request(partners.create_entity().set(**plain({})))
    batch = business.create_batch()
    batch.add_request(partners.get_entity("100017"))
    batch.add_request(changeset)
    read, (created,) = batch.execute()
    assert (read.SearchTerm1, created.BusinessPartner) == ("K-100017", "0001000001")
    wrong = business.create_changeset()
    wrong.add_request(partners.create_entity().set(**plain({})))
    wrong.add_request(partners.create_entity().set(**plain({"LastName": ""})))
    batch = business.create_batch()
    batch.add_request(wrong)
    with pytest.raises(BusinessGatewayError, match="LastName"):
        batch.execute()
    assert len(sap.records("A_BusinessPartner")) == 5


def test_should_read_errors_of_bodies_and_of_headers(business: Any, sap: SapSimulator) -> None:
    with pytest.raises(BusinessGatewayError, match="LastName") as raised:
        made(business, LastName="")
    assert raised.value.errordetails == ["Enter a value for field LastName"]
    sap.add_fault(Fault("sap_message"))
    with pytest.raises(BusinessGatewayError, match="is not complete"):
        made(business)


def test_should_make_a_contract_with_a_price(business: Any, session: Session) -> None:
    number = made(business).BusinessPartner
    contracts = client(session, CONTRACTS).entity_sets.Contracts
    values = any_contract(number, MoveInDate=datetime(2025, 6, 2, tzinfo=UTC))
    created = contracts.create_entity().set(**values, UnitPrice="0.3245").execute()
    assert created.UnitPrice == "0.3245"
    found = contracts.get_entities().filter("ExternalReference eq 'BBCT0123456789ABC'").execute()
    assert [c.ContractID for c in found] == [created.ContractID]


def test_should_find_what_it_has_made_by_its_reference(business: Any) -> None:
    number = made(business).BusinessPartner
    query = business.entity_sets.A_BusinessPartner.get_entities()
    condition = f"BusinessPartnerIDByExtSystem eq '{PARTNER_REFERENCE}'"
    found = query.filter(condition).select("BusinessPartner").top(2).execute()
    assert [p.BusinessPartner for p in found] == [number]
