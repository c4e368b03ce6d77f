"""What a part of the check gets, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from infra.app import synthesize
from infra.build import Build, build
from infra.check.assembly import Assembly
from infra.check.emulator import Emulator
from infra.stages import stage_named


@dataclass
class Outcome:
    """Faults turn the check red. Skipped: what was not looked at, and why. Notes: what was seen."""

    faults: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Workspace:
    """A folder for one run, and what several parts share: packages, assemblies, the emulator."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.emulator = Emulator(folder / "emulator")
        self.assembly_folder = cache(self._synthesized)

    @property
    def packages(self) -> Build:
        """The packages that a deploy would take."""
        return build()

    def _synthesized(self, stage: str) -> Path:
        outdir = self.folder / f"cdk.{stage}"
        synthesize(stage_named(stage), str(outdir))
        return outdir

    def assembly(self, stage: str) -> Assembly:
        """The templates of a stage."""
        return Assembly.read(self.assembly_folder(stage), stage)


Part = Callable[[Workspace], Outcome]
