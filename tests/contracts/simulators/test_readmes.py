"""The README of each simulator names every route with its label."""

from __future__ import annotations

from pathlib import Path

from infra.simulators.energised import EnergisedSimulator
from infra.simulators.salesforce import SalesforceSimulator
from infra.simulators.sap import SapSimulator
from infra.simulators.simulator import Simulator

FOLDER = Path(__file__).resolve().parents[3] / "infra/simulators"


def unnamed(simulator: Simulator, readme: Path) -> list[str]:
    text = readme.read_text(encoding="utf-8") + (FOLDER / "README.md").read_text(encoding="utf-8")
    own = [r for r in simulator.routes if r.label != "control"]
    rows = [f"| {r.method} | `{r.pattern}` | {r.label} |" for r in own]
    clerks = [r.pattern for r in simulator.routes if r.label == "control" and r.pattern != "/_sim"]
    return [row for row in (*rows, *clerks) if row not in text]


def test_should_name_every_route_of_salesforce(salesforce: SalesforceSimulator) -> None:
    assert unnamed(salesforce, FOLDER / "salesforce/README.md") == []


def test_should_name_every_route_of_energised(energised: EnergisedSimulator) -> None:
    assert unnamed(energised, FOLDER / "energised/README.md") == []


def test_should_name_every_route_of_sap(sap: SapSimulator) -> None:
    assert unnamed(sap, FOLDER / "sap/README.md") == []
