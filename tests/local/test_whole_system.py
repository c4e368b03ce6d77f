"""The whole system as `make run` starts it: one order, as a fleet manager places it."""

from __future__ import annotations

import sys
import uuid

import pytest

from infra.catalog import USE_CASES
from infra.local.assembly import read_assembly
from infra.local.options import CACHE
from infra.local.synthesis import assembly
from infra.local.testing import RunningSystem
from infra.machines import definition, substitutions
from infra.stages import LOCAL
from tests.local.driving import listening

pytestmark = pytest.mark.local
PUBLISHED = (("machines", "arn"), ("queues", "url"))


def test_should_take_an_order_through_to_salesforce(local_system: RunningSystem) -> None:
    form = local_system.call("GET", "/v1/charge-card-orders/form", "fleet-manager")
    assert form.json()["quantity"] == {"minimum": 1, "maximum": 50}
    order = local_system.call(
        "POST",
        "/v1/charge-card-orders",
        "fleet-manager",
        json={"quantity": 2},
        headers={"Idempotency-Key": uuid.uuid4().hex},
    )
    assert order.status_code == 201
    rows = local_system.simulator("salesforce", "GET", "state")["rows"]["Order"]
    assert order.json()["salesforce_order_number"] in {row["OrderNumber"] for row in rows}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_should_listen_on_loopback_only(local_system: RunningSystem) -> None:
    pids = {pid for part in local_system.processes().values() for pid in part}
    addresses = listening(pids)
    assert len(addresses) == len(local_system.ports.named())
    assert {a.partition(":")[0] for a in addresses} == {"0100007F"}


@pytest.mark.parametrize("use_case", [case.name for case in USE_CASES if case.machine])
def test_should_run_the_state_machine_that_is_deployed_to_aws(
    local_system: RunningSystem, use_case: str
) -> None:
    published = local_system.aws("ssm").get_parameters(
        Names=[f"/busbar/local/{kind}/{use_case}/{what}" for kind, what in PUBLISHED]
    )
    arn, url = (p["Value"] for p in sorted(published["Parameters"], key=lambda p: str(p["Name"])))
    there = local_system.aws("stepfunctions").describe_state_machine(stateMachineArn=arn)

    text = definition(use_case)
    for name, value in substitutions(LOCAL.tuning, url).items():
        text = text.replace(f"${{{name}}}", value)
    assert there["definition"] == text
    stacks = [stack.resources.values() for stack in read_assembly(assembly(CACHE))]
    shipped = [r for stack in stacks for r in stack if "StateMachine" in r["Type"]]
    assert definition(use_case) in [r["Properties"]["DefinitionString"] for r in shipped]


def test_should_tell_where_everything_is(local_system: RunningSystem) -> None:
    shown = local_system.console()
    for address in (local_system.api, local_system.issuer, local_system.salesforce):
        assert address in shown
    assert "make demo" in shown
