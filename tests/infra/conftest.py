"""Assemblies of all stages, synthesized once for a whole test run, with however many workers."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.build import Build, build
from infra.check.assembly import Assembly

STAGES = ("local", "dev", "test", "prod")

AssemblyOf = Callable[[str], Assembly]


@pytest.fixture(scope="session")
def packages() -> Build:
    """The packages that a deploy would take."""
    return build()


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory, worker_id: str, packages: Build) -> Path:
    """Folder with `cdk.<stage>` for each stage."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "assemblies"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".done").exists():
            # Imported here: it takes seconds, and one worker of all has to.
            from infra.app import synthesize  # noqa: PLC0415
            from infra.stages import stage_named  # noqa: PLC0415

            assert packages.functions
            for stage in STAGES:
                synthesize(stage_named(stage), str(folder / f"cdk.{stage}"))
            (folder / ".done").touch()
    return folder


@pytest.fixture
def assembly(assemblies: Path) -> AssemblyOf:
    """The templates of a stage; what a test does to them stays in the test."""
    return lambda stage: Assembly.read(assemblies / f"cdk.{stage}", stage)
