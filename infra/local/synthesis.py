"""The cloud assembly of the stage `local`, made again only when one of its sources changed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.local.options import ROOT, CannotStart

STAGE = "local"
_SOURCES = ("infra", "functions", "shared", "integrations")
_NOT_DEPLOYED = (
    ROOT / "infra" / "local",
    ROOT / "infra" / "simulators",
    ROOT / "infra" / "check",
    ROOT / "infra" / "decisions",
    ROOT / "infra" / "demo",
)
_SUFFIXES = {".py", ".json", ".jsonata", ".lock"}


def sources(root: Path = ROOT) -> Iterator[Path]:
    """The files that an assembly is made of."""
    for folder in _SOURCES:
        for path in sorted((root / folder).rglob("*")):
            inside = path.suffix in _SUFFIXES and "__pycache__" not in path.parts
            if inside and not any(path.is_relative_to(f) for f in _NOT_DEPLOYED):
                yield path


def digest(root: Path = ROOT) -> str:
    """Of names and contents of the sources, the stage and the Python that builds."""
    total = hashlib.sha256(f"{STAGE} {sys.version}".encode())
    for path in sources(root):
        total.update(path.relative_to(root).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:20]


def assembly(state: Path) -> Path:
    """Where the assembly lies. Raises `CannotStart` if it cannot be made."""
    folder = state / "assembly" / digest()
    state.mkdir(parents=True, exist_ok=True)
    with (state / "assembly.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Test workers start at the same time.
        if not (folder / "manifest.json").exists():
            shutil.rmtree(state / "assembly", ignore_errors=True)
            _synthesize(folder.with_suffix(".new"), state / "logs" / "synthesis.log")
            folder.with_suffix(".new").rename(folder)
    return folder


def _synthesize(folder: Path, log: Path) -> None:
    folder.mkdir(parents=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    # Without byte code the CDK's own modules would be compiled at every synthesis.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (ROOT, ROOT / "shared" / "python")))
    command = [sys.executable, "-m", "infra.app", "-c", f"stage={STAGE}", "-o", str(folder)]
    with log.open("wb") as out:
        ended = subprocess.run(
            command, check=False, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    if ended.returncode:
        tail = "\n".join(log.read_text("utf-8", "replace").splitlines()[-20:])
        raise CannotStart(f"The assembly cannot be made:\n{tail}\nAll of it: {log}")
