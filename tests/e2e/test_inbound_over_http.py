"""Events of an ERP on the running local system, over HTTP.

The way itself is the demo's story, which looks at entities, lineage, outcomes and the parked queue
at every step; and the two lines of the README by which a reader tries it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from busbar.domain.integrations import integration_id
from infra.demo.entity_graph import entity
from infra.demo.erp import Erp
from infra.demo.household import Household
from infra.demo.inbound_story import graph_of, tell
from infra.demo.stage import Stage
from infra.local.options import ROOT
from infra.local.testing import RunningSystem
from infra.readme import README
from tests.e2e.conftest import eventually

STORY_WITHIN = 60.0
"""Seconds from the running system to the end of the story; some 13 where nothing else runs."""
CUSTOMER = "0000004711"


def stage_of(system: RunningSystem) -> Stage:
    """The story's people on this system."""
    return Stage({**vars(system), "aws": system.aws.endpoint})


def typed_in(page: Path) -> list[str]:
    """What a page has a reader type in to post an ERP's event and to read the entity back: lines
    that begin with `curl`, perhaps after a wait, or else a whole block."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    found = [block for block in blocks if "/v3/erp/updates/events" in block]
    return [part for block in found for part in _commands(block)]


def _commands(block: str) -> list[str]:
    lines = block.splitlines()
    return lines if all(re.match(r"(sleep \d; )?curl ", line) for line in lines) else [block]


def printed(system: RunningSystem, command: str) -> str:
    """What a shell on this machine prints."""
    shell = ["/bin/bash", "-c", system.ports.in_text(command)]
    bare = {"PATH": os.defpath}  # no proxy of this machine's
    done = subprocess.run(  # noqa: S603
        shell, capture_output=True, check=True, timeout=30, env=bare, cwd=ROOT, text=True
    )
    return done.stdout


def typed(system: RunningSystem, command: str) -> dict[str, Any]:
    """The same, of a command that prints one answer."""
    answer: dict[str, Any] = json.loads(printed(system, command))
    return answer


def test_should_tell_the_whole_story_of_the_demo(
    system: RunningSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = time.monotonic()
    with closing(stage_of(system)) as stage:
        tell(stage)
    assert time.monotonic() - begun < STORY_WITHIN
    told = capsys.readouterr().out
    tree = told[told.index("\n\ncontact ") :]
    assert len(re.findall(r"[├└]─ ", tree)) == 12
    assert tree.count("12 readings") == 3
    for code in ("ENTITY_CREATED", "STALE_EVENT", "MAPPING_EXPRESSION_FAILED"):
        assert re.search(rf"^{code} .* [1-9]", tree, re.MULTILINE), code


def test_should_work_as_the_readme_has_it_typed_in(system: RunningSystem) -> None:
    post, read = typed_in(README)
    (result,) = typed(system, post)["results"]
    assert result["status"] == "success", result
    (shown,) = typed(system, read)["entities"]
    assert shown["customer_number"] == CUSTOMER
    for name in ("customer_number", "first_name", "last_name"):
        by = shown["_lineage"][name]
        assert (by["system"], by["use_case"]) == ("sap", "customer")
        assert by["event_id"] == result["event_id"]


def test_should_work_as_the_page_of_the_door_has_it_typed_in(system: RunningSystem) -> None:
    (post,) = typed_in(ROOT / "functions" / "erp_events" / "README.md")
    (result,) = typed(system, post)["results"]
    with closing(stage_of(system)) as stage:
        erp = Erp(stage, integration_id("demo", "erp"), "page")
        rows = eventually(lambda: erp.find(event_id=result["event_id"]))
    assert [row["code"] for row in rows] == ["ENTITY_CREATED"]


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("functions/erp_loads", '"key": "loads/demo/'),
        ("functions/integrations", '"slug":"meters"'),
        ("functions/erp_monitoring", '"status":"not_found"'),
        ("integrations", '"source": "jsonataExpression"'),
    ],
)
def test_should_work_as_a_page_has_it_typed_in(system: RunningSystem, page: str, said: str) -> None:
    text = (ROOT / page / "README.md").read_text("utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    first = next(block for block in blocks if "curl " in block)
    assert said in printed(system, first)


def test_should_find_nobody_in_a_graph_before_the_first_event(system: RunningSystem) -> None:
    with closing(stage_of(system)) as stage:
        assert entity(stage, "contact", f"customer_number:{CUSTOMER}") is None
        assert graph_of(stage, Household(123456)).counts() == {"readings": 0}
