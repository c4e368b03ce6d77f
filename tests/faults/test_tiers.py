"""What is proven in memory holds over the real clients too: the same run, effect by effect."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from busbar.mapping.registry import MappingRegistry
from tests.faults.boundaries import INBOUND
from tests.faults.cloud import Cloud
from tests.faults.mapper import PythonMapper
from tests.faults.refunds import REFUND
from tests.faults.run import play, play_setup
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.setups import Mode, Setup
from tests.faults.trouble import Chance


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", [*SCENARIOS, *INBOUND])
def test_should_take_the_same_course_over_moto(name: str, seed: int) -> None:
    mode: Mode = "probe" if seed == 2 else "unique_key"
    in_memory = play_setup(Setup(name, mode), seed)
    over_moto = play_setup(Setup(name, mode, tier="moto"), seed)
    assert over_moto.found == in_memory.found == []
    assert over_moto == in_memory


class _BothMappers:
    """Maps with both, and holds them to agree."""

    def __init__(self) -> None:
        self.mapped: set[tuple[str, str]] = set()

    def run(self, system: str, use_case: str, source: Mapping[str, Any]) -> dict[str, Any]:
        """What both make of it."""
        made = PythonMapper().run(system, use_case, source)
        assert made == MappingRegistry().run(system, use_case, source)
        self.mapped.add((system, use_case))
        return made


@pytest.mark.parametrize("scenario", [*SCENARIOS.values(), REFUND], ids=lambda s: s.name)
def test_should_map_as_the_product_does(scenario: Scenario) -> None:
    mapper = _BothMappers()
    for seed in range(3):
        assert (
            play(
                Cloud(mapper=mapper, tenant=scenario.tenant),
                scenario,
                Chance(seed),
                seed=seed,
            )
            == []
        )
    assert mapper.mapped


COURSE = """
import json
from tests.faults.run import play_setup
from tests.faults.setups import Setup
print(json.dumps(play_setup(Setup("three orders"), 11).trace))
"""


def test_should_repeat_a_run_in_any_process() -> None:
    courses = [
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", COURSE],
            env={"PYTHONHASHSEED": number, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for number in ("1", "2")
    ]
    assert courses[0] == courses[1]
    assert len(json.loads(courses[0])) > 100
