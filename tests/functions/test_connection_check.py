"""POST /v1/systems/{system}/connection-check."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from busbar.connectors.energised.connection import EnergisedConnection
from busbar.connectors.salesforce.connection import SalesforceConnection
from busbar.connectors.sap.connection import SapConnection
from busbar.domain.customers import Caller, User
from busbar.ports.outside import Connection, Finding
from busbar.usecases.connection_check import check_connection
from busbar.wiring.parts import Parts
from infra.local.people import PEOPLE
from infra.simulators.faults import Fault
from tests.doubles.clock import ManualClock
from tests.doubles.world import ORG, World
from tests.functions.given import forget_calls, writes
from tests.functions.portal import answer, problem

Json = dict[str, Any]
REFUSED_LOGIN = {"error": "invalid_client", "error_description": "not-secret-1"}


def checked(world: World, system: str, user: str = "operator") -> Any:
    """The report."""
    reply = world.call("POST", f"/v1/systems/{system}/connection-check", user)
    assert reply.status == 200, reply.text
    return reply.json


def found(report: Json) -> dict[str, str]:
    """Check -> state, for all that is not well."""
    return {c["name"]: c["state"] for c in report["checks"] if c["state"] != "ok"}


def detail(report: Json, name: str) -> str:
    """What a check says."""
    (text,) = [c["detail"] for c in report["checks"] if c["name"] == name]
    return str(text)


def schema(world: World, **changes: Any) -> None:
    """Salesforce is set up otherwise."""
    world.salesforce.add_fault(Fault("schema", body=changes, count=None))


# --- all is well -------------------------------------------------------------------------------


def test_salesforce_should_be_green(world: World, event: Any) -> None:
    report = answer(world, "connection_check", event).json
    assert (report["ok"], found(report), report["not_reached"]) == (True, {}, [])
    assert [c["name"] for c in report["checks"]] == list(SalesforceConnection.names)
    assert report["checks"][0]["text"] == "Die Anmeldung bei Salesforce gelingt."


def test_energised_should_be_green(world: World, event: Any) -> None:
    report = answer(world, "connection_check", event).json
    assert (report["ok"], found(report), report["not_reached"]) == (True, {}, [])
    assert [c["name"] for c in report["checks"]] == list(EnergisedConnection.names)


def test_sap_should_be_green(world: World, event: Any) -> None:
    report = answer(world, "connection_check", event).json
    assert (report["ok"], found(report), report["not_reached"]) == (True, {}, [])
    assert [c["name"] for c in report["checks"]] == list(SapConnection.names)


@pytest.mark.parametrize("system", ["salesforce", "energised", "sap"])
def test_should_write_nothing_anywhere(world: World, system: str) -> None:
    before = dict(world.table.items)
    forget_calls(world)
    checked(world, system)
    assert writes(world.salesforce, world.energised) == []
    assert {call.method for call in world.sap.calls} <= {"GET", "HEAD"}
    assert world.table.items == before


# --- what is wrong is named ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "states", "says"),
    [
        (
            {"non_unique": ["Order.BusbarReference__c"]},
            {"reference_unique": "failed"},
            "Order.BusbarReference__c is not Unique",
        ),
        (
            {"non_unique": ["OrderItem.BusbarReference__c"]},
            {"reference_unique": "failed"},
            "set mode to probe",
        ),
        (
            {"hidden": ["Order.TrackingId__c"]},
            {"orders": "failed"},
            "Order.TrackingId__c does not exist or is not visible",
        ),
        (
            {"read_only": ["Asset.CardActive__c"]},
            {"assets": "failed"},
            "Asset.CardActive__c cannot be changed",
        ),
        (
            {"read_only": ["OrderItem.BusbarReference__c"]},
            {"order_items": "failed"},
            "OrderItem.BusbarReference__c cannot be set at creation",
        ),
        (
            {"hidden": ["Asset.BusbarOrder__c"]},
            {"assets": "failed"},
            "Asset.BusbarOrder__r does not exist or is not visible",
        ),
        (
            {"hidden": ["Product2.MaximumQuantity__c"]},
            {"products": "failed", "offer": "failed"},
            "Product2.MaximumQuantity__c",
        ),
    ],
)
def test_should_name_what_the_org_is_not_set_up_for(
    world: World, changes: Json, states: Mapping[str, str], says: str
) -> None:
    schema(world, **changes)
    report = checked(world, "salesforce")
    assert (report["ok"], found(report), report["not_reached"]) == (False, states, [])
    assert says in detail(report, next(iter(states)))


@pytest.mark.parametrize(
    ("settings", "states", "says"),
    [
        ({"api_version": "99.0"}, None, "99.0"),
        ({"product_code": "NONE"}, {"offer": "failed"}, "product NONE"),
        ({"assigned_event": "Other__e"}, {"events": "failed"}, "Other__e does not exist"),
        ({"mode": "probe"}, {"reference_unique": "warning"}, "set mode to unique_key"),
        ({"order_object": "Other__c"}, None, "Other__c does not exist"),
    ],
)
def test_should_name_a_setting_that_does_not_fit(
    settings: Json, states: Mapping[str, str] | None, says: str
) -> None:
    report = checked(World(**settings), "salesforce")
    if states is not None:
        assert found(report) == states
    assert report["ok"] is (set(found(report).values()) <= {"warning"})
    assert says in " ".join(c["detail"] for c in report["checks"])


@pytest.mark.parametrize(
    ("mode", "state", "says"), [("probe", "ok", "fits"), ("none", "warning", "set mode to probe")]
)
def test_should_say_which_mode_is_right_without_a_unique_field(
    mode: str, state: str, says: str
) -> None:
    world = World(mode=mode)
    schema(world, non_unique=["Order.BusbarReference__c", "OrderItem.BusbarReference__c"])
    report = checked(world, "salesforce")
    assert report["ok"]
    assert found(report) == ({} if state == "ok" else {"reference_unique": state})
    assert says in detail(report, "reference_unique")


@pytest.mark.parametrize("system", ["salesforce", "energised", "sap"])
@pytest.mark.parametrize(("seconds", "state"), [(25, None), (45, "warning"), (-45, "warning")])
def test_should_warn_when_the_clocks_differ_by_more_than_half_a_minute(
    world: World, system: str, seconds: float, state: str | None
) -> None:
    of: Any = getattr(world, system)
    of.add_fault(Fault("clock_skew", seconds=seconds, count=None))
    report = checked(world, system)
    assert report["ok"]
    assert found(report) == ({"clock": state} if state else {})


def test_should_tell_the_page_clamp_and_unreadable_cards(world: World) -> None:
    world.energised.add_fault(Fault("page_clamp", number=5, count=None))
    report = checked(world, "energised")
    assert report["ok"]
    assert "clamped to 5 cards where 500 were asked for" in detail(report, "card_list")
    world.energised.faults.clear()
    row = {"data": [{"id": "1"}], "meta": {"total": 1}}
    world.energised.add_fault(
        Fault("status", status=200, body=row, count=None, operation="list_cards")
    )
    assert "1 of 1 cards" in detail(checked(world, "energised"), "card_list")


# --- no way in ---------------------------------------------------------------------------------


def test_should_stop_at_a_refused_login_and_name_the_rest(world: World) -> None:
    world.salesforce.rotate_secret("another")
    report = checked(world, "salesforce")
    assert (report["ok"], found(report)) == (False, {"login": "failed"})
    assert report["not_reached"] == list(SalesforceConnection.names[1:])
    assert "invalid_client" in detail(report, "login")
    assert "Zugangsdaten" in report["checks"][0]["text"]


def test_should_look_at_the_secret_of_now_and_not_at_a_token_from_before(world: World) -> None:
    assert checked(world, "salesforce")["ok"]
    world.salesforce.rotate_secret("another")  # tokens that were given stay good
    assert not checked(world, "salesforce")["ok"]


def test_should_look_at_the_secret_that_the_next_worker_will_read(world: World) -> None:
    assert checked(world, "salesforce")["ok"]
    world.secrets.values["salesforce"] = {"client_id": "busbar", "client_secret": "mistyped"}
    assert found(checked(world, "salesforce")) == {"login": "failed"}
    world.secrets.values["energised"] = {}
    report = checked(world, "energised")
    assert "nicht vollständig hinterlegt" in report["checks"][0]["text"]


def test_should_say_that_a_revoked_token_is_refused(world: World) -> None:
    world.energised.rotate_token("another")
    report = checked(world, "energised")
    assert (report["ok"], found(report)) == (False, {"login": "failed"})
    assert report["not_reached"] == list(EnergisedConnection.names[1:])


def test_should_say_that_sap_s_password_is_refused(world: World) -> None:
    world.sap.rotate_password("another")
    report = checked(world, "sap")
    assert (report["ok"], found(report)) == (False, {"login": "failed"})
    assert report["not_reached"] == list(SapConnection.names[1:])
    assert report["checks"][0]["text"].startswith("SAP lehnt die Anmeldung ab.")


@pytest.mark.parametrize("system", ["salesforce", "energised", "sap"])
def test_should_say_that_a_system_is_down(world: World, system: str) -> None:
    of: Any = getattr(world, system)
    of.is_down = True
    report = checked(world, system)
    assert not report["ok"]
    assert report["checks"][0]["text"].endswith(
        "antwortet zurzeit nicht. Bitte später noch einmal prüfen."
    )
    assert len(report["not_reached"]) == len(of_names(system)) - 1


def of_names(system: str) -> tuple[str, ...]:
    """All checks of a system."""
    names = {
        "salesforce": SalesforceConnection.names,
        "energised": EnergisedConnection.names,
        "sap": SapConnection.names,
    }
    return tuple(names[system])


class SlowConnection:
    """A system that takes as long as it may for each check, and then says yes."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.closed = False
        self.names: Sequence[str] = SalesforceConnection.names

    @property
    def salesforce(self) -> Any:
        """Not asked for."""
        raise NotImplementedError

    energised = contacts = sap = wallbox_sales = stations = registration = salesforce

    def is_down(self, system: str) -> bool:  # noqa: ARG002
        """It is not."""
        return False

    def connection(self, system: str) -> Connection:  # noqa: ARG002
        """Itself, for every system."""
        return self

    def check(self, name: str, timeout: float) -> Finding:
        """Well, after all of the time."""
        self._clock.advance(timeout)
        return Finding(name, "ok", "ok", "")

    def close(self) -> None:
        """It is over."""
        self.closed = True


def test_should_end_in_time_and_name_what_was_not_reached(world: World) -> None:
    slow, began = SlowConnection(world.clock), world.clock.now()
    deps = replace(Parts(world.settings, world._clients()).deps(ORG), systems=slow)
    user = deps.store.get(User, PEOPLE["operator"])
    assert user

    def left() -> float:
        return 22 - (world.clock.now() - began).total_seconds()

    caller = Caller(org=ORG, user=user.record, correlation_id="any")
    report = check_connection(caller, deps, "salesforce", left)
    assert left() >= 0
    assert report["not_reached"] == list(slow.names[len(report["checks"]) :]) != []
    assert (report["ok"], found(report), slow.closed) == (False, {}, True)


def test_should_not_wait_for_a_system_that_hangs(world: World) -> None:
    world.hanging.add("salesforce")
    began = world.clock.now()
    report = checked(world, "salesforce")
    assert (world.clock.now() - began).total_seconds() < 10
    assert found(report) == {"login": "failed"}


def test_should_hold_no_secret_and_nothing_that_a_system_has_said(world: World) -> None:
    body = [{"errorCode": "INSUFFICIENT_ACCESS", "message": "Erika Muster", "fields": []}]
    for fault in (
        Fault("status", operation="token", status=400, body=REFUSED_LOGIN),
        Fault("status", operation="describe_object", status=403, body=body, count=None),
    ):
        world.salesforce.add_fault(fault)
        text = json.dumps(checked(world, "salesforce"))
        assert "not-secret" not in text
        assert "Erika" not in text


# --- who may -----------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["fleet-manager", "driver", "service-agent", "machine"])
def test_should_be_for_operators_only(world: World, user: str) -> None:
    reply = world.call("POST", "/v1/systems/salesforce/connection-check", user)
    problem(reply, 403, "forbidden")


def test_should_name_the_systems_that_there_are(world: World) -> None:
    reply = world.call("POST", "/v1/systems/kvasy/connection-check", "operator")
    assert "salesforce, energised, sap" in problem(reply, 404, "system-not-found")["detail"]
