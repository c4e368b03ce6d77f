"""`make check` without the tests: each part with its time. Exit code 1 if any part fails."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.prefix) / "bin"
PARTS: tuple[tuple[str, list[str]], ...] = (
    ("layout", [str(BIN / "ruff"), "format", "--check", "--quiet", "."]),
    ("lint", [str(BIN / "ruff"), "check", "--quiet", "."]),
    ("types", [str(BIN / "mypy")]),
    ("import contracts", [str(BIN / "lint-imports")]),
    ("mapping oracle", [sys.executable, "-m", "tests.oracle"]),
    ("counts", [sys.executable, "-m", "tests.bench"]),
    ("deploy check", [sys.executable, "-m", "infra.check"]),
)


def main() -> int:
    """Run every part, also after one has failed: one run tells all."""
    failed = []
    for name, command in PARTS:
        print(f"--- {name}", flush=True)
        start = time.monotonic()
        code = subprocess.run(command, check=False).returncode
        seconds = time.monotonic() - start
        print(f"--- {name}: {'FAILED' if code else 'ok'}, {seconds:.0f} s\n", flush=True)
        if code:
            failed.append(name)
    print(f"check: {'FAILED: ' + ', '.join(failed) if failed else 'ok'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
