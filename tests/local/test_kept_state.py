"""`KEEP=1`: what is there again at the next start, and that it is all of one run."""

from __future__ import annotations

import os
import signal
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from busbar.domain.customers import Company, User
from busbar.ports.store import Bind, Save
from busbar.store.records import TableStore
from infra.local import sample
from infra.local.issuer import key_at
from infra.local.kept import Kept
from infra.local.options import CACHE, CannotStart, Options
from infra.local.people import PEOPLE
from infra.local.synthesis import assembly
from infra.local.testing import NotReady, RunningSystem, start_system
from infra.simulators.sample import HEIDE, HEIDE_LATER_ENERGISED_ID
from tests.doubles.clock import ManualClock
from tests.doubles.memory_table import MemoryTable
from tests.local.driving import eventually

KEEP = {"KEEP": "1"}
AWS, SIMULATORS = "aws/dynamodb.json", "simulators/simulators.json"


class Runs:
    """The folder of a state, as runs find and leave it."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.said: list[str] = []

    def begin(self, *, keep: bool = True) -> Kept:
        kept = Kept(Options(state=self.state, keep=keep), self.said.append)
        kept.begin()
        return kept

    def write(self, *names: str, text: str = "{}") -> None:
        for name in names:
            path = self.state / "kept" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(self, text: str, *, in_order: bool = True) -> None:
        kept = self.begin()
        self.write(AWS, SIMULATORS, text=text)
        kept.end(in_order=in_order)

    def found(self) -> dict[str, str]:
        folder = self.state / "kept"
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        return {p.relative_to(folder).as_posix(): p.read_text() for p in files}


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def of_run(number: int) -> dict[str, str]:
    return dict.fromkeys((AWS, SIMULATORS), str(number))


class TestFolder:
    def test_should_find_what_the_last_run_kept(self, runs: Runs) -> None:
        runs.run("1")
        runs.begin()
        assert (runs.found(), runs.said) == (of_run(1), [])
        assert sorted(p.name for p in runs.state.iterdir()) == ["kept", "kept.before"]

    def test_should_go_back_when_a_run_did_not_end_in_order(self, runs: Runs) -> None:
        runs.run("1")
        runs.run("2", in_order=False)
        assert runs.found() == of_run(1)
        assert runs.said == [
            "This run did not end in order. What was kept before it is still there."
        ]

    def test_should_go_back_when_a_run_was_killed(self, runs: Runs) -> None:
        runs.run("1")
        runs.begin()
        runs.write(SIMULATORS, text="2")  # they save when their parent dies; the local AWS does not
        runs.begin()
        assert runs.found() == of_run(1)

    def test_should_keep_nothing_of_a_first_run_that_was_killed(self, runs: Runs) -> None:
        runs.begin()
        runs.write(SIMULATORS)
        runs.begin()
        assert (runs.found(), runs.said) == ({}, [])

    @pytest.mark.parametrize(("lost", "named"), [(AWS, "local AWS"), (SIMULATORS, "simulators")])
    def test_should_start_both_anew_when_one_is_missing(
        self, runs: Runs, lost: str, named: str
    ) -> None:
        runs.run("1")
        (runs.state / "kept" / lost).unlink()
        runs.begin()
        assert runs.found() == {}
        assert runs.said == [f"Nothing was kept of {named}, so everything starts anew."]

    def test_should_keep_nothing_that_is_not_whole(self, runs: Runs) -> None:
        kept = runs.begin()
        runs.write(AWS)
        kept.end(in_order=True)
        assert runs.found() == {}

    def test_should_remove_all_in_a_run_that_keeps_nothing(self, runs: Runs) -> None:
        runs.run("1")
        runs.begin(keep=False).end(in_order=True)
        assert (runs.found(), len(runs.said)) == ({}, 1)
        runs.begin(keep=False)
        assert len(runs.said) == 1

    def test_should_name_a_file_of_the_local_aws_that_cannot_be_read(self, runs: Runs) -> None:
        runs.run("1")
        runs.write(AWS, text="{")
        with pytest.raises(CannotStart, match=rf"{AWS} cannot be read.*Delete the folder") as told:
            runs.begin()
        assert str(runs.state / "kept") in str(told.value)


def test_should_make_a_new_key_in_place_of_a_broken_one(tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    path.write_text("")
    made = key_at(path)
    assert key_at(path).private_numbers() == made.private_numbers()


def test_should_change_nothing_when_the_sample_is_loaded_again() -> None:
    table = MemoryTable()
    store = TableStore(table, ManualClock(), "demo")
    sample.load(store)
    heide = sample.company_id(HEIDE)
    company, driver = store.get(Company, heide), store.get(User, PEOPLE["driver"])
    assert company
    assert driver
    renamed = company.record.model_copy(update={"name": "Heide Mobil SE"})
    suspended = driver.record.model_copy(update={"suspended": True})
    store.commit(
        Save(renamed, company),
        Save(suspended, driver),
        Bind("company", heide, "energised", HEIDE_LATER_ENERGISED_ID),
    )
    before = dict(table.items)
    sample.load(store)
    assert table.items == before


def place(system: RunningSystem) -> httpx.Response:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    path = "/v1/charge-card-orders"
    return system.call("POST", path, "fleet-manager", json={"quantity": 2}, headers=headers)


def number(system: RunningSystem, placed: httpx.Response) -> str:
    """Salesforce's number of the order behind an answer's `Location`; empty while there is none."""
    shown = system.call("GET", placed.headers["location"], "fleet-manager").json()
    return str(shown["salesforce_order_number"] or "")


def in_salesforce(system: RunningSystem) -> list[Any]:
    rows = system.simulator("salesforce", "GET", "state")["rows"]["Order"]
    return sorted(row["OrderNumber"] for row in rows)


@pytest.mark.local
class TestWholeSystem:
    @pytest.fixture
    def arguments(self) -> list[str]:
        return [f"--assembly={assembly(CACHE)}"]

    def test_should_go_on_with_the_orders_of_the_last_run(
        self, tmp_path: Path, arguments: list[str]
    ) -> None:
        first = start_system(tmp_path, arguments, KEEP)
        old = place(first)
        assert old.json()["salesforce_order_number"] == "00000101"
        first.simulator("salesforce", "POST", "down")
        waiting = place(first)
        assert waiting.status_code == 202
        first.close()
        second = start_system(tmp_path, arguments, KEEP, first.ports)
        try:
            assert number(second, old) == "00000101"
            # An errand that the table's stream lost with the restart is sent within a minute.
            assert eventually(lambda: number(second, waiting), within=100) == "00000102"
            new = place(second)
            assert new.json()["salesforce_order_number"] == "00000103"
            assert in_salesforce(second) == ["00000101", "00000102", "00000103"]
            second.reset()
            assert second.call("GET", old.headers["location"], "fleet-manager").status_code == 404
            assert in_salesforce(second) == []
        finally:
            second.close()

    @pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
    def test_should_take_nothing_over_from_a_run_that_was_killed_or_a_file_that_is_broken(
        self, tmp_path: Path, arguments: list[str]
    ) -> None:
        first = start_system(tmp_path, arguments, KEEP)
        (simulators,) = first.processes()["simulators"]
        assert place(first).status_code == 201
        os.kill(simulators, signal.SIGKILL)
        assert eventually(lambda: first.part.exit_code, within=15) == "1"
        assert "did not end in order" in first.console()
        first.close()
        second = start_system(tmp_path, arguments, KEEP, first.ports)
        assert second.call("GET", "/v1/charge-card-orders", "fleet-manager").json()["orders"] == []
        second.close()
        file = tmp_path / "kept" / SIMULATORS
        file.write_text("{")
        with pytest.raises(NotReady, match="Delete it to start with the sample data") as told:
            start_system(tmp_path, arguments, KEEP, first.ports)
        assert str(file) in str(told.value)
        file.unlink()
        third = start_system(tmp_path, arguments, KEEP, first.ports)
        assert "Nothing was kept of simulators, so everything starts anew." in third.console()
        third.close()
