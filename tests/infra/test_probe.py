"""What `infra.probe` measures is what the simulator is set to, and it leaves nothing behind."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from busbar.domain.orders import ITEM_KIND, KIND
from busbar.wiring.clients import Clients
from infra.probe.__main__ import main
from infra.probe.sandbox import KIND as TEST_KIND
from infra.simulators.faults import Fault
from infra.simulators.salesforce.simulator import SalesforceSimulator
from infra.simulators.transport import SimulatorTransport
from infra.stages import DEV, STAGES
from infra.tenant_files import with_measured
from tests.doubles.clock import ManualClock
from tests.doubles.world import MemorySecrets, simulators

LOOSE = ("Order.BusbarReference__c", "OrderItem.BusbarReference__c")
MADE_BEFORE = 10
"""Records that are created before the impatient calls begin."""
ROWS = ("Order", "OrderItem", "Account")


class Place:
    """A sandbox of stage dev in virtual time, and the command."""

    def __init__(self, folder: Path, non_unique: tuple[str, ...] = ()) -> None:
        self.clock = ManualClock()
        self.folder = folder
        self.salesforce: SalesforceSimulator = simulators(
            self.clock.now, lambda _event: None, 1, non_unique
        )[0]
        self.before = self._rows()
        self.clock.advance(3600)

    def _rows(self) -> dict[str, Any]:
        return {name: self.salesforce.records(name) for name in ROWS}

    def probe(self, *more: str, stage: str = "dev") -> int:
        """Run it."""
        settings = STAGES[stage].orgs["demo"].salesforce
        assert settings
        clients = Clients(
            transports={settings.base_url: SimulatorTransport(self.salesforce)},
            clock=self.clock,
            monotonic=lambda: self.clock.now().timestamp(),
            aws={"secretsmanager": MemorySecrets()},
        )
        arguments = ["--stage", stage, "--org", "demo", *more]
        return main(arguments, clients=clients, folder=self.folder, sleep=self.clock.advance)

    def measured(self) -> Any:
        """The file."""
        return json.loads((self.folder / "dev-demo.json").read_text())

    @property
    def is_clean(self) -> bool:
        """Whether the org holds what it held before."""
        return self._rows() == self.before


YES = "--create-test-records"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A sandbox that is set up as our metadata says."""
    return Place(tmp_path)


# --- what is measured ----------------------------------------------------------------------------


def test_should_find_a_unique_key_and_no_lag(place: Place) -> None:
    assert place.probe(YES) == 0
    measured = place.measured()
    assert measured["salesforce"] == {
        "mode": "unique_key",
        "search_lag_seconds": 10.0,
        "processing_seconds": 120.0,
    }
    seen = measured["measured"]
    assert seen["upsert"] == [201, 200]
    assert seen["order_reference"] == {
        "unique": True,
        "status": 400,
        "code": "DUPLICATE_VALUE",
        "fields": "BusbarReference__c",
    }
    assert seen["search_lag"] == [0.0] * 5
    assert (seen["answered_in_time"], seen["late_commit"]) == (3, [])
    assert seen["by"].startswith("busbar ")
    assert place.is_clean


@pytest.mark.parametrize("loose", [LOOSE, LOOSE[:1], LOOSE[1:]])
def test_should_find_that_a_reference_is_not_unique(tmp_path: Path, loose: tuple[str, ...]) -> None:
    place = Place(tmp_path, loose)
    assert place.probe(YES) == 0
    measured = place.measured()
    assert measured["salesforce"]["mode"] == "probe"
    unique = [measured["measured"][f"{of}_reference"]["unique"] for of in ("order", "item")]
    assert unique == [name not in loose for name in LOOSE]
    assert place.is_clean


def test_should_find_the_search_lag_and_give_it_a_margin(tmp_path: Path) -> None:
    place = Place(tmp_path, LOOSE)
    place.salesforce.org.search_lag = 30.0
    assert place.probe(YES) == 0
    assert place.measured()["measured"]["search_lag"] == [30.0] * 5
    assert place.measured()["salesforce"]["search_lag_seconds"] == 60.0
    assert place.is_clean


def test_should_find_that_a_new_record_cannot_be_looked_for(tmp_path: Path) -> None:
    place = Place(tmp_path, LOOSE)
    place.salesforce.org.search_lag = 1000.0
    assert place.probe(YES) == 0
    assert place.measured()["salesforce"]["mode"] == "none"
    assert place.is_clean  # what was answered is deleted by its id


def test_should_find_late_effects_and_give_them_a_margin(place: Place) -> None:
    late = Fault("late_commit", operation="create_row", seconds=90, skip=MADE_BEFORE, count=3)
    place.salesforce.add_fault(late)
    assert place.probe(YES) == 0
    assert place.measured()["measured"]["late_commit"] == [90.0] * 3
    assert place.measured()["salesforce"]["processing_seconds"] == 180.0
    assert place.is_clean


def test_should_name_what_may_come_after_the_probe_is_over(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    late = Fault("late_commit", operation="create_row", seconds=10_000, skip=MADE_BEFORE, count=1)
    place.salesforce.add_fault(late)
    assert place.probe(YES) == 0
    (left,) = place.measured()["measured"]["left"]
    assert left.startswith(f"order BB{TEST_KIND}")
    assert left in capsys.readouterr().out
    assert place.measured()["measured"]["late_commit"] == [None]


def test_should_name_what_it_may_not_delete(place: Place) -> None:
    body = [{"errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "no", "fields": []}]
    place.salesforce.add_fault(Fault("status", operation="delete_row", status=403, body=body))
    assert place.probe(YES) == 0
    kinds = [path.split("/")[-2] for path in place.measured()["measured"]["left"]]
    assert kinds == ["Order", "Account"]  # the account is in use as long as its order is there


# --- it refuses --------------------------------------------------------------------------------


def test_should_refuse_an_org_that_is_no_sandbox(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.salesforce.org.settings = replace(place.salesforce.org.settings, sandbox=False)
    assert place.probe(YES) == 1
    assert "IsSandbox is not true" in capsys.readouterr().out
    assert place.is_clean
    assert [c.operation for c in place.salesforce.calls] == ["token", "run_query"]
    assert not list(place.folder.iterdir())


def test_should_refuse_production_and_what_was_not_confirmed(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.probe(YES, stage="prod") == 2
    assert place.probe() == 2
    assert "test orders in https://acme.my.salesforce.com" in capsys.readouterr().out
    assert not place.salesforce.calls


def test_should_clean_up_after_a_failure_and_write_nothing(place: Place) -> None:
    refused = [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "x", "fields": []}]
    fault = Fault("status", operation="create_row", skip=2, status=400, body=refused)
    place.salesforce.add_fault(fault)
    down = Fault("refuse", operation="upsert_row")
    place.salesforce.add_fault(down)
    assert place.probe(YES) == 1
    assert place.is_clean
    assert not list(place.folder.iterdir())


def test_should_make_records_that_are_nobodys_order() -> None:
    assert TEST_KIND not in {KIND, ITEM_KIND}


# --- what was measured is what is deployed -------------------------------------------------------


def test_should_be_read_on_top_of_the_stage(tmp_path: Path) -> None:
    place = Place(tmp_path, LOOSE)
    place.probe(YES)
    org = with_measured("dev", "demo", DEV.orgs["demo"], tmp_path)
    assert org.salesforce
    assert (org.salesforce.mode, org.salesforce.search_lag_seconds) == ("probe", 10.0)
    assert with_measured("test", "demo", DEV.orgs["demo"], tmp_path) == DEV.orgs["demo"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no json", "JSONDecodeError"),
        ("{}", "salesforce"),
        ('{"salesforce": {"base_url": "https://else.where"}}', "base_url"),
        ('{"salesforce": {"mode": "hope"}}', "mode"),
        ('{"salesforce": {"search_lag_seconds": -1}}', "search_lag_seconds"),
        ('{"salesforce": {"processing_seconds": true}}', "processing_seconds"),
    ],
)
def test_should_name_a_file_that_cannot_be_used(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "dev-demo.json").write_text(text)
    with pytest.raises(ValueError, match=r"dev-demo\.json") as raised:
        with_measured("dev", "demo", DEV.orgs["demo"], tmp_path)
    assert says in str(raised.value)
