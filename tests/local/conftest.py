"""Local systems for the tests of this folder: the cloud alone, with handlers of our own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.options import ROOT
from infra.local.testing import RunningSystem, local_system, running_system
from tests.local.probe_stack import write_assembly

__all__ = ["auth", "local_system", "plain", "processes"]

PROBES = Path(__file__).parent / "probes"


def probe_arguments(folder: Path) -> list[str]:
    """How to start the cloud alone with a copy of the probes, which a test may edit."""
    code = folder / "code"
    shutil.copytree(PROBES, code / "probes", ignore=shutil.ignore_patterns("__pycache__"))
    return [
        "--bare",
        f"--assembly={write_assembly(folder / 'assembly')}",
        f"--code={ROOT / 'shared' / 'python'}:busbar",
        f"--code={code}:probes",
    ]


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """Handlers in the emulator's process; state machines do not wait before they try again."""
    folder = tmp_path_factory.mktemp("plain")
    environment = {"SFN_WAIT_SCALE": "0"}
    with running_system(folder, probe_arguments(folder), environment) as system:
        yield system


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """Handlers in processes of their own."""
    folder = tmp_path_factory.mktemp("processes")
    with running_system(folder, probe_arguments(folder), {"WORKERS": "process"}) as system:
        yield system


@pytest.fixture(scope="session")
def auth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """Role policies are enforced."""
    folder = tmp_path_factory.mktemp("auth")
    with running_system(folder, probe_arguments(folder), {"AUTH": "true"}) as system:
        yield system
