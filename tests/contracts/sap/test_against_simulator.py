"""The real connector against the simulated SAP: state, strictness and faults, by whatever names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from busbar.connectors.reach import Reach
from busbar.connectors.sap.system import SapSystem
from busbar.errors import Duplicate, Missing, Refused, Unavailable, Unknown
from busbar.mapping.registry import MappingRegistry
from busbar.ports.runtime import Json
from busbar.settings.sap import SapSettings
from infra.simulators.faults import Fault
from infra.simulators.sap import SapSimulator
from infra.simulators.sap.contract_service import ContractNames
from infra.simulators.transport import SimulatorTransport
from tests.contracts.recording import FixedClock, Secrets

PERSON, CONTRACT = "BBPE0000000000001", "BBCT0000000000001"
SECRET = {"user": "BUSBAR", "password": "t0p"}
SETTINGS = SapSettings(
    base_url="https://sap.acme.example", secret_id="any", client="100", contract_division="01"
)
OTHER_NAMES = ContractNames(
    service="Z_WALLBOX_SRV",
    accounts="Konten",
    contracts="Vertraege",
    account_id="Konto",
    contract_id="Vertrag",
    partner="Partner",
    reference="Fremdnummer",
    division="Sparte",
    move_in="Beginn",
    move_out="Ende",
    status="Stand",
    active="AKTIV",
    cancelled="STORNO",
)
OTHER_SETTINGS = replace(
    SETTINGS,
    partner_service="Z_BUSINESS_PARTNER_SRV",
    partner_reference_field="YY1_Fremdnummer_bus",
    contract_service="Z_WALLBOX_SRV",
    contract_set="Vertraege",
    contract_number_field="Vertrag",
    contract_reference_field="Fremdnummer",
    contract_partner_field="Partner",
    contract_status_field="Stand",
    contract_cancelled_status="STORNO",
)
OWN_MAPPING = """{
    "Partner": partner,
    "Sparte": settings.division,
    "Beginn": "/Date(" & $toMillis(starts_on) & ")/"
}"""


@dataclass(frozen=True)
class Tenant:
    """How a tenant is set, and what we are told of it."""

    settings: SapSettings
    names: ContractNames
    mapper: MappingRegistry
    options: Json


STANDARD = Tenant(SETTINGS, ContractNames(), MappingRegistry(), {})
OTHER = Tenant(
    OTHER_SETTINGS,
    OTHER_NAMES,
    MappingRegistry({("sap", "contract"): OWN_MAPPING}),
    {
        "partner_service": "Z_BUSINESS_PARTNER_SRV",
        "partner_reference": "YY1_Fremdnummer_bus",
        "contract_etags": False,
        "short_numbers": True,
    },
)


class Rig:
    """A simulated SAP and the connector to it, with one clock."""

    def __init__(self, tenant: Tenant, **options: Any) -> None:
        self.tenant = tenant
        self.clock = FixedClock()
        options = {**tenant.options, **options}
        self.sap = SapSimulator(self.clock.now, **SECRET, names=tenant.names, **options)
        self.secrets = Secrets([SECRET, {**SECRET, "password": "new"}])
        self.system = self.connected(tenant.settings)

    def connected(self, settings: SapSettings) -> SapSystem:
        """A connector to the simulator that is told this of it."""
        return SapSystem(
            settings,
            Reach(
                self.secrets,
                clock=self.clock,
                correlation=lambda: "corr-1",
                transport=SimulatorTransport(self.sap),
            ),
        )

    def person(self, **changes: Any) -> Json:
        """What the product's mapping makes of a customer."""
        customer = {
            "first_name": "Jana",
            "last_name": "O'Petersen",
            "birth_date": "1955-07-01",
            "email": "jana@any.example",
            "phone": "+49 441 12345",
            "iban": "DE02120300000000202051",
            "address": {
                "street": "Am Deich",
                "house_number": "7a",
                "postal_code": "01067",
                "city": "Dresden",
                "country": "DE",
            },
            **changes,
        }
        of = self.tenant.settings
        settings = {
            "category": of.partner_category,
            "grouping": of.partner_grouping,
            "roles": list(of.partner_roles),
            "language": of.language,
        }
        source = {"customer": customer, "settings": settings}
        return self.tenant.mapper.run("sap", "partner", source)

    def agreement(self, partner: str) -> Json:
        """What the tenant's mapping makes of an order."""
        settings = {"division": self.tenant.settings.contract_division}
        source = {"partner": partner, "starts_on": "2026-03-02", "settings": settings}
        return self.tenant.mapper.run("sap", "contract", source)

    def made_partner(self) -> str:
        """The number of a partner that was just created."""
        return self.system.create_partner(PERSON, self.person(), 5).external_id

    def made_contract(self) -> str:
        """The number of a contract that was just created."""
        payload = self.agreement(self.made_partner())
        return self.system.create_contract(CONTRACT, payload, 5).external_id

    def operations(self) -> list[str]:
        """What was called, in its order."""
        return [call.operation for call in self.sap.calls]


@pytest.fixture(params=[STANDARD, OTHER], ids=["standard", "other_names"])
def rig(request: pytest.FixtureRequest) -> Rig:
    return Rig(request.param)


# --- partners ----------------------------------------------------------------------------------


def test_should_create_the_partner_that_the_products_mapping_describes(rig: Rig) -> None:
    made = rig.system.create_partner(PERSON, rig.person(), 5)
    (held,) = rig.sap.records("A_BusinessPartner")
    assert made.external_id == held["BusinessPartner"] == "0001000001"
    assert held[rig.tenant.settings.partner_reference_field] == PERSON
    assert (held["BusinessPartnerCategory"], held["LastName"]) == ("1", "O'Petersen")
    (role,) = rig.sap.records("A_BusinessPartnerRole")
    assert (role["BusinessPartnerRole"], role["ValidTo"]) == ("MKK", 253402214400000)
    (address,) = rig.sap.records("A_BusinessPartnerAddress")
    assert (address["PostalCode"], address["HouseNumber"]) == ("01067", "7a")
    assert rig.sap.records("A_AddressEmailAddress")[0]["EmailAddress"] == "jana@any.example"
    assert rig.sap.records("A_AddressPhoneNumber")[0]["PhoneNumber"] == "+49 441 12345"
    assert rig.sap.records("A_BusinessPartnerBank")[0]["IBAN"] == "DE02120300000000202051"


def test_should_find_the_partner_again_with_what_tells_one_person_from_another(rig: Rig) -> None:
    made = rig.system.create_partner(PERSON, rig.person(), 5)
    assert rig.system.find_partners(PERSON, 5) == [made]
    assert made.fields == {
        "first_name": "Jana",
        "last_name": "O'Petersen",
        "birth_date": "1955-07-01",
    }


def test_should_create_no_bank_of_a_customer_without_an_iban(rig: Rig) -> None:
    rig.system.create_partner(PERSON, rig.person(iban="", phone=""), 5)
    assert rig.sap.records("A_BusinessPartnerBank") == []
    assert rig.sap.records("A_AddressPhoneNumber") == []


def test_should_find_nothing_where_nothing_is(rig: Rig) -> None:
    assert rig.system.find_partners("BBPE'0' or 1 eq 1", 5) == []
    assert rig.system.find_contracts(CONTRACT, 5) == []


def test_should_find_both_of_two_and_ask_for_no_third(rig: Rig) -> None:
    for _ in range(3):
        rig.system.create_partner(PERSON, rig.person(), 5)
    assert len(rig.system.find_partners(PERSON, 5)) == 2


def test_should_find_both_of_two_although_the_page_is_clamped(rig: Rig) -> None:
    for _ in range(2):
        rig.system.create_partner(PERSON, rig.person(), 5)
    rig.sap.add_fault(Fault("page_clamp", number=1, count=None))
    assert len(rig.system.find_partners(PERSON, 5)) == 2


def test_should_not_find_what_is_younger_than_the_lag_of_the_search(rig: Rig) -> None:
    rig.made_partner()
    rig.sap.tenant.search_lag = 30.0
    assert rig.system.find_partners(PERSON, 5) == []
    rig.clock.at += timedelta(seconds=30)
    assert len(rig.system.find_partners(PERSON, 5)) == 1


def test_should_name_the_field_that_is_refused_and_no_value(rig: Rig) -> None:
    with pytest.raises(Refused) as refused:
        rig.system.create_partner(PERSON, rig.person(iban="DE99SECRETVALUE"), 5)
    assert refused.value.detail == "IBAN"
    assert "SECRET" not in str(refused.value)
    assert len(refused.value.request_id) == 32
    assert rig.sap.records("A_BusinessPartner") == []


def test_should_be_told_of_a_second_partner_where_the_reference_is_unique(rig: Rig) -> None:
    rig.sap.tenant.unique_references = True
    number = rig.made_partner()
    with pytest.raises(Duplicate, match="BPEXT_NOT_UNIQUE"):
        rig.system.create_partner(PERSON, rig.person(), 5)
    assert [found.external_id for found in rig.system.find_partners(PERSON, 5)] == [number]


# --- contracts ---------------------------------------------------------------------------------


def test_should_create_a_contract_of_the_partner_and_find_it_again(rig: Rig) -> None:
    partner = rig.made_partner()
    made = rig.system.create_contract(CONTRACT, rig.agreement(partner), 5)
    assert (len(made.external_id), made.fields) == (10, {"partner": partner})
    assert rig.system.find_contracts(CONTRACT, 5) == [made]
    (held,) = rig.sap.records(rig.tenant.settings.contract_set)
    assert held[rig.tenant.names.division] == "01"
    assert held[rig.tenant.names.move_in] == 1772409600000


def test_should_be_refused_a_contract_of_nobody(rig: Rig) -> None:
    with pytest.raises(Refused) as refused:
        rig.system.create_contract(CONTRACT, rig.agreement("0000000099"), 5)
    assert refused.value.detail == rig.tenant.names.partner


def test_should_be_told_of_a_second_contract_where_the_reference_is_unique(rig: Rig) -> None:
    rig.sap.tenant.unique_contract_references = True
    partner = rig.made_partner()
    rig.system.create_contract(CONTRACT, rig.agreement(partner), 5)
    with pytest.raises(Duplicate):
        rig.system.create_contract(CONTRACT, rig.agreement(partner), 5)


# --- the way back ------------------------------------------------------------------------------


def test_should_block_a_partner_and_let_go_of_it(rig: Rig) -> None:
    number = rig.made_partner()
    for blocked in (False, True, False):
        rig.system.write_partner(number, {"blocked": blocked}, 5)
        assert rig.system.read_partner(number, 5) == {"blocked": blocked}
    (held,) = rig.sap.records("A_BusinessPartner")
    assert held["LastName"] == "O'Petersen"


def test_should_cancel_a_contract(rig: Rig) -> None:
    number = rig.made_contract()
    assert rig.system.read_contract(number, 5) == {"cancelled": False}
    rig.system.write_contract(number, {"cancelled": True}, 5)
    assert rig.system.read_contract(number, 5) == {"cancelled": True}


def test_should_miss_what_is_not_there(rig: Rig) -> None:
    with pytest.raises(Missing):
        rig.system.read_partner("99", 5)
    with pytest.raises(Missing):
        rig.system.write_contract("99", {"cancelled": True}, 5)


def test_should_take_a_number_with_and_without_leading_zeros(rig: Rig) -> None:
    number = rig.made_partner()
    assert rig.system.read_partner(number.lstrip("0"), 5) == {"blocked": False}


def test_should_not_write_over_somebody_who_was_faster(rig: Rig) -> None:
    number = rig.made_partner()
    rig.sap.add_fault(Fault("stale_etag", match="PATCH"))
    with pytest.raises(Unavailable):
        rig.system.write_partner(number, {"blocked": True}, 5)
    assert rig.system.read_partner(number, 5) == {"blocked": False}
    rig.system.write_partner(number, {"blocked": True}, 5)
    assert rig.system.read_partner(number, 5) == {"blocked": True}


# --- sessions and passwords ----------------------------------------------------------------------


def test_should_open_one_session_for_all_writes_to_a_service(rig: Rig) -> None:
    rig.made_partner()
    rig.system.create_partner("BBPE0000000000002", rig.person(), 5)
    assert rig.operations() == ["fetch_partner_token", "create_partner", "create_partner"]


def test_should_open_the_session_anew_when_it_has_ended(rig: Rig) -> None:
    number = rig.made_partner()
    rig.sap.sessions.end()
    rig.system.write_partner(number, {"blocked": True}, 5)
    assert rig.operations()[2:] == [
        "read_partner",
        "change_partner",
        "fetch_partner_token",
        "change_partner",
    ]


def test_should_wait_when_every_session_ends_at_once(rig: Rig) -> None:
    rig.sap.add_fault(Fault("expired_csrf", match="POST", count=None))
    with pytest.raises(Unavailable, match="HTTP_403"):
        rig.system.create_partner(PERSON, rig.person(), 5)
    assert rig.sap.records("A_BusinessPartner") == []


def test_should_open_a_session_where_head_is_refused(rig: Rig) -> None:
    rig.sap.add_fault(Fault("status", match="HEAD", status=405, count=None))
    rig.made_partner()
    assert [c.method for c in rig.sap.calls] == ["HEAD", "GET", "POST"]


def test_should_take_a_password_that_was_changed_between_two_calls(rig: Rig) -> None:
    number = rig.made_partner()
    rig.sap.rotate_password("new")
    rig.system.write_partner(number, {"blocked": True}, 5)
    assert rig.system.read_partner(number, 5) == {"blocked": True}
    assert rig.secrets.refreshes == 1


def test_should_not_try_a_password_that_is_not_taken_again(rig: Rig) -> None:
    rig.sap.rotate_password("nobody knows")
    with pytest.raises(Unavailable, match="HTTP_401"):
        rig.system.find_partners(PERSON, 5)
    assert len(rig.sap.calls) == 2


# --- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after"])
def test_should_not_know_whether_a_create_without_answer_worked(rig: Rig, kind: str) -> None:
    rig.sap.add_fault(Fault(kind, operation="create_partner"))
    with pytest.raises(Unknown):
        rig.made_partner()
    assert len(rig.system.find_partners(PERSON, 5)) == 1


def test_should_not_know_of_a_create_that_takes_effect_late(rig: Rig) -> None:
    rig.sap.add_fault(Fault("late_commit", operation="create_partner", seconds=60))
    with pytest.raises(Unknown):
        rig.made_partner()
    assert rig.system.find_partners(PERSON, 5) == []
    rig.clock.at += timedelta(seconds=61)
    assert len(rig.system.find_partners(PERSON, 5)) == 1


def test_should_know_that_nothing_was_done_when_sap_is_down(rig: Rig) -> None:
    rig.sap.is_down = True
    with pytest.raises(Unavailable):
        rig.made_partner()
    with pytest.raises(Unavailable):
        rig.system.find_partners(PERSON, 5)


def test_should_know_that_nothing_was_done_when_the_session_s_answer_is_lost(rig: Rig) -> None:
    rig.sap.add_fault(Fault("timeout_after", operation="fetch_partner_token"))
    with pytest.raises(Unavailable):
        rig.made_partner()
    assert rig.sap.records("A_BusinessPartner") == []


def test_should_wait_for_a_lock(rig: Rig) -> None:
    rig.sap.add_fault(Fault("locked", operation="create_partner", number=3))
    with pytest.raises(Unavailable) as caught:
        rig.made_partner()
    assert "DIALOG_01" not in str(caught.value)
    assert rig.sap.records("A_BusinessPartner") == []
    assert rig.made_partner()


def test_should_not_believe_a_create_beside_which_sap_tells_an_error(rig: Rig) -> None:
    rig.sap.add_fault(Fault("sap_message", operation="create_partner"))
    with pytest.raises(Unknown, match="R11/130"):
        rig.made_partner()
    assert len(rig.system.find_partners(PERSON, 5)) == 1


def test_should_stay_away_for_as_long_as_it_is_told(rig: Rig) -> None:
    rig.sap.add_fault(Fault("status", status=503, retry_after=30.0))
    with pytest.raises(Unavailable) as caught:
        rig.system.find_partners(PERSON, 5)
    assert caught.value.retry_after == 30.0
