"""Packages: two layers and one small asset per function, without Docker, the same bytes every time.

    build/<machine>/dependencies/python/…           third-party wheels, from locks/product.lock
    build/<machine>/busbar/python/busbar/…          our layer
    build/<machine>/functions/<name>/functions/…    one use case's own folder

Each tree lies beside its zip. Byte code is precompiled and bound to the paths on Lambda, because
the code folder is read-only there: a cold start without it costs four times the CPU. A package is
made again only when its sources, the lock or this file change (decision 0010).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from infra.catalog import USE_CASES

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LAMBDA_MACHINE = "arm64"
LAMBDA_PYTHON = (3, 13)
LAYER_SUFFIXES = {".py", ".jsonata", ".json", ".typed"}
NOT_IN_LAYER = {"__pycache__", "metadata"}
"""`metadata`: deployable source for Salesforce, not for Lambda."""
OF_INTEGRATIONS = {"integration.json", "use_case.json"}
"""Their samples and results stay here."""
INSTALLER_TRACES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", ".lock"}
"""What an installer leaves behind; some of it holds paths of the machine."""
OF_NO_USE = {".js", ".css"}
"""A page of the API that Powertools could show; we do not, and it is a twentieth of the layer."""


@dataclass(frozen=True)
class Package:
    """One tree, its zip, and the digest of its contents."""

    tree: Path
    zip: Path
    digest: str


@dataclass(frozen=True)
class Build:
    """All packages for one machine type."""

    dependencies: Package
    busbar: Package
    functions: Mapping[str, Package]


@dataclass(frozen=True)
class Recipe:
    """How one package is made: `source` -> path in the package, and where Lambda will have it."""

    name: str
    files: Mapping[str, Path]
    mounted_at: str
    lock: Path | None = None


def this_machine() -> str:
    """Machine type of this computer, in Lambda's words."""
    return {"aarch64": "arm64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())


def _wheel_platform(machine: str) -> str:
    word = "aarch64" if machine == "arm64" else machine
    if machine == this_machine() and machine != LAMBDA_MACHINE and sys.platform == "darwin":
        return f"{word}-apple-darwin"
    # Lambda's Python 3.13 runs on Amazon Linux 2023 (glibc 2.34); jlens has no older wheel.
    return f"{word}-manylinux_2_28"


def files_of(folder: Path, at: str, suffixes: set[str]) -> dict[str, Path]:
    """The files of a folder that belong into a package -> their path in it."""
    return {
        f"{at}/{path.relative_to(folder).as_posix()}": path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.suffix in suffixes
        and not NOT_IN_LAYER & set(path.relative_to(folder).parts)
    }


def recipes(root: Path = ROOT) -> Iterator[Recipe]:
    """All packages of a checkout. A use case without a handler gets an empty package."""
    yield Recipe("dependencies", {}, "/opt", root / "infra" / "locks" / "product.lock")
    layer = files_of(root / "shared" / "python" / "busbar", "python/busbar", LAYER_SUFFIXES)
    # Where `usecases/integration_store.py` looks for them on Lambda.
    integrations = files_of(root / "integrations", "python/busbar/integrations", {".json"})
    layer |= {name: path for name, path in integrations.items() if path.name in OF_INTEGRATIONS}
    yield Recipe("busbar", layer, "/opt")
    for use_case in USE_CASES:
        folder = root / "functions" / use_case.name
        files = files_of(folder, f"functions/{use_case.name}", {".py", ".json"})
        files["functions/__init__.py"] = root / "functions" / "__init__.py"
        yield Recipe(f"functions/{use_case.name}", files, "/var/task")


def _sources_digest(recipe: Recipe, machine: str) -> str:
    digest = hashlib.sha256(f"{machine} {sys.version} {recipe.mounted_at}".encode())
    for path in (Path(__file__), *([recipe.lock] if recipe.lock else [])):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for name, path in sorted(recipe.files.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _install(lock: Path, target: Path, machine: str) -> None:
    command = [find_uv_bin(), "pip", "install", "--quiet", "--target", str(target)]
    command += ["--python-platform", _wheel_platform(machine)]
    command += ["--python-version", ".".join(map(str, LAMBDA_PYTHON))]
    # Copies: links would share their files, and what we do to them, with uv's cache.
    command += ["--link-mode", "copy", "--only-binary", ":all:", "--require-hashes"]
    subprocess.run([*command, "-r", str(lock)], check=True)
    shutil.rmtree(target / "bin", ignore_errors=True)
    for path in sorted(target.rglob("*")):
        if path.is_file() and (path.name in INSTALLER_TRACES or path.suffix in OF_NO_USE):
            path.unlink()


def _compile(tree: Path, mounted_at: str) -> None:
    if sys.version_info[:2] != LAMBDA_PYTHON:
        return
    # A process of its own: what marshal writes depends on what else the process has loaded.
    command = [sys.executable, "-I", "-m", "compileall", "-q"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", str(tree), "-p", mounted_at]
    subprocess.run([*command, str(tree)], check=True, env={**os.environ, "PYTHONHASHSEED": "0"})


def _files(tree: Path) -> list[Path]:
    return sorted((p for p in tree.rglob("*") if p.is_file()), key=lambda p: p.as_posix())


def _zip(tree: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in _files(tree):
            entry = zipfile.ZipInfo(path.relative_to(tree).as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100000 | (0o755 if path.suffix == ".so" else 0o644)) << 16
            entry.create_system = 3
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


def tree_digest(tree: Path) -> str:
    """Digest of names and contents; unlike a zip's it does not depend on the compressor."""
    digest = hashlib.sha256()
    for path in _files(tree):
        name = path.relative_to(tree).as_posix()
        digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def make(recipe: Recipe, out: Path, machine: str) -> Package:
    """Make one package below `out`, unless it stands there already."""
    tree, archive, stamp = (out / f"{recipe.name}{end}" for end in ("", ".zip", ".stamp"))
    sources = _sources_digest(recipe, machine)
    if stamp.is_file() and archive.is_file() and tree.is_dir():
        built_from, digest = stamp.read_text().split()
        if built_from == sources:
            return Package(tree, archive, digest)
    stamp.unlink(missing_ok=True)
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    if recipe.lock:
        _install(recipe.lock, tree / "python", machine)
    for name, source in recipe.files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, tree / name)
    _compile(tree, recipe.mounted_at)
    _zip(tree, archive)
    digest = tree_digest(tree)
    stamp.write_text(f"{sources} {digest}\n")
    return Package(tree, archive, digest)


def build(out: Path = BUILD, *, machine: str = LAMBDA_MACHINE, root: Path = ROOT) -> Build:
    """Make what is not there yet, and say where all of it is."""
    (out / machine).mkdir(parents=True, exist_ok=True)
    with (out / machine / ".lock").open("w") as lock:
        # One at a time: the local system and the check may both start by building.
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = {r.name: make(r, out / machine, machine) for r in recipes(root)}
    functions = {u.name: made[f"functions/{u.name}"] for u in USE_CASES}
    return Build(made["dependencies"], made["busbar"], functions)


def main() -> None:
    """Build for Lambda."""
    if sys.version_info[:2] != LAMBDA_PYTHON:
        print("byte code is skipped: it needs Python 3.13, and this is", platform.python_version())
    started = time.monotonic()
    made = build()
    for package in (made.dependencies, made.busbar):
        size = package.zip.stat().st_size / 1e6
        print(f"{package.zip.relative_to(ROOT)}  {size:.1f} MB  {package.digest[:12]}")
    print(f"{len(made.functions)} functions  {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
