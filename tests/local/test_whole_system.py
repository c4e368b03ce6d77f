"""The whole system as `make run` starts it: one order, as a fleet manager places it."""

from __future__ import annotations

import sys
import uuid

import pytest

from busbar.domain.integrations import integration_id
from busbar.domain.outcome_rows import OutcomeBatch
from busbar.store.records import TableStore
from busbar.store.table import DynamoTable
from busbar.wiring.clients import SystemClock
from infra.catalog import USE_CASES
from infra.local.assembly import read_assembly
from infra.local.options import CACHE
from infra.local.synthesis import assembly
from infra.local.testing import RunningSystem
from infra.machines import definition, substitutions
from infra.stages import LOCAL
from tests.local.driving import eventually, listening

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


def test_should_apply_an_event_of_an_erp_with_handlers_in_one_process(
    local_system: RunningSystem,
) -> None:
    ours = integration_id("demo", "erp")
    event = {
        "event_name": "customer",
        "timestamp": "2026-03-02T08:00:00Z",
        "format": "json",
        "payload": {"AccountID": uuid.uuid4().hex[:10], "LastName": "Any"},
    }
    body = {"integration_id": ours, "events": [event]}
    answer = local_system.call("POST", "/v3/erp/updates/events", "operator", json=body)
    (result,) = answer.json()["results"]
    assert result["status"] == "success"
    (name,) = local_system.aws("dynamodb").list_tables()["TableNames"]
    store = TableStore(DynamoTable(local_system.aws("dynamodb"), name), SystemClock(), "demo")

    def told() -> list[str]:
        page = store.listed(OutcomeBatch, ours, limit=100).items
        rows = [row for batch in page for row in batch.record.rows]
        return [row.code for row in rows if row.event_id == result["event_id"]]

    assert "ENTITY_CREATED" in eventually(told, within=20)


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
