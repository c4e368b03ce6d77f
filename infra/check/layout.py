"""Two builds of the same sources, for Lambda and for this machine, differ in libraries alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from infra.build import LAMBDA_MACHINE, Build
from infra.check.repeat import packages_of

ELF_MACHINES = {"arm64": 183, "x86_64": 62}
"""e_machine of an ELF file, per machine type."""


def native_machine(path: Path) -> int | None:
    """e_machine of an ELF library; None if the file is something else."""
    head = path.read_bytes()[:20]
    return int.from_bytes(head[18:20], "little") if head[:4] == b"\x7fELF" else None


def _names(tree: Path) -> dict[str, Path]:
    """Name without the machine's word -> file."""
    return {
        p.relative_to(tree).as_posix().replace("aarch64", "x86_64"): p
        for p in tree.rglob("*")
        if p.is_file()
    }


def layout_faults(for_lambda: Build, for_here: Build, here: str) -> Iterator[str]:
    """Files that one build has and the other not, and libraries for the wrong machine."""
    theirs, ours = packages_of(for_lambda), packages_of(for_here)
    for name in theirs:
        there, other = _names(theirs[name].tree), _names(ours[name].tree)
        for path in sorted(there.keys() ^ other.keys()):
            yield f"{name}: {path} is in one build only"
        for files, machine in ((there, LAMBDA_MACHINE), (other, here)):
            for path, file in files.items():
                if path.endswith(".so") and native_machine(file) != ELF_MACHINES[machine]:
                    yield f"{name}: {path} is no library for {machine}"
