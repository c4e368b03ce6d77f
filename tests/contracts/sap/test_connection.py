"""What the check of a connection says of a simulated SAP, and of one that is set up otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from busbar.connectors.reach import Reach
from busbar.connectors.sap.connection import SapConnection
from busbar.connectors.sap.system import SapSystem
from busbar.domain.connection_texts import OK, WORDS
from busbar.errors import Refused, Unavailable
from busbar.ports.outside import Finding
from infra.simulators.faults import Fault
from tests.contracts.recording import FixedClock, Player, Secrets
from tests.contracts.sap.test_against_simulator import OTHER, SECRET, STANDARD, Rig
from tests.contracts.sap.test_recorded_answers import RECORDED, SETTINGS

BILLION_LAUGHS = '<!DOCTYPE x [<!ENTITY a "b">]><edmx:Edmx xmlns:edmx="any">&a;</edmx:Edmx>'
WRITES = {"POST", "PATCH", "PUT", "MERGE", "DELETE"}


@pytest.fixture(params=[STANDARD, OTHER], ids=["standard", "other_names"])
def rig(request: pytest.FixtureRequest) -> Rig:
    return Rig(request.param)


def connection(rig: Rig, **changes: Any) -> SapConnection:
    """A connection with settings that need not fit."""
    settings = replace(rig.tenant.settings, **changes)
    return SapConnection(settings, rig.connected(settings), rig.clock)


def checked(rig: Rig, name: str, **changes: Any) -> Finding:
    return connection(rig, **changes).check(name, 5)


def answered(*steps: Any) -> SapConnection:
    """A connection to a system that answers just so."""
    player, clock = Player(RECORDED, list(steps)), FixedClock()
    system = SapSystem(
        SETTINGS,
        Reach(
            Secrets([SECRET]),
            clock=clock,
            correlation=lambda: "corr-1",
            transport=player.transport,
        ),
    )
    return SapConnection(SETTINGS, system, clock)


def test_should_be_green_and_write_nothing(rig: Rig) -> None:
    looked_at = connection(rig)
    findings = [looked_at.check(name, 5) for name in looked_at.names]
    assert [(f.name, f.state, f.word) for f in findings] == [
        (name, "ok", "ok") for name in looked_at.names
    ]
    assert {call.method for call in rig.sap.calls} & WRITES == set()
    looked_at.close()


def test_should_have_a_sentence_for_all_that_it_finds() -> None:
    assert set(SapConnection.names) <= set(OK)
    assert {"missing", "rights", "not_searchable", "could_be_probed"} <= set(WORDS)


@pytest.mark.parametrize(
    ("check", "changes", "word", "says"),
    [
        ("partner_fields", {"partner_set": "Nobody"}, "missing", "has no Nobody"),
        ("contract_fields", {"contract_set": "Nobody"}, "missing", "Mend contract_service"),
        (
            "partner_fields",
            {"partner_reference_field": "YY1_Other"},
            "rights",
            "A_BusinessPartner.YY1_Other does not exist",
        ),
        (
            "partner_fields",
            {"partner_reference_field": "BusinessPartnerUUID"},
            "rights",
            "A_BusinessPartner.BusinessPartnerUUID cannot be set at creation",
        ),
        (
            "partner_fields",
            {"partner_blocked_field": "CreatedByUser"},
            "rights",
            "A_BusinessPartner.CreatedByUser cannot be changed",
        ),
        ("partner_fields", {"partner_birth_date_field": "Birthday"}, "rights", "Birthday"),
        ("contract_fields", {"contract_status_field": "State"}, "rights", "State does not exist"),
        ("contract_fields", {"contract_partner_field": "Whose"}, "rights", "Whose does not exist"),
        ("contract_search", {"contract_reference_field": "Other"}, "not_searchable", "Other"),
        ("contract_search", {"contract_service": "Z_NONE"}, "not_searchable", "/IWFND/MED/170"),
    ],
)
def test_should_name_what_the_service_is_not_set_up_for(
    rig: Rig, check: str, changes: dict[str, str], word: str, says: str
) -> None:
    finding = checked(rig, check, **changes)
    assert (finding.state, finding.word) == ("failed", word)
    assert says in finding.detail


def test_should_say_that_mode_none_is_not_needed_where_the_search_works(rig: Rig) -> None:
    finding = checked(rig, "contract_search", contract_mode="none")
    assert (finding.state, finding.word) == ("warning", "could_be_probed")


def test_should_agree_with_mode_none_where_the_search_does_not_work(rig: Rig) -> None:
    changes = {"contract_mode": "none", "contract_reference_field": "Other"}
    assert checked(rig, "contract_search", **changes).state == "ok"


def test_should_fail_the_login_with_a_wrong_password(rig: Rig) -> None:
    rig.sap.rotate_password("nobody knows")
    with pytest.raises(Unavailable, match="HTTP_401"):
        checked(rig, "login")


def test_should_fail_the_login_without_the_service(rig: Rig) -> None:
    with pytest.raises(Refused, match="/IWFND/MED/170"):
        checked(rig, "login", partner_service="Z_NONE")


@pytest.mark.parametrize(("seconds", "state"), [(25, "ok"), (45, "warning"), (-45, "warning")])
def test_should_warn_when_the_clocks_differ(rig: Rig, seconds: float, state: str) -> None:
    rig.sap.add_fault(Fault("clock_skew", seconds=seconds, count=None))
    assert checked(rig, "clock").state == state


# --- what a service says of itself ---------------------------------------------------------------


def described(properties: str, container: str = "") -> httpx.Response:
    """The metadata of a service with one entity set, if no container is given."""
    inside = container or '<EntitySet Name="A_BusinessPartner" EntityType="API.PartnerType"/>'
    return httpx.Response(
        200,
        text=(
            '<edmx:Edmx xmlns:edmx="e" xmlns:sap="s"><Schema Namespace="API">'
            f'<EntityType Name="PartnerType">{properties}</EntityType>'
            '<ComplexType Name="Other"><Property Name="FirstName"/></ComplexType>'
            f"<EntityContainer>{inside}</EntityContainer></Schema></edmx:Edmx>"
        ),
    )


ALL = (
    "BusinessPartner",
    "BusinessPartnerIDByExtSystem",
    "FirstName",
    "LastName",
    "BirthDate",
    "BusinessPartnerIsBlocked",
)


def properties(without: str = "", **annotated: str) -> str:
    return "".join(
        f'<Property Name="{name}" {annotated.get(name, "")}/>' for name in ALL if name != without
    )


def test_should_take_an_annotation_that_is_absent_for_a_yes() -> None:
    finding = answered(described(properties())).check("partner_fields", 5)
    assert (finding.state, finding.detail) == (
        "ok",
        "A_BusinessPartner has the fields that the settings name.",
    )


def test_should_tell_a_reference_that_cannot_be_searched_by() -> None:
    body = described(properties(BusinessPartnerIDByExtSystem='sap:filterable="false"'))
    finding = answered(body).check("partner_fields", 5)
    assert "BusinessPartnerIDByExtSystem cannot be searched by" in finding.detail


def test_should_not_take_a_property_of_another_type_for_one_of_the_set() -> None:
    finding = answered(described(properties(without="FirstName"))).check("partner_fields", 5)
    assert "A_BusinessPartner.FirstName does not exist" in finding.detail


def test_should_find_no_property_of_a_set_whose_type_is_not_described() -> None:
    container = '<EntitySet Name="A_BusinessPartner" EntityType="API.Elsewhere"/>'
    finding = answered(described(properties(), container)).check("partner_fields", 5)
    assert finding.word == "rights"


@pytest.mark.parametrize("body", [BILLION_LAUGHS, "<html>", "", "{}", '<a b="1" b="2"/>'])
def test_should_not_read_what_is_no_metadata(body: str) -> None:
    with pytest.raises(Unavailable, match=r"UNREADABLE_ANSWER \$metadata"):
        answered(httpx.Response(200, text=body)).check("partner_fields", 5)
