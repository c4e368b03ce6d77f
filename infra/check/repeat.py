"""Built twice, the same bytes; synthesized twice, the same templates."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.build import LAMBDA_PYTHON, ROOT, Build, Package, build
from infra.check.part import Outcome, Workspace

MOST_LAYER_BYTES = 8_000_000
"""A layer of 8 MB is copied and unpacked at each cold start; more needs a reason."""


def packages_of(made: Build) -> dict[str, Package]:
    """All packages by name."""
    functions = {f"functions/{name}": p for name, p in made.functions.items()}
    return {"dependencies": made.dependencies, "busbar": made.busbar, **functions}


def differing_packages(one: Build, other: Build) -> list[str]:
    """Names of packages whose contents or whose zips are not the same."""

    def seals(made: Build) -> dict[str, tuple[str, str]]:
        return {
            name: (p.digest, hashlib.sha256(p.zip.read_bytes()).hexdigest())
            for name, p in packages_of(made).items()
        }

    first, second = seals(one), seals(other)
    return sorted(n for n in first.keys() | second.keys() if first.get(n) != second.get(n))


def same_packages(workspace: Workspace) -> Outcome:
    """Compare the packages of a deploy, perhaps built long ago, with new ones in another folder."""
    made, again = workspace.packages, build(workspace.folder / "elsewhere" / "build")
    outcome = Outcome([f"{n}: two builds differ" for n in differing_packages(made, again)])
    for name, package in packages_of(made).items():
        if (size := package.zip.stat().st_size) > MOST_LAYER_BYTES:
            outcome.faults.append(f"{name}: {size} bytes, more than {MOST_LAYER_BYTES}")
    if sys.version_info[:2] != LAMBDA_PYTHON:
        outcome.skipped.append("byte code: it needs Python 3.13")
    return outcome


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.iterdir()):
        if path.name.endswith((".template.json", ".assets.json")):
            yield path.name, hashlib.sha256(path.read_bytes()).hexdigest()


def differing_templates(one: Path, other: Path) -> list[str]:
    """Names of templates and asset lists that are not the same in two assemblies."""
    first, second = dict(_files(one)), dict(_files(other))
    return sorted(n for n in first.keys() | second.keys() if first.get(n) != second.get(n))


def same_templates(workspace: Workspace) -> Outcome:
    """Synthesize stage dev here and in a process of its own, with another hash seed and folder."""
    other = workspace.folder / "elsewhere" / "cdk.dev"
    # With PYTHONDONTWRITEBYTECODE the CDK's modules would be compiled anew, for a minute.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(
        [sys.executable, "-m", "infra.app", "-c", "stage=dev", "-o", str(other)],
        cwd=ROOT,
        env={**environment, "PYTHONHASHSEED": "7"},
        check=True,
        stderr=subprocess.DEVNULL,
    )
    here = workspace.assembly_folder("dev")
    faults = [f"{name}: two syntheses differ" for name in differing_templates(here, other)]
    return Outcome(faults, notes=[f"{len(dict(_files(here)))} files"])
