"""What all tests share: hypothesis runs the same examples every time and keeps no files, and tests
that share a local system run in one process, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from busbar.observability import logger
from tests.doubles.canaries import Canaries

settings.register_profile(
    "stable",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("stable")

TOGETHER = {
    "tests/e2e/": "system",
    "tests/faults/test_local_tier.py": "system",
    "tests/local/test_kept_state.py::TestWholeSystem": "kept",
    "tests/local/test_machine_contract.py": "machine",
}
"""How ids of tests begin -> the group they run in; all others run by themselves.

Not the mark `xdist_group`: xdist 3.8 writes it into the id of a test, which pytest 9.2 no longer
takes, and says nothing (pytest-xdist issue 1386).
"""


class Groups(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out whole groups."""

    def _split_scope(self, nodeid: str) -> str:
        return next(
            (group for start, group in TOGETHER.items() if nodeid.startswith(start)), nodeid
        )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups | None:
    """Ours in place of `--dist loadgroup`."""
    return Groups(config, log) if config.getoption("dist") == "loadgroup" else None


CANARIES = Canaries()
logger.addHandler(CANARIES)


@pytest.fixture(autouse=True)
def no_personal_data_in_logs() -> Iterator[None]:
    """Whatever a test does, nothing of a person may be logged."""
    CANARIES.heard.clear()
    yield
    assert CANARIES.heard == []
